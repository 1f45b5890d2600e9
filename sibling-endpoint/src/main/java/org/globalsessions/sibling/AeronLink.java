package org.globalsessions.sibling;

import io.aeron.Aeron;
import io.aeron.CommonContext;
import io.aeron.ExclusivePublication;
import io.aeron.FragmentAssembler;
import io.aeron.Publication;
import io.aeron.Subscription;
import java.io.File;
import java.nio.ByteBuffer;
import org.agrona.DirectBuffer;
import org.agrona.ErrorHandler;
import org.agrona.concurrent.NoOpLock;
import org.agrona.concurrent.UnsafeBuffer;
import org.globalsessions.transport.IpcNote;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.FrameException;

/**
 * The two Aeron streams between relay and sibling, over one client of one media driver. When that client is closed, for
 * whatever reason, the link is of no more use and another one is made.
 *
 * <p>Belongs to the agent's thread, which turns the client's conductor as well: nothing here blocks, and there is no thread
 * of Aeron's.
 */
final class AeronLink implements AutoCloseable {
    /** Both streams' place: memory shared on this machine. */
    static final String AERON_CHANNEL_URI = "aeron:ipc";

    /** Takes what arrives. */
    interface Receiver {
        /** One frame. */
        void onFrame(Frame frame);

        /** Something that is no frame; the relay and the sibling do not understand each other. */
        void onBadFrame(String what);
    }

    private final Aeron aeron;
    private final long publicationId;
    private final long subscriptionId;
    private final FragmentAssembler assembler;
    private final ByteBuffer outgoing = ByteBuffer.allocateDirect(FrameCodec.MAX_FRAME);
    private final UnsafeBuffer outgoingView = new UnsafeBuffer(outgoing);
    private final Receiver receiver;
    private byte[] incoming = new byte[4096];
    private ExclusivePublication publication;
    private Subscription subscription;
    private int relayStarts;

    private AeronLink(Aeron aeron, IpcNote place, Receiver receiver) {
        this.aeron = aeron;
        this.receiver = receiver;
        this.publicationId = aeron.asyncAddExclusivePublication(AERON_CHANNEL_URI, place.streamToRelay());
        this.assembler = new FragmentAssembler((buffer, offset, length, header) -> onMessage(buffer, offset, length));
        this.subscriptionId = aeron.asyncAddSubscription(
                AERON_CHANNEL_URI,
                place.stream(),
                image -> relayStarts++,
                image -> assembler.freeSessionBuffer(image.sessionId()));
    }

    /**
     * Connects to a driver.
     *
     * @param place           the driver's folder and the path's streams
     * @param driverTimeoutMs after how long without a sign of life a driver counts as gone
     * @param receiver        takes what arrives
     * @param errorHandler    hears what fails in the client; Aeron's own handler would end the JVM
     * @return the link, or null if no driver is alive there
     */
    static AeronLink connect(IpcNote place, long driverTimeoutMs, Receiver receiver, ErrorHandler errorHandler) {
        // Aeron.connect would wait for a driver that is not there.
        if (!CommonContext.isDriverActive(new File(place.aeronDir()), driverTimeoutMs, message -> {})) {
            return null;
        }
        Aeron aeron = Aeron.connect(new Aeron.Context()
                .aeronDirectoryName(place.aeronDir())
                .driverTimeoutMs(driverTimeoutMs)
                .useConductorAgentInvoker(true)
                .clientLock(NoOpLock.INSTANCE)
                .errorHandler(errorHandler)
                .subscriberErrorHandler(errorHandler));
        try {
            return new AeronLink(aeron, place, receiver);
        } catch (RuntimeException e) {
            aeron.close();
            throw e;
        }
    }

    /** Lets the client work: keep-alives, answers of the driver. */
    int invoke() {
        int workCount = aeron.conductorAgentInvoker().invoke();
        if (aeron.isClosed()) {
            return workCount;
        }
        if (publication == null) {
            publication = aeron.getExclusivePublication(publicationId);
        }
        if (subscription == null) {
            subscription = aeron.getSubscription(subscriptionId);
        }
        return workCount;
    }

    /** Whether the client or one of its streams has come to its end. */
    boolean isClosed() {
        return aeron.isClosed()
                || (publication != null && publication.isClosed())
                || (subscription != null && subscription.isClosed());
    }

    /** Whether the relay listens and sends. */
    boolean isConnected() {
        return publication != null && subscription != null && publication.isConnected() && subscription.isConnected();
    }

    /**
     * How many relays have begun to send over this link: a relay that died and came back to the same driver is another one,
     * even if the end of the first one goes unnoticed.
     */
    int relayStarts() {
        return relayStarts;
    }

    /**
     * Sends one frame.
     *
     * @return true if it has left, false to try again in the next duty cycle
     */
    boolean offer(Frame frame) {
        outgoing.clear();
        FrameCodec.encode(frame, outgoing);
        long result = publication.offer(outgoingView, 0, outgoing.position());
        if (result == Publication.MAX_POSITION_EXCEEDED) {
            // Comes after 2^31 terms; a new publication begins at the beginning.
            publication.close();
        }
        return result > 0;
    }

    /**
     * Takes in what has arrived.
     *
     * @param limit fragments at most, so also frames at most
     * @return fragments taken
     */
    int poll(int limit) {
        return subscription == null ? 0 : subscription.poll(assembler, limit);
    }

    private void onMessage(DirectBuffer buffer, int offset, int length) {
        if (incoming.length < length) {
            incoming = new byte[Math.max(length, 2 * incoming.length)];
        }
        buffer.getBytes(offset, incoming, 0, length);
        Frame frame;
        try {
            frame = FrameCodec.decode(ByteBuffer.wrap(incoming, 0, length));
        } catch (FrameException e) {
            receiver.onBadFrame(e.getMessage());
            return;
        }
        receiver.onFrame(frame);
    }

    @Override
    public void close() {
        aeron.close();
    }
}
