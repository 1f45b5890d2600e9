package org.globalsessions.relay;

import io.aeron.Aeron;
import io.aeron.CommonContext;
import io.aeron.ExclusivePublication;
import io.aeron.FragmentAssembler;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.logbuffer.Header;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.File;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.transport.IpcNote;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.FrameException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Both streams of Aeron IPC between the relay and the sibling of one path: frames out on one, frames in on the other, and no other
 * path's on either.
 */
final class AeronLink implements SiblingLink {
    /** Channel of both streams. */
    static final String AERON_CHANNEL_URI = "aeron:ipc";

    private static final Logger LOGGER = LoggerFactory.getLogger(AeronLink.class);
    private static final int FRAGMENT_LIMIT = 64;
    private static final long DRIVER_TIMEOUT_MS = 10_000;

    private final IpcNote place;
    private final Counters counters;
    private final RelayErrors errors;
    private final ByteBuf encoded = Unpooled.directBuffer(64 << 10, FrameCodec.MAX_FRAME);
    private final UnsafeBuffer outgoing = new UnsafeBuffer(0, 0);
    private final FragmentAssembler assembler = new FragmentAssembler(this::onFragment);
    private final Consumer<Frame> receiver;
    private ByteBuffer incoming = ByteBuffer.allocate(64 << 10);
    private Aeron aeron;
    private ExclusivePublication publication;
    private Subscription subscription;
    private int pendingLength;

    /**
     * A link that is not open.
     *
     * @param place    driver and streams
     * @param counters counts frames sent and received
     * @param errors   told of Aeron's errors
     * @param receiver sees each frame from the sibling, called within {@link #poll}
     */
    AeronLink(IpcNote place, Counters counters, RelayErrors errors, Consumer<Frame> receiver) {
        this.place = place;
        this.counters = counters;
        this.errors = errors;
        this.receiver = receiver;
    }

    @Override
    public boolean isDriverActive() {
        return CommonContext.isDriverActive(new File(place.aeronDir()), DRIVER_TIMEOUT_MS, LOGGER::debug);
    }

    @Override
    public void open() {
        aeron = Aeron.connect(new Aeron.Context()
                .aeronDirectoryName(place.aeronDir())
                .driverTimeoutMs(DRIVER_TIMEOUT_MS)
                .errorHandler(errors)
                .subscriberErrorHandler(errors)
                .threadFactory(AeronLink::conductorThread));
        publication = aeron.addExclusivePublication(AERON_CHANNEL_URI, place.stream());
        subscription = aeron.addSubscription(AERON_CHANNEL_URI, place.streamToRelay());
    }

    private static Thread conductorThread(Runnable conductor) {
        Thread thread = new Thread(conductor, "relay-aeron-client");
        thread.setDaemon(true);
        return thread;
    }

    @Override
    public boolean isLost() {
        return subscription == null || aeron.isClosed() || publication.isClosed() || subscription.isClosed();
    }

    @Override
    public boolean isConnected() {
        return !isLost() && publication.isConnected();
    }

    @Override
    public boolean isReady() {
        return pendingLength == 0;
    }

    /** Sends a frame, or keeps it for {@link #flush} where back pressure holds it up. */
    @Override
    public boolean send(Frame frame) {
        if (pendingLength > 0) {
            throw new IllegalStateException("a frame is kept back: pendingLength=" + pendingLength);
        }
        encoded.clear();
        FrameCodec.encode(frame, encoded);
        int length = encoded.readableBytes();
        if (length > publication.maxMessageLength()) {
            errors.record("frame longer than Aeron's longest message");
            return false;
        }
        outgoing.wrap(encoded.internalNioBuffer(0, length), 0, length);
        pendingLength = length;
        return flush() > 0 || pendingLength > 0;
    }

    @Override
    public int flush() {
        if (pendingLength == 0) {
            return 0;
        }
        long result = publication.offer(outgoing, 0, pendingLength);
        if (result > 0) {
            pendingLength = 0;
            counters.increment(Counter.IPC_SENT);
            return 1;
        }
        if (result == Publication.BACK_PRESSURED || result == Publication.ADMIN_ACTION) {
            counters.increment(Counter.IPC_BACK_PRESSURE);
            return 0;
        }
        // Nobody there, or closed: what is marked is sent again once somebody is.
        pendingLength = 0;
        if (result == Publication.MAX_POSITION_EXCEEDED) {
            // The end of what a publication can carry: closed, the link counts as lost and begins anew.
            publication.close();
        }
        return 0;
    }

    @Override
    public int poll() {
        return subscription.poll(assembler, FRAGMENT_LIMIT);
    }

    private void onFragment(DirectBuffer buffer, int offset, int length, Header header) {
        counters.increment(Counter.IPC_RECEIVED);
        if (incoming.capacity() < length) {
            incoming = ByteBuffer.allocate(Integer.highestOneBit(length) << 1);
        }
        incoming.clear();
        buffer.getBytes(offset, incoming, 0, length);
        incoming.limit(length);
        Frame frame;
        try {
            frame = FrameCodec.decode(Unpooled.wrappedBuffer(incoming));
        } catch (FrameException e) {
            counters.increment(Counter.BAD_FRAMES);
            errors.record("malformed frame over Aeron IPC", e);
            return;
        }
        receiver.accept(frame);
    }

    @Override
    public void close() {
        pendingLength = 0;
        subscription = null;
        if (aeron != null) {
            aeron.close();
            aeron = null;
        }
    }
}
