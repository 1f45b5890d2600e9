package org.globalsessions.relief;

import static org.assertj.core.api.Assertions.assertThat;
import static org.globalsessions.relief.Entries.digest;
import static org.globalsessions.relief.Entries.entry;
import static org.globalsessions.relief.Entries.key;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.frame.CompareFrame;
import org.globalsessions.transport.frame.ComparedFrame;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FetchFrame;
import org.globalsessions.transport.frame.FetchedFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.InventoriedFrame;
import org.globalsessions.transport.frame.InventoryFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a node of either kind says when a sibling copies from it or to it. */
class TransferAnswersTest {
    private static final int EL_COUNT = 200;

    @TempDir
    private Path folder;

    private SharedLru segment;
    private AgingNode aging;
    private ExpansionNode expansion;

    @BeforeEach
    void open() throws IOException {
        segment = SharedLru.open(new SegmentSettings(folder.resolve("relief.segment"))
                .elCount(EL_COUNT)
                .recordSize(64 * 1024)
                .role(Role.RELIEF)
                .pathName("test"));
        aging = new AgingNode(segment, false);
        expansion = new ExpansionNode(segment, false);
    }

    @AfterEach
    void close() {
        segment.close();
    }

    @Test
    void shouldListAllThatItHoldsWhenAskedPartByPart() {
        List<InventoryItem> expected = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            aging.answer(new SessionBackupFrame(1, entry("key " + i, 10 + i)));
            expected.add(InventoryItem.entry(digest(segment, "key " + i), new Version(10 + i, 7), 1));
        }
        aging.answer(delete("deleted", 50));
        expected.add(InventoryItem.tombstone(digest(segment, "deleted"), new Version(50, 7)));

        for (ReliefBehaviour node : List.of(aging, expansion)) {
            List<InventoryItem> listed = new ArrayList<>();
            long cursor = 0;
            do {
                InventoriedFrame answer = (InventoriedFrame) node.answer(new InventoryFrame(9, cursor, 7, false));
                assertThat(answer.correlationId()).isEqualTo(9);
                assertThat(answer.items()).hasSizeLessThanOrEqualTo(7);
                listed.addAll(answer.items());
                cursor = answer.nextCursor();
            } while (cursor != 0);
            assertThat(listed).containsExactlyInAnyOrderElementsOf(expected);
            InventoriedFrame deletes = (InventoriedFrame) node.answer(new InventoryFrame(10, 0, 7, true));
            assertThat(deletes.items()).containsExactly(expected.get(100));
            assertThat(deletes.nextCursor()).isZero();
        }
    }

    /** A relay would take its list for all. */
    @Test
    void shouldListNoDeletesWhenSomeHadToMakeRoomForOthers() {
        for (int i = 0; segment.counters().get(Counter.TOMBSTONES_DROPPED_EARLY) == 0; i++) {
            aging.answer(delete("deleted " + i, 50 + i));
        }
        Frame refusal = aging.answer(new InventoryFrame(10, 0, 7, true));
        assertThat(refusal).isInstanceOf(ErrorFrame.class);
        assertThat(aging.answer(new InventoryFrame(10, 0, 7, false))).isInstanceOf(InventoriedFrame.class);
    }

    @Test
    void shouldSayWhatItLacks() {
        aging.answer(new SessionBackupFrame(1, entry("here", 20)));
        aging.answer(delete("deleted", 20));
        KeyDigest here = digest(segment, "here");
        KeyDigest deleted = digest(segment, "deleted");
        KeyDigest absent = digest(segment, "absent");

        ComparedFrame compared = (ComparedFrame) expansion.answer(new CompareFrame(
                9,
                List.of(
                        InventoryItem.entry(here, new Version(20, 7), 1),
                        InventoryItem.entry(here, new Version(19, 8), 1),
                        InventoryItem.entry(here, new Version(21, 7), 1),
                        InventoryItem.entry(here, new Version(10, 7), 2),
                        InventoryItem.entry(absent, new Version(1, 7), 1),
                        InventoryItem.entry(deleted, new Version(30, 7), 20),
                        InventoryItem.entry(deleted, new Version(30, 7), 21),
                        InventoryItem.tombstone(deleted, new Version(20, 7)),
                        InventoryItem.tombstone(deleted, new Version(20, 8)),
                        InventoryItem.tombstone(here, new Version(20, 7)))));

        assertThat(compared.correlationId()).isEqualTo(9);
        assertThat(compared.count()).isEqualTo(10);
        assertThat(compared.lacking().stream()).containsExactly(2, 3, 4, 6, 8, 9);
    }

    @Test
    void shouldGiveWholeEntriesWithTheirTimesWhenFetched() {
        SessionEntry stored = new SessionEntry(key("a"), key("value"), new Version(10, 7), 3, true, 900, 1000, 5000);
        aging.answer(new SessionBackupFrame(1, stored));
        aging.answer(delete("deleted", 20));

        FetchedFrame fetched = (FetchedFrame) aging.answer(new FetchFrame(
                9, List.of(digest(segment, "absent"), digest(segment, "a"), digest(segment, "deleted"))));

        assertThat(fetched.correlationId()).isEqualTo(9);
        assertThat(fetched.covered()).isEqualTo(3);
        assertThat(fetched.entries()).hasSize(1);
        SessionEntry entry = fetched.entries().get(0);
        assertThat(entry.key()).isEqualTo(stored.key());
        assertThat(entry.value()).isEqualTo(stored.value());
        assertThat(entry.version()).isEqualTo(stored.version());
        assertThat(entry.life()).isEqualTo(3);
        assertThat(entry.idleTicks()).isBetween(900, 999);
        assertThat(entry.idleLimitTicks()).isEqualTo(1000);
        assertThat(entry.lifetimeTicks()).isBetween(4900, 5000);
    }

    @Test
    void shouldCoverAsMuchAsOneAnswerTakesWhenEntriesAreLarge() {
        List<KeyDigest> digests = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            byte[] value = new byte[60_000];
            aging.answer(new SessionBackupFrame(
                    1, new SessionEntry(key("k" + i), value, new Version(10, 7), 1, false, 0, 0, 0)));
            digests.add(digest(segment, "k" + i));
        }
        int answers = 0;
        int entries = 0;
        while (!digests.isEmpty()) {
            FetchedFrame fetched = (FetchedFrame) aging.answer(new FetchFrame(9, digests));
            assertThat(fetched.covered()).isPositive();
            assertThat(fetched.entries().size()).isLessThanOrEqualTo(TransferAnswers.MAX_BYTES / 60_000);
            digests = digests.subList(fetched.covered(), digests.size());
            entries += fetched.entries().size();
            answers++;
        }
        assertThat(answers).isEqualTo(3);
        assertThat(entries).isPositive().isEqualTo(segment.size());
    }

    private DeleteFrame delete(String key, long clock) {
        return new DeleteFrame(1, Acknowledgement.RELIEF, digest(segment, key), new Version(clock, 7));
    }
}
