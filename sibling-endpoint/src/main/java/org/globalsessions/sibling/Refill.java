package org.globalsessions.sibling;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.sibling.Transfer.Result;
import org.globalsessions.transport.Scheduler;
import org.globalsessions.transport.Scheduler.Scheduled;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives the nodes of one kind what they should have after one has joined, left or come back, or stays away: walks over what each connected one
 * holds, one after the other, and so copies what another lacks. A node that is {@linkplain ReliefTier#isReturning returning} is so no more at the
 * end of such a round, in which what it should not have has left it, but for what its owners lack and have no place for.
 *
 * <p>Where all nodes that may hold anything are there from the beginning of a round to its end, an entry leaves each node that should not have it
 * once its owners have it, and at the end the earlier rings are taken from the list: nothing is held by them any more. No entry went out under
 * them meanwhile, as all went to the owners of today. What one of those let go, was deleted or has ended since is gone as it should be.
 *
 * <p>A round begins soon after the members of the kind or their connections have changed, and ends when they change again: then the next one is
 * due. One that fails is made up for after a pause that doubles each time. Where others stand in for nodes that stay away, they are given the copies
 * that those had once that has lasted for long enough.
 *
 * <p>Belongs to the sibling's event loop: all methods are called there.
 */
final class Refill {
    /** From a change until a round begins: a node that starts has others follow it. */
    static final Duration FIRST_PAUSE = Duration.ofSeconds(1);

    /** Longest pause after rounds that fail. */
    static final Duration LONGEST_PAUSE = Duration.ofMinutes(10);

    private static final Logger LOG = LoggerFactory.getLogger(Refill.class);

    private final SharedLru segment;
    private final Scheduler scheduler;
    private final RefillPace pace;
    private final ReliefTier tier;
    private final Kind kind;
    private final Duration leaveAfter;

    /** Whose turn is still to come in this round. */
    private final ArrayDeque<ReliefEndPoint> sources = new ArrayDeque<>();

    /** Who is there, and how keys are placed, as of the last change. */
    private ReliefTier.Arrangement arrangement;

    /** The nodes that are complete at the end of this round. */
    private List<ReliefEndPoint> reconciling = List.of();

    /** The walk under way, or null. */
    private Transfer walk;

    /** The beginning of the next round, or null. */
    private Scheduled next;

    /** The ring of those who stand in for others, or null where nobody does. */
    private Ring standIns;

    /** When those are to be given copies, or null. */
    private Scheduled remake;

    /** Whether they are to be given copies now. */
    private boolean remakeDue;

    /** Whether they are in this round. */
    private boolean remakes;

    private Duration pause = FIRST_PAUSE;
    private boolean closed;

    /** The rings that count no more at the end of a round that moves. */
    private List<Ring> earlier = List.of();

    /** Whether there are such, and all that may hold anything are there: so what is at its owners may leave others. */
    private boolean moves;

    private long copied;

    /** What is not where it should be alone, or not known to be deleted there. */
    private long left;

    /** Copies for which an owner had no place, of what another owner has. */
    private long lacking;

    /**
     * Follows the nodes of a tier from now on.
     *
     * @param segment   the relay's segment
     * @param scheduler the sibling's event loop
     * @param pace      of all transfers
     * @param tier      knows nodes and owners
     * @param kind      the nodes that this is about
     * @param leaveAfter how long the same nodes are away before the copies that they had are made again
     */
    Refill(SharedLru segment, Scheduler scheduler, RefillPace pace, ReliefTier tier, Kind kind, Duration leaveAfter) {
        this.segment = segment;
        this.scheduler = scheduler;
        this.pace = pace;
        this.tier = tier;
        this.kind = kind;
        this.leaveAfter = leaveAfter;
        this.arrangement = tier.arrangement(kind);
        tier.whenArranged(this::arranged);
    }

    /** Ends the round under way, and begins no other. */
    void close() {
        closed = true;
        stop();
        watch(null);
    }

    private void arranged() {
        ReliefTier.Arrangement now = tier.arrangement(kind);
        if (closed) {
            return;
        }
        if (!now.equals(arrangement)) {
            arrangement = now;
            stop();
            pause = FIRST_PAUSE;
            watch(now.effective().equals(now.whole()) ? null : now.effective());
        }
        // Also where nobody has come or gone: what one had that is forgotten now kept a round from beginning.
        if (walk == null && next == null && isDue()) {
            beginLater();
        }
    }

    private boolean isDue() {
        return remakeDue
                || arrangement.connected().stream().anyMatch(tier::isReturning)
                || !tier.earlierRings(kind).isEmpty();
    }

    /** Counts the time since these stand in, whoever is connected meanwhile. */
    private void watch(Ring standingIn) {
        if (Objects.equals(standingIn, standIns)) {
            return;
        }
        standIns = standingIn;
        remakeDue = false;
        if (remake != null) {
            remake.cancel();
        }
        remake = standingIn == null ? null : scheduler.schedule(this::remake, leaveAfter);
    }

    private void remake() {
        remake = null;
        remakeDue = true;
        if (walk == null && next == null) {
            begin();
        }
    }

    private void stop() {
        if (next != null) {
            next.cancel();
            next = null;
        }
        if (walk != null) {
            Transfer stopped = walk;
            walk = null;
            stopped.cancel();
        }
    }

    private void beginLater() {
        if (next != null) {
            next.cancel();
        }
        next = scheduler.schedule(this::begin, pause);
    }

    private void begin() {
        next = null;
        sources.clear();
        sources.addAll(arrangement.connected());
        reconciling = tier.mayReconcile(kind)
                ? sources.stream().filter(tier::isReturning).toList()
                : List.of();
        earlier = tier.earlierRings(kind);
        moves = !earlier.isEmpty() && !arrangement.whole().isEmpty() && tier.isWhole(kind);
        copied = 0;
        left = 0;
        lacking = 0;
        // Alone a node has nobody to reconcile with: where there is another one, that begins the round when it comes.
        boolean reconciles = !reconciling.isEmpty() && (sources.size() > 1 || tier.isWhole(kind));
        remakes = remakeDue && sources.size() > 1;
        if (!reconciles && !moves && !remakes) {
            return;
        }
        if (tier.list(kind)) {
            walkOn();
        } else {
            tryAgain("their ring cannot be listed");
        }
    }

    private void walkOn() {
        ReliefEndPoint source = sources.poll();
        if (source == null) {
            end();
            return;
        }
        Transfer[] begun = new Transfer[1];
        begun[0] = new Transfer(
                segment,
                tier.passing(),
                scheduler,
                pace,
                source,
                // What a returning node has and should not have may be replaced by now: it keeps nothing of that.
                new Transfer.Plan(
                        digest -> tier.ownersOf(digest, source),
                        moves || reconciling.contains(source),
                        arrangement.lastTier()),
                result -> onOver(begun[0], result));
        walk = begun[0];
        walk.start();
    }

    private void onOver(Transfer over, Result result) {
        if (over != walk) {
            return;
        }
        walk = null;
        copied += result.copied();
        left += result.stayed();
        lacking += result.refused();
        if (result.failure() != null) {
            tryAgain(result.failure());
            return;
        }
        // Not at once: a walk that ends where it begins would call this from within itself, once for each node.
        next = scheduler.schedule(
                () -> {
                    next = null;
                    walkOn();
                },
                Duration.ZERO);
    }

    private void tryAgain(String why) {
        LOG.info("{} nodes are not refilled yet: {}; the next attempt in {}", kind.word(), why, pause);
        beginLater();
        pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
    }

    private void end() {
        try {
            for (ReliefEndPoint endPoint : reconciling) {
                tier.reconciled(endPoint);
                LOG.info("{} node {} has what it should have", kind.word(), endPoint.id());
            }
        } catch (IOException e) {
            listNotWritten("that a relief node has what it should have is not written down", e);
            return;
        }
        // A copy that is lacking keeps no ring listed: who has the session is one of its owners now. Comparisons make
        // it later.
        if ((moves && left > 0) || (remakes && left + lacking > 0)) {
            tryAgain(left + lacking + " entries and tombstones found no place where they should be");
            return;
        }
        if (remakes) {
            remakeDue = false;
            LOG.info("{} nodes have copies of what those had that stay away: {} were made", kind.word(), copied);
        } else if (remakeDue) {
            beginLater();
        }
        if (moves) {
            leaveEarlierRings();
        }
    }

    private void leaveEarlierRings() {
        try {
            tier.transferred(earlier);
            LOG.info(
                    "all that {} nodes hold is where it should be, {} entries and tombstones were copied: {} earlier rings"
                            + " count no more, {} copies found no place",
                    kind.word(),
                    copied,
                    earlier.size(),
                    lacking);
        } catch (IOException e) {
            listNotWritten("rings cannot be taken from the list of members", e);
        }
    }

    private void listNotWritten(String what, IOException e) {
        segment.file().recordError(what, e);
        tryAgain("the list of members cannot be written");
    }
}
