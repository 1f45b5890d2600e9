package org.globalsessions.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.relay.Ledger;
import org.globalsessions.relay.Ledger.Verdict;
import org.globalsessions.relay.MidwayRelay;
import org.globalsessions.relay.RelayContext;
import org.globalsessions.relief.ReliefContext;
import org.globalsessions.relief.ReliefNode;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.MemberList;
import org.globalsessions.sibling.SiblingContext;
import org.globalsessions.sibling.SiblingEndpoint;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.net.ReconnectPolicy;

/**
 * Relay, sibling, relief nodes and hosts in one process, over real Aeron IPC and TCP, and what was acknowledged of each session. The relay holds
 * so few that nearly all have to be found at relief nodes.
 */
final class ReliefTierInOneProcess {
    static final String PATH = "test";
    private static final ReconnectPolicy SOON = new ReconnectPolicy(Duration.ofMillis(20), Duration.ofMillis(100), 0);
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int RELAY_COUNT = 200;
    private static final int HOST_COUNT = 200;
    private static final int WINDOW = HOST_COUNT / 4;
    private static final int RECORD_SIZE = 256;

    private final Path folder;
    private final Path relayFolder;
    private final int sessions;
    private final Ledger ledger;
    private final List<AutoCloseable> open = new ArrayList<>();
    private final MidwayRelay relay;
    private final SiblingEndpoint sibling;
    private final SessionCacheManager host;

    /** Attached to when somebody looks. */
    private SharedLru relayEntries;

    /**
     * A relay, its sibling and a host.
     *
     * @param folder      of all segments but the relay's
     * @param relayFolder of the relay's segment
     * @param sessions    how many there will be
     * @param settings    sets what the sibling has other than by default
     */
    ReliefTierInOneProcess(Path folder, Path relayFolder, int sessions, UnaryOperator<SiblingContext> settings)
            throws IOException {
        this.folder = folder;
        this.relayFolder = relayFolder;
        this.sessions = sessions;
        this.ledger = new Ledger("s-", sessions);
        relay = keep(MidwayRelay.launch(new RelayContext()
                .authPath(PATH)
                .port(0)
                .segment(relaySegment())
                .siblingExternal(true)));
        sibling = keep(SiblingEndpoint.launch(settings.apply(new SiblingContext(relaySegment()).pathName(PATH))));
        host = openHost("host-a");
    }

    <T extends AutoCloseable> T keep(T one) {
        open.add(one);
        return one;
    }

    int siblingPort() {
        return sibling.port();
    }

    private SegmentSettings relaySegment() {
        return new SegmentSettings(relayFolder.resolve("relay.segment"))
                .elCount(RELAY_COUNT)
                .recordSize(RECORD_SIZE)
                .pathName(PATH);
    }

    private SegmentSettings nodeSegment(String name) {
        return new SegmentSettings(folder.resolve(name + ".segment"))
                .elCount(4 * sessions)
                .recordSize(RECORD_SIZE)
                .role(Role.RELIEF)
                .pathName(PATH);
    }

    /** Starts a relief node: an aging one where its name says so. It connects to the sibling by a port, which may be a proxy's. */
    ReliefNode launchNode(String name, int port, UnaryOperator<ReliefContext> settings) throws IOException {
        return launchNode(name, port, SOON, settings);
    }

    /** The same, with pauses of its own. */
    ReliefNode launchNode(String name, int port, ReconnectPolicy policy, UnaryOperator<ReliefContext> settings)
            throws IOException {
        return keep(ReliefNode.launch(settings.apply(new ReliefContext(nodeSegment(name))
                        .aging(name.startsWith("aging"))
                        .pathName(PATH))
                .sibling("localhost", port, policy)));
    }

    /** Starts a relief node, which connects to the sibling, and waits until it is a member. */
    ReliefNode launchMember(String name) throws IOException {
        int before = members("present");
        ReliefNode node = launchNode(name, siblingPort(), settings -> settings);
        awaitMembers(before + 1);
        return node;
    }

    /** How many members are in a state, by the list on the disk. */
    int members(String state) throws IOException {
        return (int) memberList().members().stream()
                .filter(member -> member.state().equals(state))
                .count();
    }

    MemberList memberList() throws IOException {
        return MemberList.read(relayFolder.resolve("relay.segment"));
    }

    /** So many members are present. */
    void awaitMembers(int present) {
        await().atMost(PATIENCE).until(() -> members("present") == present);
    }

    /** Each session is looked for by the present ring of each kind alone: all are where they should be. */
    void awaitSettled(int kinds) {
        await().atMost(PATIENCE).until(() -> memberList().rings() == kinds);
    }

    /** The same, once a node that has joined was given what it should have. */
    void awaitSettled(int kinds, ReliefNode joined) {
        await().atMost(PATIENCE).until(() -> joined.counters().get(Counter.FILLS) > 0);
        awaitSettled(kinds);
    }

