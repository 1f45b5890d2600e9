package org.globalsessions.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.globalsessions.cli.ReliefTierInOneProcess.PATH;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.cli.ReliefTierInOneProcess.Change;
import org.globalsessions.relay.FaultProxy;
import org.globalsessions.relief.ReliefNode;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.SmallMemoryFolder;
import org.globalsessions.sibling.SiblingContext;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.net.LinkSettings;
import org.globalsessions.transport.net.ReconnectPolicy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Relief nodes that are cut off, join, leave, drip, have each other's id or no room on the disk, over real sockets: nothing acknowledged is lost or brought back. */
class ReliefFaultsTest {
    private static final int SESSIONS = 800;

    /** Entries a second: to fill a node takes longer than to change all sessions. */
    private static final int SLOW = 100;

    /** A connection without a byte for a second is over; a node comes back within tenths of one. */
    private static final LinkSettings WATCHFUL = new LinkSettings(
            Duration.ofMillis(250),
            Duration.ofSeconds(1),
            Duration.ofSeconds(10),
            Duration.ofSeconds(5),
            1 << 20,
            16 << 20);

    @TempDir
    private Path folder;

    private ReliefTierInOneProcess tier;

    @AfterEach
    void close() throws Exception {
        if (tier != null) {
            tier.close();
        }
    }

    private void start(UnaryOperator<SiblingContext> settings) throws Exception {
        tier = new ReliefTierInOneProcess(folder, folder, SESSIONS, settings);
    }

    /** The node gets something now that nobody has set. */
    private static void awaitFilling(ReliefNode node) {
        long before = node.counters().get(Counter.FILLS);
        await().atMost(Duration.ofSeconds(30)).until(() -> node.counters().get(Counter.FILLS) > before);
    }

    private static int[] all() {
        return IntStream.range(0, SESSIONS).toArray();
    }

    /** Of each so many sessions one. */
    private static int[] each(int step, int first) {
        return IntStream.iterate(first, i -> i < SESSIONS, i -> i + step).toArray();
    }

    @Test
    void shouldLoseAndBringBackNothingWhenHalfOfTheNodesWereCutOff() throws Exception {
        start(sibling -> sibling.agingReplicas(2).refillRate(1_000_000).links(WATCHFUL));
        FaultProxy proxy = tier.keep(new FaultProxy(tier.siblingPort(), 1));
        List<SharedLru> segments = new ArrayList<>();
        for (String name : List.of("aging-1", "aging-2", "aging-3", "aging-4", "expansion-1", "expansion-2")) {
            boolean near = name.endsWith("1") || name.equals("aging-2");
            tier.launchNode(name, near ? tier.siblingPort() : proxy.port(), node -> node);
        }
        tier.awaitMembers(6);
        tier.change(Change.SET, Acknowledgement.RELIEF, all());
        for (int i = 1; i <= 4; i++) {
            segments.add(tier.segmentOf("aging-" + i));
        }

        proxy.cut();
        List<CompletableFuture<Boolean>> uncertain = new ArrayList<>();
        for (int i : each(8, 6)) {
            uncertain.add(tier.begin(i, Change.DELETE, Acknowledgement.RELIEF));
        }
        tier.change(Change.DELETE, Acknowledgement.RELAY, each(8, 0));
        tier.change(Change.SET, Acknowledgement.RELAY, each(8, 1));
        await().atMost(Duration.ofSeconds(30)).until(() -> tier.members("away") == 3);
        tier.change(Change.DELETE, Acknowledgement.RELAY, each(8, 2));
        tier.change(Change.SET, Acknowledgement.RELAY, each(8, 3));
        // What stand-ins have taken meanwhile.
        tier.change(Change.SET, Acknowledgement.RELAY, each(8, 4));
        tier.change(Change.DELETE, Acknowledgement.RELAY, each(8, 4));
        for (CompletableFuture<Boolean> one : uncertain) {
            one.get(30, TimeUnit.SECONDS);
        }

        proxy.heal();
        tier.awaitMembers(6);
        tier.change(Change.DELETE, Acknowledgement.RELIEF, each(8, 5));
        tier.awaitSettled(2);
        int[] deleted = IntStream.of(0, 2, 4, 5)
                .flatMap(first -> IntStream.of(each(8, first)))
                .toArray();
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(
                        () -> assertThat(tier.resurrectedAt(segments, deleted)).isEmpty());
        tier.judgeAll();
    }

