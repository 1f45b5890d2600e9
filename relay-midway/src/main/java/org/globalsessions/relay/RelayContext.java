package org.globalsessions.relay;

import io.aeron.driver.ThreadingMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.config.NodeKind;
import org.globalsessions.config.PathSection;
import org.globalsessions.config.Schema;
import org.globalsessions.transport.access.RelayRules;
import org.globalsessions.transport.net.PipelineSecurity;

/**
 * Settings of a {@link MidwayRelay}: of its listener, and of the first path that it serves; {@link #path} adds further ones. Fluent,
 * used by one thread, concluded once, by {@link MidwayRelay#launch}; concluding only checks and derives, and opens nothing.
 */
public final class RelayContext extends PathSettings<RelayContext> {
    /** What other hosts are told of a session that one of them has stored. Deletes are always announced. */
    public enum Announce {
        /** All of it: they store it where they have a place. */
        FULL,
        /** That older copies are void: they take them away, and ask when they need it. */
        INVALIDATE,
        /** Nothing: a copy that they have stays as it is. */
        OFF
    }

    /** Most paths of one relay: each has two threads and a segment of its own. */
    static final int MAX_PATHS = 64;

    private String address = "localhost";
    private int port = -1;
    private Path unixSocket;
    private PipelineSecurity security = PipelineSecurity.plain();
    private RelayRules rules;
    private Path siblingFolder;
    private Path aeronDir;
    private ThreadingMode driverThreading = ThreadingMode.SHARED;
    private final List<RelayPathContext> furtherPaths = new ArrayList<>();
    private int maxConnections = 10_000;
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
        // Before the paths read theirs, so that no change is missed.
        RelayRules rules = RelayRules.of(config);
        RelayContext context = new RelayContext()
                .pathFrom(config.paths().get(0))
                .address(config.address())
                .port(config.port())
                .unixSocket(config.unixSocket())
                .security(PipelineSecurity.forListener(config))
                .maxConnections((int) config.number("max_connections"))
                .siblingFolder(config.file().toAbsolutePath().getParent());
        context.rules = rules;
        for (PathSection further : config.paths().subList(1, config.paths().size())) {
            context.path(new RelayPathContext().pathFrom(further));
        }
        return config.has("aeron_dir") ? context.aeronDir(Path.of(config.text("aeron_dir"))) : context;
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
     * Sets how many connections of hosts there are at most, of all paths and listeners together. Default 10,000.
     *
     * @param value 1 to 1,000,000
     * @return this
     */
    public RelayContext maxConnections(int value) {
        maxConnections = value;
        return this;
    }

    /**
     * Sets the working folder of the children. Default: this process's own.
     *
     * @param value a folder, or null for the default
     * @return this
     */
    public RelayContext siblingFolder(Path value) {
        siblingFolder = value;
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
     * Adds a path. It shares the listener and the media driver with the others, and nothing else.
     *
     * @param value its settings, not used elsewhere
     * @return this
     */
    public RelayContext path(RelayPathContext value) {
        furtherPaths.add(Objects.requireNonNull(value, "path"));
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
        concludePath();
        Set<String> names = new HashSet<>(Set.of(authPath()));
        for (RelayPathContext path : furtherPaths) {
            path.concludePath();
            check(names.add(path.authPath()), "auth_path", path.authPath(), "each path once");
        }
        check(names.size() <= MAX_PATHS, "paths", names.size(), "1 to " + MAX_PATHS);
        check(address != null && !address.isEmpty(), "address", address, "a host name or address");
        check(port >= 0 && port <= 65_535, "port", port, "0 to 65535");
        check(
                maxConnections >= 1 && maxConnections <= Schema.MAX_CONNECTIONS,
                "max_connections",
                maxConnections,
                "1 to " + Schema.MAX_CONNECTIONS);
        check(
                driverThreading == ThreadingMode.SHARED || driverThreading == ThreadingMode.DEDICATED,
                "driverThreading",
                driverThreading,
                "SHARED or DEDICATED");
        concluded = true;
        return this;
    }

    @Override
    RelayContext self() {
        return this;
    }

    /** Every path, the first one first. */
    List<PathSettings<?>> paths() {
        List<PathSettings<?>> paths = new ArrayList<>(List.of(this));
        paths.addAll(furtherPaths);
        return paths;
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

    int maxConnections() {
        return maxConnections;
    }

    /** Longest time for which a host may leave what it is sent where it is, before it is disconnected. */
    RelayContext slowLimit(Duration value) {
        slowLimit = value;
        return this;
    }

    Duration slowLimit() {
        return slowLimit;
    }

    /** The rules of all paths, where they are in a file that may change; else null. */
    RelayRules rules() {
        return rules;
    }

    PipelineSecurity security() {
        return security;
    }

    Path siblingFolder() {
        return siblingFolder;
    }

    Path aeronDir() {
        return aeronDir;
    }

    ThreadingMode driverThreading() {
        return driverThreading;
    }
}