    SharedLru segmentOf(String node) throws IOException {
        return keep(SharedLru.open(nodeSegment(node)));
    }

    /** What becomes of a session. */
    enum Change {
        SET,
        DELETE
    }

    /** A change of a session by the host; failed where a tier was away. */
    CompletableFuture<Boolean> begin(int index, Change what, Acknowledgement level) {
        int change = ledger.begin(index, what == Change.DELETE);
        CompletableFuture<?> future = what == Change.DELETE
                ? host.delete(ledger.key(index), level)
                : host.set(ledger.key(index), ledger.value(index, change), SetOptions.DEFAULTS.acknowledgement(level));
        return future.handle((result, thrown) -> {
            Throwable cause = thrown == null ? null : thrown.getCause() == null ? thrown : thrown.getCause();
            if (cause != null && !(cause instanceof TierUnavailableException)) {
                throw new AssertionError("session " + index, cause);
            }
            ledger.end(index, change, cause == null);
            return cause == null;
        });
    }

    /** Changes sessions until each is acknowledged, some at a time. */
    void change(Change what, Acknowledgement level, int... indices) throws Exception {
        Deque<Integer> left = new ArrayDeque<>();
        for (int index : indices) {
            left.add(index);
        }
        long endNs = System.nanoTime() + PATIENCE.toNanos();
        while (!left.isEmpty()) {
            assertThat(endNs - System.nanoTime())
                    .as("time left, changes left=%d", left.size())
                    .isPositive();
            Map<Integer, CompletableFuture<Boolean>> batch = new LinkedHashMap<>();
            while (batch.size() < WINDOW && !left.isEmpty()) {
                int index = left.remove();
                batch.put(index, begin(index, what, level));
            }
            for (Map.Entry<Integer, CompletableFuture<Boolean>> sent : batch.entrySet()) {
                if (!sent.getValue().get(30, TimeUnit.SECONDS)) {
                    left.add(sent.getKey());
                }
            }
        }
    }

    /** Judges a session by another host's answer, once there is one; a wrong one ends the test. */
    void judge(SessionCacheManager stranger, int index) throws Exception {
        if (isAnswered(stranger, index)) {
            return;
        }
        await().pollDelay(Duration.ZERO).atMost(PATIENCE).until(() -> isAnswered(stranger, index));
    }

    /** Whether another host's question finds an answer, which has to be right. */
    boolean isAnswered(SessionCacheManager stranger, int index) throws Exception {
        int before = ledger.acknowledged(index);
        byte[] value;
        try {
            value = stranger.get(ledger.key(index)).get(10, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            assertThat(e).hasCauseInstanceOf(TierUnavailableException.class);
            return false;
        }
        assertThat(ledger.judge(index, before, value))
                .as(
                        "session %d, acknowledged=%d, found=%s",
                        index, before, value == null ? null : new String(value, UTF_8))
                .isEqualTo(Verdict.RIGHT);
        return true;
    }

    /** Judges all sessions by what a host that has none of them is answered. */
    void judgeAll() throws Exception {
        SessionCacheManager stranger = openHost("host-b");
        for (int i = 0; i < sessions; i++) {
            judge(stranger, i);
        }
    }

    /** Sessions that were deleted and never set again, and that a node holds. */
    List<Integer> resurrectedAt(List<SharedLru> nodes, int... deleted) {
        List<Integer> found = new ArrayList<>();
        EntrySnapshot snapshot = new EntrySnapshot();
        for (int index : deleted) {
            if (nodes.stream().anyMatch(node -> node.find(node.encode(ledger.key(index)), snapshot))) {
                found.add(index);
            }
        }
        return found;
    }

    /** Whether the relay has a session of which it does not know yet that the relief nodes have it. */
    boolean relayOwes(int index) throws IOException {
        if (relayEntries == null) {
            relayEntries = keep(SharedLru.open(relaySegment().role(Role.RELAY).initializer(false)));
        }
        EntrySnapshot entry = new EntrySnapshot();
        return relayEntries.find(relayEntries.encode(ledger.key(index)), entry)
                && (entry.marks() & RecordDescriptor.NOT_HANDED_OFF) != 0;
    }

    /** Whether a node has a session. */
    boolean holds(SharedLru node, int index) {
        return node.find(node.encode(ledger.key(index)), new EntrySnapshot());
    }

    SessionCacheManager openHost(String name) throws IOException {
        return keep(SessionCacheManager.open(ConfigFactory.parseMap(Map.of(
                "lru.cache.token_path",
                folder.resolve(name).toString(),
                "lru.cache.segment_dir",
                folder.toString(),
                "lru.cache.el_count",
                HOST_COUNT,
                "lru.cache.record_size",
                RECORD_SIZE,
                "message_relay.auth_path",
                PATH,
                "message_relay.address",
                "localhost",
                "message_relay.port",
                relay.port()))));
    }

    void close() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }
}
