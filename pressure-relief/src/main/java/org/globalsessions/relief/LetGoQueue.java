package org.globalsessions.relief;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.globalsessions.tier.KeyDigest;

/**
 * Entries that a node has let go and of which nobody has said yet who keeps them: in the order in which they went, those first that were never asked
 * about. Of a key only the newest is here. Bounded in entries and bytes: what no longer fits pushes the oldest out.
 *
 * <p>One thread at a time.
 */
final class LetGoQueue {
    /** Pauses before an entry is asked about again; the last one for all further times. */
    static final long[] PAUSES_NS = {1_000_000_000L, 5_000_000_000L};

    private final int capacity;
    private final long maxBytes;
    private final Consumer<LetGo> whenPushedOut;

    /** All that is not settled, the oldest first. */
    private final Map<KeyDigest, LetGo> waiting = new LinkedHashMap<>();

    private final ArrayDeque<LetGo> fresh = new ArrayDeque<>();

    /** For each pause what waits for its end, in the order of these ends. */
    private final List<ArrayDeque<LetGo>> again = new ArrayList<>();

    private long bytes;

    /** Of what was settled since the lists were last gone through; what of it has left them by its turn is counted too. */
    private int settled;

    private long settledBytes;

    /**
     * An empty queue.
     *
     * @param capacity      most entries
     * @param maxBytes      most bytes of entries that may have to be handed back
     * @param whenPushedOut told of each that was pushed out
     */
    LetGoQueue(int capacity, long maxBytes, Consumer<LetGo> whenPushedOut) {
        this.capacity = capacity;
        this.maxBytes = maxBytes;
        this.whenPushedOut = whenPushedOut;
        for (int i = 0; i < PAUSES_NS.length; i++) {
            again.add(new ArrayDeque<>());
        }
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    int size() {
        return waiting.size();
    }

    /** Adds what has just gone, in the place of what went of the same key before. */
    void add(LetGo gone) {
        LetGo before = waiting.get(gone.item().digest());
        if (before != null) {
            settle(before);
        }
        waiting.put(gone.item().digest(), gone);
        bytes += gone.bytes();
        fresh.add(gone);
        while (waiting.size() > capacity || bytes > maxBytes) {
            LetGo oldest = waiting.values().iterator().next();
            settle(oldest);
            whenPushedOut.accept(oldest);
        }
        // What is settled leaves the lists when its turn comes, which may be long after: where a node answers nothing,
        // never.
        if (settled > capacity || settledBytes > maxBytes) {
            fresh.removeIf(LetGo::isSettled);
            again.forEach(list -> list.removeIf(LetGo::isSettled));
            settled = 0;
            settledBytes = 0;
        }
    }

    /** Bytes of all that is held, settled or not. */
    long bytesHeld() {
        return Stream.concat(Stream.of(fresh), again.stream())
                .flatMap(ArrayDeque::stream)
                .mapToLong(LetGo::bytes)
                .sum();
    }

    /** What of a key waits here, or null. */
    LetGo find(KeyDigest digest) {
        return waiting.get(digest);
    }

    /** It is known what became of it. */
    void settle(LetGo gone) {
        if (!gone.isSettled()) {
            gone.settle();
            bytes -= gone.bytes();
            settledBytes += gone.bytes();
            settled++;
            waiting.remove(gone.item().digest());
        }
    }

    /** Nobody knew: it is to be asked about again after a pause. */
    void again(LetGo gone, long nowNs) {
        if (!gone.isSettled()) {
            int pause = Math.min(gone.tries(), PAUSES_NS.length - 1);
            gone.again(nowNs + PAUSES_NS[pause]);
            again.get(pause).add(gone);
        }
    }

    /** Its question has no answer: it is to be asked about at once. */
    void unanswered(LetGo gone) {
        if (!gone.isSettled()) {
            fresh.add(gone);
        }
    }

    /**
     * Takes what is to be asked about now.
     *
     * @param most   most of it
     * @param nowNs  the time
     * @param isOver whether one need not be asked about any more: it is settled
     */
    List<LetGo> take(int most, long nowNs, Predicate<LetGo> isOver) {
        List<LetGo> taken = new ArrayList<>();
        take(fresh, Long.MAX_VALUE, most, isOver, taken);
        for (ArrayDeque<LetGo> list : again) {
            take(list, nowNs, most, isOver, taken);
        }
        return taken;
    }

    private void take(ArrayDeque<LetGo> from, long nowNs, int most, Predicate<LetGo> isOver, List<LetGo> into) {
        while (into.size() < most && !from.isEmpty()) {
            LetGo next = from.peek();
            boolean due = nowNs == Long.MAX_VALUE || next.dueNs() - nowNs <= 0;
            if (!due && !next.isSettled()) {
                return;
            }
            from.remove();
            if (next.isSettled()) {
                continue;
            }
            if (isOver.test(next)) {
                settle(next);
            } else {
                into.add(next);
            }
        }
    }

    /** All that is not settled, which leaves. */
    List<LetGo> takeAll() {
        List<LetGo> all = new ArrayList<>(waiting.values());
        for (Iterator<LetGo> i = all.iterator(); i.hasNext(); ) {
            settle(i.next());
        }
        return all;
    }
}
