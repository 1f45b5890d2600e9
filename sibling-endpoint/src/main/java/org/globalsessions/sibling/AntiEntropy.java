package org.globalsessions.sibling;

import java.time.Duration;
import java.util.ArrayDeque;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.Transfer.Result;
import org.globalsessions.transport.Scheduler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Mends what differs between the relief nodes that own a key: walks from time to time over what each of them holds, one after the other. A
 * copy that was lost without anybody's knowledge is there again after the next round.
 *
 * <p>A walk that fails is made up for by the next round. Belongs to the sibling's event loop: all methods are called there.
 */
final class AntiEntropy {
    private static final Logger LOG = LoggerFactory.getLogger(AntiEntropy.class);

    private final SharedLru segment;
    private final Scheduler scheduler;
    private final RefillPace pace;
    private final ReliefTier tier;
    private final Duration interval;

    /** Whose turn is still to come in this round. */
    private final ArrayDeque<ReliefEndPoint> sources = new ArrayDeque<>();

    /** The walk under way, or the last one; null before the first. */
    private Transfer walk;

    /** How keys are placed in this walk. */
    private ReliefTier.Arrangement arrangement;

    private boolean closed;
    private long listed;
    private long copied;
    private long refused;
    private int failed;

    /**
     * Nothing is walked over before {@link #start}.
     *
     * @param segment   the relay's segment
     * @param scheduler the sibling's event loop
     * @param pace      of all transfers
     * @param tier      knows nodes and owners
     * @param interval  from the end of one round to the next; longer than tombstones stay at a node, or two nodes would send each
     *                  other one that both had dropped in turn for ever
     */
    AntiEntropy(SharedLru segment, Scheduler scheduler, RefillPace pace, ReliefTier tier, Duration interval) {
        this.segment = segment;
        this.scheduler = scheduler;
        this.pace = pace;
        this.tier = tier;
        this.interval = interval;
        tier.whenArranged(this::arranged);
    }

    /** What is placed otherwise by now must not be copied any more: nobody may look for it there. */
    private void arranged() {
        if (walk != null && !tier.arrangement(arrangement.whole().kind()).equals(arrangement)) {
            walk.cancel();
        }
    }

    /** Begins the first round after the interval. */
    void start() {
        scheduler.schedule(this::beginRound, interval);
    }

    /** Ends the walk under way, and begins no other. */
    void close() {
        closed = true;
        if (walk != null) {
            walk.cancel();
        }
    }

    private void beginRound() {
        sources.addAll(tier.keepers());
        if (sources.size() < 2 || !tier.list(sources.peek().kind())) {
            // Nobody there to compare with, or nothing may be copied.
            sources.clear();
        }
        listed = 0;
        copied = 0;
        refused = 0;
        failed = 0;
        next();
    }

    private void next() {
        if (closed) {
            return;
        }
        ReliefEndPoint source = sources.poll();
        if (source == null) {
            endRound();
            return;
        }
        arrangement = tier.arrangement(source.kind());
        walk = new Transfer(
                segment,
                tier.passing(),
                scheduler,
                pace,
                source,
                Transfer.Plan.copying(digest -> tier.ownersOf(digest, source)),
                this::onOver);
        walk.start();
    }

    private void onOver(Result result) {
        listed += result.listed();
        copied += result.copied();
        refused += result.refused();
        if (result.failure() != null) {
            failed++;
            LOG.debug("a comparison of relief nodes ends early: {}", result.failure());
        }
        // Not at once: a walk that ends where it begins would call this from within itself, once for each node.
        scheduler.execute(this::next);
    }

    private void endRound() {
        if (copied + refused + failed > 0) {
            LOG.info(
                    "relief nodes compared: {} entries and tombstones listed, {} copied, {} refused; {} walks failed and"
                            + " are made up for in {}",
                    listed,
                    copied,
                    refused,
                    failed,
                    interval);
        }
        start();
    }
}
