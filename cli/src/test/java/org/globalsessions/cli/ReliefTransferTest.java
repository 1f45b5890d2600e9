package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.relief.ReliefContext;
import org.globalsessions.relief.ReliefNode;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.sibling.SiblingContext;
import org.globalsessions.sibling.SiblingEndpoint;
import org.globalsessions.sibling.WalkingSibling;
import org.globalsessions.sibling.WalkingSibling.Walk;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.net.ReconnectPolicy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two real relief nodes and a sibling that copies from one to the other, over real TCP. */
class ReliefTransferTest {
    private static final String PATH = WalkingSibling.PATH;
    private static final int SESSIONS = 2_000;
    private static final int OLD = 1;
    private static final int NEW = 2;
    private static final int UNHURRIED = 500;
    private static final int FAST = 1_000_000;
    private static final ReconnectPolicy SOON = new ReconnectPolicy(Duration.ofMillis(20), Duration.ofMillis(100), 0);

    @TempDir
    private Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private WalkingSibling sibling;
    private int port;

    @AfterEach
    void close() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    @Test
    void shouldHaveAllThatItShouldHaveAndNothingElseWhenAnEmptyNodeWasFilled() throws Exception {
        start(FAST);
        SharedLru old = segmentOf(OLD);
        SharedLru fresh = segmentOf(NEW);
        for (int i = 0; i < SESSIONS; i++) {
            store(old, new SessionEntry(key(i), value(i, 10), new Version(10, 7), 3, false, 1000, 400_000, 500_000));
        }
        for (int i = 0; i < SESSIONS; i += 20) {
            delete(old, i, 20);
        }
        launch(NEW);
        sibling.awaitConnected(2);

        Walk walk = walkOver(OLD).get(60, TimeUnit.SECONDS);

        assertThat(walk.failure()).isNull();
        assertThat(walk.listed()).isEqualTo(SESSIONS);
        assertThat(walk.refused()).isZero();
        int expected = 0;
        for (int i = 0; i < SESSIONS; i++) {
            boolean shouldHave = spreads(digest(fresh, i).low());
            boolean deleted = i % 20 == 0;
            expected += shouldHave ? 1 : 0;
            SessionEntry entry = find(fresh, i);
            if (!shouldHave || deleted) {
                assertThat(entry).as("session %d", i).isNull();
                assertThat(fresh.tombstone(digest(fresh, i))).isEqualTo(shouldHave ? new Version(20, 7) : Version.NONE);
            } else {
                assertThat(entry.value()).isEqualTo(value(i, 10));
                assertThat(entry.version()).isEqualTo(new Version(10, 7));
                assertThat(entry.life()).isEqualTo(3);
                assertThat(entry.idleTicks()).isBetween(1000, 20_000);
                assertThat(entry.idleLimitTicks()).isEqualTo(400_000);
                assertThat(entry.lifetimeTicks()).isBetween(480_000, 500_000);
            }
        }
        assertThat(walk.copied()).isEqualTo(expected);
        assertThat(walkOver(OLD).get(60, TimeUnit.SECONDS)).isEqualTo(new Walk(null, SESSIONS, 0, 0));
    }

    @Test
    void shouldOverwriteNothingNewerAndBringNothingDeletedBackWhenTheNodesDiffer() throws Exception {
        start(FAST);
        SharedLru old = segmentOf(OLD);
        SharedLru fresh = segmentOf(NEW);
        for (int i = 0; i < 400; i++) {
            store(old, entry(i, 50));
            if (i % 4 == 1) {
                store(fresh, entry(i, 60));
            } else if (i % 4 == 2) {
                store(fresh, entry(i, 40));
            } else if (i % 4 == 3) {
                delete(fresh, i, 55);
            }
        }
        launch(NEW);
        sibling.awaitConnected(2);

        assertThat(sibling.walk(OLD, digestLow -> true).get(60, TimeUnit.SECONDS))
                .isEqualTo(new Walk(null, 400, 200, 0));

        for (int i = 0; i < 400; i++) {
            SessionEntry entry = find(fresh, i);
            if (i % 4 == 3) {
                assertThat(entry).isNull();
            } else {
                assertThat(entry.value()).isEqualTo(value(i, i % 4 == 1 ? 60 : 50));
            }
        }
    }

    @Test
    void shouldUndoNoChangeThatComesDuringTheWalk() throws Exception {
        start(UNHURRIED);
        SharedLru old = segmentOf(OLD);
        SharedLru fresh = segmentOf(NEW);
        for (int i = 0; i < SESSIONS; i++) {
            store(old, entry(i, 10));
        }
        launch(NEW);
        sibling.awaitConnected(2);
        CompletableFuture<Walk> walking = sibling.walk(OLD, digestLow -> true);
        for (int i = 0; i < SESSIONS; i += 10) {
            KeyDigest digest = digest(fresh, i);
            assertThat(sibling.ask(id -> new DeleteFrame(id, Acknowledgement.RELIEF, digest, new Version(20, 7))))
                    .isInstanceOf(SessionReceivedFrame.class);
            SessionEntry newer = entry(i + 1, 20);
            assertThat(sibling.ask(id -> new SessionBackupFrame(id, newer))).isInstanceOf(SessionReceivedFrame.class);
        }

        assertThat(walking.get(60, TimeUnit.SECONDS).failure()).isNull();
        for (int i = 0; i < SESSIONS; i++) {
            for (SharedLru node : List.of(old, fresh)) {
                SessionEntry entry = find(node, i);
                if (i % 10 == 0) {
                    assertThat(entry).isNull();
                } else {
                    assertThat(entry.value()).isEqualTo(value(i, i % 10 == 1 ? 20 : 10));
                }
            }
        }
    }

