package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntFunction;
import org.globalsessions.Acknowledgement;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.IpcNote;
import org.globalsessions.transport.Right;
import org.globalsessions.transport.frame.AnnounceDeleteFrame;
import org.globalsessions.transport.frame.AnnounceInvalidationFrame;
import org.globalsessions.transport.frame.AnnounceSessionFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.net.PeerAddress;
import org.globalsessions.transport.net.PipelineSecurity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Several paths in one relay, from the configuration to the sibling: each its own, none another's. */
class RelayPathsTest {
    private static final String SHOP = "shop";
    private static final String FORUM = "forum";
    /** The most that a set and a get may take at the median, beside a flood of another path, against one of another relay. */
    private static final long BOUND_FACTOR = 10;

    private static final long BOUND_US = 50_000;
    private static final int UNANSWERED = 64;

    @TempDir
    Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private MidwayRelay relay;

    /** A relay with both paths, and more of the file's text for each. */
    private void launch(String shop, String forum) throws IOException {
        relay = launch(folder, shop, forum);
    }

    private MidwayRelay launch(Path in, String shop, String forum) throws IOException {
        Path file = Files.writeString(in.resolve("relay.conf"), """
                edge_supported_relay : true
                auth_path : %s
                port : 7878
                unix_socket : run/relay.sock
                path_types {
                  %s { cache { segment_dir : ".", el_count : 320, unpublished_wait : 20ms }, %s }
                  %s { cache { segment_dir : ".", el_count : 160, unpublished_wait : 20ms }, %s }
                }
                """.formatted(SHOP, FORUM, forum, SHOP, shop));
        return opened.keep(
                MidwayRelay.launch(RelayContext.from(NodeConfig.load(file)).port(0)));
    }

    private TestHost host(String path, int number) {
        return opened.keep(new TestHost(relay.port(), number, number, path)).welcomed();
    }

    private FakeSibling sibling(String path) {
        return sibling(relay, path);
    }

    private FakeSibling sibling(MidwayRelay of, String path) {
        RelayPath served = of.path(path);
        return opened.keep(new FakeSibling(
                served.lru().file().note(),
                path,
                key -> served.lru().encode(key).digest()));
    }

    private KeyDigest digest(String path, String key) {
        return relay.path(path).lru().encode(key).digest();
    }

    private static String value(SessionKnownFrame answer) {
        assertThat(answer.status()).isEqualTo(Status.FOUND);
        return new String(answer.entry().value(), UTF_8);
    }

    private static SessionReceivedFrame received(Frame answer) {
        assertThat(answer).isInstanceOf(SessionReceivedFrame.class);
        return (SessionReceivedFrame) answer;
    }

    @Test
    void shouldNeverAnswerWithAnotherPathsSessionWhenKeysAreTheSame() throws Exception {
        launch("", "");
        TestHost shop = host(SHOP, 1);
        // The same segment's identity and origin may come on either path: they count within one.
        TestHost forum = opened.keep(new TestHost(
                        PeerAddress.unix(folder.resolve("run/relay.sock")), PipelineSecurity.plain(), 1, 1, FORUM, ""))
                .welcomed();
        TestHost shopListener = host(SHOP, 2).subscribed(5, 0, 0);
        TestHost forumListener = host(FORUM, 2).subscribed(5, 0, 0);
        assertThat(shop.welcome.epoch()).isNotEqualTo(forum.welcome.epoch());
        for (int i = 0; i < 50; i++) {
            assertThat(received(shop.set("user-" + i, "shop-" + i)).receipt().position())
                    .isEqualTo(i + 1);
            if (i % 2 == 0) {
                forum.set("user-" + i, "forum-" + i);
            }
        }
        for (int i = 0; i < 50; i++) {
            assertThat(value(shopListener.get("user-" + i))).isEqualTo("shop-" + i);
            SessionKnownFrame other = forumListener.get("user-" + i);
            if (i % 2 == 0) {
                assertThat(value(other)).isEqualTo("forum-" + i);
            } else {
                assertThat(other.status()).isEqualTo(Status.MISSING);
            }
        }
        shop.delete(digest(SHOP, "user-0"), Acknowledgement.RELAY);
        // A digest of the other path names no key of this one.
        shop.delete(digest(FORUM, "user-2"), Acknowledgement.RELAY);
        assertThat(shopListener.get("user-0").status()).isEqualTo(Status.MISSING);
        assertThat(value(shopListener.get("user-2"))).isEqualTo("shop-2");
        assertThat(value(forumListener.get("user-0"))).isEqualTo("forum-0");
        assertThat(value(forumListener.get("user-2"))).isEqualTo("forum-2");
        await().atMost(TestHost.LIMIT)
                .until(() -> shopListener.announced.size() == 52 && forumListener.announced.size() == 25);
        assertThat(valuesOf(shopListener)).hasSize(50).allMatch(text -> text.startsWith("shop-"));
        assertThat(valuesOf(forumListener)).hasSize(25).allMatch(text -> text.startsWith("forum-"));
    }

