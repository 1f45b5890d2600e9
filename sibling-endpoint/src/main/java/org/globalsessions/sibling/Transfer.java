package org.globalsessions.sibling;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongFunction;
import org.globalsessions.Acknowledgement;
import org.globalsessions.ValueTooLargeException;
import org.globalsessions.Version;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt.Outcome;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.Scheduler;
import org.globalsessions.transport.frame.CompareFrame;
import org.globalsessions.transport.frame.ComparedFrame;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FetchFrame;
import org.globalsessions.transport.frame.FetchedFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.InventoriedFrame;
import org.globalsessions.transport.frame.InventoryFrame;
import org.globalsessions.transport.frame.MovedFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;

/**
 * One walk over what a relief node holds: whoever should have an item and lacks it gets it.
 *
 * <p>Part by part: the source lists it, each other node that should have some of it compares, what a node lacks of tombstones it is sent, what
 * it lacks of entries is fetched and handed off to it; what the source itself should not have leaves it at the end, where that is planned. A node judges a copy as it does any change, and changes that come meanwhile go over the
 * same connections: so nothing newer is overwritten, and no delete undone. A walk that fails has copied whole items only and may be begun
 * anew, which costs a comparison of what is there by then.
 *
 * <p>At most {@value #MAX_IN_FLIGHT} frames are open and {@value #PART_ITEMS} items known at a time, of whose values those that came with one answer. The
 * pace is that of all transfers; a node that takes nothing at the moment, as changes fill its connection, is waited for.
 *
 * <p>Belongs to the sibling's event loop: all methods are called there, and it calls back there.
 */
final class Transfer {
    /** Items of one part. */
    static final int PART_ITEMS = 256;

    /**
     * Questions and copies on their way at a time: few against the changes that may be, and enough that those of one read leave with one
     * write. With 4 a copy took three times the processor time.
     */
    static final int MAX_IN_FLIGHT = 32;

    /**
     * After so long without any answer a walk fails. Far below the time for which a tombstone stays at a node: a copy that was fetched before
     * a delete must not come after the delete is forgotten.
     */
    static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final Duration WATCH_INTERVAL = Duration.ofSeconds(1);
    private static final Duration BACK_PRESSURE_PAUSE = Duration.ofMillis(10);

    /**
     * What became of a walk.
     *
     * @param failure why it has ended before the end of the inventory; null where it has not
     * @param listed  items that the source has listed
     * @param copied  items that another node has got
     * @param refused entries that a node lacks and has not taken: it is as much without them as before
     * @param stayed  entries that the source should not have any more, and still has, and tombstones that a node lacks and has not taken
     */
    record Result(String failure, long listed, long copied, long refused, long stayed) {
        /** Whether each node has what it should have of all that the source had, and the source no more than that. */
        boolean isComplete() {
            return failure == null && refused == 0 && stayed == 0;
        }
    }

    /**
     * Who should have what.
     *
     * @param owners   the connected nodes that should have a key, the source among them or not; none where nobody answers for it
     * @param moves    whether these are all that should have it, so that an entry leaves the source where it is none of them and they have it
     * @param lastTier whether what a node of this kind lets go is lost; otherwise a copy that finds no place is none to try again, and what
     *                 leaves the source takes the place of another's oldest
     */
    record Plan(Function<KeyDigest, ? extends Collection<ReliefEndPoint>> owners, boolean moves, boolean lastTier) {
        /** Copies, and leaves the source as it is. */
        static Plan copying(Function<KeyDigest, ? extends Collection<ReliefEndPoint>> owners) {
            return new Plan(owners, false, true);
        }
    }

    /** An entry of this part that the source should not have, and how many of those who should have not said yet that they do. */
    private static final class Leaving {
        private final InventoryItem item;
        private int lacking;

        Leaving(InventoryItem item, int owners) {
            this.item = item;
            this.lacking = owners;
        }
    }

