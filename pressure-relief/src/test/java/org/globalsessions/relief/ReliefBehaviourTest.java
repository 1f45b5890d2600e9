package org.globalsessions.relief;

import static org.assertj.core.api.Assertions.assertThat;
import static org.globalsessions.relief.Entries.digest;
import static org.globalsessions.relief.Entries.entry;
import static org.globalsessions.relief.Entries.key;
import static org.globalsessions.relief.Entries.value;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.Receipt.Outcome;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.Touch;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.MovedFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.PeerKind;
import org.globalsessions.transport.frame.PingFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.TouchFrame;
import org.globalsessions.transport.frame.VoidFrame;
import org.globalsessions.transport.frame.VoidFrame.Voided;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the two kinds take, and what they let go: where they differ, the test fails if one stands in for the other. */
class ReliefBehaviourTest {
    private static final int EL_COUNT = 32;

    @TempDir
    private Path folder;

    private SharedLru segment;
    private AgingNode aging;
    private ExpansionNode expansion;

    @BeforeEach
    void open() throws IOException {
        segment = SharedLru.open(new SegmentSettings(folder.resolve("relief.segment"))
                .elCount(EL_COUNT)
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
    void shouldSayWhatItIs() {
        assertThat(aging.kind()).isEqualTo(PeerKind.AGING);
        assertThat(expansion.kind()).isEqualTo(PeerKind.EXPANSION);
    }

    @Test
    void shouldTakeNewEntriesWhenExpansionOnly() {
        assertRefused(aging.answer(session(1, entry("a", 10))));
        assertThat(segment.size()).isZero();

        assertThat(receipt(expansion.answer(session(2, entry("a", 10)))).outcome())
                .isEqualTo(Outcome.STORED);
        assertThat(found(expansion, "a").value()).isEqualTo(value("a", 10));
    }

    @Test
    void shouldGiveBackWhatWasHandedOffWhenAsked() {
        assertThat(receipt(aging.answer(backup(5, entry("a", 10)))).version()).isEqualTo(new Version(10, 7));

        SessionEntry found = found(aging, "a");
        assertThat(found.value()).isEqualTo(value("a", 10));
        assertThat(found.version()).isEqualTo(new Version(10, 7));
        assertThat(found.life()).isEqualTo(1);
    }

    @Test
    void shouldSayMissingWhenItHasNothing() {
        assertThat(known(aging, "a").status()).isEqualTo(Status.MISSING);
        assertThat(known(expansion, "a").status()).isEqualTo(Status.MISSING);
    }

    @Test
    void shouldKeepTheNewerVersionWhenAnOlderComesLater() {
        aging.answer(backup(1, entry("a", 20)));

        Receipt receipt = receipt(aging.answer(backup(2, entry("a", 10))));
        assertThat(receipt.outcome()).isEqualTo(Outcome.SUPERSEDED);
        assertThat(receipt.version()).isEqualTo(new Version(20, 7));
        assertThat(found(aging, "a").value()).isEqualTo(value("a", 20));
    }

    @Test
    void shouldDropOlderVersionsOnlyWhenTheyAreVoid() {
        aging.answer(backup(1, entry("older", 10)));
        aging.answer(backup(2, entry("same", 20)));
        aging.answer(backup(3, entry("newer", 30)));

        VoidFrame voids = new VoidFrame(
                4,
                List.of(
                        new Voided(digest(segment, "older"), new Version(20, 7)),
                        new Voided(digest(segment, "same"), new Version(20, 7)),
                        new Voided(digest(segment, "newer"), new Version(20, 7)),
                        new Voided(digest(segment, "absent"), new Version(20, 7))));
        receipt(aging.answer(voids));

        assertThat(known(aging, "older").status()).isEqualTo(Status.MISSING);
        assertThat(found(aging, "same").version().clock()).isEqualTo(20);
        assertThat(found(aging, "newer").version().clock()).isEqualTo(30);
    }

    @Test
    void shouldTakeTheVoidedKeyAgainWhenItsNewVersionIsHandedOff() {
        aging.answer(backup(1, entry("a", 10)));
        aging.answer(new VoidFrame(2, List.of(new Voided(digest(segment, "a"), new Version(20, 7)))));

        // A void is no delete: the live session of the same life comes back here.
        assertThat(receipt(aging.answer(backup(3, entry("a", 20)))).outcome()).isEqualTo(Outcome.STORED);
        assertThat(found(aging, "a").value()).isEqualTo(value("a", 20));
    }

    @Test
    void shouldTakeTheUseOfALifeThatItHasWhenOfEitherKind() {
        for (ReliefBehaviour node : List.of(aging, expansion)) {
            SessionEntry idle = new SessionEntry(key("a"), value("a", 10), new Version(10, 7), 1, false, 900, 1000, 0);
            aging.answer(backup(1, idle));
            node.answer(touch(digest(segment, "a"), 2, 5));
            assertThat(idleTicks("a")).as("another life").isGreaterThanOrEqualTo(900);
            receipt(node.answer(touch(digest(segment, "a"), 1, 5)));
            assertThat(idleTicks("a")).isBetween(5, 899);
            receipt(node.answer(touch(digest(segment, "absent"), 1, 5)));
            assertThat(known(node, "absent").status()).isEqualTo(Status.MISSING);
            segment.discard(snapshotOf("a"));
        }
    }

    @Test
    void shouldRenewItsCopyWhenTheSameVersionIsHandedOffAgain() {
        aging.answer(backup(1, new SessionEntry(key("a"), value("a", 10), new Version(10, 7), 1, false, 900, 1000, 0)));

        Receipt again = receipt(aging.answer(
                backup(2, new SessionEntry(key("a"), value("a", 10), new Version(10, 7), 1, false, 5, 1000, 0))));

        assertThat(again.outcome()).isEqualTo(Outcome.SUPERSEDED);
        assertThat(found(aging, "a").idleTicks()).isBetween(5, 899);
    }

    @Test
    void shouldKeepWhatIsAskedForWhenAFullNodeLetsTheOldestGo() {
        aging.answer(backup(1, entry("asked", 10)));
        aging.answer(backup(2, entry("not asked", 10)));
        for (int i = 0; i < 20 * EL_COUNT; i++) {
            aging.answer(backup(3 + i, entry("other-" + i, 10)));
            assertThat(found(aging, "asked").version().clock()).isEqualTo(10);
        }
        assertThat(known(aging, "not asked").status()).isEqualTo(Status.MISSING);
    }

    @Test
    void shouldTakeAQuestionForAUseOnlyWhenTheSessionHasNotEnded() {
        aging.answer(backup(1, new SessionEntry(key("a"), value("a", 10), new Version(10, 7), 1, false, 900, 1000, 0)));
        aging.answer(
                backup(2, new SessionEntry(key("b"), value("b", 10), new Version(10, 7), 1, false, 1100, 1000, 0)));

        assertThat(found(aging, "a").idleTicks()).as("before the question").isGreaterThanOrEqualTo(900);
        assertThat(idleTicks("a")).isLessThan(900);
        assertThat(found(aging, "b").idleTicks()).isGreaterThanOrEqualTo(1100);
        assertThat(idleTicks("b")).isGreaterThanOrEqualTo(1100);
    }

    private int idleTicks(String key) {
        return snapshotOf(key).toEntry().idleTicks();
    }

    private static TouchFrame touch(KeyDigest digest, long life, int idleTicks) {
        return new TouchFrame(1, List.of(new Touch(digest, life, idleTicks)));
    }

    private EntrySnapshot snapshotOf(String key) {
        EntrySnapshot snapshot = new EntrySnapshot();
        assertThat(segment.find(segment.encode(key), snapshot)).isTrue();
        return snapshot;
    }

    @Test
    void shouldDropWhatIsVoidAlsoWhereItHasStoodInAsAnExpansionNode() {
        expansion.answer(session(1, entry("a", 10)));
        expansion.answer(session(2, entry("b", 30)));
        receipt(expansion.answer(new VoidFrame(
                3,
                List.of(
                        new Voided(digest(segment, "a"), new Version(20, 7)),
                        new Voided(digest(segment, "b"), new Version(20, 7))))));
        assertThat(known(expansion, "a").status()).isEqualTo(Status.MISSING);
        assertThat(found(expansion, "b").version().clock()).isEqualTo(30);
    }

    @Test
    void shouldCountALossWhenAHandOffFindsNoPlaceAtANodeOfSeveralSiblings() {
        AgingNode shared = new AgingNode(segment, true);
        int sent = 8 * EL_COUNT;
        for (int i = 0; i < sent; i++) {
            receipt(shared.answer(backup(i + 1, entry("k" + i, 10 + i))));
        }

        int kept = segment.size();
        assertThat(kept).isGreaterThanOrEqualTo(EL_COUNT).isLessThan(sent);
        assertThat(segment.counters().get(Counter.LOST_FOR_SPACE)).isEqualTo(sent - kept);
    }

    @Test
    void shouldPushNothingOutWhenACopyFindsNoPlace() {
        for (ReliefBehaviour node : List.of(aging, expansion)) {
            int copied = 0;
            int refused = 0;
            for (int i = 0; i < 8 * EL_COUNT; i++) {
                Frame answer = node.answer(new SessionBackupFrame(i + 1, entry(node.kind() + " " + i, 10), true));
                if (answer instanceof ErrorFrame error) {
                    assertThat(error.code()).isEqualTo(ErrorCode.BUSY);
                    refused++;
                } else {
                    assertThat(receipt(answer).outcome()).isEqualTo(Outcome.STORED);
                    copied++;
                }
            }
            assertThat(refused).isPositive();
            assertThat(segment.size()).isEqualTo(copied);
            assertThat(segment.counters().get(Counter.EVICTIONS)).isZero();
            for (int i = 0; i < 8 * EL_COUNT; i++) {
                segment.removeOlder(digest(segment, node.kind() + " " + i), new Version(11, 0));
            }
        }
        assertThat(segment.counters().get(Counter.LOST_FOR_SPACE)).isZero();
    }

    @Test
    void shouldDropWhatOthersHaveByNowWhenItIsStillTheSame() {
        for (ReliefBehaviour node : List.of(aging, expansion)) {
            for (String key : List.of("same", "newer", "of another life")) {
                node.answer(backup(1, entry(key, 10)));
            }
            Version version = new Version(10, 7);
            MovedFrame moved = new MovedFrame(
                    2,
                    List.of(
                            InventoryItem.entry(digest(segment, "same"), version, 1),
                            InventoryItem.entry(digest(segment, "newer"), new Version(9, 7), 1),
                            InventoryItem.entry(digest(segment, "of another life"), version, 0),
                            InventoryItem.entry(digest(segment, "absent"), version, 1)));

            receipt(node.answer(moved));
            assertThat(known(node, "same").status()).isEqualTo(Status.MISSING);
            assertThat(known(node, "newer").status()).isEqualTo(Status.FOUND);
            assertThat(known(node, "of another life").status()).isEqualTo(Status.FOUND);
            // It was no delete.
            assertThat(receipt(node.answer(backup(3, entry("same", 10)))).outcome())
                    .isEqualTo(Outcome.STORED);
            assertRefused(new AgingNode(segment, true).answer(moved));
            assertThat(known(node, "same").status()).isEqualTo(Status.FOUND);
            segment.discard(snapshotOf("newer"));
        }
    }

    @Test
    void shouldLetTheOldestGoWithoutALossWhenExpansion() {
        int sent = 8 * EL_COUNT;
        for (int i = 0; i < sent; i++) {
            receipt(expansion.answer(session(i + 1, entry("k" + i, 10 + i))));
        }

        assertThat(segment.counters().get(Counter.EVICTIONS)).isEqualTo(sent - segment.size());
        assertThat(segment.counters().get(Counter.LOST_FOR_SPACE)).isZero();
        assertThat(known(expansion, "k0").status()).as("the oldest").isEqualTo(Status.MISSING);
        for (int i = sent - EL_COUNT / 4; i < sent; i++) {
            assertThat(known(expansion, "k" + i).status()).as("newest %d", i).isEqualTo(Status.FOUND);
        }
    }

    @Test
    void shouldNeverTakeWhatIsOlderThanADelete() {
        for (ReliefBehaviour behaviour : List.of(aging, expansion)) {
            String key = "deleted at " + behaviour.kind();
            behaviour.answer(backup(1, entry(key, 10)));

            Receipt receipt = receipt(behaviour.answer(delete(2, key, 20)));
            assertThat(receipt.held()).isTrue();
            assertThat(known(behaviour, key).status()).isEqualTo(Status.MISSING);

            // Its version is newer than the delete, but its life is the one that was ended.
            assertThat(receipt(behaviour.answer(backup(3, entry(key, 30)))).outcome())
                    .isEqualTo(Outcome.BEATEN_BY_TOMBSTONE);
            assertThat(known(behaviour, key).status()).isEqualTo(Status.MISSING);
            assertThat(receipt(behaviour.answer(delete(4, key, 20))).held()).isFalse();
        }
    }

    @Test
    void shouldRefuseAnEntryWhenItExceedsTheLargestValue() {
        SessionEntry large = new SessionEntry(key("a"), new byte[70_000], new Version(5, 1), 1, false, 0, 0, 0);

        assertThat(((ErrorFrame) aging.answer(backup(9, large))).code()).isEqualTo(ErrorCode.TOO_LARGE);
        assertThat(((ErrorFrame) expansion.answer(session(9, large))).correlationId())
                .isEqualTo(9);
    }

    @Test
    void shouldHaveNoAnswerWhenTheFrameIsNoneOfASiblings() {
        assertThat(aging.answer(new PingFrame(1, 0))).isNull();
        assertThat(expansion.answer(new PingFrame(1, 0))).isNull();
    }

    private static SessionBackupFrame backup(long id, SessionEntry entry) {
        return new SessionBackupFrame(id, entry);
    }

    private static SessionFrame session(long id, SessionEntry entry) {
        return new SessionFrame(id, Acknowledgement.RELIEF, 0, 0, Version.NONE, entry);
    }

    private DeleteFrame delete(long id, String key, long clock) {
        return new DeleteFrame(id, Acknowledgement.RELIEF, digest(segment, key), new Version(clock, 7));
    }

    private static SessionKnownFrame known(ReliefBehaviour behaviour, String key) {
        SessionKnownFrame known = (SessionKnownFrame) behaviour.answer(new NeedSessionFrame(77, key(key)));
        assertThat(known.correlationId()).isEqualTo(77);
        return known;
    }

    private static SessionEntry found(ReliefBehaviour behaviour, String key) {
        SessionKnownFrame known = known(behaviour, key);
        assertThat(known.status()).isEqualTo(Status.FOUND);
        return known.entry();
    }

    private static Receipt receipt(Frame answer) {
        assertThat(answer).isInstanceOf(SessionReceivedFrame.class);
        return ((SessionReceivedFrame) answer).receipt();
    }

    private static void assertRefused(Frame answer) {
        assertThat(answer).isInstanceOf(ErrorFrame.class);
        assertThat(((ErrorFrame) answer).code()).isEqualTo(ErrorCode.REFUSED);
    }
}
