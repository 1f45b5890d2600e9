package org.globalsessions.relay;

import io.aeron.driver.ThreadingMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.config.NodeKind;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.transport.access.AccessRules;
import org.globalsessions.transport.net.PipelineSecurity;

/**
 * Settings of a {@link MidwayRelay}. Fluent, used by one thread, concluded once, by {@link MidwayRelay#launch}; concluding only
 * checks and derives, and opens nothing.
 */
public final class RelayContext {
    /** What other hosts are told of a session that one of them has stored. Deletes are always announced. */
    public enum Announce {
        /** All of it: they store it where they have a place. */
        FULL,
        /** That older copies are void: they take them away, and ask when they need it. */
        INVALIDATE,
        /** Nothing: a copy that they have stays as it is. */
        OFF
    }

    private static final int MAX_PATH_LENGTH = 255;

    private String authPath;
    private String address = "localhost";
    private int port = -1;
    private Path unixSocket;
    private PipelineSecurity security = PipelineSecurity.plain();
    private AccessRules access = AccessRules.open();
    private SegmentSettings segment;
    private List<String> siblingCommand = List.of();
    private boolean siblingExternal;
    private Path siblingFolder;
    private Path siblingLog;
    private Path aeronDir;
    private ThreadingMode driverThreading = ThreadingMode.SHARED;
    private Path spillPath;
    private long spillLimit = 64L << 20;
    private Duration unpublishedWait = Duration.ofMillis(50);
    private Announce announce = Announce.FULL;
    private Duration slowLimit = Duration.ofSeconds(30);
    private boolean concluded;

    /** Settings with every default; path, port and segment have none. */
    public RelayContext() {}

    /**
     * Settings as a configuration file has them. Makes the segment's folder where it is absent.
     *
     * @param config a relay's configuration
     * @return a context that may still be changed
     * @throws IllegalArgumentException where the file describes another kind of node
     * @throws org.globalsessions.transport.tls.TlsException where its keys, certificates or secrets cannot be used
     */
    public static RelayContext from(NodeConfig config) {
        if (config.kind() != NodeKind.RELAY) {
            throw new IllegalArgumentException(
                    "Not a relay's configuration: file=" + config.file() + ", kind=" + config.kind());
        }
        boolean external = siblingSetting(config).equals("external");
        List<String> command = external ? List.of() : config.siblingCommand();
        Role role = external || !command.isEmpty() ? Role.RELAY : Role.STANDALONE;
        RelayContext context = new RelayContext()
                .authPath(config.authPath())
                .address(config.address())
                .port(config.port())
                .unixSocket(config.unixSocket())
                .security(PipelineSecurity.forListener(config))
                .access(AccessRules.from(config))
                .segment(config.cache().toSegmentSettings(role))
                .siblingCommand(command)
                .siblingExternal(external)
                .siblingFolder(config.file().toAbsolutePath().getParent())
                .spillLimit(config.number("spill_limit"))
                .unpublishedWait(config.cache().unpublishedWait())
                .announce(Announce.valueOf(config.text("announce").toUpperCase(Locale.ROOT)));
        return config.has("aeron_dir") ? context.aeronDir(Path.of(config.text("aeron_dir"))) : context;
    }

    private static String siblingSetting(NodeConfig config) {
        String key = "path_types." + config.authPath() + ".relay.sibling";
        return config.has(key) ? config.text(key) : "child";
    }

    /**
     * Sets the path that the relay serves: the family of sessions, which keys the digests. No default.
     *
     * @param value 1 to 255 characters
     * @return this
     */
    public RelayContext authPath(String value) {
        authPath = value;
        return this;
    }

    /**
     * Sets the address to listen on. Default {@code localhost}.
     *
     * @param value host name or address
     * @return this
     */
    public RelayContext address(String value) {
        address = value;
        return this;
    }

    /**
     * Sets the Unix socket to listen on besides. Default none.
     *
     * @param value its file, or null
     * @return this
     */
    public RelayContext unixSocket(Path value) {
        unixSocket = value;
        return this;
    }

    /**
     * Sets what protects connections of hosts over TCP. Default none.
     *
     * @param value TLS with its keys, or none
     * @return this
     */
    public RelayContext security(PipelineSecurity value) {
        security = Objects.requireNonNull(value, "security");
        return this;
    }

    /**
     * Sets who may do what. Default: who is let in may do everything.
     *
     * @param value the rules of the path
     * @return this
     */
    public RelayContext access(AccessRules value) {
        access = Objects.requireNonNull(value, "access");
        return this;
    }

    /**
     * Sets the TCP port to listen on. No default.
     *
     * @param value 0 to 65535; 0 for a free one, see {@link MidwayRelay#port()}
     * @return this
     */
    public RelayContext port(int value) {
        port = value;
        return this;
    }

    /**
     * Sets the relay's segment. Path and role are set here, by what the relay serves and what stands behind it. No default.
     *
     * @param value settings, not used elsewhere
     * @return this
     */
    public RelayContext segment(SegmentSettings value) {
        segment = value;
        return this;
    }

