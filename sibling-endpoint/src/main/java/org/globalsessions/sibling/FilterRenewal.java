package org.globalsessions.sibling;

import java.time.Duration;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.Scheduler;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FilterFrame;
import org.globalsessions.transport.frame.FilteredFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks one relief node for its filter, part by part, soon after it has connected, and again when the filter is worn or old. One that fails is asked for again after
 * a pause that doubles each time; meanwhile the one before counts on, or the node is asked as without one.
 *
 * <p>One question is open at a time. Belongs to the sibling's event loop: all methods are called there.
 */
final class FilterRenewal {
    /** From the connection until the first one is asked for. */
    static final Duration FIRST_PAUSE = Duration.ofMillis(100);

    /** How often a filter is looked at, and the first pause after a failure. */
    static final Duration CHECK_INTERVAL = Duration.ofSeconds(1);

    /** Longest pause after failures. */
    static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);

    /** A filter is made anew after so long, so that what has left the node leaves it too. */
    static final Duration OLD_AFTER = Duration.ofHours(1);

    /** After so long without an answer an attempt has failed. */
    static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final Duration BACK_PRESSURE_PAUSE = Duration.ofMillis(10);
    private static final Logger LOG = LoggerFactory.getLogger(FilterRenewal.class);

    private final SharedLru segment;
    private final Scheduler scheduler;
    private final ReliefEndPoint node;
    private final NodeFilter filter;
    private final Duration checkInterval;
    private final Duration oldAfter;
    private Duration pause;
    private boolean stopped;

    /** Of the attempt under way; answers to earlier ones are of no use. */
    private int attempt;

    private boolean waiting;
    private int bits;
    private long cursor;
    private long askedNs;
    private long madeNs;

    /**
     * Renews a node's filter from now on.
     *
     * @param segment   the relay's segment, for counters and errors
     * @param scheduler the sibling's event loop
     * @param node      the node's connection
     * @param checkInterval how often its filter is looked at, and the first pause after a failure
     * @param oldAfter  a filter is made anew after so long, so that what has left the node leaves it too
     */
    FilterRenewal(
            SharedLru segment, Scheduler scheduler, ReliefEndPoint node, Duration checkInterval, Duration oldAfter) {
        this.segment = segment;
        this.scheduler = scheduler;
        this.node = node;
        this.filter = node.filter();
        this.checkInterval = checkInterval;
        this.oldAfter = oldAfter;
        this.pause = checkInterval;
        scheduler.schedule(this::begin, FIRST_PAUSE);
    }

    /** Asks no more, as the connection has ended. */
    void stop() {
        stopped = true;
        waiting = false;
        filter.drop();
    }

    private void begin() {
        if (stopped) {
            return;
        }
        attempt++;
        bits = 0;
        cursor = 0;
        watch(attempt);
        ask();
    }

    private void ask() {
        int asking = attempt;
        if (stopped || !node.connection().isOpen()) {
            return;
        }
        long from = cursor;
        waiting = node.inquire(
                () -> stopped || asking != attempt,
                answer -> onAnswer(asking, answer),
                id -> new FilterFrame(id, from, bits, NodeFilter.HASHES));
        if (waiting) {
            askedNs = scheduler.nanoTime();
        } else {
            // Changes fill the connection, and go before.
            scheduler.schedule(this::ask, BACK_PRESSURE_PAUSE);
        }
    }

    private void watch(int watched) {
        if (stopped || watched != attempt) {
            return;
        }
        if (waiting && scheduler.nanoTime() - askedNs >= PATIENCE.toNanos()) {
            fail("it has not answered for " + PATIENCE.toSeconds() + " s");
        } else {
            scheduler.schedule(() -> watch(watched), PATIENCE.dividedBy(4));
        }
    }

    private void onAnswer(int asking, Frame answer) {
        if (stopped || asking != attempt || answer == null) {
            return;
        }
        waiting = false;
        if (answer instanceof FilteredFrame part) {
            if (bits == 0) {
                onPlaces(part);
            } else {
                onPart(part);
            }
        } else if (answer instanceof ErrorFrame error && error.code() == ErrorCode.REFUSED) {
            LOG.debug("node {} gives no filter of its keys, as it works for several siblings", node.id());
            filter.drop();
            stopped = true;
        } else if (answer instanceof ErrorFrame error && error.code() == ErrorCode.BUSY) {
            // Somebody else may store there.
            filter.drop();
            tryAgain("another process has its segment open");
        } else {
            fail("it has answered with " + answer.type());
        }
    }

    private void onPlaces(FilteredFrame answer) {
        if (answer.places() == 0) {
            fail("it has answered with a FILTERED of 0 places");
            return;
        }
        bits = bitsFor(answer.places());
        filter.begin(answer.places(), bits);
        ask();
    }

    /** In proportion to the node's places: 2 bytes for each, at most 32 MiB. */
    static int bitsFor(int places) {
        long wanted = (long) places * NodeFilter.BITS_A_PLACE;
        long words = (Math.min(wanted, FrameCodec.MAX_FILTER_BITS) + Long.SIZE - 1) / Long.SIZE;
        return (int) words * Long.SIZE;
    }

    private void onPart(FilteredFrame part) {
        if (!filter.isBeingMade()) {
            tryAgain("another process has opened its segment");
        } else if (!filter.take(part.firstWord(), part.words())) {
            fail("it has answered with a FILTERED of words out of place: firstWord=" + part.firstWord() + ", words="
                    + part.words().length);
        } else if (part.nextCursor() > cursor) {
            cursor = part.nextCursor();
            ask();
        } else if (part.nextCursor() != 0) {
            fail("it has answered with a FILTERED that does not go on: cursor=" + cursor + ", nextCursor="
                    + part.nextCursor());
        } else if (!filter.complete(part.keys())) {
            fail("it has answered with a last FILTERED before the last word");
        } else {
            made(part.keys());
        }
    }

    private void made(int keys) {
        LOG.debug("node {} has a filter of {} keys in {} bits", node.id(), keys, bits);
        attempt++;
        pause = checkInterval;
        madeNs = scheduler.nanoTime();
        scheduler.schedule(this::check, checkInterval);
    }

    private void check() {
        if (stopped) {
            return;
        }
        boolean old = scheduler.nanoTime() - madeNs >= oldAfter.toNanos();
        if (old || !filter.isThere() || filter.isWorn()) {
            begin();
        } else {
            scheduler.schedule(this::check, checkInterval);
        }
    }

    private void fail(String why) {
        segment.counters().increment(Counter.ERRORS);
        LOG.warn("the filter of node {} is not made: {}; the next attempt in {}", node.id(), why, pause);
        tryAgain(why);
    }

    private void tryAgain(String why) {
        LOG.debug("the filter of node {} is not made: {}", node.id(), why);
        filter.abandon();
        waiting = false;
        attempt++;
        scheduler.schedule(this::begin, pause);
        pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
    }
}
