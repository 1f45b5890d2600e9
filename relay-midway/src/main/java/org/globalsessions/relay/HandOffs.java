package org.globalsessions.relay;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.agrona.collections.Int2IntCounterMap;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;
import org.globalsessions.Version;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.frame.SessionBackupFrame;

/**
 * Hands old entries off before their places are needed: every bucket shall have {@link #TAKEABLE} of its 16 ways takeable, an
 * eighth of the segment. Also hands off what lies in the spill file.
 *
 * <p>{@link #offer} is for any thread, the rest is the agent's.
 */
final class HandOffs {
    /** Lowest bits of the correlation ids. */
    static final int KIND = 2;

    /** Ways of a bucket that a new entry may take at once. */
    static final int TAKEABLE = 2;

    private static final int QUEUE_CAPACITY = 4096;
    private static final int REPLAY_BATCH = 16;
    private static final int MAX_COOLING = 4096;
    private static final long COOLING_NS = TimeUnit.MILLISECONDS.toNanos(300);
    private static final int NONE = -1;

    /** What is under way; bucket and way are {@link #NONE} for an entry of the spill file. */
    private record HandOff(int bucket, int way, long stateWord, Version version, KeyDigest spilled, byte[] key) {}

    private final SharedLru lru;
    private final SpillFile spill;
    private final Marks marks;
    private final Counters counters;
    private final Executor loop;
    private final ClientSide clientSide;
    private final AtomicIntegerArray queued;
    private final ManyToOneConcurrentArrayQueue<Integer> queue = new ManyToOneConcurrentArrayQueue<>(QUEUE_CAPACITY);
    private final AtomicBoolean progressQueued = new AtomicBoolean();
    private final InFlightTable<HandOff> inFlight;
    private final Int2IntCounterMap countByBucket = new Int2IntCounterMap(0);
    private final Map<Integer, Version> versionByWay = new HashMap<>();
    private final Set<KeyDigest> replaysInFlight = new HashSet<>();
    private final Map<Integer, Long> coolingUntilNs = new HashMap<>();
    private final EntrySnapshot candidate = new EntrySnapshot();
    private final Runnable progress;
    private int current = NONE;
    private long nextReplayNs;
    private SessionEntry oldest;
    private int oldestWay;
    private long oldestWord;

    HandOffs(
            SharedLru lru,
            SpillFile spill,
            Executor loop,
            ClientSide clientSide,
            int capacity,
            long timeoutNs,
            long nowNs) {
        this.lru = lru;
        this.spill = spill;
        this.marks = new Marks(lru);
        this.counters = lru.counters();
        this.loop = loop;
        this.clientSide = clientSide;
        this.inFlight = new InFlightTable<>(capacity, KIND, timeoutNs);
        this.queued = new AtomicIntegerArray(lru.bucketCount());
        this.progress = () -> {
            progressQueued.set(false);
            clientSide.onHandOffProgress();
        };
        this.nextReplayNs = nowNs;
    }

    /** Queues a bucket that has too few takeable ways; false where the queue is full. One that is queued is so once. */
    boolean offer(int bucket) {
        if (!queued.compareAndSet(bucket, 0, 1)) {
            return true;
        }
        if (queue.offer(bucket)) {
            return true;
        }
        queued.set(bucket, 0);
        return false;
    }

    boolean hasQueued() {
        return current != NONE || !queue.isEmpty();
    }

    int inFlight() {
        return inFlight.size();
    }

    boolean isFull() {
        return inFlight.isFull();
    }

    /** Hands off from the buckets queued, then from the spill file, as far as the sink and the table take it. */
    int send(FrameSink sink, int limit, long nowNs) {
        int count = 0;
        while (count < limit && sink.isReady() && !inFlight.isFull()) {
            if (current == NONE) {
                Integer next = queue.poll();
                if (next == null) {
                    break;
                }
                queued.set(next, 0);
                current = next;
            }
            count++;
            if (makeRoom(sink, current, nowNs)) {
                current = NONE;
            }
        }
        return count + replay(sink, nowNs);
    }

    /** While no sibling is there: the marks stay, the sweep comes back to them. */
    int drop(int limit) {
        int count = 0;
        // A bucket taken out of the queue is unmarked at once, also one that is let go: it could never be queued again.
        current = NONE;
        while (count < limit) {
            Integer next = queue.poll();
            if (next == null) {
                break;
            }
            queued.set(next, 0);
            count++;
        }
        return count;
    }

    /** Hands off the oldest entries of a bucket; false where sink or table were full before enough were under way. */
    boolean makeRoom(FrameSink sink, int bucket, long nowNs) {
        int wanted = TAKEABLE - lru.takeable(bucket) - countByBucket.get(bucket);
        for (int i = 0; i < wanted; i++) {
            if (!sink.isReady() || inFlight.isFull()) {
                return false;
            }
            if (!pick(bucket, nowNs)) {
                return true;
            }
            if (!sink.send(new SessionBackupFrame(inFlight.nextId(), oldest))) {
                return true;
            }
            inFlight.add(new HandOff(bucket, oldestWay, oldestWord, oldest.version(), null, oldest.key()), nowNs);
            countByBucket.incrementAndGet(bucket);
            versionByWay.put(oldestWay, oldest.version());
        }
        return true;
    }

