package org.globalsessions.benchmarks;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.globalsessions.SessionCacheManager;

/**
 * Two hosts of one relay, each with a segment and a link of its own: a session is set on one, and the other one's segment is read
 * until it has it. Both in one process, so that one clock and one thread tell the time between.
 */
public final class AnnouncementProcess {
    private static final long ARRIVAL_LIMIT_NS = TimeUnit.SECONDS.toNanos(10);
    private static final long FIRST_ATTEMPT_NS = TimeUnit.MILLISECONDS.toNanos(100);

    /** Keys in use: once all were set, each set is an overwrite, as most of an application are. */
    private static final int ENTRIES = 10_000;

    private final SessionCacheManager from;
    private final SessionCacheManager to;
    private final byte[] target = new byte[Workload.VALUE_LENGTH];
    private long next;

    private AnnouncementProcess(SessionCacheManager from, SessionCacheManager to) {
        this.from = from;
        this.to = to;
    }

    /**
     * Runs until standard input ends; a line tells how many ms to measure, the answer is the p50 and p99 in µs.
     *
     * @param args a folder for files, and where the relay is: see Endpoint
     * @throws IOException where a segment cannot be made
     */
    public static void main(String... args) throws IOException {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Endpoint endpoint = Endpoint.of(Arrays.copyOfRange(args, 1, args.length));
        try (SessionCacheManager from = SessionCacheManager.open(client(endpoint, Path.of(args[0], "a")));
                SessionCacheManager to = SessionCacheManager.open(client(endpoint, Path.of(args[0], "b")))) {
            AnnouncementProcess process = new AnnouncementProcess(from, to);
            process.awaitConnections();
            ChildJvm.tellReady();
            String line = input.readLine();
            while (line != null) {
                process.measure(TimeUnit.MILLISECONDS.toNanos(Integer.parseInt(line)));
                ChildJvm.tellDone();
                line = input.readLine();
            }
        }
    }

    private static Config client(Endpoint endpoint, Path segment) {
        return ConfigFactory.parseMap(Map.of(
                        "lru.manage_section",
                        true,
                        "lru.cache.token_path",
                        segment.toString(),
                        "lru.cache.segment_dir",
                        segment.getParent().toString(),
                        "lru.cache.el_count",
                        2 * ENTRIES))
                .withValue(
                        "message_relay",
                        ConfigValueFactory.fromMap(
                                LinkConversation.section(endpoint).root().unwrapped()));
    }

    private void measure(long windowNs) {
        Histogram times = new Histogram(3);
        long started = System.nanoTime();
        while (System.nanoTime() - started < windowNs) {
            long took = announce(ARRIVAL_LIMIT_NS);
            if (took > ARRIVAL_LIMIT_NS) {
                throw new IllegalStateException("a session did not arrive at the other host");
            }
            times.recordValue(took);
        }
        Histogram corrected = times.copyCorrectedForCoordinatedOmission(times.getValueAtPercentile(50));
        ChildJvm.tell(Double.toString(corrected.getValueAtPercentile(50) / 1e3));
        ChildJvm.tell(Double.toString(corrected.getValueAtPercentile(99) / 1e3));
    }

    /** What is set before the other host is connected is never announced to it. */
    private void awaitConnections() {
        long deadlineNs = System.nanoTime() + ARRIVAL_LIMIT_NS;
        while (announce(FIRST_ATTEMPT_NS) > FIRST_ATTEMPT_NS) {
            if (System.nanoTime() - deadlineNs > 0) {
                throw new IllegalStateException("no session arrives at the other host");
            }
        }
    }

    /** Sets a session here and reads there until it is there, or until the limit is over; in ns. */
    @SuppressWarnings(
            "ThreadPriorityCheck") // the reader takes one of two processors, and gives way to whoever wants it
    private long announce(long limitNs) {
        String key = Workload.keyOf(next % ENTRIES);
        byte[] value = Workload.valueOf(next);
        next++;
        long started = System.nanoTime();
        from.set(key, value);
        long took;
        do {
            Thread.yield();
            took = System.nanoTime() - started;
        } while (took <= limitNs
                && (to.getLocal(key, target, 0) != Workload.VALUE_LENGTH || !Arrays.equals(target, value)));
        return took;
    }
}