    private static List<String> valuesOf(TestHost listener) {
        return listener.announced.stream()
                .filter(AnnounceSessionFrame.class::isInstance)
                .map(frame -> new String(((AnnounceSessionFrame) frame).entry().value(), UTF_8))
                .toList();
    }

    @Test
    void shouldRefuseTheHelloWhenThePathIsUnknown() throws Exception {
        launch("", "");
        TestHost stranger = opened.keep(new TestHost(relay.port(), 1, 1, "forums"));
        await().atMost(TestHost.LIMIT).until(() -> !stranger.unasked.isEmpty());
        ErrorFrame refused = (ErrorFrame) stranger.unasked.get(0);
        assertThat(refused.code()).isEqualTo(ErrorCode.REFUSED);
        assertThat(refused.text()).isEqualTo("path not served here: auth_path=forums");
        assertThat(stranger.welcome).isNull();
        host(FORUM, 1).set("user-1", "x");
    }

    @Test
    void shouldGiveRightsAndAnnouncementsByThePathWhenTheyDiffer() throws Exception {
        launch(
                "announce : invalidate, rights { secret : of-the-shop, may : [ publish, read, subscribe ] }",
                "rights { secret : of-the-forum, may : read }");
        PeerAddress address = PeerAddress.tcp("localhost", relay.port());
        TestHost shop = opened.keep(new TestHost(address, PipelineSecurity.plain(), 1, 1, SHOP, "of-the-shop"))
                .welcomed();
        TestHost listener = opened.keep(new TestHost(address, PipelineSecurity.plain(), 2, 2, SHOP, "of-the-shop"))
                .subscribed(5, 0, 0);
        TestHost forum = opened.keep(new TestHost(address, PipelineSecurity.plain(), 1, 1, FORUM, "of-the-forum"))
                .welcomed();
        assertThat(shop.welcome.rights()).isEqualTo(Right.OF_HOSTS);
        assertThat(forum.welcome.rights()).isEqualTo(Set.of(Right.READ));
        shop.set("user-1", "cart");
        assertThat(forum.set("user-1", "post")).isInstanceOf(ErrorFrame.class);
        assertThat(forum.get("user-1").status()).isEqualTo(Status.MISSING);
        await().atMost(TestHost.LIMIT).until(() -> listener.announced.size() == 1);
        assertThat(listener.announced.get(0)).isInstanceOf(AnnounceInvalidationFrame.class);

        TestHost crossed = opened.keep(new TestHost(address, PipelineSecurity.plain(), 3, 3, FORUM, "of-the-shop"));
        await().atMost(TestHost.LIMIT).until(() -> !crossed.unasked.isEmpty());
        assertThat(((ErrorFrame) crossed.unasked.get(0)).code()).isEqualTo(ErrorCode.REFUSED);
        // Each path counts its own.
        assertThat(relay.path(FORUM).lru().counters().get(Counter.REFUSED_WITHOUT_RIGHT))
                .isGreaterThanOrEqualTo(2);
        assertThat(relay.path(SHOP).lru().counters().get(Counter.REFUSED_WITHOUT_RIGHT))
                .isZero();
    }

