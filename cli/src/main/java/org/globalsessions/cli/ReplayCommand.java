package org.globalsessions.cli;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.config.NodeConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code replay TRACE}: the requests of a trace against a client's segment, and what was hit. */
@Command(
        name = "replay",
        description = "Replays a trace, a key per line: get, and set on a miss everywhere. Prints hits and misses.",
        mixinStandardHelpOptions = true)
final class ReplayCommand extends ClientCommand {
    private static final int GZIP_MAGIC = 0x1f8b;
    private static final int PROGRESS_STEP = 1_000_000;

    @Parameters(paramLabel = "TRACE", description = "The trace; gzip is recognised.")
    private Path trace;

    @Option(
            names = "--value-size",
            paramLabel = "B",
            defaultValue = "64",
            description = "Bytes of a value. Default 64.")
    private int valueSize;

    private long requests;
    private long localHits;
    private long tierHits;
    private long misses;

    @Override
    int run(SessionCacheManager cache, NodeConfig config) throws Exception {
        if (!Files.isReadable(trace)) {
            throw new UsageException("cannot read the trace: file=" + trace);
        }
        SegmentStat segment = SegmentStat.open(SegmentTarget.fileOf(config.cache()));
        int occupiedBefore = segment.occupiedWays();
        byte[] value = new byte[valueSize];
        long startedNs = System.nanoTime();
        try (BufferedReader lines = open(trace)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.isBlank()) {
                    request(cache, line.strip(), value);
                }
            }
        }
        double seconds = (System.nanoTime() - startedNs) / 1e9;
        print(segment.ways(), occupiedBefore, seconds);
        return GlobalSessions.DONE;
    }

    private void request(SessionCacheManager cache, String key, byte[] value) throws Exception {
        requests++;
        if (cache.getLocal(key) != null) {
            localHits++;
        } else if (patiently(() -> cache.get(key)) != null) {
            tierHits++;
        } else {
            misses++;
            cache.set(key, value);
        }
        if (requests % PROGRESS_STEP == 0) {
            err().println("global-sessions: " + requests + " requests");
        }
    }

    private void print(int ways, int occupiedBefore, double seconds) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("requests", requests);
        report.put("localHits", localHits);
        report.put("tierHits", tierHits);
        report.put("misses", misses);
        report.put("hitRatio", requests == 0 ? 0 : (double) (localHits + tierHits) / requests);
        report.put("ways", ways);
        report.put("occupiedWaysBefore", occupiedBefore);
        report.put("seconds", seconds);
        Report.print(report, isJson(), out());
    }

    private static BufferedReader open(Path file) throws IOException {
        InputStream raw = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
        try {
            raw.mark(2);
            int magic = raw.read() << 8 | raw.read();
            raw.reset();
            InputStream plain = magic == GZIP_MAGIC ? new GZIPInputStream(raw, 1 << 16) : raw;
            return new BufferedReader(new InputStreamReader(plain, StandardCharsets.UTF_8), 1 << 16);
        } catch (IOException failure) {
            raw.close();
            throw failure;
        }
    }
}
