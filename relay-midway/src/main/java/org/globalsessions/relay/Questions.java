package org.globalsessions.relay;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;

/**
 * Asks the sibling what no segment here can answer. A question that was asked of a sibling that died is asked again of the next
 * one, within its time-out; after that nobody knows.
 *
 * <p>{@link #offer} is for any thread, the rest is the agent's.
 */
final class Questions {
    /** Lowest bits of the correlation ids. */
    static final int KIND = 3;

    private record Question(byte[] key, long deadlineNs, ClientSide.Asker asker) {}

    private record Answered(ClientSide.Asker asker, SessionKnownFrame.Status status, SessionEntry entry) {
        void tell() {
            asker.answered(status, entry);
        }
    }

    private final Executor loop;
    private final ManyToOneConcurrentArrayQueue<Question> queue;
    private final ArrayDeque<Question> again = new ArrayDeque<>();
    private final InFlightTable<Question> inFlight;
    private final long timeoutNs;

    /** Answers that the askers are told of together: to wake the loop costs more than an answer. */
    private List<Answered> answered = new ArrayList<>();

    Questions(Executor loop, int capacity, long timeoutNs) {
        this.loop = loop;
        this.queue = new ManyToOneConcurrentArrayQueue<>(capacity);
        this.inFlight = new InFlightTable<>(capacity, KIND, timeoutNs);
        this.timeoutNs = timeoutNs;
    }

    /** Queues a question; false where the queue is full. The key is not changed any more. */
    boolean offer(byte[] key, long nowNs, ClientSide.Asker asker) {
        return queue.offer(new Question(key, nowNs + timeoutNs, asker));
    }

    boolean hasQueued() {
        return !queue.isEmpty() || !again.isEmpty();
    }

    int inFlight() {
        return inFlight.size();
    }

    /** Asks what is queued, as far as the sink and the table take it. */
    int send(FrameSink sink, int limit, long nowNs) {
        int count = 0;
        while (count < limit && sink.isReady() && !inFlight.isFull()) {
            Question question = next();
            if (question == null) {
                break;
            }
            count++;
            if (question.deadlineNs - nowNs <= 0 || !sink.send(new NeedSessionFrame(inFlight.nextId(), question.key))) {
                tell(question, SessionKnownFrame.Status.UNAVAILABLE, null);
            } else {
                inFlight.add(question, nowNs);
            }
        }
        return count;
    }

    /** While no sibling is there: those whose time is over, or all, are told that nobody knows. */
    int drop(int limit, boolean all, long nowNs) {
        int count = 0;
        for (int i = 0; i < limit; i++) {
            Question question = next();
            if (question == null) {
                break;
            }
            if (all || question.deadlineNs - nowNs <= 0) {
                tell(question, SessionKnownFrame.Status.UNAVAILABLE, null);
                count++;
            } else {
                // Kept in order: the queue's oldest is the first whose time is over, so nothing behind it is due
                // either.
                again.addFirst(question);
                break;
            }
        }
        return count;
    }

    private Question next() {
        Question question = again.poll();
        return question != null ? question : queue.poll();
    }

    /** Takes in an answer. */
    void onAnswer(long correlationId, SessionKnownFrame.Status status, SessionEntry entry) {
        Question question = inFlight.remove(correlationId);
        if (question != null) {
            tell(question, status, entry);
        }
    }

    int expire(long nowNs) {
        return inFlight.expire(nowNs, question -> tell(question, SessionKnownFrame.Status.UNAVAILABLE, null));
    }

    /** The sibling began anew, or is away: what was asked is asked again. */
    void restart() {
        List<Question> open = inFlight.removeAll();
        for (int i = open.size() - 1; i >= 0; i--) {
            again.addFirst(open.get(i));
        }
    }

    private void tell(Question question, SessionKnownFrame.Status status, SessionEntry entry) {
        answered.add(new Answered(question.asker, status, entry));
    }

    /** Has the askers told of what was answered since the last call; to be called at the end of each turn of the agent. */
    void deliver() {
        if (answered.isEmpty()) {
            return;
        }
        List<Answered> told = answered;
        answered = new ArrayList<>();
        loop.execute(() -> tell(told));
    }

    /** All, also where telling one fails. */
    private static void tell(List<Answered> told) {
        RuntimeException failure = null;
        for (Answered next : told) {
            try {
                next.tell();
            } catch (RuntimeException e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
