package org.globalsessions.relay;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.SystemNanoClock;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentFile;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.net.EventLoops;
import org.globalsessions.transport.net.LinkSettings;
import org.globalsessions.transport.net.Listener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The midway relay of one path: hosts publish to it and ask it; it stores, numbers, acknowledges and announces, and passes on
 * to the sibling what has to live longer than its own segment can hold.
 *
 * <p>Any thread may call any method. {@link #launch} returns when hosts can connect; {@link #close} tells them, ends the child
 * and leaves the segment for the next start. Killed instead, it loses nothing: the marks in the segment say what is to be sent
 * again.
 */
public final class MidwayRelay implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(MidwayRelay.class);
    private static final String NOTE_FOLDER = "aeronDir=";
    private static final String NOTE_EPOCH = ";epoch=";
    private static final long END_OF_CLIENTS_MS = 2000;

    /** What was opened, in order; closed in the reverse one. */
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    private final AtomicBoolean closed = new AtomicBoolean();
    private final RelayContext context;
    private SharedLru lru;
    private RelayErrors errors;
    private EventLoops loops;
    private RelayService service;
    private RelayAgent agent;
    private Listener listener;

    /** Null without a Unix socket. */
    private Listener unixListener;

    private SiblingProcess sibling;
    private volatile Intake intake;

    private MidwayRelay(RelayContext context) {
        this.context = context;
    }

    /**
     * Starts a relay.
     *
     * @param context its settings; concluded here
     * @return the running relay
     * @throws IOException                                     where the port is in use, the segment cannot be made or the
     *                                                         sibling's command cannot be started
     * @throws org.globalsessions.segment.SegmentException     where another segment is there
     * @throws IllegalArgumentException                        where a setting is out of its range
     */
    public static MidwayRelay launch(RelayContext context) throws IOException {
        MidwayRelay relay = new MidwayRelay(context.conclude());
        try {
            relay.open();
        } catch (IOException | RuntimeException e) {
            relay.closeAll();
            throw e;
        }
        return relay;
    }

    private void open() throws IOException {
        lru = SharedLru.open(context.segment());
        opened.push(lru);
        SegmentFile file = lru.file();
        if (file.relayEpoch() == 0) {
            file.position(new SecureRandom().nextLong() >>> 1 | 1, 0);
        }
        errors = new RelayErrors(lru.counters(), file.errors());
        loops = EventLoops.start("relay", 1, failure -> errors.record("a task of the clients' event loop", failure));
        opened.push(loops);
        service = new RelayService(context, lru, errors, loops);
        // Before anything that a relay that already runs on this segment also uses: the port decides which one it is.
        listener = Listener.bind(
                loops, context.address(), context.port(), LinkSettings.DEFAULTS, context.security(), service);
        opened.push(listener);
        if (context.unixSocket() != null) {
            unixListener = Listener.bindUnix(loops, context.unixSocket(), LinkSettings.DEFAULTS, service);
            opened.push(unixListener);
        }
        warnOfPlainTcp();
        SpillFile spill = openSpillFile(file.path());
        openAgent(spill);
        Announcer announcer = new Announcer(lru, context.announce());
        intake = new Intake(lru, spill, agent, announcer, loops, context.unpublishedWait());
        Inquiry inquiry = new Inquiry(lru, spill, agent, intake);
        AgentRunner runner = new AgentRunner(agent.idleStrategy(), errors, null, agent);
        AgentRunner.startOnThread(runner, task -> {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            return thread;
        });
        opened.push(runner);
        startSibling();
        opened.push(this::endClients);
        loops.execute(() -> service.begin(announcer, intake, inquiry));
        LOGGER.info(
                "The relay serves path {} on {}:{}, {}",
                context.authPath(),
                context.address(),
                listener.port(),
                context.hasSibling() ? "a sibling behind it" : "as the last tier");
    }

    private void warnOfPlainTcp() throws IOException {
        if (!context.security().isProtected()
                && !InetAddress.getByName(context.address()).isLoopbackAddress()) {
            lru.counters().increment(Counter.PLAIN_TCP_LISTENERS);
            LOGGER.warn(
                    "Plain TCP beyond loopback: whoever reaches {}:{} reads and changes the sessions of path {}",
                    context.address(),
                    listener.port(),
                    context.authPath());
        }
    }

    private SpillFile openSpillFile(Path segmentFile) throws IOException {
        if (!context.hasSibling() || context.spillLimit() == 0) {
            return null;
        }
        SpillFile spill = SpillFile.open(context.spillFileBeside(segmentFile), context.spillLimit());
        opened.push(spill);
        if (spill.size() > 0) {
            LOGGER.info("The spill file holds {} entries to hand off", spill.size());
        }
        return spill;
    }

    private void openAgent(SpillFile spill) throws IOException {
        RelayAgent.LinkMaker linkMaker = context.hasSibling() ? linkMaker() : null;
        agent = new RelayAgent(
                lru,
                spill,
                linkMaker,
                errors,
                context.authPath(),
                SystemNanoClock.INSTANCE,
                loops::execute,
                new FromAgent());
    }

    private RelayAgent.LinkMaker linkMaker() throws IOException {
        SegmentFile file = lru.file();
        String earlier = file.note();
        if (earlier.startsWith(NOTE_FOLDER) && earlier.contains(NOTE_EPOCH)) {
            IpcDriver.removeLeftBehind(earlier.substring(NOTE_FOLDER.length(), earlier.indexOf(NOTE_EPOCH)));
        }
        IpcDriver driver = context.aeronDir() != null
                ? IpcDriver.external(context.aeronDir())
                : IpcDriver.embedded(context.driverThreading(), errors);
        opened.push(driver);
        return receiver -> {
            SiblingLink link = new SiblingLink(driver.folder(), lru.counters(), errors, receiver);
            opened.push(link);
            if (!link.isDriverActive()) {
                throw new IllegalStateException(
                        "No Aeron media driver is alive there; start it first, or leave aeron_dir out: aeron_dir="
                                + driver.folder());
            }
            link.open();
            file.note(NOTE_FOLDER + driver.folder() + NOTE_EPOCH + file.relayEpoch());
            opened.push(() -> file.note(""));
            return link;
        };
    }

    private void startSibling() throws IOException {
        if (context.siblingCommand().isEmpty()) {
            return;
        }
        Counters counters = lru.counters();
        sibling = new SiblingProcess.Builder(context.siblingCommand())
                .folder(context.siblingFolder())
                .log(context.siblingLog())
                .onDeath(agent::siblingDied)
                .onRestart(() -> counters.increment(Counter.SIBLING_RESTARTS))
                .start();
        opened.push(sibling);
    }

    /** Passes on to the intake what the agent has to tell; already on the clients' event loop. */
    private final class FromAgent implements ClientSide {
        @Override
        public void onHandOffProgress() {
            intake.onHandOffProgress();
        }

        @Override
        public void onBeaten(KeyDigest digest, Version tombstone) {
            intake.onBeaten(digest, tombstone);
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
     * The file of the relay's segment.
     *
     * @return its path
     */
    public Path segmentFile() {
        return lru.file().path();
    }

    /**
     * Process id of the sibling, where it is a child of this process.
     *
     * @return the id of the child that was started last
     */
    public OptionalLong siblingPid() {
        return sibling == null ? OptionalLong.empty() : OptionalLong.of(sibling.pid());
    }

    Counters counters() {
        return lru.counters();
    }

    SharedLru lru() {
        return lru;
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

    /** Tells the hosts, ends the child, stops every thread and leaves the segment as it is. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            closeAll();
            LOGGER.info("The relay of path {} has ended", context.authPath());
        }
    }

    private void closeAll() {
        while (!opened.isEmpty()) {
            AutoCloseable next = opened.pop();
            try {
                next.close();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (Exception e) {
                LOGGER.error("Closing a part of the relay failed", e);
            }
        }
    }
}
