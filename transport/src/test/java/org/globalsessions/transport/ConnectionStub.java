package org.globalsessions.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.globalsessions.transport.frame.Frame;

/** A connection that keeps what is sent, or takes nothing. */
public final class ConnectionStub implements Connection {
    private final List<Frame> sent = new ArrayList<>();
    private boolean full;
    private boolean closed;

    /** What was sent since the last call. */
    public List<Frame> takeSent() {
        List<Frame> taken = new ArrayList<>(sent);
        sent.clear();
        return taken;
    }

    public void full(boolean value) {
        full = value;
    }

    @Override
    public long id() {
        return 1;
    }

    @Override
    public String remoteAddress() {
        return "stub:1";
    }

    @Override
    public PeerIdentity peer() {
        return PeerIdentity.UNKNOWN;
    }

    @Override
    public boolean isOpen() {
        return !closed;
    }

    @Override
    public boolean send(Frame frame) {
        return !full && !closed && sent.add(frame);
    }

    @Override
    public boolean isWritable() {
        return !full;
    }

    @Override
    public long pendingBytes() {
        return 0;
    }

    @Override
    public void pauseReads() {}

    @Override
    public void resumeReads() {}

    @Override
    public void execute(Runnable task) {
        task.run();
    }

    @Override
    public boolean inEventLoop() {
        return true;
    }

    @Override
    public void probe(Duration limit, Consumer<Boolean> heard) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        closed = true;
    }

    @Override
    public <T> T attachment(Class<T> type) {
        return null;
    }

    @Override
    public void attachment(Object attachment) {
        throw new UnsupportedOperationException();
    }
}
