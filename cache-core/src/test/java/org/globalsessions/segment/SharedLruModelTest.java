package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.globalsessions.Version;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Random operations, through two attachments of one segment, against a map: every answer has to be the map's. */
class SharedLruModelTest {
    private static final int KEYS = 300;
    private static final int OPERATIONS = 200_000;

    @TempDir
    Path folder;

    @Test
    void shouldAnswerLikeAMapWhenNothingIsEvicted() throws IOException {
        long seed = Long.getLong("globalsessions.seed", System.nanoTime());
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        SegmentSettings settings = new SegmentSettings(folder.resolve("model")).elCount(2 * KEYS);
        try (SharedLru one = SharedLru.open(settings);
                SharedLru two = SharedLru.open(settings)) {
            Map<String, String> model = new HashMap<>();
            Map<String, Version> versions = new HashMap<>();
            WriteOutcome outcome = new WriteOutcome();
            for (int i = 0; i < OPERATIONS; i++) {
                SharedLru lru = random.nextBoolean() ? one : two;
                String key = "key-" + random.nextInt(KEYS);
                switch (random.nextInt(5)) {
                    case 0, 1 -> {
                        byte[] value = lru.get(lru.encode(key));
                        String text = value == null ? null : new String(value, UTF_8);
                        assertThat(text).as("seed %s, operation %s", seed, i).isEqualTo(model.get(key));
                    }
                    case 2 -> {
                        set(lru, key, "v" + i, null, outcome);
                        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
                        assertThat(outcome.version()).isGreaterThan(versions.getOrDefault(key, Version.NONE));
                        model.put(key, "v" + i);
                        versions.put(key, outcome.version());
                    }
                    case 3 -> {
                        lru.delete(lru.encode(key), outcome);
                        assertThat(outcome.held()).isEqualTo(model.containsKey(key));
                        model.remove(key);
                        versions.put(key, outcome.version());
                    }
                    default -> {
                        boolean right = random.nextBoolean();
                        Version expected = versions.getOrDefault(key, new Version(5, 1));
                        if (!right) {
                            expected = new Version(expected.clock() - 1, expected.origin());
                        }
                        set(lru, key, "c" + i, expected, outcome);
                        boolean stored = outcome.status() == WriteOutcome.Status.STORED;
                        assertThat(stored).isEqualTo(right && model.containsKey(key));
                        if (stored) {
                            model.put(key, "c" + i);
                            versions.put(key, outcome.version());
                        }
                    }
                }
            }
            assertThat(one.size()).isEqualTo(model.size());
        }
    }

    private static void set(SharedLru lru, String key, String value, Version expected, WriteOutcome outcome) {
        byte[] bytes = value.getBytes(UTF_8);
        lru.set(lru.encode(key), bytes, 0, bytes.length, 0, expected, false, outcome);
    }
}
