package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.WAYS;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Consumer;
import org.globalsessions.status.Counter;

/**
 * Evicts entries that are due: unused for longer than the settings say, oldest first, never one that a mark holds for the next
 * tier, and never a fresher one, whatever a timetable says.
 *
 * <p>Runs belong to the host's sweeper, so that one process carries them out, a slice at a time: it looks through the table, keeps
 * the oldest that are due, then takes them. The moments of a timetable are computed from segment time alone, so a run that
 * one process has carried out is not repeated by its successor; moments that pass during a run are one. Immediate evictions are any
 * thread's.
 */
final class Evictor {
    /** Most entries of one run or call, as many are remembered meanwhile. */
    static final int MAX_A_RUN = 65_536;

    private static final int BUCKETS_A_SLICE = 4096;
    private static final int EVICTIONS_A_SLICE = 1024;

    /** An entry that may go, as it was seen. */
    record Candidate(int way, long state, int idleTicks) {}

    private final Segment segment;
    private final EncodedKey slice;
    private final EvictionSettings settings;
    private final int agedOutTicks;
    private final long[] moments;
    private final EntrySnapshot entry = new EntrySnapshot();
    private long lastSliceTick = Long.MIN_VALUE;
    private long evictionsSeen;
    private int nextBucket = -1;
    private Oldest found;
    private Deque<Candidate> taking = new ArrayDeque<>();

    /** Told of each entry that a run takes; null for nobody. */
    private volatile DepartureListener listener;

    Evictor(Segment segment, EncodedKey slice, EvictionSettings settings) {
        this.segment = segment;
        this.slice = slice;
        this.settings = settings;
        this.agedOutTicks = Ticks.ticks(settings.agedOut());
        this.moments = new long[settings.timetables().size()];
    }

    /** Whether anything is ever due; only then the last use of each entry matters. */
    boolean isActive() {
        return agedOutTicks > 0;
    }

    void listener(DepartureListener value) {
        listener = value;
    }

    /** A bounded piece of what the timetables want, as the holder of the sweeper's lease. */
    synchronized void slice() {
        if (!isActive()) {
            return;
        }
        int wanted = wanted();
        if (nextBucket < 0 && taking.isEmpty() && wanted > 0) {
            found = new Oldest(wanted);
            nextBucket = 0;
        }
        if (nextBucket >= 0) {
            look();
        }
        if (!taking.isEmpty()) {
            take();
        }
    }

    /** How many entries a run that is to begin now may take; 0 for no run. */
    private int wanted() {
        long tick = segment.file().tick();
        // Whoever did not sweep for longer than a lease lasts has been another's follower: what is past was that one's.
        boolean isNew = tick - lastSliceTick > Leases.DURATION_TICKS || lastSliceTick == Long.MIN_VALUE;
        lastSliceTick = tick;
        int wanted = 0;
        for (int i = 0; i < moments.length; i++) {
            EvictionSettings.Timetable timetable = settings.timetables().get(i);
            long moment = timetable.moment(tick);
            if (!isNew && moment > moments[i]) {
                wanted = Math.max(wanted, timetable.maxEvictions());
            }
            moments[i] = moment;
        }
        if (settings.immediate()) {
            long evictions = segment.file().counters().get(Counter.EVICTIONS);
            if (!isNew && evictions > evictionsSeen) {
                wanted = Math.max(wanted, settings.maxEvictions());
            }
            evictionsSeen = evictions;
        }
        return Math.min(wanted, MAX_A_RUN);
    }

    private void look() {
        int end = Math.min(segment.buckets().bucketCount(), nextBucket + BUCKETS_A_SLICE);
        for (int bucket = nextBucket; bucket < end; bucket++) {
            look(bucket, found, agedOutTicks);
        }
        nextBucket = end;
        if (end == segment.buckets().bucketCount()) {
            nextBucket = -1;
            taking = new ArrayDeque<>(found.oldestFirst());
            found = null;
        }
    }

    private void take() {
        slice.writing = true;
        try {
            for (int i = 0; i < EVICTIONS_A_SLICE && !taking.isEmpty() && !segment.isClosed(); i++) {
                if (evict(taking.poll(), agedOutTicks, Counter.EVICTED_AGED_OUT, entry)) {
                    tell(entry);
                }
            }
        } finally {
            slice.writing = false;
        }
        if (settings.immediate()) {
            // Its own evictions are no reason for the next run.
            evictionsSeen = segment.file().counters().get(Counter.EVICTIONS);
        }
    }

    /** Tells whoever wants to know of an entry that a run has taken. */
    void tell(EntrySnapshot gone) {
        DepartureListener told = listener;
        if (told != null) {
            told.onEvicted(gone);
        }
    }

