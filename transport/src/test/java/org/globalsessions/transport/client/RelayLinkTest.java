package org.globalsessions.transport.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.globalsessions.Acknowledgement;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.NextTierProvider;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.TierAnswer;
import org.globalsessions.tier.TierBusyException;
import org.globalsessions.tier.TierHost;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.Right;
import org.globalsessions.transport.frame.AnnounceDeleteFrame;
import org.globalsessions.transport.frame.AnnounceInvalidationFrame;
import org.globalsessions.transport.frame.AnnounceSessionFrame;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.GoodbyeFrame;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.SubscribeFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.globalsessions.transport.net.LinkSettings;
import org.globalsessions.transport.net.Listener;
import org.globalsessions.transport.net.PeerAddress;
import org.globalsessions.transport.net.PipelineSecurity;
import org.globalsessions.transport.net.ReconnectPolicy;
import org.globalsessions.transport.net.RecordingHandler;
import org.globalsessions.transport.net.SocketFixture;
import org.junit.jupiter.api.Test;

class RelayLinkTest extends SocketFixture {
    private static final TierHost HOST = new TierHost(1, 2, 3, 4, 5);
    private static final KeyDigest DIGEST = new KeyDigest(7, 8);
    private static final byte[] KEY = "the-key".getBytes(StandardCharsets.US_ASCII);
    private static final long EPOCH = 99;
    private static final Duration LONG = Duration.ofSeconds(60);

    private final RecordingListener listener = new RecordingListener();

    @Test
    void shouldAnswerQuestionsWhenRelayKnowsIsMissingOrDoesNotKnow() throws Exception {
        RelayLink link = connected((connection, frame) -> {
            NeedSessionFrame need = (NeedSessionFrame) frame;
            connection.send(
                    switch (need.key()[0]) {
                        case 'f' ->
                            new SessionKnownFrame(
                                    need.correlationId(), SessionKnownFrame.Status.FOUND, EPOCH, 5, entry(need.key()));
                        case 'm' ->
                            new SessionKnownFrame(
                                    need.correlationId(), SessionKnownFrame.Status.MISSING, EPOCH, 6, null);
                        case 'w' ->
                            new SessionKnownFrame(
                                    need.correlationId(), SessionKnownFrame.Status.FOUND, EPOCH, 5, entry(KEY));
                        case 'b' -> new ErrorFrame(need.correlationId(), ErrorCode.BUSY, "later");
                        case 'r' -> new ErrorFrame(need.correlationId(), ErrorCode.REFUSED, "no right");
                        default ->
                            new SessionKnownFrame(
                                    need.correlationId(), SessionKnownFrame.Status.UNAVAILABLE, EPOCH, 7, null);
                    });
        });

        TierAnswer found = get(link.ask(ascii("found"), DIGEST));
        assertThat(found.entry().key()).isEqualTo(ascii("found"));
        assertThat(found.entry().value()).isEqualTo(ascii("value"));
        assertThat(found.epoch()).isEqualTo(EPOCH);
        assertThat(found.position()).isEqualTo(5);
        assertThat(get(link.ask(ascii("missing"), DIGEST))).isEqualTo(new TierAnswer(null, EPOCH, 6));
        assertUnavailable(link.ask(ascii("unavailable"), DIGEST), "nobody knows");
        assertUnavailable(link.ask(ascii("refused"), DIGEST), "no right");
        assertUnavailable(link.ask(ascii("wrong key"), DIGEST), "another key");
        assertThatThrownBy(() -> get(link.ask(ascii("busy"), DIGEST))).hasCauseInstanceOf(TierBusyException.class);
    }

