package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.transport.frame.AnnounceDeleteFrame;
import org.globalsessions.transport.frame.AnnounceInvalidationFrame;
import org.globalsessions.transport.frame.AnnounceSessionFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.RenewFrame;
import org.globalsessions.transport.frame.RenewedFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A host that does not take what it is told, at a real socket. */
class QuarantineTest {
    private static final Duration LIMIT = TestHost.LIMIT;
    private static final int KEYS = 10;
    private static final byte[] LARGE = new byte[48 << 10];

    /** The socket's buffers take some megabytes before anything waits in the relay. */
    private static final int MOST_CHANGES = 4_000;

    @TempDir
    Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private MidwayRelay relay;

    private void launch(Duration slowLimit) throws IOException {
        launch(slowLimit, new SegmentSettings(folder.resolve("relay.segment")).elCount(320));
    }

    private void launch(Duration slowLimit, SegmentSettings segment) throws IOException {
        relay = opened.keep(MidwayRelay.launch(
                new RelayContext().authPath("auths").port(0).segment(segment).slowLimit(slowLimit)));
    }

    private TestHost host(int number) {
        return opened.keep(new TestHost(relay.port(), number)).welcomed();
    }

    private long count(Counter counter) {
        return relay.counters().get(counter);
    }

    private KeyDigest digest(String key) {
        return relay.lru().encode(key.getBytes(UTF_8)).digest();
    }

    private static long position(Frame receipt) {
        assertThat(receipt).isInstanceOf(SessionReceivedFrame.class);
        assertThat(((SessionReceivedFrame) receipt).receipt().outcome()).isEqualTo(Receipt.Outcome.STORED);
        return ((SessionReceivedFrame) receipt).receipt().position();
    }

    /** Stores large values, a few keys again and again, until the relay has counted so. */
    private void storeUntil(TestHost host, Counter counter) {
        for (int i = 0; count(counter) == 0; i++) {
            assertThat(i).as("changes until %s", counter).isLessThan(MOST_CHANGES);
            position(host.ask(host.session("user-" + i % KEYS, LARGE, Acknowledgement.RELAY)));
        }
    }

    private static long announcedPosition(Frame frame) {
        if (frame instanceof AnnounceSessionFrame session) {
            return session.position();
        }
        return frame instanceof AnnounceDeleteFrame delete
                ? delete.position()
                : ((AnnounceInvalidationFrame) frame).position();
    }

    private static void awaitAnnounced(TestHost host, long position) {
        await().atMost(LIMIT)
                .until(() -> !host.announced.isEmpty()
                        && announcedPosition(host.announced.get(host.announced.size() - 1)) == position);
    }

    /** What the host was told, after the announcement with this position. */
    private static List<Frame> announcedFrom(TestHost host, long position) {
        return host.announced.stream()
                .filter(frame -> announcedPosition(frame) >= position)
                .toList();
    }

    @Test
    void shouldTellOfEveryChangeButNoMoreValuesWhenHalfOfWhatMayWaitDoesAndOfValuesAgainAfterwards() throws Exception {
        launch(Duration.ofSeconds(30));
        TestHost writer = host(1);
        TestHost slow = host(2).subscribed(5, 0, 0);
        TestHost other = host(3).subscribed(5, 0, 0);
        slow.connection().pauseReads();
        storeUntil(writer, Counter.CONNECTIONS_QUARANTINED);
        assertThat(count(Counter.CONNECTIONS_SLOWED)).isEqualTo(1);

        long changed = position(writer.set("user-1", "cart=3"));
        long deleted = position(writer.delete(digest("user-2"), Acknowledgement.RELAY));
        awaitAnnounced(other, deleted);
        assertThat(announcedFrom(other, changed).get(0)).isInstanceOf(AnnounceSessionFrame.class);
        CompletableFuture<Frame> renewal = slow.send(new RenewFrame(slow.nextId(), 5, slow.welcome.epoch(), 0));
        CompletableFuture<Long> toldBefore =
                renewal.thenApply(frame -> announcedPosition(slow.announced.get(slow.announced.size() - 1)));

        slow.connection().resumeReads();
        awaitAnnounced(slow, deleted);
        assertThat(renewal)
                .succeedsWithin(LIMIT)
                .isEqualTo(new RenewedFrame(renewal.join().correlationId(), slow.welcome.epoch(), deleted));
        assertThat(toldBefore).isCompletedWithValue(deleted);
        assertNoGap(slow, deleted);
        assertThat(announcedFrom(slow, changed))
                .satisfiesExactly(
                        frame -> assertThat(frame).isInstanceOf(AnnounceInvalidationFrame.class),
                        frame -> assertThat(frame).isInstanceOf(AnnounceDeleteFrame.class));
        assertThat(slow.get("user-1").entry().value()).asString(UTF_8).isEqualTo("cart=3");
        assertThat(slow.get("user-2").status()).isEqualTo(SessionKnownFrame.Status.MISSING);

        long later = position(writer.set("user-3", "cart=4"));
        awaitAnnounced(slow, later);
        assertThat(announcedFrom(slow, later)).singleElement().isInstanceOf(AnnounceSessionFrame.class);
        assertThat(count(Counter.CONNECTIONS_QUARANTINED)).isEqualTo(1);
        assertThat(count(Counter.CONNECTIONS_NOT_DRAINED)).isZero();
    }

