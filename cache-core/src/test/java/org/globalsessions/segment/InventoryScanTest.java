package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.globalsessions.Version;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InventoryScanTest {
    private static final int EL_COUNT = 1_000;

    @TempDir
    private Path folder;

    private SharedLru open(int elCount) throws IOException {
        return SharedLru.open(new SegmentSettings(folder.resolve("relief.segment"))
                .role(SegmentSettings.Role.RELIEF)
                .recordSize(128)
                .elCount(elCount)
                .pathName("test"));
    }

    @Test
    void shouldListEachEntryAndTombstoneOnceWhenNobodyWrites() throws IOException {
        try (SharedLru lru = open(EL_COUNT)) {
            Set<InventoryItem> expected = new HashSet<>();
            for (int i = 0; i < 500; i++) {
                KeyDigest digest = lru.encode("key " + i).digest();
                if (i % 5 == 0) {
                    lru.applyDelete(digest, new Version(20 + i, 7), 0, new WriteOutcome());
                    expected.add(InventoryItem.tombstone(digest, new Version(20 + i, 7)));
                } else {
                    store(lru, entry("key " + i, 20 + i, 3, 0));
                    expected.add(InventoryItem.entry(digest, new Version(20 + i, 7), 3));
                }
            }
            for (int most : new int[] {1, 3, 16, 1_024}) {
                List<InventoryItem> listed = walk(lru, most, () -> {});
                assertThat(listed).hasSameSizeAs(expected).containsExactlyInAnyOrderElementsOf(expected);
            }
        }
    }

    @Test
    void shouldListWhatStaysWhenOthersAreWrittenBetweenTheParts() throws IOException {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("InventoryScanTest, -Dseed=" + seed);
        Random random = new Random(seed);
        try (SharedLru lru = open(EL_COUNT)) {
            Set<InventoryItem> staying = new HashSet<>();
            for (int i = 0; i < 300; i++) {
                KeyDigest digest = lru.encode("stays " + i).digest();
                if (i % 10 == 0) {
                    lru.applyDelete(digest, new Version(5, 7), 0, new WriteOutcome());
                    staying.add(InventoryItem.tombstone(digest, new Version(5, 7)));
                } else {
                    store(lru, entry("stays " + i, 5, 1, 0));
                    staying.add(InventoryItem.entry(digest, new Version(5, 7), 1));
                }
            }
            int[] clock = {10};
            List<InventoryItem> listed = walk(lru, 10, () -> {
                for (int i = 0; i < 20; i++) {
                    String key = "changes " + random.nextInt(200);
                    clock[0]++;
                    if (random.nextInt(4) == 0) {
                        Version version = new Version(clock[0], 7);
                        lru.applyDelete(lru.encode(key).digest(), version, 0, new WriteOutcome());
                    } else {
                        store(lru, entry(key, clock[0], clock[0], 0));
                    }
                }
            });
            assertThat(listed).containsAll(staying);
        }
    }

    @Test
    void shouldLeaveOutWhatHasExpired() throws IOException {
        try (SharedLru lru = open(EL_COUNT)) {
            store(lru, entry("live", 5, 1, 100));
            store(lru, entry("idle for too long", 5, 1, 126));
            List<InventoryItem> listed = walk(lru, 10, () -> {});
            assertThat(listed).hasSize(1);
            assertThat(listed.get(0).digest()).isEqualTo(lru.encode("live").digest());
        }
    }

    @Test
    void shouldLookAtABoundedPartWhenTheTableIsLargeAndEmpty() throws IOException {
        try (SharedLru lru = open(2 * InventoryScan.MAX_LOOKS)) {
            assertThat(lru.inventory(0, 10, item -> {})).isEqualTo(InventoryScan.MAX_LOOKS);
            assertThat(walk(lru, 10, () -> {})).isEmpty();
            assertThat(lru.inventory(Long.MAX_VALUE, 10, item -> {})).isZero();
        }
    }

    /** What becomes of a delete that the next tier has not acknowledged, that tier decides by the delete itself. */
    @Test
    void shouldListDeletesAloneAndNoneThatWaitsForAReceipt() throws IOException {
        SegmentSettings settings = new SegmentSettings(folder.resolve("host.segment"))
                .elCount(EL_COUNT)
                .role(SegmentSettings.Role.HOST);
        try (SharedLru lru = SharedLru.open(settings)) {
            WriteOutcome outcome = new WriteOutcome();
            List<InventoryItem> expected = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                store(lru, entry("live " + i, 5, 1, 0));
                lru.applyDelete(lru.encode("told " + i).digest(), new Version(10 + i, 7), 0, outcome);
                expected.add(InventoryItem.tombstone(lru.encode("told " + i).digest(), new Version(10 + i, 7)));
                lru.delete(lru.encode("own " + i), outcome);
            }
            List<InventoryItem> listed = new ArrayList<>();
            long cursor = 0;
            do {
                cursor = lru.deletesInventory(cursor, 7, listed::add);
            } while (cursor != 0);
            assertThat(listed).containsExactlyInAnyOrderElementsOf(expected);
        }
    }

    @Test
    void shouldLackExactlyWhatItWouldStore() throws IOException {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("InventoryScanTest, -Dseed=" + seed);
        Random random = new Random(seed);
        WriteOutcome outcome = new WriteOutcome();
        int lacked = 0;
        try (SharedLru lru = open(EL_COUNT)) {
            for (int i = 0; i < 5_000; i++) {
                String key = "key " + random.nextInt(400);
                KeyDigest digest = lru.encode(key).digest();
                Version version = new Version(1 + random.nextInt(12), random.nextInt(2));
                if (random.nextInt(3) == 0) {
                    boolean higher = lru.tombstone(digest).compareTo(version) < 0;
                    assertThat(lru.lacks(InventoryItem.tombstone(digest, version)))
                            .isEqualTo(higher);
                    lru.applyDelete(digest, version, 0, outcome);
                } else {
                    int idle = random.nextInt(5) == 0 ? 126 : 0;
                    SessionEntry entry = entry(key, version, 1 + random.nextInt((int) version.clock()), idle);
                    boolean lacks = lru.lacks(InventoryItem.entry(digest, version, entry.life()));
                    lru.fill(lru.encode(key), entry, Long.MAX_VALUE, 0, true, outcome);
                    assertThat(lacks).isEqualTo(outcome.status() == WriteOutcome.Status.STORED);
                    lacked += lacks ? 1 : 0;
                }
            }
        }
        assertThat(lacked).isBetween(100, 4_000);
    }

    @Test
    void shouldCopyTheEntryOfADigest() throws IOException {
        try (SharedLru lru = open(EL_COUNT)) {
            store(lru, entry("key", 5, 1, 40));
            EntrySnapshot copy = new EntrySnapshot();
            assertThat(lru.find(lru.encode("absent").digest(), copy)).isFalse();
            assertThat(lru.find(lru.encode("key").digest(), copy)).isTrue();
            assertThat(new String(copy.keyCopy(), StandardCharsets.US_ASCII)).isEqualTo("key");
            assertThat(copy.toEntry().idleTicks()).isBetween(40, 100);
            assertThat(copy.toEntry().idleLimitTicks()).isEqualTo(100);
        }
    }

    private static List<InventoryItem> walk(SharedLru lru, int most, Runnable between) {
        List<InventoryItem> listed = new ArrayList<>();
        long cursor = 0;
        do {
            int before = listed.size();
            cursor = lru.inventory(cursor, most, listed::add);
            assertThat(listed.size() - before).isLessThanOrEqualTo(most);
            between.run();
        } while (cursor != 0);
        return listed;
    }

    private static void store(SharedLru lru, SessionEntry entry) {
        WriteOutcome outcome = new WriteOutcome();
        lru.fill(lru.encode(entry.key()), entry, Long.MAX_VALUE, 0, true, outcome);
    }

    private static SessionEntry entry(String key, long clock, long life, int idleTicks) {
        return entry(key, new Version(clock, 7), life, idleTicks);
    }

    /** With an idle time-out of 100 ticks, for which a relief node keeps it 125. */
    private static SessionEntry entry(String key, Version version, long life, int idleTicks) {
        byte[] bytes = key.getBytes(StandardCharsets.US_ASCII);
        return new SessionEntry(bytes, bytes, version, life, false, idleTicks, 100, 0);
    }
}