    @Test
    void shouldFailAtOnceAndSendNothingButItsSubscriptionWhenTheRelayGivesItNoRight() throws Exception {
        RecordingHandler relay = new RecordingHandler((connection, frame) -> {
            if (frame instanceof HelloFrame hello) {
                connection.send(
                        new WelcomeFrame(hello.correlationId(), 1, EPOCH, 0, 0, FrameCodec.MAX_FRAME, Set.of(), 0));
            }
        });
        RelayLink link = start(listen(relay), LONG, 1024);
        awaitConnected(link);

        assertUnavailable(link.ask(KEY, DIGEST), "does not give this host the right to read on path sessions");
        assertUnavailable(publish(link, 1), "the right to publish");
        assertUnavailable(link.delete(DIGEST, new Version(5, 1), 0, 0, Acknowledgement.RELAY), "the right to publish");
        link.subscribe(1, EPOCH, 0);
        await().until(() -> relay.frames.size() == 2);
        assertThat(relay.frames.get(1)).isInstanceOf(SubscribeFrame.class);
    }

    @Test
    void shouldComeBackWithAnotherOriginWhenTheRelayRefusesItsOwn() throws Exception {
        RecordingHandler relay = new RecordingHandler((connection, frame) -> {
            if (frame instanceof HelloFrame hello && hello.origin() < HOST.origin() + 2) {
                connection.send(new ErrorFrame(hello.correlationId(), ErrorCode.ORIGIN_CLASH, "origin in use"));
                connection.close();
            } else {
                welcomeThen(EPOCH, (same, further) -> {}).accept(connection, frame);
            }
        });
        RelayLink link = start(listen(relay), LONG, 1024);
        awaitConnected(link);

        assertThat(relay.frames)
                .extracting(frame -> ((HelloFrame) frame).origin())
                .containsExactly(3, 4, 5);
        await().until(() -> listener.events.contains("connected " + EPOCH + " 0"));
        assertThat(listener.events)
                .containsExactly("origin refused 3", "origin refused 4", "connected " + EPOCH + " 0");
    }

    @Test
    void shouldAskOnceWhenManyAskForOneKeyAtOnce() throws Exception {
        RecordingHandler relay = new RecordingHandler(welcomeThen(EPOCH, (connection, frame) -> {}));
        RelayLink link = start(listen(relay), LONG, 1024);
        awaitConnected(link);

        List<CompletableFuture<TierAnswer>> answers = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            answers.add(link.ask(KEY.clone(), DIGEST));
        }
        // Another key of the same digest is another question.
        CompletableFuture<TierAnswer> other = link.ask(ascii("other"), DIGEST);
        assertThat(answers.get(0).cancel(true)).isTrue();
        await().until(() -> questions(relay).size() == 2);
        NeedSessionFrame asked = questions(relay).get(0);
        relay.opened
                .get(0)
                .send(new SessionKnownFrame(
                        asked.correlationId(), SessionKnownFrame.Status.FOUND, EPOCH, 1, entry(asked.key())));

