package org.globalsessions.relay;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.transport.Scheduler;

/**
 * Lets questions through to the tiers behind a path, to each connection its share, so that who floods with keys that nobody has costs the
 * others no more than one who floods with keys that the relay has.
 *
 * <p>At most {@link #OPEN} questions of a path are on their way, of these at most {@link #OWN_OPEN} of one connection, and of a connection's
 * questions that nothing is found for at most {@link #UNKNOWN_BURST} at once and {@link #UNKNOWN_A_SECOND} a second. Others wait, in the
 * order of their connection, and connections take turns. What has waited for {@link #LONGEST_WAIT} is given up, and what finds no room to
 * wait is refused; nobody is told that a session is missing for want of a share.
 *
 * <p>The rate is that of the generic cell rate algorithm (ITU-T I.371, annex A): one number a connection, the time at which all that it
 * was let through is paid for. On the relay's event loop alone.
 */
final class QuestionShares {
    /** Most questions of a path on their way. */
    static final int OPEN = 1024;

    /** Most questions of a connection on their way: a quarter of what a host has open. */
    static final int OWN_OPEN = 256;

    /** Most questions of a connection that wait: what a host has open of questions, and of changes that have to ask first. */
    static final int OWN_WAITING = 2048;

    /** Most of a connection that wait for one question that was brought before: so it leaves room for others who ask for the same key. */
    static final int OWN_JOINED = 64;

    /** Most bytes that wait, of a connection and of a path: as many as a host may have open of changes, and of four such hosts. */
    static final int OWN_BYTES = 8 << 20;

    static final int BYTES = 32 << 20;

    /** Questions of a connection a second that nothing is found for. */
    static final int UNKNOWN_A_SECOND = 4096;

    /** As many of them may come at once. */
    static final int UNKNOWN_BURST = 1024;

    /** With the answer's own time, as long as a host waits. */
    static final Duration LONGEST_WAIT = Duration.ofMillis(500);

    private static final Duration PAUSE = Duration.ofMillis(10);
    private static final long COST_NS = TimeUnit.SECONDS.toNanos(1) / UNKNOWN_A_SECOND;
    private static final long BURST_NS = COST_NS * UNKNOWN_BURST;

    /** A question, which several may wait for. */
    abstract static class Asked {
        private Share payer;
        private boolean over;

        /** In how many queues it is. */
        private int queued;

        /** Those who wait for it besides the one who brought it. */
        private final List<Joined> joined = new ArrayList<>(0);

        /** It has its share: it is asked now. Never called twice. */
        abstract void ask();

        /** It has waited for too long, or those who brought it are gone. */
        abstract void giveUp();

        /** Bytes that it holds. */
        abstract int bytes();
    }

    /** What became of a wish to ask. */
    enum Entered {
        ASKED,
        WAITS,
        REFUSED
    }

    private record Joined(Share share, int bytes) {}

    private record Queued(Asked question, long deadlineNs) {}

    private static final class Share {
        final ArrayDeque<Queued> queue = new ArrayDeque<>();
        int open;
        int bytes;
        long paidNs;
        boolean inTurn;

        boolean mayAsk(long nowNs) {
            return open < OWN_OPEN && paidNs + COST_NS - nowNs <= BURST_NS;
        }
    }

    private final Counters counters;
    private final Scheduler loop;
    private final Map<ClientEndPoint, Share> shares = new HashMap<>();
    private final Set<Share> waiting = new LinkedHashSet<>();

    /** Those who wait for nothing but one of {@link #OPEN}. */
    private final ArrayDeque<Share> turn = new ArrayDeque<>();

    private int open;
    private long bytes;
    private boolean looking;
    private boolean granting;

    QuestionShares(Counters counters, Scheduler loop) {
        this.counters = counters;
        this.loop = loop;
    }

    /** A connection wants a question asked that was not asked yet: it is now, or it waits for that. */
    Entered enter(ClientEndPoint endPoint, Asked question) {
        long nowNs = loop.nanoTime();
        Share share = shareOf(endPoint, nowNs);
        if (share.queue.isEmpty() && turn.isEmpty() && open < OPEN && share.mayAsk(nowNs)) {
            let(share, question, nowNs);
            return Entered.ASKED;
        }
        int length = question.bytes();
        if (share.queue.size() >= OWN_WAITING || share.bytes + length > OWN_BYTES || bytes + length > BYTES) {
            return Entered.REFUSED;
        }
        counters.increment(Counter.QUESTIONS_WAITED);
        share.queue.add(new Queued(question, nowNs + LONGEST_WAIT.toNanos()));
        share.bytes += length;
        bytes += length;
        question.queued++;
        waiting.add(share);
        takeTurn(share, nowNs);
        lookLater();
        return Entered.WAITS;
    }

