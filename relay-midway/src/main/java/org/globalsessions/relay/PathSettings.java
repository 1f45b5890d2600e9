package org.globalsessions.relay;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.globalsessions.config.PathSection;
import org.globalsessions.config.Schema;
import org.globalsessions.relay.RelayContext.Announce;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.transport.access.AccessRules;

/**
 * Settings of one path of a relay: its segment, its rights, its limits and what stands behind it. Fluent, used by one thread.
 *
 * @param <T> what the setters return: the class itself
 */
public abstract sealed class PathSettings<T extends PathSettings<T>> permits RelayContext, RelayPathContext {
    private static final int MAX_PATH_LENGTH = 255;

    private String authPath;
    private AccessRules access = AccessRules.open();
    private SegmentSettings segment;
    private List<String> siblingCommand = List.of();
    private boolean siblingExternal;
    private Path siblingLog;
    private Path spillPath;
    private long spillLimit = 64L << 20;
    private Duration unpublishedWait = Duration.ofMillis(50);
    private Announce announce = Announce.FULL;
    private Duration maxStale = Duration.ofMinutes(5);
    private Duration maxClockSkew = Duration.ofSeconds(60);
    private int maxIndexedClients = 1_000_000;

    PathSettings() {}

    /** This, as what it is. */
    abstract T self();

    /** Takes over what a file says of a path. Makes the segment's folder where it is absent. */
    T pathFrom(PathSection path) {
        List<String> command = path.siblingCommand();
        Role role = path.isSiblingExternal() || !command.isEmpty() ? Role.RELAY : Role.LONE_RELAY;
        return authPath(path.name())
                .access(AccessRules.from(path))
                .segment(path.cache().toSegmentSettings(role))
                .siblingCommand(command)
                .siblingExternal(path.isSiblingExternal())
                .spillLimit(path.spillLimit())
                .unpublishedWait(path.cache().unpublishedWait())
                .maxStale(path.maxStale())
                .maxClockSkew(path.maxClockSkew())
                .maxIndexedClients(path.maxIndexedClients())
                .announce(Announce.valueOf(path.announce().toUpperCase(Locale.ROOT)));
    }

    /**
     * Sets the path that the relay serves: the family of sessions, which keys the digests. No default.
     *
     * @param value 1 to 255 characters
     * @return this
     */
    public final T authPath(String value) {
        authPath = value;
        return self();
    }

    /**
     * Sets who may do what. Default: who is let in may do everything.
     *
     * @param value the rules of the path
     * @return this
     */
    public final T access(AccessRules value) {
        access = Objects.requireNonNull(value, "access");
        return self();
    }

    /**
     * Sets the relay's segment. Path and role are set here, by what the relay serves and what stands behind it. No default.
     *
     * @param value settings, not used elsewhere
     * @return this
     */
    public final T segment(SegmentSettings value) {
        segment = value;
        return self();
    }

    /**
     * Sets the command that starts the sibling as a child. Default empty: no child. The first word {@code global-sessions}
     * stands for our own launcher.
     *
     * @param value command and arguments
     * @return this
     */
    public final T siblingCommand(List<String> value) {
        siblingCommand = List.copyOf(value);
        return self();
    }

    /**
     * Whether a sibling that is not a child of the relay serves it. Default false. Not together with a command; with neither,
     * the relay is the last tier.
     *
     * @param value true if so
     * @return this
     */
    public final T siblingExternal(boolean value) {
        siblingExternal = value;
        return self();
    }

    /**
     * Sets the file that the child's output is appended to. Default: this process's standard output, and so its log.
     *
     * @param value a file, or null for the default
     * @return this
     */
    public final T siblingLog(Path value) {
        siblingLog = value;
        return self();
    }

    /**
     * Sets the spill file. Default: beside the segment's file, with {@code .spill} behind its name.
     *
     * @param value a file, or null for the default
     * @return this
     */
    public final T spillPath(Path value) {
        spillPath = value;
        return self();
    }

    /**
     * Sets the largest size of the spill file. Default 64 MiB.
     *
     * @param value bytes, 64 KiB to 1 GiB; 0 for no spill file: what could not be handed off in time is lost, counted
     * @return this
     */
    public final T spillLimit(long value) {
        spillLimit = value;
        return self();
    }

    /**
     * Sets a tenth of how long a publish waits, without any hand-off acknowledged, for a place. Default 50 ms.
     *
     * @param value 0 to 1 minute
     * @return this
     */
    public final T unpublishedWait(Duration value) {
        unpublishedWait = value;
        return self();
    }

