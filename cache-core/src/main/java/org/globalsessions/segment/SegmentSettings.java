package org.globalsessions.segment;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.stream.LongStream;

/**
 * What a process wants of a segment when it creates or attaches to it. Fluent, used by one thread, read once by
 * {@link SharedLru#open(SegmentSettings)}.
 */
public final class SegmentSettings {
    /** What the segment is for: it decides which marks a write gets and which entries may not be evicted. */
    public enum Role {
        /** No tier behind: no marks, anything may be evicted. */
        STANDALONE,
        /** An application's host with a relay behind it: writes are unpublished, and held until acknowledged. */
        HOST,
        /** A relay with a sibling behind it: entries are unpublished and not handed off, and held until handed off. */
        RELAY,
        /** A relief node: no marks, anything may be evicted. */
        RELIEF,
        /** A relay that is the last tier: no marks, anything may be evicted. */
        LONE_RELAY;

        /** Whether there is a tier behind, which acknowledges what it has. */
        boolean hasNextTier() {
            return this == HOST || this == RELAY;
        }

        /** Whether hosts use what is here without its hearing of it at once, so that idle entries are kept longer. */
        boolean isLaterTier() {
            return this == RELAY || this == RELIEF || this == LONE_RELAY;
        }
    }

    /** Largest {@code max_value_size}: 960 KiB, so that an entry fits one frame on its way to other tiers. */
    public static final int MAX_VALUE_SIZE = 960 << 10;

    private final Path file;
    private Role role = Role.STANDALONE;
    private boolean initializer = true;
    private boolean unnamed;
    private Duration attachTimeout = Duration.ofSeconds(10);
    private int recordSize = 384;
    private int elCount = 20_000;
    private int maxValueSize = 64 << 10;
    private double overflowShare = 0.1;
    private long seed;
    private String pathName = "";
    private Duration sessionsLength = Duration.ZERO;
    private Duration idleTimeout = Duration.ZERO;
    private int untouchedAging = 2;
    private Duration lockWait = Duration.ofMillis(1);
    private EvictionSettings evictions = EvictionSettings.NONE;
    private long[] relays = {};

    /**
     * Settings with every default.
     *
     * @param file the segment's file
     */
    public SegmentSettings(Path file) {
        this.file = Objects.requireNonNull(file, "file");
    }

    /**
     * Sets what the segment is for. Default {@link Role#STANDALONE}.
     *
     * @param value the role
     * @return this
     */
    public SegmentSettings role(Role value) {
        role = Objects.requireNonNull(value, "role");
        return this;
    }

    /**
     * Whether to create the segment where it is absent. Default true; false only attaches.
     *
     * @param value true to create
     * @return this
     */
    public SegmentSettings initializer(boolean value) {
        initializer = value;
        return this;
    }

    /**
     * Whether the segment is for one opening alone: it is made in the file's folder, and once it is open its file has no name any more, so that its
     * memory is free when the process ends, however it does. Default false.
     *
     * @param value true for a segment that nobody else can attach to
     * @return this
     */
    public SegmentSettings unnamed(boolean value) {
        unnamed = value;
        return this;
    }

    /**
     * How long to wait for a segment that somebody else has to create. Default 10 s.
     *
     * @param value 0 or more
     * @return this
     */
    public SegmentSettings attachTimeout(Duration value) {
        attachTimeout = Objects.requireNonNull(value, "attachTimeout");
        return this;
    }

    /**
     * Bytes of a whole record, header, key and value together. Default 384, from 128 to 65,536; rounded up to 64.
     *
     * @param value bytes
     * @return this
     */
    public SegmentSettings recordSize(int value) {
        recordSize = value;
        return this;
    }

    /**
     * Live sessions held before the first eviction. Default 20,000, from 1 to 16,000,000.
     *
     * @param value count
     * @return this
     */
    public SegmentSettings elCount(int value) {
        elCount = value;
        return this;
    }

    /**
     * Largest value. Default 65,536, from 1 to {@link #MAX_VALUE_SIZE}; a larger one is refused, nothing is stored.
     *
     * @param value bytes
     * @return this
     */
    public SegmentSettings maxValueSize(int value) {
        maxValueSize = value;
        return this;
    }

    /**
     * Share of records and overflow area together that the overflow area has, for values larger than a record. Default 0.1,
     * from 0 (a value has to fit its record) to 0.9; at least room for two of the largest values.
     *
     * @param value share
     * @return this
     */
    public SegmentSettings overflowShare(double value) {
        overflowShare = value;
        return this;
    }

    /**
     * Seed of the choice of buckets; all processes of a segment have the same. Default 0.
     *
     * @param value any number
     * @return this
     */
    public SegmentSettings seed(long value) {
        seed = value;
        return this;
    }