    @Test
    void shouldAskAndPublishToThePathsOwnSiblingWhenBothHaveOne() throws Exception {
        launch("relay.sibling : external", "relay.sibling : external");
        IpcNote shopPlace = IpcNote.parse(relay.path(SHOP).lru().file().note());
        IpcNote forumPlace = IpcNote.parse(relay.path(FORUM).lru().file().note());
        assertThat(forumPlace.aeronDir()).isEqualTo(shopPlace.aeronDir());
        assertThat(forumPlace.stream()).isNotIn(shopPlace.stream(), shopPlace.streamToRelay());
        FakeSibling shopSibling = sibling(SHOP);
        FakeSibling forumSibling = sibling(FORUM);
        TestHost shop = host(SHOP, 1);
        TestHost forum = host(FORUM, 1);
        for (int i = 0; i < 20; i++) {
            shop.set("user-" + i, "shop-" + i);
            forum.set("user-" + i, "forum-" + i);
        }
        await().atMost(TestHost.LIMIT)
                .until(() -> shopSibling.published.size() == 20 && forumSibling.published.size() == 20);
        assertAllStartWith("shop-", shopSibling);
        assertAllStartWith("forum-", forumSibling);
        assertThat(shop.get("away").status()).isEqualTo(Status.MISSING);
        assertThat(shopSibling.questions).hasValue(1);
        assertThat(forumSibling.questions).hasValue(0);

        // One sibling away concerns its own path alone.
        shopSibling.close();
        await().atMost(TestHost.LIMIT).until(() -> shop.get("away-2").status() == Status.UNAVAILABLE);
        assertThat(forum.get("away-2").status()).isEqualTo(Status.MISSING);
    }

    @Test
    void shouldAskForAPathAtOnceWhenAnotherHasAllItsQuestionsOnTheirWay() throws Exception {
        launch("relay.sibling : external", "relay.sibling : external");
        FakeSibling shopSibling = sibling(SHOP);
        FakeSibling forumSibling = sibling(FORUM);
        forumSibling.silent = true;
        Counters forumCounts = relay.path(FORUM).lru().counters();
        await().atMost(TestHost.LIMIT).until(() -> forumCounts.get(Counter.IPC_RECEIVED) > 0);
        TestHost shop = host(SHOP, 1);
        TestHost forum = host(FORUM, 9);
        forum.set("known", "post");
        assertThat(shop.get("away").status()).isEqualTo(Status.MISSING);
        List<CompletableFuture<Frame>> asked = new ArrayList<>();
        int each = QuestionShares.OPEN / 4 + 100;
        for (int number = 1; number <= 4; number++) {
            TestHost flood = host(FORUM, number);
            for (int i = 0; i < each; i++) {
                asked.add(flood.getLater(number + "-" + i));
            }
        }
        await().atMost(TestHost.LIMIT).until(() -> forumCounts.get(Counter.QUESTIONS_WAITED) == 400);
        assertThat(forumCounts.get(Counter.QUESTIONS)).isEqualTo(QuestionShares.OPEN);

        assertThat(shop.get("away-2").status()).isEqualTo(Status.MISSING);
        assertThat(shopSibling.questions).hasValue(2);
        assertThat(relay.path(SHOP).lru().counters().get(Counter.QUESTIONS_WAITED))
                .isZero();
        assertThat(value(forum.get("known"))).isEqualTo("post");
        for (CompletableFuture<Frame> answer : asked) {
            Frame told = answer.get(TestHost.LIMIT.toSeconds(), TimeUnit.SECONDS);
            assertThat(((SessionKnownFrame) told).status()).isEqualTo(Status.UNAVAILABLE);
        }
    }

    private static void assertAllStartWith(String prefix, FakeSibling sibling) {
        assertThat(sibling.published.values())
                .allSatisfy(
                        entry -> assertThat(new String(entry.value(), UTF_8)).startsWith(prefix));
    }

    @Test
    void shouldKeepBothPathsWhenStartedAgainWithTheOtherOneFirst() throws Exception {
        launch("", "");
        host(SHOP, 1).set("user-1", "shop");
        TestHost forum = host(FORUM, 1);
        forum.set("user-1", "forum");
        forum.set("user-2", "forum-2");
        forum.delete(digest(FORUM, "user-2"), Acknowledgement.RELAY);
        long epoch = forum.welcome.epoch();
        relay.close();
        assertThat(forum.goodbye).isTrue();

        launch("", "");
        TestHost shopAgain = host(SHOP, 2);
        TestHost forumAgain = host(FORUM, 2);
        assertThat(forumAgain.welcome.epoch()).isEqualTo(epoch);
        assertThat(forumAgain.welcome.position()).isEqualTo(3);
        assertThat(shopAgain.welcome.position()).isEqualTo(1);
        assertThat(value(shopAgain.get("user-1"))).isEqualTo("shop");
        assertThat(value(forumAgain.get("user-1"))).isEqualTo("forum");
        assertThat(forumAgain.get("user-2").status()).isEqualTo(Status.MISSING);
        TestHost late = opened.keep(new TestHost(relay.port(), 3, 3, FORUM)).subscribed(5, epoch, 0);
        await().atMost(TestHost.LIMIT)
                .until(() -> late.announced.stream().anyMatch(AnnounceDeleteFrame.class::isInstance));
    }

