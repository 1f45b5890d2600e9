package org.globalsessions.relief;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongFunction;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.FrameHandler;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.globalsessions.transport.net.EventLoops;
import org.globalsessions.transport.net.Listener;

/** Plays the sibling over real TCP: takes relief nodes in and sends them frames. */
final class SiblingStub implements FrameHandler, AutoCloseable {
    private final EventLoops loops = EventLoops.start("sibling-stub", 1);
    private final AtomicLong lastId = new AtomicLong();
    private final Map<Long, Frame> answers = new ConcurrentHashMap<>();
    private final List<Connection> connections = new CopyOnWriteArrayList<>();
    private final List<HelloFrame> hellos = new CopyOnWriteArrayList<>();
    private final Listener listener;
    private volatile boolean refusing;

    SiblingStub(int port) throws IOException {
        this.listener = Listener.bind(loops, "localhost", port, this);
    }

    int port() {
        return listener.port();
    }

    /** Everybody who said hello so far. */
    List<HelloFrame> hellos() {
        return hellos;
    }

    /** Sends a frame to the node that came last and waits for the answer. */
    Frame ask(LongFunction<Frame> frame) {
        long id = lastId.incrementAndGet();
        Connection last = connections.get(connections.size() - 1);
        if (!last.send(frame.apply(id))) {
            throw new AssertionError("the connection takes nothing");
        }
        await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(1)).until(() -> answers.containsKey(id));
        return answers.get(id);
    }

    /** Lets nobody in any more. */
    void refuse() {
        refusing = true;
    }

    /** Cuts all connections. */
    void cut() {
        connections.forEach(Connection::close);
    }

    @Override
    public void onOpen(Connection connection) {}

    @Override
    public void onFrame(Connection connection, Frame frame) {
        if (frame instanceof HelloFrame hello) {
            hellos.add(hello);
            if (refusing) {
                connection.send(new ErrorFrame(hello.correlationId(), ErrorCode.REFUSED, "this node has left"));
                connection.close();
                return;
            }
            connection.send(new WelcomeFrame(hello.correlationId(), 1, 0, 0, 0, FrameCodec.MAX_FRAME, Set.of(), 0));
            connections.add(connection);
        } else {
            answers.put(frame.correlationId(), frame);
        }
    }

    @Override
    public void onBadFrame(Connection connection, String what) {
        throw new AssertionError(what);
    }

    @Override
    public void onFailure(Connection connection, Throwable failure) {
        throw new AssertionError(failure);
    }

    @Override
    public void onClose(Connection connection) {}

    /** What close does, for tests in which the sibling ends before the node. */
    void end() {
        listener.close();
        cut();
        loops.close();
    }

    @Override
    public void close() {
        end();
    }
}
