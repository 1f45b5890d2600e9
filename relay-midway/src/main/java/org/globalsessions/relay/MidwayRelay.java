package org.globalsessions.relay;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.transport.net.ConnectionLimit;
import org.globalsessions.transport.net.EventLoops;
import org.globalsessions.transport.net.LinkSettings;
import org.globalsessions.transport.net.Listener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The midway relay: hosts publish to it and ask it; it stores, numbers, acknowledges and announces, and passes on to the sibling
 * what has to live longer than its own segment can hold. It serves one path or several, on one listener: each has its own
 * segment, rights, limits, positions and sibling, and a host's hello chooses.
 *
 * <p>Any thread may call any method. {@link #launch} returns when hosts can connect; {@link #close} tells them, ends the
 * children and leaves the segments for the next start. Killed instead, it loses nothing: the marks in the segments say what is to be
 * sent again.
 */
public final class MidwayRelay implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(MidwayRelay.class);
    private static final long END_OF_CLIENTS_MS = 2000;

    private final OpenedParts opened = new OpenedParts();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final RelayContext context;
    private final Map<String, RelayPath> paths = new LinkedHashMap<>();
    private RelayPath first;
    private EventLoops loops;
    private RelayService service;
    private Listener listener;

    /** Null without a Unix socket. */
    private Listener unixListener;

    private MidwayRelay(RelayContext context) {
        this.context = context;
    }

    /**
     * Starts a relay.
     *
     * @param context its settings; concluded here
     * @return the running relay
     * @throws IOException                                     where the port is in use, a segment cannot be made or a
     *                                                         sibling's command cannot be started
     * @throws org.globalsessions.segment.SegmentException     where another segment is there
     * @throws IllegalArgumentException                        where a setting is out of its range
     */
    public static MidwayRelay launch(RelayContext context) throws IOException {
        MidwayRelay relay = new MidwayRelay(context.conclude());
        try {
            relay.open();
        } catch (IOException | RuntimeException e) {
            relay.opened.close();
            throw e;
        }
        return relay;
    }

    private void open() throws IOException {
        for (PathSettings<?> settings : context.paths()) {
            RelayPath path = RelayPath.open(settings, paths.size());
            opened.push(path);
            paths.put(path.name(), path);
            first = first == null ? path : first;
        }
        RelayErrors errors = first.errors();
        loops = EventLoops.start("relay", 1, failure -> errors.record("a task of the clients' event loop", failure));
        opened.push(loops);
        service = new RelayService(context.slowLimit(), lru(), errors, loops);
        // Before anything that a relay that already runs on these segments also uses: the port decides which one it is.
        ConnectionLimit limit = new ConnectionLimit(context.maxConnections());
        listener = Listener.bind(
                loops, context.address(), context.port(), LinkSettings.DEFAULTS, context.security(), limit, service);
        opened.push(listener);
        if (context.unixSocket() != null) {
            unixListener = Listener.bindUnix(loops, context.unixSocket(), LinkSettings.DEFAULTS, limit, service);
            opened.push(unixListener);
        }
        warnOfPlainTcp();
        startPaths(openDriver(errors));
        opened.push(this::endClients);
        Map<String, PathService> services = new LinkedHashMap<>();
        paths.forEach((name, path) -> services.put(name, path.service()));
        loops.execute(() -> service.begin(services));
        if (context.rules() != null) {
            opened.push(RuleWatch.start(context.rules(), loops, service, errors)::close);
        }
        for (RelayPath path : paths.values()) {
            LOGGER.info(
                    "The relay serves path {} on {}:{}, {}",
                    path.name(),
                    context.address(),
                    listener.port(),
                    path.hasSibling() ? "a sibling behind it" : "as the last tier");
        }
    }

    private void warnOfPlainTcp() throws IOException {
        if (!context.security().isProtected()
                && !InetAddress.getByName(context.address()).isLoopbackAddress()) {
            counters().increment(Counter.PLAIN_TCP_LISTENERS);
            LOGGER.warn(
                    "Plain TCP beyond loopback: whoever reaches {}:{} reads and changes the sessions of path {}",
                    context.address(),
                    listener.port(),
                    String.join(", ", paths.keySet()));
        }
    }

    /** The media driver of all paths, null where none has a sibling. */
    private IpcDriver openDriver(RelayErrors errors) throws IOException {
        paths.values().forEach(RelayPath::removeDriverLeftBehind);
        if (paths.values().stream().noneMatch(RelayPath::hasSibling)) {
            return null;
        }
        IpcDriver driver = context.aeronDir() != null
                ? IpcDriver.external(context.aeronDir())
                : IpcDriver.embedded(context.driverThreading(), errors);
        opened.push(driver);
        return driver;
    }

    private void startPaths(IpcDriver driver) throws IOException {
        List<RelayPath> started = new ArrayList<>();
        // All children are told before the end of the first is waited for.
        opened.push(() -> {
            started.forEach(RelayPath::askSiblingToEnd);
            started.forEach(RelayPath::stop);
        });
        for (RelayPath path : paths.values()) {
            started.add(path);
            path.start(loops, path.hasSibling() ? driver : null, context.siblingFolder());
        }
    }

    /**
     * The port that hosts connect to.
     *
     * @return the port, also where 0 was asked for
     */
    public int port() {
        return listener.port();
    }

    /**
     * The file of the segment of the relay's first path.
     *
     * @return its path
     */
    public Path segmentFile() {
        return first.lru().file().path();
    }

    /**
     * Process id of the sibling of the relay's first path, where it is a child of this process.
     *
     * @return the id of the child that was started last
     */
    public OptionalLong siblingPid() {
        return first.siblingPid();
    }

    Counters counters() {
        return lru().counters();
    }

    SharedLru lru() {
        return first.lru();
    }

    /** One of the paths that are served. */
    RelayPath path(String name) {
        return paths.get(name);
    }

    private void endClients() throws InterruptedException {
        listener.close();
        if (unixListener != null) {
            unixListener.close();
        }
        CountDownLatch told = new CountDownLatch(1);
        loops.execute(() -> {
            service.end();
            awaitEndOfClients(told, System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(END_OF_CLIENTS_MS));
        });
        if (!told.await(2 * END_OF_CLIENTS_MS, TimeUnit.MILLISECONDS)) {
            LOGGER.warn("The clients' event loop did not end its connections in time");
        }
    }

    private void awaitEndOfClients(CountDownLatch told, long deadlineNs) {
        if (service.connectionCount() == 0 || deadlineNs - System.nanoTime() <= 0) {
            told.countDown();
        } else {
            loops.schedule(() -> awaitEndOfClients(told, deadlineNs), Duration.ofMillis(5));
        }
    }

    /** Tells the hosts, ends the children, stops every thread and leaves the segments as they are. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            opened.close();
            LOGGER.info("The relay of path {} has ended", String.join(", ", paths.keySet()));
        }
    }
}