    private boolean pick(int bucket, long nowNs) {
        oldest = null;
        if (lru.oldestHeld(bucket, candidate) && isFree(candidate, nowNs)) {
            take(candidate, candidate.toEntry());
            return true;
        }
        // The oldest one is under way, was just refused or has expired: the least recently used of the others.
        lru.scan(bucket, 1, RecordDescriptor.NOT_HANDED_OFF, entry -> {
            if (isFree(entry, nowNs)) {
                SessionEntry other = entry.toEntry();
                if (oldest == null || other.idleTicks() > oldest.idleTicks()) {
                    take(entry, other);
                }
            }
            return true;
        });
        return oldest != null;
    }

    private boolean isFree(EntrySnapshot entry, long nowNs) {
        Long until = coolingUntilNs.get(entry.way());
        if (until != null) {
            if (until - nowNs > 0) {
                return false;
            }
            coolingUntilNs.remove(entry.way());
        }
        return !entry.version().equals(versionByWay.get(entry.way()));
    }

    private void take(EntrySnapshot snapshot, SessionEntry entry) {
        oldest = entry;
        oldestWay = snapshot.way();
        oldestWord = snapshot.stateWord();
    }

    private int replay(FrameSink sink, long nowNs) {
        if (spill == null || nextReplayNs - nowNs > 0 || spill.size() == replaysInFlight.size()) {
            return 0;
        }
        int count = 0;
        List<SpillFile.Spilled> batch = spill.oldest(REPLAY_BATCH, lru.file().tick(), replaysInFlight::contains);
        for (SpillFile.Spilled next : batch) {
            if (!sink.isReady() || inFlight.isFull()) {
                break;
            }
            SessionEntry entry = next.entry();
            if (!sink.send(new SessionBackupFrame(inFlight.nextId(), entry))) {
                break;
            }
            inFlight.add(new HandOff(NONE, NONE, 0, entry.version(), next.digest(), entry.key()), nowNs);
            replaysInFlight.add(next.digest());
            count++;
        }
        return count;
    }

    /** Takes in an acknowledgement. */
    void onReceipt(long correlationId, Receipt receipt) {
        HandOff done = inFlight.remove(correlationId);
        if (done == null) {
            return;
        }
        forget(done);
        boolean beaten = receipt.outcome() == Receipt.Outcome.BEATEN_BY_TOMBSTONE;
        if (beaten) {
            // The tombstone takes it away, and its mark with it: who is killed before that must hand it off once more.
            KeyDigest digest = lru.encode(done.key).digest();
            loop.execute(() -> clientSide.onBeaten(digest, receipt.version()));
        } else if (done.spilled != null) {
            if (spill.removeUpTo(done.spilled, done.version)) {
                counters.increment(Counter.UNSPILLED);
            }
        } else {
            marks.clear(done.way, done.stateWord, done.version, RecordDescriptor.NOT_HANDED_OFF);
        }
        counters.increment(Counter.HANDED_OFF);
        if (!beaten && receipt.supersedes(done.version)) {
            loop.execute(() -> clientSide.onSuperseded(done.key, receipt.version()));
        }
        if (progressQueued.compareAndSet(false, true)) {
            loop.execute(progress);
        }
    }

    /** The sibling refused or could not: tried again after a pause, others of the bucket meanwhile. */
    void onRefused(long correlationId, long nowNs) {
        HandOff refused = inFlight.remove(correlationId);
        if (refused != null) {
            fail(refused, nowNs);
        }
    }

    int expire(long nowNs) {
        return inFlight.expire(nowNs, expired -> fail(expired, nowNs));
    }

    private void fail(HandOff failed, long nowNs) {
        forget(failed);
        if (failed.spilled != null) {
            nextReplayNs = nowNs + COOLING_NS;
            return;
        }
        if (coolingUntilNs.size() >= MAX_COOLING) {
            coolingUntilNs.clear();
        }
        coolingUntilNs.put(failed.way, nowNs + COOLING_NS);
        if (!offer(failed.bucket)) {
            current = current == NONE ? failed.bucket : current;
        }
    }

    /** The sibling began anew: what was under way counts as failed; marks and spill file still name it. */
    void restart(long nowNs) {
        inFlight.removeAll();
        countByBucket.clear();
        versionByWay.clear();
        replaysInFlight.clear();
        coolingUntilNs.clear();
        nextReplayNs = nowNs;
    }

    private void forget(HandOff handOff) {
        if (handOff.spilled != null) {
            replaysInFlight.remove(handOff.spilled);
        } else {
            countByBucket.decrementAndGet(handOff.bucket);
            versionByWay.remove(handOff.way, handOff.version);
        }
    }
}