    /**
     * A connection wants to wait for a question that was brought already. That asks nothing further, but what it holds counts as what waits.
     *
     * @param bytes that it holds
     * @return false where it has too much that waits
     */
    boolean join(ClientEndPoint endPoint, Asked question, int bytes) {
        Share share = shareOf(endPoint, loop.nanoTime());
        long own = question.joined.stream().filter(each -> each.share == share).count();
        if (own >= OWN_JOINED || share.bytes + bytes > OWN_BYTES || this.bytes + bytes > BYTES) {
            return false;
        }
        question.joined.add(new Joined(share, bytes));
        share.bytes += bytes;
        this.bytes += bytes;
        return true;
    }

    private Share shareOf(ClientEndPoint endPoint, long nowNs) {
        return shares.computeIfAbsent(endPoint, unused -> newShare(nowNs));
    }

    private static Share newShare(long nowNs) {
        Share share = new Share();
        share.paidNs = nowNs;
        return share;
    }

    private void let(Share share, Asked question, long nowNs) {
        open++;
        share.open++;
        // Given back where something is found.
        share.paidNs = Math.max(share.paidNs - nowNs, 0) + nowNs + COST_NS;
        question.payer = share;
        question.ask();
    }

    /**
     * A question that was asked is answered.
     *
     * @param question the question
     * @param found    whether with an entry
     */
    void over(Asked question, boolean found) {
        question.over = true;
        for (Joined each : question.joined) {
            each.share.bytes -= each.bytes;
            bytes -= each.bytes;
        }
        question.joined.clear();
        Share share = question.payer;
        if (share == null) {
            return;
        }
        open--;
        share.open--;
        long nowNs = loop.nanoTime();
        if (found) {
            share.paidNs -= COST_NS;
        }
        takeTurn(share, nowNs);
        grant(nowNs);
    }

    private void takeTurn(Share share, long nowNs) {
        if (!share.inTurn && !share.queue.isEmpty() && share.mayAsk(nowNs)) {
            share.inTurn = true;
            turn.add(share);
        }
    }

    private void grant(long nowNs) {
        if (granting) {
            return;
        }
        granting = true;
        try {
            while (open < OPEN && !turn.isEmpty()) {
                Share share = turn.remove();
                share.inTurn = false;
                Asked question = nextOf(share);
                if (question != null) {
                    let(share, question, nowNs);
                    takeTurn(share, nowNs);
                }
            }
        } finally {
            granting = false;
        }
    }

    /** The oldest that nobody else has had asked meanwhile. */
    private Asked nextOf(Share share) {
        while (!share.queue.isEmpty()) {
            Asked question = take(share);
            if (question.payer == null && !question.over) {
                return question;
            }
        }
        return null;
    }

    private Asked take(Share share) {
        Asked question = share.queue.remove().question;
        share.bytes -= question.bytes();
        bytes -= question.bytes();
        question.queued--;
        if (share.queue.isEmpty()) {
            waiting.remove(share);
        }
        return question;
    }

    private void lookLater() {
        if (!looking && !waiting.isEmpty()) {
            looking = true;
            loop.schedule(
                    () -> {
                        looking = false;
                        look(loop.nanoTime());
                        lookLater();
                    },
                    PAUSE);
        }
    }

    private void look(long nowNs) {
        for (Share share : new ArrayList<>(waiting)) {
            while (!share.queue.isEmpty() && share.queue.element().deadlineNs - nowNs <= 0) {
                drop(share);
            }
            takeTurn(share, nowNs);
        }
        grant(nowNs);
    }

    private void drop(Share share) {
        Asked question = take(share);
        if (question.queued == 0 && question.payer == null && !question.over) {
            question.over = true;
            question.giveUp();
        }
    }

    /** A connection is gone: what it alone has waited for is asked no more. */
    void onClose(ClientEndPoint endPoint) {
        Share share = shares.remove(endPoint);
        while (share != null && !share.queue.isEmpty()) {
            drop(share);
        }
    }
}