    @Test
    void shouldBringNothingBackWhenSessionsAreDeletedDuringAJoin() throws Exception {
        start(sibling -> sibling.agingReplicas(2).refillRate(SLOW));
        tier.launchMember("aging-1");
        tier.launchMember("aging-2");
        tier.change(Change.SET, Acknowledgement.RELIEF, all());

        ReliefNode joining = tier.launchMember("aging-3");
        SharedLru joined = tier.segmentOf("aging-3");
        awaitFilling(joining);
        for (int first = 0; first < 40; first += 2) {
            tier.change(Change.DELETE, Acknowledgement.RELIEF, each(40, first));
            tier.change(Change.SET, Acknowledgement.RELIEF, each(40, first + 1));
        }
        assertThat(tier.memberList().rings()).as("it is still being filled").isGreaterThan(1);
        tier.awaitSettled(1, joining);
        assertThat(tier.resurrectedAt(
                        List.of(joined, tier.segmentOf("aging-1"), tier.segmentOf("aging-2")), each(2, 0)))
                .isEmpty();
        tier.judgeAll();
    }

    @Test
    void shouldBringNothingBackWhenSessionsAreDeletedDuringADrain() throws Exception {
        start(sibling -> sibling.refillRate(SLOW));
        tier.launchMember("aging-1");
        String drained = tier.memberList().members().get(0).id();
        tier.change(Change.SET, Acknowledgement.RELIEF, all());
        ReliefNode staying = tier.launchMember("aging-2");
        tier.awaitSettled(1, staying);
        Path config = Files.writeString(folder.resolve("node.conf"), """
                full_edge : true
                message_relay { auth_path : "%s", address : "localhost", port : %d, age_or_replica : "age-out" }
                lru { manage_section : true, cache { token_path : "./node", segment_dir : ".", el_count : 160 } }
                """.formatted(PATH, tier.siblingPort()));

        CommandRun drain = CommandRun.of("members", config, "--drain", drained);
        assertThat(drain.exit()).as(drain.err()).isZero();
        awaitFilling(staying);
        for (int first = 0; first < 40; first += 2) {
            tier.change(Change.DELETE, Acknowledgement.RELIEF, each(40, first));
            tier.change(Change.SET, Acknowledgement.RELIEF, each(40, first + 1));
        }
        assertThat(tier.members("gone")).as("it still hands on what it has").isZero();
        await().atMost(Duration.ofSeconds(30)).until(() -> tier.members("gone") == 1);
        assertThat(tier.resurrectedAt(List.of(tier.segmentOf("aging-2")), each(2, 0)))
                .isEmpty();
        tier.judgeAll();
    }

