package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The requests of a real web shop: get, and set on a miss. Compared with an exact LRU, run here over the same requests. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HitRatioTest {
    private List<String> keys;

    @TempDir
    Path folder;

    /** What real requests may lose by buckets and steps in place of an exact order: 0.6 points. */
    private static final double MOST_LOST = 0.006;

    @BeforeAll
    void readTrace() throws IOException {
        keys = trace();
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 1000, 2000, 4000})
    void shouldComeCloseToExactLruWhenRequestsAreReal(int elCount) throws IOException {
        SegmentSettings settings = new SegmentSettings(folder.resolve("web" + elCount))
                .elCount(elCount)
                .untouchedAging(1);
        try (SharedLru lru = SharedLru.open(settings)) {
            WriteOutcome outcome = new WriteOutcome();
            byte[] value = new byte[300];
            int hits = 0;
            for (String key : keys) {
                if (lru.getInto(lru.encode(key), value, 0) >= 0) {
                    hits++;
                } else {
                    lru.set(lru.encode(key), value, 0, value.length, 0, null, false, outcome);
                }
            }
            int ways = lru.bucketCount() * 16;
            double ratio = (double) hits / keys.size();
            double exactOfWays = exactLru(keys, ways);
            double exactOfElCount = exactLru(keys, elCount);
            System.out.printf(
                    "el_count=%d ways=%d hitRatio=%.4f exactLruOfWays=%.4f exactLruOfElCount=%.4f%n",
                    elCount, ways, ratio, exactOfWays, exactOfElCount);
            assertThat(ratio).isGreaterThanOrEqualTo(exactOfElCount).isGreaterThanOrEqualTo(exactOfWays - MOST_LOST);
        }
    }

    private static double exactLru(List<String> keys, int capacity) {
        Map<String, Boolean> lru = new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
                return size() > capacity;
            }
        };
        int hits = 0;
        for (String key : keys) {
            if (lru.get(key) != null) {
                hits++;
            } else {
                lru.put(key, true);
            }
        }
        return (double) hits / keys.size();
    }

    private static List<String> trace() throws IOException {
        String shared = System.getProperty("globalsessions.shared");
        Path file = shared == null ? null : Path.of(shared, "data", "web12.txt.gz");
        assumeTrue(file != null && Files.exists(file), "the trace web12.txt.gz is not there: " + file);
        List<String> keys = new ArrayList<>();
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(new GZIPInputStream(Files.newInputStream(file)), UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                keys.add(line);
            }
        }
        return keys;
    }
}
