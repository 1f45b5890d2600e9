package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Keys whose hashes were forced to collide: whatever they share, none is ever answered with another's value. A digest is
 * forced by changing it after the key was encoded.
 */
class ForcedCollisionTest {
    private static final int KEYS = 100_000;

    private final long seed = Long.getLong("globalsessions.seed", System.nanoTime());

    @TempDir
    private Path folder;

    /** What all keys share. */
    enum Shared {
        /** Both buckets and the tag. */
        BUCKETS_AND_TAG {
            @Override
            void force(EncodedKey key) {
                key.low = 1;
                key.high = (key.high & 0xFFFF_FFFF_FFFFL) | 0x1234L << 48;
            }
        },
        /** The half of the digest that buckets and digests of 64 bits are made of. */
        LOWER_64_BITS {
            @Override
            void force(EncodedKey key) {
                key.low = 0x0123_4567_89AB_CDEFL;
            }
        },
        /** The half that tags and tombstone buckets are made of. */
        UPPER_64_BITS {
            @Override
            void force(EncodedKey key) {
                key.high = 0x0123_4567_89AB_CDEFL;
            }
        },
        /** The whole digest. */
        ALL_128_BITS {
            @Override
            void force(EncodedKey key) {
                key.low = 2;
                key.high = 3;
            }
        };

        abstract void force(EncodedKey key);
    }

    private SharedLru open(int elCount) throws IOException {
        return SharedLru.open(
                new SegmentSettings(folder.resolve("one")).elCount(elCount).recordSize(128));
    }

    private static EncodedKey key(SharedLru lru, Shared shared, int number) {
        EncodedKey key = lru.encode("user-" + number);
        shared.force(key);
        return key;
    }

    private static void set(SharedLru lru, Shared shared, int number, WriteOutcome outcome) {
        byte[] value = ("value-of-" + number).getBytes(UTF_8);
        lru.set(key(lru, shared, number), value, 0, value.length, 0, null, false, outcome);
    }

    /** Whether the key is there; fails where it has another's value. */
    private boolean isThere(SharedLru lru, Shared shared, int number) {
        byte[] value = lru.get(key(lru, shared, number));
        if (value != null && !new String(value, UTF_8).equals("value-of-" + number)) {
            throw new AssertionError(
                    "key " + number + " has " + new String(value, UTF_8) + ", " + shared + ", seed " + seed);
        }
        return value != null;
    }

    @ParameterizedTest
    @EnumSource
    void shouldAnswerEachKeyWithItsOwnWhenAHundredThousandCollide(Shared shared) throws IOException {
        try (SharedLru lru = open(2_000)) {
            WriteOutcome outcome = new WriteOutcome();
            Random random = new Random(seed);
            int there = 0;
            for (int i = 0; i < KEYS; i++) {
                assertThat(isThere(lru, shared, i))
                        .as("key %s before its set", i)
                        .isFalse();
                set(lru, shared, i, outcome);
                assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
                assertThat(isThere(lru, shared, i))
                        .as("key %s after its set", i)
                        .isTrue();
                there += isThere(lru, shared, random.nextInt(i + 1)) ? 1 : 0;
            }
            assertThat(there).as("some of the others were there too").isPositive();
            int kept = 0;
            for (int i = 0; i < KEYS; i++) {
                kept += isThere(lru, shared, i) ? 1 : 0;
            }
            int places = shared == Shared.UPPER_64_BITS ? lru.bucketCount() * 16 : 32;
            assertThat(kept).isEqualTo(lru.size()).isEqualTo(places);
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldHaveOneRecordOfAKeyWhenCollidingKeysAreOverwritten(Shared shared) throws IOException {
        try (SharedLru lru = open(2_000)) {
            WriteOutcome outcome = new WriteOutcome();
            for (int i = 0; i < 20_000; i++) {
                set(lru, shared, i % 30, outcome);
                assertThat(isThere(lru, shared, i % 30)).isTrue();
            }
            assertThat(lru.size()).isEqualTo(30);
        }
    }

    /**
     * A delete names a digest and no key, as other tiers know no more. Where the digest is another key's too, that one may go
     * with it; it may not come back, and nobody gets another's value.
     */
    @ParameterizedTest
    @EnumSource
    void shouldDeleteTheKeyAndAnswerNoneWithAnothersWhenCollidingKeysAreDeleted(Shared shared) throws IOException {
        try (SharedLru lru = open(2_000)) {
            WriteOutcome outcome = new WriteOutcome();
            Random random = new Random(seed);
            for (int i = 0; i < 20_000; i++) {
                int number = random.nextInt(40);
                if (random.nextInt(3) == 0) {
                    lru.delete(key(lru, shared, number), outcome);
                    assertThat(isThere(lru, shared, number))
                            .as("deleted, seed %s", seed)
                            .isFalse();
                } else {
                    set(lru, shared, number, outcome);
                    assertThat(isThere(lru, shared, number))
                            .as("set, seed %s", seed)
                            .isTrue();
                }
                isThere(lru, shared, random.nextInt(40));
            }
        }
    }

    @Test
    void shouldTakeOnlyTheNamedKeyAwayAtOnceWhenDigestsAreEqual() throws IOException {
        try (SharedLru lru = open(100)) {
            WriteOutcome outcome = new WriteOutcome();
            set(lru, Shared.ALL_128_BITS, 1, outcome);
            set(lru, Shared.ALL_128_BITS, 2, outcome);
            lru.delete(key(lru, Shared.ALL_128_BITS, 1), outcome);
            assertThat(outcome.held()).isTrue();
            assertThat(isThere(lru, Shared.ALL_128_BITS, 1)).isFalse();
            assertThat(isThere(lru, Shared.ALL_128_BITS, 2)).isTrue();
            // The tombstone is both keys': the next set begins a new life over it, which is a logout and no mix-up.
            set(lru, Shared.ALL_128_BITS, 2, outcome);
            assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
            assertThat(isThere(lru, Shared.ALL_128_BITS, 2)).isTrue();
            assertThat(isThere(lru, Shared.ALL_128_BITS, 1)).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldAnswerEachKeyWithItsOwnWhenThreadsWriteCollidingKeysAtOnce(Shared shared) throws Exception {
        try (SharedLru one = open(2_000);
                SharedLru two = open(2_000)) {
            ExecutorService executor = Executors.newFixedThreadPool(3);
            try {
                List<Callable<Integer>> tasks = new ArrayList<>();
                for (int i = 0; i < 3; i++) {
                    SharedLru lru = i % 2 == 0 ? one : two;
                    Random random = new Random(seed + i);
                    tasks.add(() -> use(lru, shared, random));
                }
                for (Future<Integer> hits : executor.invokeAll(tasks)) {
                    assertThat(hits.get()).isPositive();
                }
            } finally {
                executor.shutdownNow();
            }
        }
    }

    private int use(SharedLru lru, Shared shared, Random random) {
        WriteOutcome outcome = new WriteOutcome();
        int hits = 0;
        for (int i = 0; i < 30_000; i++) {
            int number = random.nextInt(60);
            switch (random.nextInt(8)) {
                case 0, 1 -> set(lru, shared, number, outcome);
                case 2 -> lru.delete(key(lru, shared, number), outcome);
                default -> hits += isThere(lru, shared, number) ? 1 : 0;
            }
        }
        return hits;
    }
}
