package org.globalsessions.sibling;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.agrona.concurrent.OneToOneConcurrentArrayQueue;
import org.globalsessions.transport.frame.Frame;

/**
 * What passes between the agent, which owns the Aeron streams, and the event loop, which owns the relief nodes.
 *
 * <p>The agent lets in at most {@link #CAPACITY} frames that are not answered yet, and each is answered once. So neither queue
 * can overflow, and when the relief nodes are slow the agent stops reading, which the relay feels as back pressure.
 */
final class IpcExchange {
    /** Frames of the relay in flight, at most. */
    static final int CAPACITY = 4096;

    /**
     * A frame and the connection to the relay that it belongs to.
     *
     * @param ipcSession running number of that connection within this process: answers to an earlier one are dropped
     * @param frame      the frame
     */
    record Message(int ipcSession, Frame frame) {}

    private final OneToOneConcurrentArrayQueue<Message> fromRelay = new OneToOneConcurrentArrayQueue<>(CAPACITY);
    private final OneToOneConcurrentArrayQueue<Message> toRelay = new OneToOneConcurrentArrayQueue<>(CAPACITY);

    /** True from the agent's hint until the loop has begun to drain, so that one hint stands for many frames. */
    private final AtomicBoolean drainAsked = new AtomicBoolean();

    private final Runnable askForDrain;

    /** Frames let in and not yet answered; the agent's alone. */
    private int inFlight;

    /**
     * The exchange.
     *
     * @param askForDrain makes the event loop call {@link #drain} soon; called on the agent's thread
     */
    IpcExchange(Runnable askForDrain) {
        this.askForDrain = askForDrain;
    }

    /** Agent: how many frames may still be let in. */
    int room() {
        return CAPACITY - inFlight;
    }

    /** Agent: lets a frame in. Never without {@link #room}. */
    void letIn(Message message) {
        if (!fromRelay.offer(message)) {
            throw new IllegalStateException("more in flight than allowed: count=" + inFlight + ", limit=" + CAPACITY);
        }
        inFlight++;
    }

    /** Agent: tells the event loop about what was let in. */
    void letInDone() {
        if (!fromRelay.isEmpty() && drainAsked.compareAndSet(false, true)) {
            askForDrain.run();
        }
    }

    /** Agent: the next answer, which stays, or null. */
    Message peekAnswer() {
        return toRelay.peek();
    }

    /** Agent: the answer last peeked at has left, or is dropped. */
    void answerTaken() {
        toRelay.poll();
        inFlight--;
    }

    /** Event loop: takes what was let in. */
    int drain(Consumer<Message> consumer) {
        // Cleared before the drain: a frame let in after the last poll sees false and asks again.
        drainAsked.set(false);
        return fromRelay.drain(consumer, CAPACITY);
    }

    /** Event loop: answers a frame; at most one answer for each. */
    void answer(Message message) {
        if (!toRelay.offer(message)) {
            throw new IllegalStateException("more answers than questions: limit=" + CAPACITY);
        }
    }
}
