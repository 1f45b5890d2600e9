package org.globalsessions.config;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.globalsessions.segment.EvictionSettings;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;

/** A validated {@code cache} section with every default filled in. Immutable. */
public final class CacheSection {
    private final Config config;
    private final String token;
    private final String pathName;
    private final boolean initializer;
    private final boolean isPrivate;

    CacheSection(Config config, String token, String pathName, boolean initializer, boolean isPrivate) {
        this.config = config;
        this.token = token;
        this.pathName = pathName;
        this.initializer = initializer;
        this.isPrivate = isPrivate;
    }

    /**
     * What to open the segment with: each time another one where it is private. Makes the segment's folder where it is absent.
     *
     * @param role what the segment is for
     * @return settings, not yet used
     * @throws org.globalsessions.segment.SegmentException where the folder cannot be made, or others have access to it
     */
    public SegmentSettings toSegmentSettings(Role role) {
        Path file = segmentFile();
        SegmentLocation.prepareFolder(file);
        return settings(file).unnamed(isPrivate).role(role);
    }

    /**
     * Whether each opening of the segment makes one of its own, which has no name and ends with its process.
     *
     * @return false where all processes with this configuration share it
     */
    public boolean isPrivate() {
        return isPrivate;
    }

    /**
     * Where the segment lies, or will; where it is private nothing is there.
     *
     * @return the file, which may be absent
     */
    public Path segmentFile() {
        Path folder = config.hasPath("segment_dir") ? Path.of(config.getString("segment_dir")) : null;
        return SegmentLocation.file(folder, token, settings(Path.of("unused")).fileLength());
    }

    /**
     * Where the segment lies, for people.
     *
     * @return the file, or that it is the process's alone
     */
    public String segmentText() {
        return isPrivate ? "of the process alone" : segmentFile().toString();
    }

    /** What says where the segment lies, without a look at the machine: equal for equal segments. */
    String place() {
        return (config.hasPath("segment_dir") ? config.getString("segment_dir") : "") + '\n' + token;
    }

    /**
     * Whether this process may create the segment.
     *
     * @return false to attach only
     */
    public boolean initializer() {
        return initializer;
    }

    /**
     * Live sessions held before the first eviction.
     *
     * @return 1 to 16,000,000
     */
    public int elCount() {
        return config.getInt("el_count");
    }

    /**
     * Bytes of a whole record, as configured.
     *
     * @return 128 to 65,536
     */
    public int recordSize() {
        return (int) config.getLong("record_size");
    }

    /**
     * Largest value.
     *
     * @return 1 to {@link SegmentSettings#MAX_VALUE_SIZE} bytes
     */
    public int maxValueSize() {
        return (int) config.getLong("max_value_size");
    }

    /**
     * Share of records and overflow area together that the overflow area has.
     *
     * @return 0 to 0.9
     */
    public double overflowShare() {
        return config.getDouble("overflow_share");
    }

    /**
     * Seed of the choice of buckets.
     *
     * @return any number
     */
    public long seed() {
        return config.getLong("seed");
    }

    /**
     * Lifetime of a session.
     *
     * @return zero for no limit
     */
    public Duration sessionsLength() {
        return config.getDuration("sessions_length");
    }

    /**
     * How long a session may be unused.
     *
     * @return zero for no limit
     */
    public Duration idleTimeout() {
        return config.getDuration("idle_timeout");
    }

    /**
     * How many times faster a session ages that was never read.
     *
     * @return 1 to 4
     */
    public int untouchedAging() {
        return config.getInt("untouched_aging");
    }

    /**
     * How long a writer waits for another one of the same bucket.
     *
     * @return more than zero
     */
    public Duration lockWait() {
        return config.getDuration("lock_wait");
    }

    /**
     * How long a set into a segment full of unpublished entries waits without an acknowledgement.
     *
     * @return zero or more
     */
    public Duration unpublishedWait() {
        return config.getDuration("unpublished_wait");
    }

    /**
     * How long to wait for a segment that another process has to create.
     *
     * @return zero or more
     */
    public Duration attachTimeout() {
        return config.getDuration("attach_timeout");
    }

    /**
     * When sessions are evicted before their place is needed, and which.
     *
     * @return {@code aged_out_secs}, {@code max_evictions}, {@code immediate_evictions}, {@code evictions_timeout} and
     *     {@code eviction_schedule} together
     */
    public EvictionSettings evictions() {
        int most = config.getInt("max_evictions");
        List<EvictionSettings.Timetable> timetables = new ArrayList<>();
        if (config.getBoolean("evictions_timeout") && !sessionsLength().isZero()) {
            timetables.add(new EvictionSettings.Timetable(sessionsLength(), Duration.ZERO, most));
        }
        if (config.hasPath("eviction_schedule")) {
            Config schedule = config.getConfig("eviction_schedule");
            timetables.add(new EvictionSettings.Timetable(
                    schedule.getDuration("interval"),
                    schedule.getDuration("time_shift"),
                    schedule.getInt("max_evicts")));
        }
        return new EvictionSettings(
                config.getDuration("aged_out_secs"), most, config.getBoolean("immediate_evictions"), timetables);
    }

    /**
     * Whether a sibling that its relay started ends when the relay has ended.
     *
     * @return true by default; of no meaning elsewhere
     */
    public boolean stopChild() {
        return !config.hasPath("stop_child") || config.getBoolean("stop_child");
    }

    /** Why no segment can be so large, empty where one can. */
    String geometryProblem() {
        try {
            settings(Path.of("unused")).fileLength();
            return "";
        } catch (IllegalArgumentException e) {
            return e.getMessage() + "; make el_count, record_size or overflow_share smaller";
        }
    }

    private SegmentSettings settings(Path file) {
        return new SegmentSettings(file)
                .initializer(initializer)
                .attachTimeout(attachTimeout())
                .recordSize(recordSize())
                .elCount(elCount())
                .seed(seed())
                .maxValueSize(maxValueSize())
                .overflowShare(overflowShare())
                .pathName(pathName)
                .sessionsLength(sessionsLength())
                .idleTimeout(idleTimeout())
                .untouchedAging(untouchedAging())
                .lockWait(lockWait())
                .evictions(evictions());
    }
}