    @Test
    void shouldBringNothingBackWhenSessionsAreDeletedDuringTheirHandOff() throws Exception {
        start(sibling -> sibling.agingReplicas(2));
        FaultProxy proxy = tier.keep(new FaultProxy(tier.siblingPort(), 3));
        List<SharedLru> segments = new ArrayList<>();
        for (String name : List.of("aging-1", "aging-2", "expansion-1")) {
            tier.launchNode(name, proxy.port(), node -> node);
            segments.add(tier.segmentOf(name));
        }
        tier.awaitMembers(3);
        int full = SESSIONS / 2;
        tier.change(Change.SET, Acknowledgement.RELAY, IntStream.range(0, full).toArray());
        SharedLru aging = segments.get(0);
        Set<Integer> deleted = new HashSet<>();
        for (int first = full; first < SESSIONS; first += 10) {
            // The nodes get what is handed off, and nobody hears that they have it.
            proxy.cut(FaultProxy.Way.TO_RELAY);
            tier.change(
                    Change.SET,
                    Acknowledgement.RELAY,
                    IntStream.range(first, first + 10).toArray());
            List<Integer> onTheirWay = new ArrayList<>();
            await().atMost(Duration.ofSeconds(10)).until(() -> {
                for (int i = 0; i < SESSIONS; i++) {
                    if (tier.relayOwes(i) && tier.holds(aging, i)) {
                        onTheirWay.add(i);
                    }
                }
                return !onTheirWay.isEmpty();
            });
            List<CompletableFuture<Boolean>> deletes = new ArrayList<>();
            for (int i : onTheirWay) {
                deletes.add(tier.begin(i, Change.DELETE, Acknowledgement.RELIEF));
            }
            deleted.addAll(onTheirWay);
            proxy.heal();
            for (CompletableFuture<Boolean> delete : deletes) {
                assertThat(delete.get(30, TimeUnit.SECONDS)).isTrue();
            }
        }
        assertThat(tier.resurrectedAt(
                        segments, deleted.stream().mapToInt(Integer::intValue).toArray()))
                .isEmpty();
        tier.judgeAll();
    }

    /** Nobody but the node that was away knows of any version by then. */
    @Test
    void shouldNotBringAnOlderVersionBackWhenTheNewerOneHasEndedWhileItsNodeWasAway() throws Exception {
        start(sibling -> sibling);
        ReliefNode node = tier.launchMember("aging-1");
        SessionCacheManager host = tier.openHost("host-c");
        SetOptions forever = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELIEF);
        host.set("kept", "long".getBytes(UTF_8), forever).get(30, TimeUnit.SECONDS);
        host.set("shortened", "long".getBytes(UTF_8), forever).get(30, TimeUnit.SECONDS);

        node.close();
        await().atMost(Duration.ofSeconds(30)).until(() -> tier.members("away") == 1);
        SetOptions shortened = SetOptions.DEFAULTS.ttl(Duration.ofMillis(300)).acknowledgement(Acknowledgement.RELAY);
        host.set("shortened", "short".getBytes(UTF_8), shortened).get(30, TimeUnit.SECONDS);
        await().atMost(Duration.ofSeconds(30)).until(() -> host.getLocal("shortened") == null);

