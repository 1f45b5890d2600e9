package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.globalsessions.sibling.Entries.entry;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.globalsessions.Version;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.IpcExchange.Message;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.transport.ConnectionStub;
import org.globalsessions.transport.ManualScheduler;
import org.globalsessions.transport.frame.CompareFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.InventoriedFrame;
import org.globalsessions.transport.frame.InventoryFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whose turn it is, and who gets copies of what. */
class AntiEntropyTest {
    private static final Duration INTERVAL = Duration.ofMinutes(10);

    @TempDir
    private Path folder;

    private final ManualScheduler scheduler = new ManualScheduler();
    private final IpcExchange exchange = new IpcExchange(() -> {});
    private final Map<Long, ConnectionStub> connections = new LinkedHashMap<>();
    private final Map<Long, ReliefEndPoint> endPoints = new LinkedHashMap<>();
    private SharedLru segment;
    private ReliefRouter router;
    private AntiEntropy antiEntropy;

    @BeforeEach
    void open() throws IOException {
        segment = Entries.relaySegment(folder);
        Membership membership =
                Membership.load(folder.resolve("members"), new Replicas(1, 1), System::currentTimeMillis);
        router = new ReliefRouter(
                segment,
                new ReliefTier(segment, membership, MissedVoids.open(segment, folder.resolve("voids"))),
                exchange,
                Duration.ofSeconds(1).toNanos());
        antiEntropy = new AntiEntropy(segment, scheduler, new RefillPace(1_000_000), router.tier(), INTERVAL);
        antiEntropy.start();
    }

    @AfterEach
    void close() {
        segment.close();
    }

    private void join(long id, Kind kind) throws IOException {
        ConnectionStub connection = new ConnectionStub();
        ReliefEndPoint endPoint = new ReliefEndPoint(new Seat(new NodeId(id, id), 100, ""), kind, false, connection);
        router.connected(endPoint);
        connections.put(id, connection);
        endPoints.put(id, endPoint);
    }

    /** What was sent to each node since the last call. */
    private Map<Long, List<Frame>> takeSent() {
        Map<Long, List<Frame>> sent = new LinkedHashMap<>();
        connections.forEach((id, connection) -> {
            List<Frame> frames = connection.takeSent();
            if (!frames.isEmpty()) {
                sent.put(id, frames);
            }
        });
        return sent;
    }

    /** Answers the one open inventory with these as its last part. Returns whose it was. */
    private long answerInventory(InventoryItem... items) {
        Map<Long, List<Frame>> sent = takeSent();
        assertThat(sent).hasSize(1);
        long id = sent.keySet().iterator().next();
        assertThat(sent.get(id)).hasSize(1).first().isInstanceOf(InventoryFrame.class);
        endPoints.get(id).answerInquiry(new InventoriedFrame(sent.get(id).get(0).correlationId(), 0, List.of(items)));
        return id;
    }

    private InventoryItem item(String key) {
        return InventoryItem.entry(segment.encode(key).digest(), new Version(10, 7), 1);
    }

    @Test
    void shouldWalkOverEachNodeThatKeepsHandOffsInTurn() throws IOException {
        join(1, Kind.AGING);
        join(2, Kind.EXPANSION);
        join(3, Kind.AGING);
        scheduler.pass(INTERVAL.minusSeconds(1));
        assertThat(takeSent()).isEmpty();
        for (int round = 0; round < 2; round++) {
            scheduler.pass(round == 0 ? Duration.ofSeconds(1) : INTERVAL);
            List<Long> turns = new ArrayList<>();
            turns.add(answerInventory());
            scheduler.pass(Duration.ofSeconds(1));
            turns.add(answerInventory());
            scheduler.pass(Duration.ofSeconds(1));
            assertThat(turns).containsExactlyInAnyOrder(1L, 3L);
            assertThat(takeSent()).isEmpty();
        }
    }

    @Test
    void shouldWalkOverExpansionNodesWhenThereIsNoOtherKind() throws IOException {
        join(1, Kind.EXPANSION);
        scheduler.pass(INTERVAL);
        assertThat(takeSent()).as("alone").isEmpty();
        join(2, Kind.EXPANSION);
        scheduler.pass(INTERVAL);
        assertThat(answerInventory()).isBetween(1L, 2L);
    }

    @Test
    void shouldGoOnWithTheNextNodeWhenAWalkFails() throws IOException {
        join(1, Kind.AGING);
        join(2, Kind.AGING);
        scheduler.pass(INTERVAL);
        long first = takeSent().keySet().iterator().next();
        endPoints.get(first).failInquiries();
        scheduler.pass(Duration.ofSeconds(1));
        assertThat(answerInventory()).isEqualTo(3 - first);
        assertThat(segment.counters().get(Counter.TRANSFERS_FAILED)).isEqualTo(1);
    }

    @Test
    void shouldCompareWithTheOwnerOnlyWhatTheNodeMayHold() throws IOException {
        join(1, Kind.AGING);
        exchange.letIn(new Message(1, new SessionBackupFrame(1, entry("used", 10))));
        router.drain();
        join(2, Kind.AGING);
        takeSent();
        InventoryItem[] items = new InventoryItem[40];
        for (int i = 0; i < items.length; i++) {
            items[i] = item("key " + i);
        }
        scheduler.pass(INTERVAL);
        List<InventoryItem> compared = new ArrayList<>();
        for (int turn = 0; turn < 2; turn++) {
            long holder = answerInventory(items);
            Map<Long, List<Frame>> sent = takeSent();
            if (holder == 1) {
                // It has owned all keys; of many the owner is another one now.
                assertThat(sent.keySet()).containsExactly(2L);
                CompareFrame compare = (CompareFrame) sent.get(2L).get(0);
                compared.addAll(compare.items());
                endPoints.get(2L).failInquiries();
            } else {
                // Of what it does not own it has never been an owner: nobody waits for it with a delete.
                assertThat(sent).isEmpty();
            }
            scheduler.pass(Duration.ofSeconds(1));
        }
        assertThat(compared.size()).isBetween(1, items.length - 1);
    }

    @Test
    void shouldGoOnWithTheNextNodeWhenKeysArePlacedOtherwise() throws IOException {
        join(1, Kind.AGING);
        join(2, Kind.AGING);
        scheduler.pass(INTERVAL);
        Map<Long, List<Frame>> asked = takeSent();
        long first = asked.keySet().iterator().next();
        join(3, Kind.AGING);
        endPoints
                .get(first)
                .answerInquiry(new InventoriedFrame(asked.get(first).get(0).correlationId(), 7, List.of()));
        scheduler.pass(Duration.ofSeconds(1));
        assertThat(answerInventory()).isEqualTo(3 - first);
        assertThat(segment.counters().get(Counter.TRANSFERS_FAILED)).isZero();
    }

    @Test
    void shouldEndWhenItIsClosed() throws IOException {
        join(1, Kind.AGING);
        join(2, Kind.AGING);
        scheduler.pass(INTERVAL);
        assertThat(takeSent()).hasSize(1);
        antiEntropy.close();
        scheduler.pass(INTERVAL.multipliedBy(3));
        assertThat(takeSent()).isEmpty();
        assertThat(segment.counters().get(Counter.TRANSFERS_FAILED)).isZero();
    }
}
