package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.Version;
import org.globalsessions.relay.MidwayRelay;
import org.globalsessions.relay.RelayContext;
import org.globalsessions.relief.ReliefContext;
import org.globalsessions.relief.ReliefNode;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.MemberList;
import org.globalsessions.sibling.SiblingContext;
import org.globalsessions.sibling.SiblingEndpoint;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.net.ReconnectPolicy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * All nodes of one path in one JVM, over real Aeron IPC and TCP: what no longer fits into a host or the relay is found again at
 * the relief nodes. It stands in this module because the modules of the nodes do not know each other.
 */
class ReliefTierTest {
    private static final String PATH = "test";
    private static final int SESSIONS = 2_000;
    private static final int RELAY_COUNT = 400;
    private static final int HOST_COUNT = 200;
    private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(2);
    private static final SetOptions UNTIL_RELAY = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);
    private static final ReconnectPolicy SOON = new ReconnectPolicy(Duration.ofMillis(20), Duration.ofMillis(100), 0);

    @TempDir
    private Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private MidwayRelay relay;
    private SiblingEndpoint sibling;
    private ReliefNode aging;
    private ReliefNode expansion;

    @BeforeEach
    void start() throws IOException {
        relay = MidwayRelay.launch(new RelayContext()
                .authPath(PATH)
                .port(0)
                .segment(relaySegment())
                .siblingExternal(true));
        open.add(relay);
        sibling = launchSibling(0);
        aging = launchNode("aging", true, 4 * SESSIONS);
        expansion = launchNode("expansion", false, RELAY_COUNT);
        await().until(() -> aging.isConnected() && expansion.isConnected());
    }

    @AfterEach
    void close() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    @Test
    void shouldFindEverySessionOnAnotherHostWhenTheSiblingIsReplacedMeanwhile() throws Exception {
        SessionCacheManager writer = openHost("writer");
        store(writer, 0, SESSIONS / 2);
        int port = sibling.port();
        sibling.close();
        sibling = launchSibling(port);
        store(writer, SESSIONS / 2, SESSIONS);
        assertThat(writer.counter(Counter.LOST_UNPUBLISHED)).isZero();
        SessionCacheManager reader = openHost("reader");
        for (int i = 0; i < SESSIONS; i++) {
            assertThat(eventually(reader, "key " + i)).as("session %d", i).isEqualTo(value(i));
        }
        assertThat(aging.counters().get(Counter.FILLS)).isGreaterThanOrEqualTo(SESSIONS - 3L * RELAY_COUNT);
        assertThat(aging.counters().get(Counter.LOST_FOR_SPACE)).isZero();
        assertThat(expansion.counters().get(Counter.EVICTIONS)).isPositive();
        assertThat(expansion.counters().get(Counter.LOST_FOR_SPACE)).isZero();
    }

    @Test
    void shouldBeGoneEverywhereWhenADeleteIsAcknowledgedByTheReliefTier() throws Exception {
        SessionCacheManager writer = openHost("writer");
        store(writer, 0, SESSIONS);
        for (int i = 0; i < SESSIONS; i += 100) {
            deleteEventually(writer, "key " + i);
        }
        assertThat(writer.counter(Counter.LOST_UNPUBLISHED)).isZero();
        SessionCacheManager reader = openHost("reader");
        for (int i = 0; i < SESSIONS; i += 50) {
            byte[] expected = i % 100 == 0 ? null : value(i);
            assertThat(eventually(reader, "key " + i)).as("session %d", i).isEqualTo(expected);
        }
    }

    @Test
    void shouldFindEverySessionWhereItShouldBeWhenAnotherNodeHasJoined() throws Exception {
        SessionCacheManager writer = openHost("writer");
        store(writer, 0, SESSIONS);
        ReliefNode second = launchNode("aging-2", true, 4 * SESSIONS);
        awaitSettled(second);
        SharedLru first = segmentOf("aging");
        SharedLru other = segmentOf("aging-2");
        assertThat(first.size()).isLessThan(SESSIONS);
        EntrySnapshot snapshot = new EntrySnapshot();
        for (int i = 0; i < SESSIONS; i++) {
            KeyDigest digest = first.encode("key " + i).digest();
            assertThat(first.find(digest, snapshot) && other.find(digest, snapshot))
                    .as("session %d at both", i)
                    .isFalse();
        }
        SessionCacheManager reader = openHost("reader");
        for (int i = 0; i < SESSIONS; i++) {
            assertThat(eventually(reader, "key " + i)).as("session %d", i).isEqualTo(value(i));
        }
    }

    /** A node has joined, has been given what it should have, and sessions are looked for by the present rings alone. */
    private void awaitSettled(ReliefNode joined) {
        await().atMost(Duration.ofSeconds(60))
                .until(() -> joined.counters().get(Counter.FILLS) > 0
                        && MemberList.read(relaySegmentFile()).rings() == 2);
    }

    private Path relaySegmentFile() {
        return folder.resolve("relay.segment");
    }

    @Test
    void shouldFindEverySessionWhenANodeHasBeenDrained() throws Exception {
        SessionCacheManager writer = openHost("writer");
        store(writer, 0, SESSIONS);
        String id = MemberList.read(relaySegmentFile()).members().stream()
                .filter(member -> member.kind().equals("aging"))
                .findFirst()
                .orElseThrow()
                .id();
        Path config = Files.writeString(folder.resolve("node.conf"), """
                full_edge : true
                message_relay { auth_path : "%s", address : "localhost", port : %d, age_or_replica : "age-out" }
                lru { manage_section : true, cache { token_path : "./node", segment_dir : ".", el_count : 160 } }
                """.formatted(PATH, sibling.port()));
        CommandRun alone = CommandRun.of("members", config, "--drain", id);
        assertThat(alone.exit()).as(alone.err()).isEqualTo(GlobalSessions.FAILED);
        assertThat(alone.err()).contains("no other node of its kind would be left");

        awaitSettled(launchNode("aging-2", true, 4 * SESSIONS));
        CommandRun connected = CommandRun.of("members", config, "--forget", id);
        assertThat(connected.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(connected.err()).contains("the node is connected");
        CommandRun drain = CommandRun.of("members", config, "--drain", id);
        assertThat(drain.exit()).as(drain.err()).isZero();
        await().atMost(Duration.ofSeconds(60)).until(() -> stateOf(id).equals("gone"));
        await().until(() -> !aging.isConnected());
        assertThat(segmentOf("aging").size()).isZero();
        aging.close();
        assertThat(CommandRun.of("members", config).out()).contains(": 2 nodes").doesNotContain(id);
        assertThat(CommandRun.of("members", config, "--forget", id).err()).contains("no such node is a member");

        SessionCacheManager reader = openHost("reader");
        for (int i = 0; i < SESSIONS; i++) {
            assertThat(eventually(reader, "key " + i)).as("session %d", i).isEqualTo(value(i));
        }
        assertThat(eventually(reader, "never there")).isNull();
    }

    @Test
    void shouldBeAtBothOwnersAgainWhenOneHadLostASessionThatIsRead() throws Exception {
        int port = sibling.port();
        sibling.close();
        sibling = launchSibling(port, 2);
        ReliefNode second = launchNode("aging-2", true, 4 * SESSIONS);
        await().until(() -> aging.isConnected() && expansion.isConnected() && second.isConnected());
        SessionCacheManager writer = openHost("writer");
        store(writer, 0, SESSIONS);
        SharedLru first = segmentOf("aging");
        SharedLru other = segmentOf("aging-2");
        KeyDigest digest = first.encode("key 0").digest();
        EntrySnapshot copy = new EntrySnapshot();
        await().until(() -> first.find(digest, copy) && other.find(digest, new EntrySnapshot()));
        assertThat(first.discard(copy)).isTrue();

        SessionCacheManager reader = openHost("reader");
        assertThat(eventually(reader, "key 0")).isEqualTo(value(0));
        // The relay has it again, and hands it off once its place may be needed.
        for (int i = SESSIONS; !first.find(digest, copy); i++) {
            assertThat(i).isLessThan(3 * SESSIONS);
            store(writer, i, i + 1);
        }
        assertThat(copy.toEntry().value()).isEqualTo(value(0));
    }

    private String stateOf(String id) throws IOException {
        return MemberList.read(relaySegmentFile()).members().stream()
                .filter(member -> member.id().equals(id))
                .findFirst()
                .orElseThrow()
                .state();
    }

    private SharedLru segmentOf(String name) throws IOException {
        SharedLru segment = SharedLru.open(nodeSegment(name, 4 * SESSIONS).role(Role.RELIEF));
        open.add(segment);
        return segment;
    }

    @Test
    void shouldNeverSayMissingWhenAReliefNodeIsAway() throws Exception {
        SessionCacheManager host = openHost("host");
        assertThat(eventually(host, "never there")).isNull();

        aging.close();
        await().untilAsserted(() -> assertThatThrownBy(
                        () -> host.get("never there 2").get(10, TimeUnit.SECONDS))
                .hasCauseInstanceOf(TierUnavailableException.class));
        assertThatThrownBy(
                        () -> host.delete("never there", Acknowledgement.RELIEF).get(10, TimeUnit.SECONDS))
                .hasCauseInstanceOf(TierUnavailableException.class);

        aging = launchNode("aging", true, 4 * SESSIONS);
        assertThat(eventually(host, "never there 2")).isNull();
    }

    @Test
    void shouldFindASessionAtTheAgingNodeWhenItWasOnlyReadOnOneHostForLong() throws Exception {
        SessionCacheManager used = openHost("used", IDLE_TIMEOUT);
        SessionCacheManager writer = openHost("writer");
        SharedLru atRelay = SharedLru.open(relaySegment().role(Role.RELAY).initializer(false));
        open.add(atRelay);
        int attempts = 0;
        String key;
        do {
            assertThat(attempts).isLessThan(10);
            key = "kept " + attempts;
            used.set(key, value(0), UNTIL_RELAY).get(10, TimeUnit.SECONDS);
            assertThat(used.getLocal(key)).isNotNull();
            for (int i = 0; !isHandedOff(atRelay, key); i++) {
                assertThat(i).isLessThan(SESSIONS);
                store(writer, i, i + 1);
            }
            attempts++;
        } while (!readsForLong(used, key));
        used.close();
        EntrySnapshot there = new EntrySnapshot();
        if (atRelay.find(atRelay.encode(key), there)) {
            KeyDigest digest = atRelay.encode(key).digest();
            Version above = new Version(there.version().clock() + 1, 0);
            assertThat(atRelay.removeOlder(digest, above)).as("evicted").isTrue();
        }
        assertThat(eventually(openHost("reader", IDLE_TIMEOUT), key)).isEqualTo(value(0));
    }

    private static boolean isHandedOff(SharedLru atRelay, String key) {
        EntrySnapshot there = new EntrySnapshot();
        // Handed off it may be evicted at once.
        return !atRelay.find(atRelay.encode(key), there) || there.marks() == 0;
    }

    /**
     * Reads a session for more than twice its idle time-out, ten times in each.
     *
     * @return false where this process had no turn for so long that the session may have ended
     */
    private static boolean readsForLong(SessionCacheManager host, String key) {
        long lastNs = System.nanoTime();
        long endNs = lastNs + IDLE_TIMEOUT.toNanos() * 5 / 2;
        while (endNs - lastNs > 0) {
            LockSupport.parkNanos(IDLE_TIMEOUT.toNanos() / 10);
            byte[] read = host.getLocal(key);
            long nowNs = System.nanoTime();
            if (nowNs - lastNs > IDLE_TIMEOUT.toNanos() / 2) {
                return false;
            }
            assertThat(read).isEqualTo(value(0));
            lastNs = nowNs;
        }
        return true;
    }

    /** Stores sessions until the relay has them: what is only local may be lost where the host's segment is full of such. */
    private static void store(SessionCacheManager host, int from, int to) throws InterruptedException {
        Deque<Integer> left = new ArrayDeque<>();
        IntStream.range(from, to).forEach(left::add);
        while (!left.isEmpty()) {
            Map<Integer, CompletableFuture<Version>> batch = new HashMap<>();
            while (batch.size() < HOST_COUNT / 4 && !left.isEmpty()) {
                int i = left.remove();
                batch.put(i, host.set("key " + i, value(i), UNTIL_RELAY));
            }
            for (Map.Entry<Integer, CompletableFuture<Version>> sent : batch.entrySet()) {
                try {
                    sent.getValue().get();
                } catch (ExecutionException e) {
                    assertThat(e).hasCauseInstanceOf(TierUnavailableException.class);
                    left.add(sent.getKey());
                }
            }
        }
    }

    /** The answer of the tiers once all of them are there. */
    private static byte[] eventually(SessionCacheManager host, String key) {
        byte[][] answer = new byte[1][];
        await().pollDelay(Duration.ZERO).atMost(Duration.ofSeconds(30)).until(() -> {
            try {
                answer[0] = host.get(key).get(10, TimeUnit.SECONDS);
                return true;
            } catch (ExecutionException e) {
                assertThat(e).hasCauseInstanceOf(TierUnavailableException.class);
                return false;
            }
        });
        return answer[0];
    }

    private static void deleteEventually(SessionCacheManager host, String key) {
        await().pollDelay(Duration.ZERO).atMost(Duration.ofSeconds(30)).until(() -> {
            try {
                host.delete(key, Acknowledgement.RELIEF).get(10, TimeUnit.SECONDS);
                return true;
            } catch (ExecutionException e) {
                assertThat(e).hasCauseInstanceOf(TierUnavailableException.class);
                return false;
            }
        });
    }

    private static byte[] value(int i) {
        return ("value of session " + i).repeat(3).getBytes(StandardCharsets.UTF_8);
    }

    private SegmentSettings relaySegment() {
        return new SegmentSettings(folder.resolve("relay.segment"))
                .elCount(RELAY_COUNT)
                .recordSize(256)
                .pathName(PATH);
    }

    private SiblingEndpoint launchSibling(int port) throws IOException {
        return launchSibling(port, 1);
    }

    private SiblingEndpoint launchSibling(int port, int agingReplicas) throws IOException {
        SiblingEndpoint launched = SiblingEndpoint.launch(
                new SiblingContext(relaySegment()).pathName(PATH).port(port).agingReplicas(agingReplicas));
        open.add(launched);
        return launched;
    }

    private SegmentSettings nodeSegment(String name, int elCount) {
        return new SegmentSettings(folder.resolve(name + ".segment"))
                .elCount(elCount)
                .recordSize(256)
                .pathName(PATH);
    }

    private ReliefNode launchNode(String name, boolean isAging, int elCount) throws IOException {
        ReliefNode launched = ReliefNode.launch(new ReliefContext(nodeSegment(name, elCount))
                .aging(isAging)
                .pathName(PATH)
                .sibling("localhost", sibling.port(), SOON));
        open.add(launched);
        return launched;
    }

    private SessionCacheManager openHost(String name) throws IOException {
        return openHost(name, Duration.ZERO);
    }

    private SessionCacheManager openHost(String name, Duration idleTimeout) throws IOException {
        SessionCacheManager host = SessionCacheManager.open(ConfigFactory.parseMap(Map.of(
                "lru.cache.token_path",
                folder.resolve(name).toString(),
                "lru.cache.segment_dir",
                folder.toString(),
                "lru.cache.el_count",
                HOST_COUNT,
                "lru.cache.record_size",
                256,
                "lru.cache.idle_timeout",
                idleTimeout.toMillis(),
                "message_relay.auth_path",
                PATH,
                "message_relay.address",
                "localhost",
                "message_relay.port",
                relay.port())));
        open.add(host);
        return host;
    }
}