    /** Something to send, and what to do with its answer. */
    private record Step(ReliefEndPoint at, LongFunction<Frame> frame, Consumer<Frame> onAnswer, Copy copy) {
        Step(ReliefEndPoint at, LongFunction<Frame> frame, Consumer<Frame> onAnswer) {
            this(at, frame, onAnswer, null);
        }
    }

    /** Of which key a step sends a copy, and when that was asked for. */
    private record Copy(KeyDigest digest, long askedNs) {}

    private final SharedLru segment;
    private final PassingEntries passing;
    private final Scheduler scheduler;
    private final RefillPace pace;
    private final ReliefEndPoint source;
    private final Plan plan;
    private final Consumer<Result> whenOver;

    /** Not sent yet. */
    private final ArrayDeque<Step> steps = new ArrayDeque<>();

    /** Keys of this part whose entries are still to be fetched, and who lacks them. */
    private final Map<KeyDigest, List<ReliefEndPoint>> lacking = new LinkedHashMap<>();

    /** What leaves the source at the end of this part, where nobody lacks it then. */
    private final Map<KeyDigest, Leaving> leaving = new LinkedHashMap<>();

    private long cursor;
    private boolean isLastPart;
    private int inFlight;
    private boolean pausing;
    private boolean over;
    private long lastAnswerNs;
    private long listed;
    private long copied;
    private long refused;
    private long stayed;

    /**
     * A walk that has not begun.
     *
     * @param segment   the relay's segment, for digests and counters
     * @param passing   knows which keys have changed a moment ago
     * @param scheduler the sibling's event loop
     * @param pace      how fast, shared with other walks
     * @param source    whose items are walked over
     * @param plan      who should have what
     * @param whenOver  told once how it has ended; may begin another one
     */
    Transfer(
            SharedLru segment,
            PassingEntries passing,
            Scheduler scheduler,
            RefillPace pace,
            ReliefEndPoint source,
            Plan plan,
            Consumer<Result> whenOver) {
        this.segment = segment;
        this.passing = passing;
        this.scheduler = scheduler;
        this.pace = pace;
        this.source = source;
        this.plan = plan;
        this.whenOver = whenOver;
    }

    /** Begins it. */
    void start() {
        lastAnswerNs = scheduler.nanoTime();
        scheduler.schedule(this::watch, WATCH_INTERVAL);
        advance();
    }

    /** Ends it, as nobody has use for it any more: that is no failure to count. */
    void cancel() {
        if (!over) {
            end("it was cancelled");
        }
    }

    private void watch() {
        if (over) {
            return;
        }
        boolean waits = inFlight > 0 || !steps.isEmpty();
        if (waits && scheduler.nanoTime() - lastAnswerNs > PATIENCE.toNanos()) {
            fail("no node has answered for " + PATIENCE.toSeconds() + " s");
            return;
        }
        scheduler.schedule(this::watch, WATCH_INTERVAL);
    }

    /** Does what can be done now. */
    private void advance() {
        while (!over && inFlight < MAX_IN_FLIGHT) {
            if (!steps.isEmpty() && isOvertaken(steps.peek())) {
                fetchAgain(steps.remove());
            } else if (!steps.isEmpty()) {
                if (!send(steps.peek())) {
                    return;
                }
                steps.remove();
            } else if (inFlight > 0 || !addSteps()) {
                return;
            }
        }
    }

    /**
     * Finds what is to be done once all before is done.
     *
     * @return false where nothing is for now
     */
    private boolean addSteps() {
        if (!lacking.isEmpty()) {
            steps.add(fetch());
            return true;
        }
        if (!leaving.isEmpty()) {
            return addMoved() || addSteps();
        }
        if (isLastPart) {
            end(null);
            return false;
        }
        long waitNs = pace.waitNs(scheduler.nanoTime());
        if (waitNs > 0) {
            pause(Duration.ofNanos(waitNs));
            return false;
        }
        // The wait for the pace was none for an answer.
        lastAnswerNs = scheduler.nanoTime();
        long from = cursor;
        steps.add(new Step(source, id -> new InventoryFrame(id, from, PART_ITEMS, false), this::onInventoried));
        return true;
    }