    /**
     * The path ({@code auth_path}) that the sessions belong to; it keys the digests, so every tier of a path has the same.
     *
     * @param value the name, may be empty
     * @return this
     */
    public SegmentSettings pathName(String value) {
        pathName = Objects.requireNonNull(value, "pathName");
        return this;
    }

    /**
     * The relays that this process works with, as ids of {@link RelayPlaces#id}: at most {@link RelayPlaces#MAX_RELAYS}, each once, and the
     * same for all processes of a segment that have any. Default none. Opening waits up to the attach timeout for processes with
     * another list to end.
     *
     * @param ids the ids
     * @return this
     */
    public SegmentSettings relays(long... ids) {
        relays = ids.clone();
        return this;
    }

    /**
     * Lifetime of a session from the write that set it. Default zero: no limit; at most 240 days.
     *
     * @param value the lifetime
     * @return this
     */
    public SegmentSettings sessionsLength(Duration value) {
        sessionsLength = Objects.requireNonNull(value, "sessionsLength");
        return this;
    }

    /**
     * A session unused for longer expires. Default zero: no limit; at most 240 days.
     *
     * @param value the idle time-out
     * @return this
     */
    public SegmentSettings idleTimeout(Duration value) {
        idleTimeout = Objects.requireNonNull(value, "idleTimeout");
        return this;
    }

    /**
     * How many times faster a session ages that was never read after its creation. Default 2, from 1 to 4.
     *
     * @param value factor
     * @return this
     */
    public SegmentSettings untouchedAging(int value) {
        untouchedAging = value;
        return this;
    }

    /**
     * How long a writer waits for another one of the same bucket before it sets that one's way aside. Default 1 ms.
     *
     * @param value more than 0
     * @return this
     */
    public SegmentSettings lockWait(Duration value) {
        lockWait = Objects.requireNonNull(value, "lockWait");
        return this;
    }

    /**
     * When entries are evicted before their place is needed. Default {@link EvictionSettings#NONE}: never. All processes of a
     * segment should say the same: each notes uses only where it knows that they matter.
     *
     * @param value what is due and when
     * @return this
     */
    public SegmentSettings evictions(EvictionSettings value) {
        evictions = Objects.requireNonNull(value, "evictions");
        return this;
    }

    /**
     * Bytes that the segment's file takes with these settings.
     *
     * @return its length
     */
    public long fileLength() {
        return SegmentGeometry.of(this).fileLength();
    }

    /**
     * Refuses what the parts of an attached segment would refuse, before there is one.
     *
     * @throws IllegalArgumentException names the value and its range
     */
    void check() {
        SegmentGeometry.requireRange("untouched_aging", untouchedAging, 1, VictimChoice.MAX_UNTOUCHED_AGING);
        Ticks.ticks(sessionsLength);
        if (idleTimeout.compareTo(Ticks.MAX_IDLE) > 0) {
            throw new IllegalArgumentException(
                    "idle_timeout out of range: value=" + idleTimeout + ", range=PT0S to " + Ticks.MAX_IDLE);
        }
        Ticks.ticks(idleTimeout);
        if (lockWait.isNegative() || lockWait.isZero() || lockWait.compareTo(Ticks.MAX) > 0) {
            throw new IllegalArgumentException(
                    "lock_wait out of range: value=" + lockWait + ", range=more than PT0S to " + Ticks.MAX);
        }
        SegmentGeometry.requireRange("relays", relays.length, 0, RelayPlaces.MAX_RELAYS);
        if (LongStream.of(relays).distinct().count() < relays.length
                || LongStream.of(relays).anyMatch(id -> id == 0)) {
            throw new IllegalArgumentException("relays out of range: an id is 0 or there twice");
        }
    }

    Path file() {
        return file;
    }

    long[] relays() {
        return relays;
    }

    Role role() {
        return role;
    }

    boolean initializer() {
        return initializer;
    }

    boolean unnamed() {
        return unnamed;
    }

    Duration attachTimeout() {
        return attachTimeout;
    }

    int recordSize() {
        return recordSize;
    }

    int elCount() {
        return elCount;
    }

    int maxValueSize() {
        return maxValueSize;
    }

    double overflowShare() {
        return overflowShare;
    }

    long seed() {
        return seed;
    }

    String pathName() {
        return pathName;
    }

    Duration sessionsLength() {
        return sessionsLength;
    }

    Duration idleTimeout() {
        return idleTimeout;
    }

    int untouchedAging() {
        return untouchedAging;
    }

    Duration lockWait() {
        return lockWait;
    }

    EvictionSettings evictions() {
        return evictions;
    }
}