    /**
     * Sets the command that starts the sibling as a child. Default empty: no child. The first word {@code global-sessions}
     * stands for our own launcher.
     *
     * @param value command and arguments
     * @return this
     */
    public RelayContext siblingCommand(List<String> value) {
        siblingCommand = List.copyOf(value);
        return this;
    }

    /**
     * Whether a sibling that is not a child of the relay serves it. Default false. Not together with a command; with neither,
     * the relay is the last tier.
     *
     * @param value true if so
     * @return this
     */
    public RelayContext siblingExternal(boolean value) {
        siblingExternal = value;
        return this;
    }

    /**
     * Sets the working folder of the child. Default: this process's own.
     *
     * @param value a folder, or null for the default
     * @return this
     */
    public RelayContext siblingFolder(Path value) {
        siblingFolder = value;
        return this;
    }

    /**
     * Sets the file that the child's output is appended to. Default: this process's standard output, and so its log.
     *
     * @param value a file, or null for the default
     * @return this
     */
    public RelayContext siblingLog(Path value) {
        siblingLog = value;
        return this;
    }

    /**
     * Sets the folder of an Aeron media driver that runs elsewhere. Default: a driver in this process, in a fresh folder.
     *
     * @param value the driver's folder, or null for the default
     * @return this
     */
    public RelayContext aeronDir(Path value) {
        aeronDir = value;
        return this;
    }

    /**
     * Sets the threads of the embedded media driver. Default SHARED, one thread; DEDICATED for three. Either backs off when
     * idle.
     *
     * @param value SHARED or DEDICATED
     * @return this
     */
    public RelayContext driverThreading(ThreadingMode value) {
        driverThreading = value;
        return this;
    }

    /**
     * Sets the spill file. Default: beside the segment's file, with {@code .spill} behind its name.
     *
     * @param value a file, or null for the default
     * @return this
     */
    public RelayContext spillPath(Path value) {
        spillPath = value;
        return this;
    }

    /**
     * Sets the largest size of the spill file. Default 64 MiB.
     *
     * @param value bytes, 64 KiB to 1 GiB; 0 for no spill file: what could not be handed off in time is lost, counted
     * @return this
     */
    public RelayContext spillLimit(long value) {
        spillLimit = value;
        return this;
    }

    /**
     * Sets a tenth of how long a publish waits, without any hand-off acknowledged, for a place. Default 50 ms.
     *
     * @param value 0 to 1 minute
     * @return this
     */
    public RelayContext unpublishedWait(Duration value) {
        unpublishedWait = value;
        return this;
    }

    /**
     * Sets what other hosts are told of a new session. Default {@link Announce#FULL}.
     *
     * @param value what they are told
     * @return this
     */
    public RelayContext announce(Announce value) {
        announce = value;
        return this;
    }

    /**
     * Checks and derives; called by {@link MidwayRelay#launch}, once.
     *
     * @return this
     * @throws IllegalStateException    where it was concluded before
     * @throws IllegalArgumentException where a setting is absent or out of its range
     */
    public RelayContext conclude() {
        if (concluded) {
            throw new IllegalStateException("A relay's context is concluded once, a second relay needs its own");
        }
        check(
                authPath != null && !authPath.isEmpty() && authPath.length() <= MAX_PATH_LENGTH,
                "auth_path",
                authPath,
                "1 to 255 characters");
        check(address != null && !address.isEmpty(), "address", address, "a host name or address");
        check(port >= 0 && port <= 65_535, "port", port, "0 to 65535");
        check(segment != null, "segment", segment, "settings of a segment");
        check(
                siblingCommand.isEmpty() || !siblingExternal,
                "proc_name",
                siblingCommand,
                "empty with an external sibling");
        check(
                driverThreading == ThreadingMode.SHARED || driverThreading == ThreadingMode.DEDICATED,
                "driverThreading",
                driverThreading,
                "SHARED or DEDICATED");
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
        Objects.requireNonNull(announce, "announce");
        segment.pathName(authPath).role(hasSibling() ? Role.RELAY : Role.STANDALONE);
        concluded = true;
        return this;
    }

    private static void check(boolean holds, String name, Object value, String range) {
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

    String address() {
        return address;
    }

    int port() {
        return port;
    }

    Path unixSocket() {
        return unixSocket;
    }

    /** Longest time for which a host may leave what it is sent where it is, before it is disconnected. */
    RelayContext slowLimit(Duration value) {
        slowLimit = value;
        return this;
    }

    Duration slowLimit() {
        return slowLimit;
    }

    AccessRules access() {
        return access;
    }

    PipelineSecurity security() {
        return security;
    }

    SegmentSettings segment() {
        return segment;
    }

    List<String> siblingCommand() {
        return siblingCommand;
    }

    Path siblingFolder() {
        return siblingFolder;
    }

    Path siblingLog() {
        return siblingLog;
    }

    Path aeronDir() {
        return aeronDir;
    }

    ThreadingMode driverThreading() {
        return driverThreading;
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

    Announce announce() {
        return announce;
    }
}
