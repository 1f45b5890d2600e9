package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.Version;
import org.globalsessions.relay.MidwayRelay;
import org.globalsessions.relay.RelayContext;
import org.globalsessions.relief.ReliefContext;
import org.globalsessions.relief.ReliefNode;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.SiblingContext;
import org.globalsessions.sibling.SiblingEndpoint;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.net.ReconnectPolicy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** More than all tiers hold together: what is not found any more is counted, once each, by the node that let the last copy go. Real nodes in one JVM. */
class ReliefCapacityTest {
    private static final String PATH = "test";
    private static final int HOST_COUNT = 60;
    private static final int RELAY_COUNT = 120;
    private static final int BATCH = 40;
    private static final int NEWEST = 10;
    private static final ReconnectPolicy SOON = new ReconnectPolicy(Duration.ofMillis(20), Duration.ofMillis(100), 0);
    private static final SetOptions UNTIL_RELAY = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);

    @TempDir
    private Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final Map<String, SharedLru> segments = new HashMap<>();
    private MidwayRelay relay;
    private SiblingEndpoint sibling;

    @AfterEach
    void close() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private void start(int replicas) throws IOException {
        relay = MidwayRelay.launch(new RelayContext()
                .authPath(PATH)
                .port(0)
                .segment(segment("relay", RELAY_COUNT))
                .siblingExternal(true));
        open.add(relay);
        sibling = SiblingEndpoint.launch(
                new SiblingContext(segment("relay", RELAY_COUNT)).pathName(PATH).replicas(replicas));
        open.add(sibling);
        segments.put("relay", look("relay", RELAY_COUNT, Role.RELAY));
    }

    private SegmentSettings segment(String name, int elCount) {
        return new SegmentSettings(folder.resolve(name + ".segment"))
                .elCount(elCount)
                .recordSize(256)
                .pathName(PATH);
    }

    /** A further process of a node's segment, which looks and changes nothing. */
    private SharedLru look(String name, int elCount, Role role) throws IOException {
        SharedLru looking = SharedLru.open(segment(name, elCount).role(role).initializer(false));
        open.add(looking);
        return looking;
    }

    private ReliefNode launchNode(String name, boolean isAging, int elCount) throws IOException {
        ReliefNode node = ReliefNode.launch(new ReliefContext(segment(name, elCount))
                .aging(isAging)
                .pathName(PATH)
                .sibling("localhost", sibling.port(), SOON));
        open.add(node);
        segments.put(name, look(name, elCount, Role.RELIEF));
        await().until(node::isConnected);
        return node;
    }

    private SessionCacheManager openHost(String name) throws IOException {
        SessionCacheManager host = SessionCacheManager.open(ConfigFactory.parseMap(Map.of(
                "lru.cache.token_path",
                folder.resolve(name).toString(),
                "lru.cache.segment_dir",
                folder.toString(),
                "lru.cache.el_count",
                HOST_COUNT,
                "lru.cache.record_size",
                256,
                "message_relay.auth_path",
                PATH,
                "message_relay.address",
                "localhost",
                "message_relay.port",
                relay.port())));
        open.add(host);
        return host;
    }

    private static byte[] value(int i) {
        return ("value of session " + i).getBytes(StandardCharsets.UTF_8);
    }

    private static void store(SessionCacheManager host, int from, int to) throws Exception {
        for (int begin = from; begin < to; begin += BATCH) {
            List<CompletableFuture<Version>> batch = new ArrayList<>();
            for (int i = begin; i < Math.min(to, begin + BATCH); i++) {
                batch.add(host.set("key " + i, value(i), UNTIL_RELAY));
            }
            for (CompletableFuture<Version> each : batch) {
                each.get(30, TimeUnit.SECONDS);
            }
        }
    }

    private boolean has(String where, int i) {
        SharedLru segment = segments.get(where);
        return segment.find(segment.encode("key " + i), new EntrySnapshot());
    }

    private Set<Integer> foundAnywhere(int stored) {
        Set<Integer> found = new HashSet<>();
        for (int i = 0; i < stored; i++) {
            for (String where : segments.keySet()) {
                if (has(where, i)) {
                    found.add(i);
                }
            }
        }
        return found;
    }

    private static long lostBy(List<ReliefNode> nodes) {
        return nodes.stream()
                .mapToLong(node -> node.counters().get(Counter.LOST_FOR_SPACE))
                .sum();
    }

    private static void assertNothingElseLost(SessionCacheManager host, SharedLru atRelay) {
        for (Counter loss : List.of(Counter.LOST_UNPUBLISHED, Counter.LOST_SPILL_FULL, Counter.LOST_FOR_SPACE)) {
            assertThat(host.counter(loss)).as("host: %s", loss).isZero();
            assertThat(atRelay.counters().get(loss)).as("relay: %s", loss).isZero();
        }
    }

    /** Ten times what relay and relief nodes hold together, apart from copies. */
    @ParameterizedTest
    @CsvSource({"1, 0", "1, 1", "2, 0", "2, 2"})
    void shouldFindOrCountEverySessionWhenTenTimesTheCapacityIsPushedThrough(int replicas, int expansions)
            throws Exception {
        int each = 160;
        start(replicas);
        List<ReliefNode> aging = new ArrayList<>();
        List<ReliefNode> all = new ArrayList<>();
        for (int i = 0; i < replicas + 1; i++) {
            aging.add(launchNode("aging-" + i, true, each));
        }
        all.addAll(aging);
        for (int i = 0; i < expansions; i++) {
            all.add(launchNode("expansion-" + i, false, each / 3));
        }
        int capacity = RELAY_COUNT + aging.size() * each + expansions * each / 3;
        int stored = 10 * capacity;
        SessionCacheManager host = openHost("writer");
        store(host, 0, stored - NEWEST);
        // Which of them are the oldest is known to a tick.
        long tick = segments.get("relay").file().tick();
        await().until(() -> segments.get("relay").file().tick() - tick >= 2);
        store(host, stored - NEWEST, stored);

        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() ->
                        assertThat(foundAnywhere(stored).size() + lostBy(all)).isEqualTo(stored));
        Set<Integer> found = foundAnywhere(stored);
        assertThat(found).hasSizeBetween(capacity / replicas / 2, stored / 5);
        assertNothingElseLost(host, segments.get("relay"));
        // Aging nodes have let most of it go, and those are the last copies where each session is at one of them.
        assertThat(lostBy(aging)).isGreaterThan(stored / 2 / replicas);
        long gone = all.stream()
                .mapToLong(node -> node.counters().get(Counter.EVICTIONS))
                .sum();
        assertThat(gone).as("copies gone").isGreaterThan(lostBy(all) - 1);
        if (replicas > 1 || expansions > 0) {
            assertThat(gone).as("copies gone that were not the last").isGreaterThan(lostBy(all) + stored / 10);
        }
        for (int i = stored - NEWEST; i < stored && expansions > 0; i++) {
            int newest = i;
            assertThat(segments.keySet().stream().filter(where -> has(where, newest)))
                    .as("the relay has not handed off session %d", i)
                    .contains("expansion-0")
                    .noneMatch(where -> where.startsWith("aging"));
        }
        // What is found where nobody is asked to look is what a get finds. Each get fills the relay, which may let
        // others go: so few of them.
        SessionCacheManager reader = openHost("reader");
        for (int i = 0; i < stored; i += stored / 40) {
            boolean kept = isKept(i);
            if (kept || !has("relay", i)) {
                byte[] expected = kept ? value(i) : null;
                assertThat(reader.get("key " + i).get(10, TimeUnit.SECONDS))
                        .as("session %d", i)
                        .isEqualTo(expected);
            }
        }
    }

    /** Whether a relief node has it. */
    private boolean isKept(int i) {
        return segments.keySet().stream().anyMatch(where -> !where.equals("relay") && has(where, i));
    }

    /** The one aging node loses sessions that the expansion node has, and has free places for them again. */
    @Test
    void shouldHandOffToAgingNodesWhatAnExpansionNodeAloneHasWhenThatLetsItGo() throws Exception {
        int sessions = 150;
        start(1);
        ReliefNode aging = launchNode("aging", true, 4_000);
        ReliefNode expansion = launchNode("expansion", false, 400);
        SessionCacheManager host = openHost("writer");
        store(host, 0, sessions);
        int further = sessions;
        while (IntStream.range(0, sessions).anyMatch(this::isOwed)) {
            assertThat(further).isLessThan(3_000);
            store(host, further, further + BATCH);
            further += BATCH;
        }
        int checked = 0;
        for (int i = 0; i < sessions; i++) {
            // As if it had been lost there without anybody's knowledge.
            if (has("aging", i) && has("expansion", i)) {
                discard("aging", i);
                discard("relay", i);
                checked++;
            }
        }
        assertThat(checked).isPositive();
        Set<Integer> alone = new HashSet<>();
        for (int i = 0; i < sessions; i++) {
            if (has("expansion", i) && !has("aging", i) && !has("relay", i)) {
                alone.add(i);
            }
        }
        assertThat(alone).isNotEmpty();
        while (alone.stream().anyMatch(i -> has("expansion", i))) {
            assertThat(further).isLessThan(6_000);
            store(host, further, further + BATCH);
            further += BATCH;
        }
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(alone)
                        .allSatisfy(i ->
                                assertThat(has("aging", i)).as("session %d", i).isTrue()));
        assertThat(expansion.counters().get(Counter.LOST_FOR_SPACE)).isZero();
        assertThat(aging.counters().get(Counter.LOST_FOR_SPACE)).isZero();
        SessionCacheManager reader = openHost("reader");
        for (int i : alone) {
            assertThat(reader.get("key " + i).get(10, TimeUnit.SECONDS)).isEqualTo(value(i));
        }
    }

    private boolean isOwed(int i) {
        EntrySnapshot there = new EntrySnapshot();
        SharedLru atRelay = segments.get("relay");
        return atRelay.find(atRelay.encode("key " + i), there)
                && (there.marks() & RecordDescriptor.NOT_HANDED_OFF) != 0;
    }

    private void discard(String where, int i) {
        SharedLru segment = segments.get(where);
        EntrySnapshot there = new EntrySnapshot();
        if (segment.find(segment.encode("key " + i), there)) {
            assertThat(segment.discard(there)).isTrue();
        }
    }
}