    /** Tells whoever wants to know of an entry that has gone because there were more than a limit allows. */
    void tellOverLimit(EntrySnapshot gone) {
        DepartureListener told = listener;
        if (told != null) {
            told.onOverLimit(gone);
        }
    }

    /** Evicts the oldest due entries of the whole table, at once, and hands each on. */
    int evict(EncodedKey thread, int count, Consumer<EntrySnapshot> into) {
        Oldest oldest = new Oldest(Math.min(count, MAX_A_RUN));
        for (int bucket = 0;
                isActive() && count > 0 && bucket < segment.buckets().bucketCount();
                bucket++) {
            look(bucket, oldest, agedOutTicks);
        }
        return evict(thread, oldest, into);
    }

    /** Evicts the oldest due entries of a key's two buckets. */
    int evictNear(EncodedKey key, int count, Consumer<EntrySnapshot> into) {
        Oldest oldest = new Oldest(Math.min(count, 2 * WAYS));
        if (isActive() && count > 0) {
            int first = segment.buckets().firstBucket(key.low);
            look(first, oldest, agedOutTicks);
            look(segment.buckets().secondBucket(key.low), oldest, agedOutTicks);
        }
        return evict(key, oldest, into);
    }

    private int evict(EncodedKey thread, Oldest oldest, Consumer<EntrySnapshot> into) {
        int evicted = 0;
        EntrySnapshot copy = new EntrySnapshot();
        for (Candidate candidate : oldest.oldestFirst()) {
            boolean gone;
            thread.writing = true;
            try {
                segment.ensureOpen();
                gone = evict(candidate, agedOutTicks, Counter.EVICTED_AGED_OUT, copy);
            } finally {
                thread.writing = false;
            }
            if (gone) {
                evicted++;
                if (!segment.departures().livesOn(thread.other(), copy)) {
                    // Not as a write: what the application does with it may take its time, or throw.
                    into.accept(copy);
                }
            }
        }
        return evicted;
    }

    /** Offers what a bucket has that is live, held by no mark and unused for longer than so many ticks; returns how many. */
    int look(int bucket, Oldest oldest, int idleAbove) {
        int tick = segment.tick();
        int offered = 0;
        for (int lane = 0; lane < WAYS; lane++) {
            if (segment.buckets().tagAt(bucket, lane) != 0) {
                int way = bucket * WAYS + lane;
                long state = segment.records().stateAcquire(way);
                int idle = tick - segment.records().lastAccess(way);
                if (mayGo(way, state, tick, idleAbove) && segment.records().stillShows(way, state)) {
                    oldest.offer(new Candidate(way, state, idle));
                    offered++;
                }
            }
        }
        return offered;
    }

    /** Whether a live entry was unused for too long, and no mark holds it. */
    private boolean mayGo(int way, long state, int tick, int idleAbove) {
        return RecordDescriptor.kind(state) == RecordDescriptor.VISIBLE
                && (RecordDescriptor.marks(state) & segment.victims().holdMask()) == 0
                && tick - segment.records().lastAccess(way) > idleAbove
                && !segment.records().isExpired(way, tick);
    }

    /** Takes a candidate, if it is still the same entry and may still go; its copy is whole then. */
    boolean evict(Candidate candidate, int idleAbove, Counter why, EntrySnapshot into) {
        RecordView records = segment.records();
        int way = candidate.way;
        long state = records.stateAcquire(way);
        boolean same = RecordDescriptor.generation(state) == RecordDescriptor.generation(candidate.state);
        if (!same || !mayGo(way, state, segment.tick(), idleAbove)) {
            return false;
        }
        boolean taken = records.copyEntry(way, state, segment.tick(), into)
                && records.stillShows(way, state)
                && segment.writer().depart(way, state);
        if (taken) {
            segment.count(Counter.EVICTIONS);
            segment.count(why);
        }
        return taken;
    }

    /** The oldest of what was offered, so many as a run may take. */
    static final class Oldest {
        private final int limit;
        private final PriorityQueue<Candidate> youngestFirst =
                new PriorityQueue<>(Comparator.comparingInt(Candidate::idleTicks));

        Oldest(int limit) {
            this.limit = limit;
        }

        void offer(Candidate candidate) {
            if (youngestFirst.size() < limit) {
                youngestFirst.add(candidate);
            } else if (limit > 0 && youngestFirst.peek().idleTicks < candidate.idleTicks) {
                youngestFirst.poll();
                youngestFirst.add(candidate);
            }
        }

        List<Candidate> oldestFirst() {
            Candidate[] all = youngestFirst.toArray(new Candidate[0]);
            Arrays.sort(all, Comparator.comparingInt(Candidate::idleTicks).reversed());
            return List.of(all);
        }
    }
}
