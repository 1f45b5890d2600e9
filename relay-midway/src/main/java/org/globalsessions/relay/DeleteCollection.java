package org.globalsessions.relay;

import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.globalsessions.segment.SegmentFile;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.InventoriedFrame;
import org.globalsessions.transport.frame.InventoryFrame;

/**
 * Collects the deletes that relief nodes know, for a relay that has begun a new epoch: asks the sibling for them, a part at a time, from the beginning again
 * wherever an answer fails. Until it has them all, what hosts have from before may have been deleted.
 *
 * <p>The agent's thread.
 */
final class DeleteCollection {
    /** Lowest bits of the correlation ids. */
    static final int KIND = 4;

    private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(250);

    private final SegmentFile file;
    private final Executor loop;
    private final ClientSide clientSide;
    private final Runnable wake;
    private final InFlightTable<Long> inFlight;
    private long cursor;
    private long nextNs;

    /** Whether a part has not been taken in yet; cleared on the clients' event loop. */
    private volatile boolean isDelivering;

    /** Whether the last part could not be taken in; written there too. */
    private volatile boolean hasFailed;

    /**
     * Nothing is asked yet.
     *
     * @param file       says whether there is anything to collect
     * @param loop       the clients' event loop
     * @param clientSide gets the deletes, there
     * @param wake       makes the agent go on
     */
    DeleteCollection(
            SegmentFile file, Executor loop, ClientSide clientSide, Runnable wake, long timeoutNs, long nowNs) {
        this.file = file;
        this.loop = loop;
        this.clientSide = clientSide;
        this.wake = wake;
        this.inFlight = new InFlightTable<>(1, KIND, timeoutNs);
        this.nextNs = nowNs;
    }

    int inFlight() {
        return inFlight.size();
    }

    /** Asks for the next part, where there is one and the one before is taken in. */
    int step(FrameSink sink, long nowNs) {
        if (hasFailed && !isDelivering) {
            hasFailed = false;
            beginAgain(nowNs);
        }
        if (file.areEarlierDeletesKnown()
                || isDelivering
                || inFlight.isFull()
                || nextNs - nowNs > 0
                || !sink.isReady()
                || !sink.send(new InventoryFrame(inFlight.nextId(), cursor, FrameCodec.MAX_ITEMS, true))) {
            return 0;
        }
        inFlight.add(cursor, nowNs);
        return 1;
    }

    void onAnswer(InventoriedFrame answer) {
        if (inFlight.remove(answer.correlationId()) == null) {
            return;
        }
        cursor = answer.nextCursor();
        isDelivering = true;
        loop.execute(() -> {
            // Where it fails all begins anew, as the rest of this part is not taken in.
            hasFailed = true;
            try {
                clientSide.onEarlierDeletes(answer.items(), answer.nextCursor() == 0);
                hasFailed = false;
            } finally {
                isDelivering = false;
                wake.run();
            }
        });
    }

    void onRefused(long correlationId, long nowNs) {
        if (inFlight.remove(correlationId) != null) {
            beginAgain(nowNs);
        }
    }

    int expire(long nowNs) {
        return inFlight.expire(nowNs, asked -> beginAgain(nowNs));
    }

    /** The sibling began anew. */
    void restart(long nowNs) {
        inFlight.removeAll();
        cursor = 0;
        nextNs = nowNs;
    }

    private void beginAgain(long nowNs) {
        cursor = 0;
        nextNs = nowNs + PAUSE_NS;
    }
}
