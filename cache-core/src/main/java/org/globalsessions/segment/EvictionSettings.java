package org.globalsessions.segment;

import java.time.Duration;
import java.util.List;

/**
 * When entries are evicted before their place is needed, and which: the {@code aged_out_secs}, {@code max_evictions},
 * {@code immediate_evictions}, {@code evictions_timeout} and {@code eviction_schedule} of a configuration. Immutable.
 *
 * <p>To be equal in all processes of a segment, which nothing compares: a get renews an entry's last access only where its process
 * has an {@code agedOut}, or the entry an idle limit. Without both, what one process reads all the time looks unused to another
 * process's eviction run. (Renewing it always would make each get of such a process write to the record.)
 *
 * @param agedOut      an entry that was unused for longer is due; zero: none ever is, and everything below has no effect
 * @param maxEvictions most entries that a run takes where its timetable does not say
 * @param immediate    whether a run follows when a live entry had to go because its place was needed
 * @param timetables   when runs take place; a list that nobody changes any more
 */
public record EvictionSettings(Duration agedOut, int maxEvictions, boolean immediate, List<Timetable> timetables) {
    /** Entries go when they expire or their place is needed, and at no other time. */
    public static final EvictionSettings NONE = new EvictionSettings(Duration.ZERO, 20, false, List.of());

    /**
     * Runs at regular times of the segment's clock, the same whichever process carries them out.
     *
     * @param interval     time between two runs, at least 10 ms
     * @param timeShift    how far the runs are shifted within the interval
     * @param maxEvictions most entries of one run
     */
    public record Timetable(Duration interval, Duration timeShift, int maxEvictions) {
        /** Number of the last moment for a run that is not after a tick. */
        long moment(long tick) {
            return Math.floorDiv(tick - Ticks.ticks(timeShift), Math.max(1, Ticks.ticks(interval)));
        }
    }
}