        for (CompletableFuture<TierAnswer> answer : answers.subList(1, 50)) {
            assertThat(get(answer).entry().value()).isEqualTo(ascii("value"));
        }
        assertThat(other).isNotDone();
        assertThat(link.statistics().joinedQuestions()).isEqualTo(49);
        // Answered, so the next one is a new question.
        link.ask(KEY, DIGEST).cancel(true);
        await().until(() -> questions(relay).size() == 3);
    }

    @Test
    void shouldFailAndCountWhenNobodyAnswersInTime() throws Exception {
        RecordingHandler relay = new RecordingHandler(welcomeThen(EPOCH, (connection, frame) -> {}));
        RelayLink link = start(listen(relay), Duration.ofMillis(100), 1024);
        awaitConnected(link);

        CompletableFuture<TierAnswer> question = link.ask(KEY, DIGEST);
        CompletableFuture<Receipt> change = publish(link, 10);
        assertUnavailable(question, "did not answer within 100 ms");
        assertUnavailable(change, "did not answer within 100 ms");
        assertThat(link.statistics().timeOuts()).isEqualTo(2);

        relay.opened
                .get(0)
                .send(new SessionKnownFrame(
                        questions(relay).get(0).correlationId(), SessionKnownFrame.Status.MISSING, 1, 1, null));
        await().until(() -> link.statistics().lateAnswers() == 1);
        assertThat(link.isConnected()).isTrue();
        assertUnavailable(link.ask(KEY, DIGEST), "did not answer within 100 ms");
    }

    @Test
    void shouldRefuseBeyondWindowAndGoOnWhenReceiptsCome() throws Exception {
        RecordingHandler relay = new RecordingHandler(welcomeThen(EPOCH, (connection, frame) -> {}));
        RelayLink link = start(listen(relay), LONG, 8);
        awaitConnected(link);

        List<CompletableFuture<Receipt>> changes = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            changes.add(publish(link, 10));
        }
        assertThatThrownBy(() -> get(publish(link, 10))).hasCauseInstanceOf(TierBusyException.class);
        assertThatThrownBy(() -> get(link.delete(DIGEST, new Version(1, 1), 0, 0, Acknowledgement.RELAY)))
                .hasCauseInstanceOf(TierBusyException.class);
        // Questions have a window of their own.
        for (int i = 0; i < 8; i++) {
            assertThat(link.ask(new byte[] {(byte) i}, DIGEST)).isNotDone();
        }
        assertThatThrownBy(() -> get(link.ask(new byte[] {8}, DIGEST))).hasCauseInstanceOf(TierBusyException.class);
        assertThat(link.statistics().refused()).isEqualTo(3);

        await().until(() -> relay.frames.size() == 17);
        Frame first = relay.frames.get(1);
        Receipt receipt = new Receipt(Receipt.Outcome.STORED, new Version(9, 9), 9, false, EPOCH, 3);
        relay.opened.get(0).send(new SessionReceivedFrame(first.correlationId(), receipt));
        assertThat(get(changes.get(0))).isEqualTo(receipt);
        assertThat(publish(link, 10)).isNotDone();
    }

    @Test
    void shouldFailEverythingOpenAtOnceWhenConnectionIsLost() throws Exception {
        RecordingHandler relay = new RecordingHandler(welcomeThen(EPOCH, (connection, frame) -> {}));
        Listener relayPort = listen(relay);
        RelayLink link = start(relayPort, LONG, 1024);
        awaitConnected(link);
        CompletableFuture<TierAnswer> question = link.ask(KEY, DIGEST);
        CompletableFuture<Receipt> change = publish(link, 10);
        await().until(() -> relay.frames.size() == 3);

        relayPort.close();
        relay.opened.forEach(Connection::close);

        assertUnavailable(question, "away");
        assertUnavailable(change, "away");
        await().until(() -> listener.events.contains("disconnected"));
        assertThat(link.isConnected()).isFalse();
        assertUnavailable(publish(link, 10), "is away");
        assertThat(link.statistics().cutOff()).isEqualTo(2);
    }

    @Test
    void shouldFailAtOnceOrSoonWhenRelayIsNotThere() throws Exception {
        Listener gone = listen(new RecordingHandler());
        int port = gone.port();
        gone.close();
        RelayLink link = link(port, LONG, 1024);
        link.start(listener);

        long begin = System.nanoTime();
        assertUnavailable(link.ask(KEY, DIGEST), "away");
        assertThat(System.nanoTime() - begin).isLessThan(LONG.toNanos() / 2);
        await().until(() -> link.statistics().failedAttempts() > 2);
        assertUnavailable(publish(link, 10), "cannot connect to 127.0.0.1:" + port);
    }

    @Test
    void shouldSendWaitingQuestionsWhenAttemptUnderWaySucceeds() throws Exception {
        List<Connection> waitingForWelcome = new ArrayList<>();
        RecordingHandler relay = new RecordingHandler((connection, frame) -> {
            if (frame instanceof HelloFrame) {
                waitingForWelcome.add(connection);
            } else {
                connection.send(
                        new SessionKnownFrame(frame.correlationId(), SessionKnownFrame.Status.MISSING, EPOCH, 6, null));
            }
        });
        RelayLink link = start(listen(relay), LONG, 1024);
        CompletableFuture<TierAnswer> question = link.ask(KEY, DIGEST);
        await().until(() -> relay.frames.size() == 1);
        assertThat(question).isNotDone();

        waitingForWelcome.get(0).send(new WelcomeFrame(1, 1, EPOCH, 0, 0, FrameCodec.MAX_FRAME, Right.ALL, 0));

        assertThat(get(question).entry()).isNull();
    }

    @Test
    void shouldRepeatSubscriptionFromWhatWasDeliveredWhenConnectedAgain() throws Exception {
        RecordingHandler relay = new RecordingHandler(welcomeThen(EPOCH, (connection, frame) -> {
            if (frame instanceof SubscribeFrame subscribe && subscribe.position() == 0) {
                connection.send(new AnnounceSessionFrame(EPOCH, 1, entry(KEY)));
                connection.send(new AnnounceDeleteFrame(EPOCH, 2, DIGEST, new Version(5, 5)));
                connection.send(new AnnounceInvalidationFrame(EPOCH, 3, DIGEST, new Version(6, 5)));
            }
        }));
        RelayLink link = start(listen(relay), LONG, 1024);
        link.subscribe(77, 0, 0);
        await().until(() -> listener.events.size() == 4);
        assertThat(listener.events)
                .containsExactly(
                        "connected 99 0",
                        "session 1",
                        "delete 2 " + new Version(5, 5),
                        "invalidated 3 " + new Version(6, 5));

        relay.opened.get(0).send(new GoodbyeFrame(GoodbyeFrame.ENDING));

        await().until(() -> listener.events.size() == 6);
        assertThat(listener.events.subList(4, 6)).containsExactly("disconnected", "connected 99 0");
        await().until(() -> relay.frames.stream()
                        .filter(frame -> frame instanceof SubscribeFrame)
                        .count()
                == 2);
        SubscribeFrame repeated = (SubscribeFrame) relay.frames.get(relay.frames.size() - 1);
        assertThat(repeated.leaseEpoch()).isEqualTo(77);
        assertThat(repeated.epoch()).isEqualTo(EPOCH);
        assertThat(repeated.position()).isEqualTo(3);
    }

    @Test
    void shouldCarryDeletesAndClaims() throws Exception {
        RecordingHandler relay = new RecordingHandler(welcomeThen(
                EPOCH,
                (connection, frame) -> connection.send(new SessionReceivedFrame(
                        frame.correlationId(),
                        new Receipt(Receipt.Outcome.STORED, new Version(9, 9), 0, true, EPOCH, 4)))));
        RelayLink link = start(listen(relay), LONG, 1024);
        awaitConnected(link);

        assertThat(get(link.delete(DIGEST, new Version(8, 1), EPOCH, 12, Acknowledgement.RELIEF))
                        .held())
                .isTrue();
        get(link.publish(entry(KEY), DIGEST, 12, 13, new Version(5, 6), Acknowledgement.RELAY));

        DeleteFrame delete = (DeleteFrame) relay.frames.get(1);
        assertThat(delete.claimEpoch()).isEqualTo(EPOCH);
        assertThat(delete.claimPosition()).isEqualTo(12);
        assertThat(delete.digest()).isEqualTo(DIGEST);
        assertThat(delete.tombstone()).isEqualTo(new Version(8, 1));
        assertThat(delete.level()).isEqualTo(Acknowledgement.RELIEF);
        SessionFrame session = (SessionFrame) relay.frames.get(2);
        assertThat(session.claimEpoch()).isEqualTo(12);
        assertThat(session.claimPosition()).isEqualTo(13);
        assertThat(session.seenTombstone()).isEqualTo(new Version(5, 6));
    }

    @Test
    void shouldTellCallerWhenEntryIsTooLongForTheWire() throws Exception {
        RelayLink link = connected((connection, frame) -> {});

        assertThatThrownBy(() -> get(publish(link, FrameCodec.MAX_FRAME)))
                .hasCauseInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("limit=1048576");
        assertThatThrownBy(() -> get(link.ask(new byte[0], DIGEST))).hasCauseInstanceOf(IllegalArgumentException.class);
        assertThat(link.isConnected()).isTrue();
    }

    @Test
    void shouldFailWhatIsOpenAndRefuseMoreWhenClosed() throws Exception {
        RecordingHandler relay = new RecordingHandler(welcomeThen(EPOCH, (connection, frame) -> {}));
        RelayLink link = start(listen(relay), LONG, 1024);
        awaitConnected(link);
        CompletableFuture<TierAnswer> question = link.ask(KEY, DIGEST);

        link.close();

        assertUnavailable(question, "the link is closed");
        assertUnavailable(link.ask(KEY, DIGEST), "the link is closed");
        assertUnavailable(publish(link, 1), "the link is closed");
        await().until(() -> relay.closed.size() == 1);
        assertThat(relay.frames.get(relay.frames.size() - 1)).isInstanceOf(GoodbyeFrame.class);
        link.close();
    }

    @Test
    void shouldBeFoundByServiceLoaderAndReadItsSection() throws Exception {
        NextTierProvider provider =
                ServiceLoader.load(NextTierProvider.class).findFirst().orElseThrow();
        assertThat(provider).isInstanceOf(RelayLinkProvider.class);
        String section = "auth_path : sessions, address : relay, port : 7000, reconnect_wait : 50ms, max_reconnect : 3,"
                + " request_timeout : 700, window : 5";

        RelayLinkSettings settings = RelayLinkSettings.from(ConfigFactory.parseString(section));

        assertThat(settings.path()).isEqualTo("sessions");
        assertThat(settings.requestTimeout()).isEqualTo(Duration.ofMillis(700));
        assertThat(settings.window()).isEqualTo(5);
        assertThat(settings.reconnect())
                .isEqualTo(new ReconnectPolicy(Duration.ofMillis(50), Duration.ofSeconds(5), 3));
        assertThatThrownBy(() -> provider.open(ConfigFactory.parseString(section + ", tls {}"), HOST))
                .hasMessageContaining("tls.client_key is missing");
    }

    private RelayLink connected(BiConsumer<Connection, Frame> answer) throws IOException {
        RelayLink link = start(listen(new RecordingHandler(welcomeThen(EPOCH, answer))), LONG, 1024);
        awaitConnected(link);
        return link;
    }

    private Listener listen(RecordingHandler handler) throws IOException {
        return listen(LOOPBACK, LinkSettings.DEFAULTS, PipelineSecurity.plain(), handler);
    }

    private RelayLink start(Listener relay, Duration timeout, int window) {
        RelayLink link = link(relay.port(), timeout, window);
        link.start(listener);
        return link;
    }

    private RelayLink link(int port, Duration timeout, int window) {
        RelayLink link = new RelayLink(
                new RelayLinkSettings(
                        "sessions",
                        "",
                        PeerAddress.tcp(LOOPBACK, port),
                        timeout,
                        window,
                        RelayLinkSettings.DEFAULT_WINDOW_BYTES,
                        QUICK_RECONNECT,
                        LinkSettings.DEFAULTS,
                        PipelineSecurity.plain()),
                HOST);
        toClose(link);
        return link;
    }

    private static void awaitConnected(RelayLink link) {
        await().until(link::isConnected);
    }

    private static List<NeedSessionFrame> questions(RecordingHandler relay) {
        return relay.frames.stream()
                .filter(frame -> frame instanceof NeedSessionFrame)
                .map(frame -> (NeedSessionFrame) frame)
                .toList();
    }

    private static CompletableFuture<Receipt> publish(RelayLink link, int valueLength) {
        SessionEntry entry = new SessionEntry(KEY, new byte[valueLength], new Version(5, 1), 5, true, 0, 0, 0);
        return link.publish(entry, DIGEST, 1, 1, Version.NONE, Acknowledgement.RELAY);
    }

    private static SessionEntry entry(byte[] key) {
        return new SessionEntry(key, ascii("value"), new Version(5, 1), 5, false, 0, 0, 0);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(30, TimeUnit.SECONDS);
    }

    private static void assertUnavailable(CompletableFuture<?> future, String text) {
        assertThatThrownBy(() -> get(future))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(TierUnavailableException.class)
                .hasMessageContaining(text);
    }
}
