package org.globalsessions.transport.net;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BiConsumer;
import org.awaitility.Awaitility;
import org.globalsessions.tier.TierHost;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.Right;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

/** For tests over real sockets: an event loop for each, and what it opens is closed after it, the last first. */
public abstract class SocketFixture {
    protected static final String LOOPBACK = "127.0.0.1";

    protected static final ReconnectPolicy QUICK_RECONNECT =
            new ReconnectPolicy(Duration.ofMillis(20), Duration.ofMillis(100), 0);

    protected final EventLoops loops = EventLoops.start("socket-test", 1);
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    @BeforeAll
    static void bePatient() {
        Awaitility.setDefaultTimeout(Duration.ofSeconds(30));
    }

    @AfterEach
    final void closeAll() throws Exception {
        for (AutoCloseable one : opened) {
            one.close();
        }
        loops.close();
    }

    /** Closes something after the test. */
    protected final <T extends AutoCloseable> T toClose(T one) {
        opened.push(one);
        return one;
    }

    protected final Listener listen(
            String host, LinkSettings settings, PipelineSecurity security, RecordingHandler handler)
            throws IOException {
        return toClose(Listener.bind(loops, host, 0, settings, security, handler));
    }

    protected final Connector connect(
            PeerAddress peer, LinkSettings settings, PipelineSecurity security, RecordingHandler handler) {
        return toClose(
                Connector.start(loops, peer, SocketFixture::hello, QUICK_RECONNECT, settings, security, handler));
    }

    protected static HelloFrame hello() {
        return HelloFrame.ofHost(1, new TierHost(1, 2, 3, 4, 5), "sessions", "");
    }

    /** What a relay does that welcomes every host, and then as given. */
    protected static BiConsumer<Connection, Frame> welcomeThen(BiConsumer<Connection, Frame> then) {
        return welcomeThen(1, then);
    }

    /** The same, in an epoch of the relay. */
    protected static BiConsumer<Connection, Frame> welcomeThen(long epoch, BiConsumer<Connection, Frame> then) {
        return (connection, frame) -> {
            if (frame instanceof HelloFrame hello) {
                connection.send(new WelcomeFrame(
                        hello.correlationId(), hello.commonVersion(), epoch, 0, 0, FrameCodec.MAX_FRAME, Right.ALL, 0));
            } else {
                then.accept(connection, frame);
            }
        };
    }
}
