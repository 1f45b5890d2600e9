package org.globalsessions.relay;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentFile;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.SessionFrame;

/**
 * Refuses what hosts publish with a version too far ahead of the relay's clock: it would win over all that is written later elsewhere, until the
 * true time is there. The host is told what to give instead. On the relay's event loop alone.
 *
 * <p>The limit is the relay's clock and {@code max_clock_skew}, or just above the highest version that is known: what was taken moves the limit by
 * no more than time does meanwhile, so that no chain of changes drives it ahead.
 */
final class SkewLimit {
    private final SharedLru lru;
    private final Intake intake;
    private final long limitMicros;
    private final RelayClock clock;

    SkewLimit(SharedLru lru, Intake intake, Duration limit) {
        this.lru = lru;
        this.intake = intake;
        this.limitMicros = TimeUnit.NANOSECONDS.toMicros(limit.toNanos());
        SegmentFile file = lru.file();
        this.clock =
                new RelayClock(file::wallClockMicros, file::nanoTime, file.relayClockMicros(), file::relayClockMicros);
    }

    /** The clock that hosts are told, and that the limit counts from: microseconds since 1970. */
    long clockMicros() {
        return clock.micros();
    }

    /** Whether an entry may be taken; else its host has been told why not. */
    boolean admits(ClientEndPoint endPoint, SessionFrame frame) {
        SessionEntry entry = frame.entry();
        long highest =
                Math.max(frame.seenTombstone().clock(), Math.max(entry.version().clock(), entry.life()));
        return !isAhead(highest)
                || admits(
                        endPoint, frame.correlationId(), lru.encode(entry.key()).digest(), entry.version(), highest);
    }

    /** Whether a delete may be taken; else its host has been told why not. */
    boolean admits(ClientEndPoint endPoint, DeleteFrame frame) {
        Version version = frame.tombstone();
        return !isAhead(version.clock())
                || admits(endPoint, frame.correlationId(), frame.digest(), version, version.clock());
    }

    /** Which of some deletes may be taken. Who has told of the others is not told, as nobody waits. */
    List<InventoryItem> admitted(List<InventoryItem> deletes) {
        List<InventoryItem> taken = new ArrayList<>();
        for (InventoryItem delete : deletes) {
            long clock = delete.version().clock();
            if (isAhead(clock) && SharedLru.isFarAbove(clock, lru.highest(delete.digest()))) {
                lru.counters().increment(Counter.CLOCK_AHEAD);
            } else {
                taken.add(delete);
            }
        }
        return taken;
    }

    private boolean isAhead(long version) {
        // The clock is looked at, and kept, before anything is taken by it.
        return aheadMicros(version) > limitMicros && lru.isAhead(version, limitMicros);
    }

    private long aheadMicros(long version) {
        return (version >> Version.LOGICAL_BITS) - clock.micros();
    }

    private boolean admits(
            ClientEndPoint endPoint, long correlationId, KeyDigest digest, Version version, long highestSent) {
        long highest = lru.highest(digest);
        if (!SharedLru.isFarAbove(highestSent, highest) || intake.isKnown(digest, version)) {
            return true;
        }
        lru.counters().increment(Counter.CLOCK_AHEAD);
        long aheadMs = TimeUnit.MICROSECONDS.toMillis(aheadMicros(highestSent));
        endPoint.send(new ErrorFrame(
                correlationId,
                ErrorCode.CLOCK_AHEAD,
                "a version is ahead of this relay's clock: ms=" + aheadMs + ", max_clock_skew="
                        + TimeUnit.MICROSECONDS.toMillis(limitMicros) + "; set the clock of the host, or of the relay",
                clock.micros(),
                highest));
        return false;
    }
}