    private boolean send(Step step) {
        if (!step.at().connection().isOpen()) {
            fail(gone(step.at()));
            return false;
        }
        if (!step.at().inquire(this::isOver, answer -> onAnswer(step, answer), step.frame())) {
            pause(BACK_PRESSURE_PAUSE);
            return false;
        }
        inFlight++;
        return true;
    }

    /**
     * Whether its copy may be older by now than what has gone to the same node, which keeps nothing of a version that was void before it came: the copy must not
     * come after that.
     */
    private boolean isOvertaken(Step step) {
        return step.copy() != null
                && passing.isChangedSince(step.copy().digest(), step.copy().askedNs());
    }

    private void fetchAgain(Step overtaken) {
        lacking.computeIfAbsent(overtaken.copy().digest(), any -> new ArrayList<>())
                .add(overtaken.at());
    }

    private void pause(Duration length) {
        if (!pausing) {
            pausing = true;
            scheduler.schedule(
                    () -> {
                        pausing = false;
                        advance();
                    },
                    length);
        }
    }

    private void onAnswer(Step step, Frame answer) {
        if (over) {
            return;
        }
        inFlight--;
        lastAnswerNs = scheduler.nanoTime();
        if (answer == null) {
            fail(gone(step.at()));
        } else {
            step.onAnswer().accept(answer);
        }
        advance();
    }

    private void onInventoried(Frame answer) {
        if (!(answer instanceof InventoriedFrame part)) {
            failAt(source, answer);
            return;
        }
        isLastPart = part.nextCursor() == 0;
        if (!isLastPart && part.nextCursor() <= cursor) {
            fail("the inventory of " + source.id() + " does not go on");
            return;
        }
        cursor = part.nextCursor();
        listed += part.items().size();
        // Something for a part without items too, as it costs the source a look at much of its table.
        pace.took(part.items().size() + 1, scheduler.nanoTime());
        Map<ReliefEndPoint, List<InventoryItem>> shares = new LinkedHashMap<>();
        for (InventoryItem item : part.items()) {
            Collection<ReliefEndPoint> owners = plan.owners().apply(item.digest());
            if (plan.moves() && !item.tombstone() && !owners.isEmpty() && !owners.contains(source)) {
                // Also to those that have it: they may not know of its latest use.
                leaving.put(item.digest(), new Leaving(item, owners.size()));
                lacking.put(item.digest(), new ArrayList<>(owners));
                continue;
            }
            for (ReliefEndPoint owner : owners) {
                if (owner != source) {
                    shares.computeIfAbsent(owner, any -> new ArrayList<>()).add(item);
                }
            }
        }
        shares.forEach((at, items) -> steps.add(
                new Step(at, id -> new CompareFrame(id, items), compared -> onCompared(at, items, compared))));
    }

    private void onCompared(ReliefEndPoint at, List<InventoryItem> items, Frame answer) {
        if (!(answer instanceof ComparedFrame compared) || compared.count() != items.size()) {
            failAt(at, answer);
            return;
        }
        for (int i = compared.lacking().nextSetBit(0);
                i >= 0;
                i = compared.lacking().nextSetBit(i + 1)) {
            InventoryItem item = items.get(i);
            if (item.tombstone()) {
                steps.add(new Step(
                        at,
                        id -> new DeleteFrame(id, Acknowledgement.RELIEF, item.digest(), item.version()),
                        deleted -> stayed += onCopied(deleted) ? 0 : 1));
            } else {
                lacking.computeIfAbsent(item.digest(), any -> new ArrayList<>()).add(at);
            }
        }
    }

    private Step fetch() {
        List<KeyDigest> digests = List.copyOf(lacking.keySet());
        long askedNs = segment.file().nanoTime();
        return new Step(
                source, id -> new FetchFrame(id, digests), answer -> onFetched(digests.size(), askedNs, answer));
    }

