package org.globalsessions.sibling;

import static org.awaitility.Awaitility.await;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.FragmentAssembler;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntSupplier;
import java.util.function.LongFunction;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.UnsafeBuffer;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.transport.IpcNote;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.FrameException;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;

/** Plays the relay: its segment with the note, its media driver, its two streams. */
final class RelayStub implements AutoCloseable {
    private final Path folder;
    private final SharedLru segment;
    private final List<HelloFrame> hellos = new CopyOnWriteArrayList<>();
    private final Map<Long, Frame> answers = new ConcurrentHashMap<>();
    private int starts;
    private String aeronDir;
    private long lastId;
    private MediaDriver driver;
    private Aeron aeron;
    private ExclusivePublication publication;
    private AgentRunner poller;

    RelayStub(Path folder) throws IOException {
        this.folder = folder;
        this.segment = Entries.relaySegment(folder);
        start();
    }

    private void start() {
        starts++;
        aeronDir = folder.resolve("aeron-" + starts).toString();
        driver = MediaDriver.launch(new MediaDriver.Context()
                .aeronDirectoryName(aeronDir)
                .threadingMode(ThreadingMode.SHARED)
                .sharedIdleStrategy(new BackoffIdleStrategy())
                .ipcTermBufferLength(1 << 20)
                .dirDeleteOnShutdown(true));
        startClient();
        segment.file().note(place().text());
    }

    /** Not the streams of a relay's first path: what matters is what the note says. */
    private IpcNote place() {
        return new IpcNote(aeronDir, starts, IpcNote.streamOf(2));
    }

    private void startClient() {
        aeron = Aeron.connect(new Aeron.Context().aeronDirectoryName(aeronDir).errorHandler(failure -> {}));
        publication = aeron.addExclusivePublication("aeron:ipc", place().stream());
        Subscription subscription = aeron.addSubscription("aeron:ipc", place().streamToRelay());
        FragmentAssembler assembler =
                new FragmentAssembler((buffer, offset, length, header) -> onMessage(buffer, offset, length));
        poller = new AgentRunner(
                new BackoffIdleStrategy(),
                Throwable::printStackTrace,
                null,
                new Poller(() -> subscription.poll(assembler, 10)));
        AgentRunner.startOnThread(poller);
    }

    private record Poller(IntSupplier poll) implements Agent {
        @Override
        public int doWork() {
            return poll.getAsInt();
        }

        @Override
        public String roleName() {
            return "relay-stub";
        }
    }

    private void onMessage(DirectBuffer buffer, int offset, int length) {
        byte[] bytes = new byte[length];
        buffer.getBytes(offset, bytes);
        Frame frame;
        try {
            frame = FrameCodec.decode(ByteBuffer.wrap(bytes));
        } catch (FrameException e) {
            throw new AssertionError(e);
        }
        if (frame instanceof HelloFrame hello) {
            hellos.add(hello);
        } else {
            answers.put(frame.correlationId(), frame);
        }
    }

    /** Every hello of a sibling so far. */
    List<HelloFrame> hellos() {
        return hellos;
    }

    SharedLru segment() {
        return segment;
    }

    /** Sends a frame. */
    long send(LongFunction<Frame> frame) {
        lastId++;
        Frame sent = frame.apply(lastId);
        ByteBuffer bytes = ByteBuffer.allocateDirect(FrameCodec.encodedLength(sent));
        FrameCodec.encode(sent, bytes);
        UnsafeBuffer buffer = new UnsafeBuffer(bytes);
        if (publication.offer(buffer) < 0) {
            await().until(() -> publication.offer(buffer) > 0);
        }
        return lastId;
    }

    boolean isAnswered(long id) {
        return answers.containsKey(id);
    }

    /** Sends a frame and waits for its answer. */
    Frame ask(LongFunction<Frame> frame) {
        long id = send(frame);
        await().until(() -> isAnswered(id));
        return answers.get(id);
    }

    SessionKnownFrame question(String key) {
        return (SessionKnownFrame) ask(id -> new NeedSessionFrame(id, Entries.key(key)));
    }

    /** The relay dies and comes back with a driver in another folder. */
    void restart() {
        stop();
        start();
    }

    /** The relay dies and comes back to the same driver, which goes on. */
    void restartClient() {
        stopClient();
        startClient();
    }

    private void stopClient() {
        poller.close();
        aeron.close();
    }

    private void stop() {
        stopClient();
        driver.close();
    }

    @Override
    public void close() {
        stop();
        segment.close();
    }
}