    @Test
    void shouldServeAPathAsBesideAnotherRelayWhenAnothersTableIsFullAndItsSiblingIsSilent() throws Exception {
        String stopped = "relay.sibling : external, spill_limit : 1MiB";
        launch("", stopped);
        MidwayRelay stranger = launch(Files.createDirectory(folder.resolve("stranger")), "", stopped);
        TestHost shop = host(SHOP, 1);
        measure(shop);
        long[] idle = measure(shop);
        long[] besideStranger = measureBesideFlood(stranger, shop);
        long[] beside = measureBesideFlood(relay, shop);
        System.out.printf(
                "set and get of one path, p50 and p99: %d and %d us; beside the flood of a path of another relay %d and %d us,"
                        + " of this one %d and %d us%n",
                idle[0], idle[1], besideStranger[0], besideStranger[1], beside[0], beside[1]);
        assertThat(beside[0]).isLessThan(BOUND_FACTOR * besideStranger[0] + BOUND_US);
    }

    private long[] measureBesideFlood(MidwayRelay flooded, TestHost measured) throws InterruptedException {
        RelayPath path = flooded.path(FORUM);
        FakeSibling silent = sibling(flooded, FORUM);
        await().atMost(TestHost.LIMIT).until(() -> path.lru().counters().get(Counter.IPC_RECEIVED) > 0);
        silent.silent = true;
        AtomicBoolean flooding = new AtomicBoolean(true);
        List<Thread> floods = new ArrayList<>();
        for (int number = 1; number <= 4; number++) {
            TestHost flood = opened.keep(new TestHost(flooded.port(), number, number, FORUM))
                    .welcomed();
            String prefix = number + "-";
            floods.add(
                    flood(flooding, n -> flood.send(flood.session(prefix + n, new byte[200], Acknowledgement.RELAY))));
        }
        TestHost asker = opened.keep(new TestHost(flooded.port(), 5, 5, FORUM)).welcomed();
        floods.add(flood(flooding, n -> asker.getLater("missing-" + n)));
        await().atMost(TestHost.LIMIT).until(() -> path.lru().counters().get(Counter.SPILLED) > 0);
        long taken = path.lru().file().position();
        long[] us = measure(measured);
        assertThat(path.lru().file().position()).isGreaterThan(taken);
        flooding.set(false);
        for (Thread flood : floods) {
            flood.join(TestHost.LIMIT.toMillis());
        }
        return us;
    }

    /** Sends one after the other without a pause, and leaves {@link #UNANSWERED} of them unanswered. */
    private static Thread flood(AtomicBoolean goesOn, IntFunction<CompletableFuture<Frame>> sender) {
        Thread flood = new Thread(
                () -> {
                    Semaphore room = new Semaphore(UNANSWERED);
                    for (int n = 0; goesOn.get(); n++) {
                        room.acquireUninterruptibly();
                        var unused = sender.apply(n).whenComplete((answer, failure) -> room.release());
                    }
                },
                "flood");
        flood.setDaemon(true);
        flood.start();
        return flood;
    }

    /** Median and 99th percentile, in microseconds, of 200 pairs of a set and a get, one after the other. */
    private static long[] measure(TestHost host) {
        long[] ns = new long[200];
        for (int i = 0; i < ns.length; i++) {
            long startNs = System.nanoTime();
            received(host.set("user-1", "value-" + i));
            assertThat(value(host.get("user-1"))).isEqualTo("value-" + i);
            ns[i] = System.nanoTime() - startNs;
        }
        Arrays.sort(ns);
        return new long[] {ns[ns.length / 2] / 1000, ns[ns.length * 99 / 100] / 1000};
    }

    @Test
    void shouldRefuseWhenAPathComesTwice() {
        RelayContext context = new RelayContext()
                .authPath(SHOP)
                .port(0)
                .segment(new SegmentSettings(folder.resolve("a")))
                .path(new RelayPathContext().authPath(SHOP).segment(new SegmentSettings(folder.resolve("b"))));
        assertThatThrownBy(context::conclude)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("auth_path=shop, limit=each path once");
    }
}