    private void onFetched(int asked, long askedNs, Frame answer) {
        if (!(answer instanceof FetchedFrame fetched) || fetched.covered() < 1 || fetched.covered() > asked) {
            failAt(source, answer);
            return;
        }
        Set<KeyDigest> came = new HashSet<>();
        for (SessionEntry entry : fetched.entries()) {
            KeyDigest digest = digestOf(entry);
            came.add(digest);
            for (ReliefEndPoint at : lacking.getOrDefault(digest, List.of())) {
                steps.add(copyOf(entry, leaving.get(digest), at, new Copy(digest, askedNs)));
            }
        }
        // What did not come is gone there, or beaten by now.
        Iterator<KeyDigest> covered = lacking.keySet().iterator();
        for (int i = 0; i < fetched.covered(); i++) {
            KeyDigest digest = covered.next();
            covered.remove();
            if (!came.contains(digest)) {
                leaving.remove(digest);
            }
        }
    }

    /** The whole key says what was fetched; null for one that this tier cannot have. */
    private KeyDigest digestOf(SessionEntry entry) {
        try {
            return segment.encode(entry.key()).digest();
        } catch (ValueTooLargeException e) {
            refused++;
            return null;
        }
    }

    private Step copyOf(SessionEntry entry, Leaving moving, ReliefEndPoint at, Copy copy) {
        LongFunction<Frame> frame = id -> new SessionBackupFrame(id, entry, true);
        if (moving != null && !plan.lastTier()) {
            frame = id -> new SessionFrame(id, Acknowledgement.RELIEF, 0, 0, Version.NONE, entry);
        }
        Consumer<Frame> onAnswer = answer -> {
            boolean letGo = !plan.lastTier() && answer instanceof ErrorFrame error && error.code() == ErrorCode.BUSY;
            if (moving == null && letGo) {
                return;
            }
            boolean hasIt = onCopied(answer);
            refused += hasIt ? 0 : 1;
            // Of another version the one listed says nothing.
            if (hasIt && moving != null && entry.version().equals(moving.item.version())) {
                moving.lacking--;
            }
        };
        return new Step(at, frame, onAnswer, copy);
    }

    /** Returns whether what is there now is what was copied, or counts more. */
    private boolean onCopied(Frame answer) {
        if (!(answer instanceof SessionReceivedFrame received)) {
            return false;
        }
        if (received.receipt().outcome() == Outcome.STORED) {
            copied++;
            segment.counters().increment(Counter.TRANSFERRED);
        }
        // Otherwise something newer, or a tombstone, has come there since the comparison.
        return true;
    }

    /**
     * Tells the source what its owners have by now.
     *
     * @return false where that is nothing
     */
    private boolean addMoved() {
        List<InventoryItem> moved = new ArrayList<>();
        for (Leaving each : leaving.values()) {
            if (each.lacking == 0) {
                moved.add(each.item);
            } else {
                stayed++;
            }
        }
        leaving.clear();
        if (moved.isEmpty()) {
            return false;
        }
        steps.add(new Step(source, id -> new MovedFrame(id, moved), answer -> {
            if (!(answer instanceof SessionReceivedFrame)) {
                stayed += moved.size();
            }
        }));
        return true;
    }

    private static String gone(ReliefEndPoint endPoint) {
        return "the connection to " + endPoint.id() + " has ended";
    }

    private void failAt(ReliefEndPoint at, Frame answer) {
        String what = answer instanceof ErrorFrame error ? "ERROR " + error.code() : answer.type() + " out of place";
        fail("node " + at.id() + " has answered with " + what);
    }

    private void fail(String why) {
        if (!over) {
            segment.counters().increment(Counter.TRANSFERS_FAILED);
            end(why);
        }
    }

    private void end(String failure) {
        over = true;
        steps.clear();
        lacking.clear();
        leaving.clear();
        whenOver.accept(new Result(failure, listed, copied, refused, stayed));
    }

    /** Whether answers to this are of no use any more. */
    boolean isOver() {
        return over;
    }
}