    @Test
    void shouldTellNoMoreValuesWhenAQuarterOfTheTimeIsOver() throws Exception {
        launch(Duration.ofSeconds(12));
        TestHost writer = host(1);
        TestHost slow = host(2).subscribed(5, 0, 0);
        slow.connection().pauseReads();
        storeUntil(writer, Counter.CONNECTIONS_SLOWED);
        await().atMost(LIMIT).until(() -> count(Counter.CONNECTIONS_QUARANTINED) == 1);

        long changed = position(writer.set("user-1", "cart=3"));
        slow.connection().resumeReads();
        awaitAnnounced(slow, changed);

        assertNoGap(slow, changed);
        assertThat(announcedFrom(slow, changed)).singleElement().isInstanceOf(AnnounceInvalidationFrame.class);
        assertThat(count(Counter.CONNECTIONS_NOT_DRAINED)).isZero();
    }

    @Test
    void shouldCloseTheConnectionWhenTheTimeIsOverAndTellTheRestWhenTheHostComesBack() throws Exception {
        launch(Duration.ofMillis(800));
        TestHost writer = host(1);
        TestHost slow = host(2).subscribed(5, 0, 0);
        slow.connection().pauseReads();
        storeUntil(writer, Counter.CONNECTIONS_SLOWED);
        await().atMost(LIMIT).until(() -> count(Counter.CONNECTIONS_NOT_DRAINED) == 1);
        assertThat(count(Counter.CONNECTIONS_QUARANTINED)).isEqualTo(1);
        long changed = position(writer.set("user-1", "cart=3"));

        slow.connection().resumeReads();
        await().atMost(LIMIT).until(() -> count(Counter.CONNECTIONS) == 3 && slow.connection() != null);
        long told = slow.announced.isEmpty() ? 0 : announcedPosition(slow.announced.get(slow.announced.size() - 1));
        assertThat(told).isLessThan(changed);
        await().atMost(LIMIT)
                .until(() -> slow.connection() != null && slow.connection().isWritable());
        slow.subscribed(6, slow.welcome.epoch(), told);
        awaitAnnounced(slow, changed);
        assertNoGap(slow, changed);
    }

    @Test
    void shouldTellAHostThatComesBackAllThatItHasMissedWhenTheValuesAreMoreThanMayWait() throws Exception {
        launch(
                Duration.ofSeconds(30),
                new SegmentSettings(folder.resolve("relay.segment"))
                        .elCount(9_000)
                        .overflowShare(0.9));
        TestHost writer = host(1);
        TestHost away = host(2).subscribed(5, 0, 0);
        long epoch = away.welcome.epoch();
        away.close();
        // All are still here, and have some 28 MiB of values.
        int missed = 600;
        for (int i = 0; i < missed; i++) {
            position(writer.ask(writer.session("user-" + i, LARGE, Acknowledgement.RELAY)));
        }

        TestHost back = host(2);
        back.connection().pauseReads();
        assertThat(back.subscribe(6, epoch, 0)).isNotDone();
        await().atMost(LIMIT).until(() -> count(Counter.CONNECTIONS_QUARANTINED) == 1);
        back.connection().resumeReads();
        awaitAnnounced(back, missed);

        assertNoGap(back, missed);
        assertThat(back.announced.get(0)).isInstanceOf(AnnounceSessionFrame.class);
        assertThat(back.announced.get(missed - 1)).isInstanceOf(AnnounceInvalidationFrame.class);
        assertThat(count(Counter.CONNECTIONS_NOT_DRAINED)).isZero();
    }

    @Test
    void shouldEndWithTheRightValuesWhenAnApplicationHasNotReadForAWhile() throws Exception {
        launch(Duration.ofSeconds(30));
        FaultProxy proxy = opened.keep(new FaultProxy(relay.port(), 1));
        TestHost writer = host(1);
        for (int i = 0; i < KEYS; i++) {
            position(writer.set("user-" + i, "before"));
        }
        SessionCacheManager application = opened.keep(SessionCacheManager.open(
                ConfigFactory.parseString("""
                message_relay { auth_path : "auths", address : "localhost", port : %d }
                lru { cache { token_path : "%s", segment_dir : "%s", el_count : 320 } }
                """.formatted(proxy.port(), folder.resolve("app"), folder))));
        for (int i = 0; i < KEYS; i++) {
            String key = "user-" + i;
            await().atMost(LIMIT)
                    .ignoreExceptions()
                    .until(() -> application.get(key).get() != null);
        }
        // Its link owner has subscribed.
        long subscribed = position(writer.set("user-0", "announced"));
        await().atMost(LIMIT).until(() -> isOrAbsent("announced", application.getLocal("user-0")));

        proxy.cut(FaultProxy.Way.TO_HOSTS);
        try {
            storeUntil(writer, Counter.CONNECTIONS_QUARANTINED);
            position(writer.delete(digest("user-0"), Acknowledgement.RELAY));
            for (int i = 1; i < KEYS; i++) {
                position(writer.set("user-" + i, "after"));
            }
        } finally {
            proxy.heal();
        }

        await().atMost(LIMIT).until(() -> application.getLocal("user-0") == null);
        for (int i = 1; i < KEYS; i++) {
            String key = "user-" + i;
            await().atMost(LIMIT).until(() -> isOrAbsent("after", application.getLocal(key)));
            assertThat(application.get(key)).succeedsWithin(LIMIT).isEqualTo("after".getBytes(UTF_8));
        }
        assertThat(application.get("user-0")).succeedsWithin(LIMIT).isNull();
        assertThat(subscribed).isEqualTo(KEYS + 1);
        assertThat(count(Counter.CONNECTIONS)).isEqualTo(2);
        assertThat(count(Counter.CONNECTIONS_QUARANTINED)).isEqualTo(1);
    }

    private static boolean isOrAbsent(String expected, byte[] value) {
        return value == null || new String(value, UTF_8).equals(expected);
    }

    private static void assertNoGap(TestHost host, long last) {
        assertThat(host.announced.stream().mapToLong(QuarantineTest::announcedPosition))
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, last).boxed().toList());
    }
}
