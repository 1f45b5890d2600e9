package org.globalsessions.transport.net;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.FrameHandler;
import org.globalsessions.transport.frame.Frame;

/** Keeps what it is told, and answers as the test wants. */
public final class RecordingHandler implements FrameHandler {
    public final List<Connection> opened = new CopyOnWriteArrayList<>();
    public final List<Connection> closed = new CopyOnWriteArrayList<>();
    public final List<Connection> writable = new CopyOnWriteArrayList<>();
    public final List<Frame> frames = new CopyOnWriteArrayList<>();
    public final List<String> badFrames = new CopyOnWriteArrayList<>();
    public final List<String> refused = new CopyOnWriteArrayList<>();
    public final List<String> reloads = new CopyOnWriteArrayList<>();
    public final List<String> connectFailures = new CopyOnWriteArrayList<>();
    public final List<Boolean> gaveUp = new CopyOnWriteArrayList<>();
    public final List<String> tooMany = new CopyOnWriteArrayList<>();
    public final List<Throwable> acceptFailures = new CopyOnWriteArrayList<>();
    public final List<Throwable> failures = new CopyOnWriteArrayList<>();
    private final BiConsumer<Connection, Frame> onFrame;

    public RecordingHandler() {
        this((connection, frame) -> {});
    }

    public RecordingHandler(BiConsumer<Connection, Frame> onFrame) {
        this.onFrame = onFrame;
    }

    @Override
    public void onOpen(Connection connection) {
        opened.add(connection);
    }

    @Override
    public void onFrame(Connection connection, Frame frame) {
        frames.add(frame);
        onFrame.accept(connection, frame);
    }

    @Override
    public void onWritable(Connection connection) {
        writable.add(connection);
    }

    @Override
    public void onBadFrame(Connection connection, String what) {
        badFrames.add(what);
    }

    @Override
    public void onFailure(Connection connection, Throwable failure) {
        failures.add(failure);
    }

    @Override
    public void onRefused(String remoteAddress, String reason) {
        refused.add(reason);
    }

    @Override
    public void onKeysReloaded(boolean succeeded, String what) {
        reloads.add(succeeded + " " + what);
    }

    @Override
    public void onConnectFailed(int attempts, String reason, boolean last) {
        connectFailures.add(reason);
        gaveUp.add(last);
    }

    @Override
    public void onTooMany(String remoteAddress) {
        tooMany.add(remoteAddress);
    }

    @Override
    public void onAcceptFailed(Throwable failure) {
        acceptFailures.add(failure);
    }

    @Override
    public void onClose(Connection connection) {
        closed.add(connection);
    }
}
