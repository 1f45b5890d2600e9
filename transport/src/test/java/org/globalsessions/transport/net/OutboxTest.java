package org.globalsessions.transport.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Frames of several threads and of one moment, over a real socket. */
final class OutboxTest {
    private static final long LIMIT_S = 20;

    /** Asks the server for so many answers at once. */
    private static final long BURST = 1L << 40;

    private static final int ANSWERS = 2_000;

    private final EventLoops serverLoops = EventLoops.start("outbox-test-server", 1);
    private final EventLoops loops = EventLoops.start("outbox-test", 1);
    private final List<AutoCloseable> toClose = new ArrayList<>();
    private final RecordingHandler server = new RecordingHandler(SocketFixture.welcomeThen(OutboxTest::answer));
    private final RecordingHandler client = new RecordingHandler();
    private Connection connection;

    @BeforeEach
    void connect() throws IOException {
        Listener listener = Listener.bind(serverLoops, "127.0.0.1", 0, server);
        toClose.add(listener);
        Connector connector = Connector.start(
                loops, "127.0.0.1", listener.port(), SocketFixture::hello, ReconnectPolicy.DEFAULT, client);
        toClose.add(0, connector);
        await().atMost(LIMIT_S, TimeUnit.SECONDS).until(() -> !client.frames.isEmpty());
        connection = connector.connection();
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable one : toClose) {
            one.close();
        }
        loops.close();
        serverLoops.close();
    }

    private static void answer(Connection asker, Frame question) {
        if (question.correlationId() == BURST) {
            for (int i = 1; i <= ANSWERS; i++) {
                asker.send(new NeedSessionFrame(i, new byte[250]));
            }
        }
    }

    private static Frame frame(int number) {
        return new NeedSessionFrame(number, new byte[1 + number % 100]);
    }

    /** Numbers of the frames that the server has got after the hello. */
    private List<Long> received() {
        return server.frames.stream().skip(1).map(Frame::correlationId).toList();
    }

    private void awaitReceived(int count) {
        await().atMost(LIMIT_S, TimeUnit.SECONDS).until(() -> server.frames.size() == count + 1);
    }

    @Test
    void shouldKeepTheOrderOfALockWhenTheEventLoopSendsBesideAnotherThread() throws Exception {
        int frames = 20_000;
        Object lock = new Object();
        AtomicInteger next = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(1);
        Runnable onLoop = new Runnable() {
            @Override
            public void run() {
                synchronized (lock) {
                    if (next.get() >= frames) {
                        done.countDown();
                        return;
                    }
                    connection.send(frame(next.incrementAndGet()));
                }
                connection.execute(this);
            }
        };
        connection.execute(onLoop);
        while (done.getCount() > 0) {
            synchronized (lock) {
                if (next.get() < frames) {
                    connection.send(frame(next.incrementAndGet()));
                }
            }
        }

        awaitReceived(frames);
        assertThat(received()).isSorted();
        await().atMost(LIMIT_S, TimeUnit.SECONDS).until(() -> connection.pendingBytes() == 0);
    }

    @Test
    void shouldSendWholeFramesAloneWhenOneAmongThemIsRefused() throws Exception {
        AtomicReference<Throwable> refusedOnLoop = new AtomicReference<>();
        CountDownLatch sent = new CountDownLatch(1);
        connection.execute(() -> {
            connection.send(frame(1));
            try {
                connection.send(new NeedSessionFrame(2, new byte[0]));
            } catch (IllegalArgumentException e) {
                refusedOnLoop.set(e);
            }
            connection.send(frame(3));
            sent.countDown();
        });
        assertThat(sent.await(LIMIT_S, TimeUnit.SECONDS)).isTrue();
        assertThatThrownBy(() -> connection.send(new NeedSessionFrame(4, new byte[0])))
                .isInstanceOf(IllegalArgumentException.class);
        connection.send(frame(5));

        awaitReceived(3);
        assertThat(refusedOnLoop.get()).isNotNull();
        assertThat(received()).containsExactly(1L, 3L, 5L);
        assertThat(server.badFrames).isEmpty();
        await().atMost(LIMIT_S, TimeUnit.SECONDS).until(() -> connection.pendingBytes() == 0);
    }

    @Test
    void shouldSendAllThatWasTakenWhenClosedInTheSameMoment() {
        int frames = 1_000;
        for (int i = 1; i <= frames; i++) {
            assertThat(connection.send(frame(i))).isTrue();
        }
        connection.close();

        awaitReceived(frames);
        assertThat(received()).isSorted();
        await().atMost(LIMIT_S, TimeUnit.SECONDS).until(() -> connection.pendingBytes() == 0);
    }

    @Test
    void shouldSendAllInOrderWhenTheAnswersToOneReadFillSeveralBuffers() {
        connection.send(new NeedSessionFrame(BURST, new byte[1]));

        await().atMost(LIMIT_S, TimeUnit.SECONDS).until(() -> client.frames.size() == ANSWERS + 1);
        assertThat(client.frames.stream().skip(1).map(Frame::correlationId)).isSorted();
        assertThat(client.badFrames).isEmpty();
        Connection serverSide = server.opened.get(0);
        await().atMost(LIMIT_S, TimeUnit.SECONDS).until(() -> serverSide.pendingBytes() == 0);
    }

    /** A system call for each would cost many times what the frames do. */
    @Test
    void shouldSendTogetherWhatOneTaskSends() throws Exception {
        try (EmbeddedSide side = EmbeddedSide.greeted()) {
            Connection embedded = side.handler.opened.get(0);
            side.sent();
            int frames = 100;
            for (int i = 1; i <= frames; i++) {
                embedded.send(frame(i));
            }
            assertThat(side.buffers()).isEqualTo(1);
            assertThat(side.sent().stream().map(Frame::correlationId))
                    .isSorted()
                    .hasSize(frames);
        }
    }
}