    /**
     * Sets what other hosts are told of a new session. Default {@link Announce#FULL}.
     *
     * @param value what they are told
     * @return this
     */
    public final T announce(Announce value) {
        announce = value;
        return self();
    }

    /**
     * Sets how long a host that is cut off serves what it cannot confirm. Default 5 minutes.
     *
     * @param value 10 ms to 240 days; zero for no limit: what was deleted elsewhere it serves for as long as it is cut off
     * @return this
     */
    public final T maxStale(Duration value) {
        maxStale = value;
        return self();
    }

    /**
     * Sets how far a host's clock may be ahead of the relay's. Default 60 seconds.
     *
     * @param value 1 ms to 1 day
     * @return this
     */
    public final T maxClockSkew(Duration value) {
        maxClockSkew = value;
        return self();
    }

    /**
     * Sets how many remote clients of the path are known by address and user. Default 1,000,000, which take up to 450 MB of heap, about 250 bytes each and 200 for an address or
     * user of its own. Where there are more, hosts look through their own segments as well.
     *
     * @param value 1 to 16,000,000
     * @return this
     */
    public final T maxIndexedClients(int value) {
        maxIndexedClients = value;
        return self();
    }

    /** Checks and derives. */
    void concludePath() {
        check(
                authPath != null && !authPath.isEmpty() && authPath.length() <= MAX_PATH_LENGTH,
                "auth_path",
                authPath,
                "1 to 255 characters");
        check(segment != null, "segment", segment, "settings of a segment");
        check(
                siblingCommand.isEmpty() || !siblingExternal,
                "proc_name",
                siblingCommand,
                "empty with an external sibling");
        check(
                spillLimit == 0 || (spillLimit >= SpillFile.MIN_LIMIT && spillLimit <= SpillFile.MAX_LIMIT),
                "spill_limit",
                spillLimit,
                "0, or " + SpillFile.MIN_LIMIT + " to " + SpillFile.MAX_LIMIT);
        check(
                !unpublishedWait.isNegative() && unpublishedWait.compareTo(Duration.ofMinutes(1)) <= 0,
                "unpublished_wait",
                unpublishedWait,
                "0 to 1 minute");
        check(
                maxStale.isZero() || (maxStale.toMillis() >= 10 && maxStale.compareTo(Duration.ofDays(240)) <= 0),
                "max_stale",
                maxStale,
                "10 ms to 240 days, or zero");
        check(
                maxClockSkew.toMillis() >= 1 && maxClockSkew.compareTo(Duration.ofDays(1)) <= 0,
                "max_clock_skew",
                maxClockSkew,
                "1 ms to 1 day");
        check(
                maxIndexedClients >= 1 && maxIndexedClients <= Schema.MAX_INDEXED_CLIENTS,
                "max_indexed_clients",
                maxIndexedClients,
                "1 to " + Schema.MAX_INDEXED_CLIENTS);
        Objects.requireNonNull(announce, "announce");
        segment.pathName(authPath).role(hasSibling() ? Role.RELAY : Role.LONE_RELAY);
    }

    static void check(boolean holds, String name, Object value, String range) {
        if (!holds) {
            throw new IllegalArgumentException(
                    "A setting of the relay is out of range: " + name + "=" + value + ", limit=" + range);
        }
    }

    boolean hasSibling() {
        return siblingExternal || !siblingCommand.isEmpty();
    }

    String authPath() {
        return authPath;
    }

    AccessRules access() {
        return access;
    }

    SegmentSettings segment() {
        return segment;
    }

    List<String> siblingCommand() {
        return siblingCommand;
    }

    Path siblingLog() {
        return siblingLog;
    }

    Path spillFileBeside(Path segmentFile) {
        return spillPath != null ? spillPath : segmentFile.resolveSibling(segmentFile.getFileName() + ".spill");
    }

    long spillLimit() {
        return spillLimit;
    }

    Duration unpublishedWait() {
        return unpublishedWait;
    }

    Duration maxStale() {
        return maxStale;
    }

    Duration maxClockSkew() {
        return maxClockSkew;
    }

    int maxIndexedClients() {
        return maxIndexedClients;
    }

    /** Where the last changes are remembered. */
    Path changesFileBeside(Path segmentFile) {
        return segmentFile.resolveSibling(segmentFile.getFileName() + ".changes");
    }

    /** Where the hosts are remembered. */
    Path hostsFileBeside(Path segmentFile) {
        return segmentFile.resolveSibling(segmentFile.getFileName() + ".hosts");
    }

    Announce announce() {
        return announce;
    }
}