    @Test
    void shouldFailAndLeaveNothingHalfWhenTheSourceDiesMidway() throws Exception {
        ReliefNode source = start(UNHURRIED);
        SharedLru old = segmentOf(OLD);
        SharedLru fresh = segmentOf(NEW);
        for (int i = 0; i < SESSIONS; i++) {
            store(old, entry(i, 10));
        }
        launch(NEW);
        sibling.awaitConnected(2);
        CompletableFuture<Walk> walking = sibling.walk(OLD, digestLow -> true);
        await().until(() -> fresh.size() > 0);
        source.close();

        Walk failed = walking.get(60, TimeUnit.SECONDS);
        assertThat(failed.failure()).contains("has ended");
        assertThat(failed.copied()).isBetween(1L, SESSIONS - 1L);
        for (int i = 0; i < SESSIONS; i++) {
            SessionEntry entry = find(fresh, i);
            if (entry != null) {
                assertThat(entry.value()).isEqualTo(value(i, 10));
            }
        }

        launch(OLD);
        sibling.awaitConnected(2);
        Walk again = sibling.walk(OLD, digestLow -> true).get(60, TimeUnit.SECONDS);
        assertThat(again.failure()).isNull();
        assertThat(fresh.size()).isEqualTo(SESSIONS);
    }

    @Test
    void shouldHaveACopyAgainWhenItWasTakenAwayBehindTheTiersBack() throws Exception {
        SegmentSettings relaySegment = new SegmentSettings(folder.resolve("relay.segment"))
                .elCount(100)
                .role(Role.RELAY)
                .pathName(PATH);
        open.add(SharedLru.open(relaySegment));
        SiblingEndpoint running = SiblingEndpoint.launch(new SiblingContext(relaySegment)
                .pathName(PATH)
                .replicas(2)
                .refillRate(FAST)
                .antiEntropyInterval(Duration.ofMillis(100)));
        open.add(running);
        port = running.port();
        launch(OLD);
        launch(NEW);
        SharedLru old = segmentOf(OLD);
        SharedLru fresh = segmentOf(NEW);
        for (int i = 0; i < SESSIONS; i++) {
            store(i % 2 == 0 ? old : fresh, entry(i, 10));
        }
        await().until(() -> old.size() == SESSIONS && fresh.size() == SESSIONS);

        for (int i = 0; i < 10; i++) {
            EntrySnapshot copy = new EntrySnapshot();
            assertThat(fresh.find(digest(fresh, i), copy)).isTrue();
            assertThat(fresh.discard(copy)).isTrue();
        }
        await().until(() -> fresh.size() == SESSIONS);
        for (int i = 0; i < SESSIONS; i++) {
            assertThat(find(old, i).value()).isEqualTo(value(i, 10));
            assertThat(find(fresh, i).value()).isEqualTo(value(i, 10));
        }
    }

    /** Starts a sibling, and the node that will have everything. */
    private ReliefNode start(int rate) throws IOException {
        sibling = new WalkingSibling(folder, 2, rate);
        open.add(sibling);
        port = sibling.port();
        return launch(OLD);
    }

    private CompletableFuture<Walk> walkOver(int node) {
        return sibling.walk(node, ReliefTransferTest::spreads);
    }

    private static boolean spreads(long digestLow) {
        return (digestLow & 1) == 0;
    }

    private SegmentSettings settings(int node) {
        return new SegmentSettings(folder.resolve("node-" + node + ".segment"))
                .elCount(2 * SESSIONS)
                .recordSize(256)
                .role(Role.RELIEF)
                .pathName(PATH);
    }

    private SharedLru segmentOf(int node) throws IOException {
        SharedLru segment = SharedLru.open(settings(node));
        open.add(segment);
        return segment;
    }

    private ReliefNode launch(int node) throws IOException {
        ReliefNode launched = ReliefNode.launch(new ReliefContext(settings(node))
                .aging(true)
                .pathName(PATH)
                .nodeId(String.format("%016x%016x", node, node))
                .sibling("localhost", port, SOON));
        open.add(launched);
        return launched;
    }

    private static byte[] key(int i) {
        return ("key " + i).getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] value(int i, long clock) {
        return ("value of session " + i + " at " + clock).getBytes(StandardCharsets.US_ASCII);
    }

    private static SessionEntry entry(int i, long clock) {
        return new SessionEntry(key(i), value(i, clock), new Version(clock, 7), 1, false, 0, 0, 0);
    }

    private static void store(SharedLru node, SessionEntry entry) {
        WriteOutcome outcome = new WriteOutcome();
        node.fill(node.encode(entry.key()), entry, Long.MAX_VALUE, 0, true, outcome);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
    }

    private static void delete(SharedLru node, int i, long clock) {
        node.applyDelete(digest(node, i), new Version(clock, 7), 0, new WriteOutcome());
    }

    private static KeyDigest digest(SharedLru node, int i) {
        return node.encode(key(i)).digest();
    }

    private static SessionEntry find(SharedLru node, int i) {
        EntrySnapshot snapshot = new EntrySnapshot();
        return node.find(node.encode(key(i)), snapshot) ? snapshot.toEntry() : null;
    }
}