        tier.launchMember("aging-1");
        SessionCacheManager stranger = tier.openHost("host-d");
        await().atMost(Duration.ofSeconds(30))
                .ignoreExceptions()
                .untilAsserted(() -> assertThat(stranger.get("kept").get(10, TimeUnit.SECONDS))
                        .isEqualTo("long".getBytes(UTF_8)));
        assertThat(stranger.get("shortened").get(10, TimeUnit.SECONDS)).isNull();
    }

    @Test
    void shouldServeWhatOthersHaveAndNeverSayMissingWhenANodeDrips() throws Exception {
        start(sibling -> sibling);
        FaultProxy proxy = tier.keep(new FaultProxy(tier.siblingPort(), 2));
        tier.launchMember("aging-1");
        tier.launchNode("aging-2", proxy.port(), node -> node);
        tier.awaitMembers(2);
        int half = SESSIONS / 2;
        tier.change(Change.SET, Acknowledgement.RELIEF, IntStream.range(0, half).toArray());
        SharedLru well = tier.segmentOf("aging-1");
        List<Integer> atWell = IntStream.range(0, half)
                .filter(i -> tier.holds(well, i))
                .boxed()
                .toList();
        assertThat(atWell.size()).isBetween(half / 4, half * 3 / 4);

        proxy.drip(16, Duration.ofMillis(20));
        tier.change(
                Change.SET,
                Acknowledgement.RELAY,
                IntStream.range(half, half + 150).toArray());
        SessionCacheManager stranger = tier.openHost("host-c");
        int answered = 0;
        for (int i = 0; i < half; i += 60) {
            answered += tier.isAnswered(stranger, i) ? 1 : 0;
        }
        for (int i = 0; i < 50; i++) {
            tier.judge(stranger, atWell.get(i));
        }

        proxy.heal();
        tier.judgeAll();
        System.out.println("while a node drips: of " + half / 60 + " sessions of both nodes answered=" + answered);
    }

    @Test
    void shouldKeepTheFirstAndLoseNothingWhenAnotherNodeHasItsId() throws Exception {
        start(sibling -> sibling);
        String id = "0123456789abcdef0123456789abcdef";
        tier.launchNode("aging-1", tier.siblingPort(), node -> node.nodeId(id));
        tier.awaitMembers(1);
        tier.change(Change.SET, Acknowledgement.RELIEF, all());
        ReconnectPolicy patient =
                new ReconnectPolicy(Duration.ofMillis(100), Duration.ofMillis(100), Duration.ofMinutes(1), 0);
        long beganNs = System.nanoTime();
        ReliefNode twin = tier.launchNode("aging-2", tier.siblingPort(), patient, node -> node.nodeId(id));
        await().atMost(Duration.ofSeconds(30)).until(() -> twin.counters().get(Counter.ERRORS) == 4);
        // Half of 100, 200 and 400 ms at least.
        assertThat(System.nanoTime() - beganNs)
                .isGreaterThan(Duration.ofMillis(350).toNanos());
        tier.change(Change.SET, Acknowledgement.RELIEF, each(4, 0));
        tier.change(Change.DELETE, Acknowledgement.RELIEF, each(4, 1));
        assertThat(tier.segmentOf("aging-2").size()).isZero();
        assertThat(tier.memberList().members()).hasSize(1);
        tier.judgeAll();
    }

    @Test
    void shouldGoOnAndTakeInLaterWhoComesWhenTheDiskOfTheSiblingIsFull() throws Exception {
        try (SmallMemoryFolder disk = SmallMemoryFolder.mount(folder, 32 << 20)) {
            tier = new ReliefTierInOneProcess(folder, disk.path(), SESSIONS, sibling -> sibling);
            tier.launchMember("aging-1");
            int half = SESSIONS / 2;
            tier.change(
                    Change.SET, Acknowledgement.RELIEF, IntStream.range(0, half).toArray());

            disk.fill();
            ReliefNode late = tier.launchNode("aging-2", tier.siblingPort(), node -> node);
            await().until(() -> late.counters().get(Counter.ERRORS) >= 2);
            tier.change(
                    Change.SET,
                    Acknowledgement.RELIEF,
                    IntStream.range(half, SESSIONS).toArray());
            tier.change(Change.DELETE, Acknowledgement.RELIEF, each(10, 0));
            assertThat(tier.memberList().members()).hasSize(1);

            disk.free();
            tier.awaitMembers(2);
            tier.awaitSettled(1, late);
            tier.judgeAll();
            tier.close();
            tier = null;
        }
    }

    @Test
    void shouldSayWhatIsMissingWhenANodesSegmentFindsNoRoom() throws Exception {
        try (SmallMemoryFolder disk = SmallMemoryFolder.mount(folder, 1 << 20)) {
            disk.fill();
            Path config = Files.writeString(folder.resolve("node.conf"), """
                    lru.cache { token_path : "./node", segment_dir : "%s", el_count : 16000 }
                    message_relay { auth_path : "%s", port : 1, age_or_replica : "age-out" }
                    """.formatted(disk.path(), PATH));
            CommandRun run = CommandRun.of("run", config);
            assertThat(run.exit()).isEqualTo(GlobalSessions.FAILED);
            assertThat(run.err())
                    .contains("no room for the segment: asked=")
                    .contains("free=0 bytes")
                    .contains("give another segment_dir");
        }
    }
}
