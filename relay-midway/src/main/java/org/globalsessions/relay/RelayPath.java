package org.globalsessions.relay;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.agrona.concurrent.AgentRunner;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentFile;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.IpcNote;
import org.globalsessions.transport.Scheduler;
import org.globalsessions.transport.frame.Frame;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One path of a relay, with all that is its own: segment, positions, spill file, the agent with its thread and its queues, the
 * sibling, and what answers hosts. Paths share listener, event loop and media driver; nothing of one waits for anything of
 * another.
 *
 * <p>{@link #open}, {@link #start}, {@link #stop} and {@link #close} are called in this order, by one thread.
 */
final class RelayPath implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(RelayPath.class);

    private static final Duration LONGEST_FORGET_PAUSE = Duration.ofSeconds(10);

    private final PathSettings<?> settings;
    private final int stream;
    private final SharedLru lru;
    private final RelayErrors errors;

    /** What {@link #start} has opened. */
    private final OpenedParts started = new OpenedParts();

    private RelayAgent agent;
    private PathService service;
    private volatile Intake intake;
    private volatile EarlierHosts earlier;

    /** Null without a child. */
    private SiblingProcess sibling;

    private RelayPath(PathSettings<?> settings, int stream, SharedLru lru) {
        this.settings = settings;
        this.stream = stream;
        this.lru = lru;
        this.errors = new RelayErrors(lru.counters(), lru.file().errors());
    }

    /**
     * Opens the path's segment, and begins a relay epoch where it is new.
     *
     * @param settings the path's settings
     * @param index    number of the path within its relay, from 0
     * @return the path, which serves nobody yet
     */
    static RelayPath open(PathSettings<?> settings, int index) throws IOException {
        return over(SharedLru.open(settings.segment()), settings, index);
    }

    /** A path over a segment that is open. */
    static RelayPath over(SharedLru lru, PathSettings<?> settings, int index) {
        lru.adoptRole();
        if (lru.file().relayEpoch() == 0) {
            lru.file().beginRelayEpoch();
        }
        if (!settings.hasSibling()) {
            // Nobody behind knows any deletes.
            lru.file().noteEarlierDeletesKnown();
        }
        return new RelayPath(settings, IpcNote.streamOf(index), lru);
    }

    /** Removes what a killed relay has left of the media driver that it noted here. */
    void removeDriverLeftBehind() {
        IpcNote earlier = IpcNote.parse(lru.file().note());
        if (earlier != null) {
            IpcDriver.removeLeftBehind(earlier.aeronDir());
        }
    }

    /**
     * Starts all that is not the segment.
     *
     * @param loop   the event loop of the relay's clients
     * @param driver carries what goes to the sibling; null where the path has none
     * @param folder working folder of the child, null for this process's own
     */
    void start(Scheduler loop, IpcDriver driver, Path folder) throws IOException {
        assemble(loop, driver == null ? null : receiver -> link(driver, receiver));
        AgentRunner runner = new AgentRunner(agent.idleStrategy(), errors, null, agent);
        AgentRunner.startOnThread(runner, task -> {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            return thread;
        });
        started.push(runner);
        startSibling(folder);
    }

    /** Makes all the parts; who calls this and not {@link #start} turns the agent himself. */
    void assemble(Scheduler loop, RelayAgent.LinkMaker links) throws IOException {
        SpillFile spill = openSpillFile();
        agent = new RelayAgent(
                lru, spill, links, errors, settings.authPath(), lru.file()::nanoTime, loop::execute, new FromAgent());
        HostMemory memory = HostMemory.open(settings.hostsFileBeside(lru.file().path()));
        started.push(memory);
        HostLeases leases = new HostLeases(lru.file()::now, settings.maxStale(), memory, errors);
        forgetHosts(loop, leases);
        if (settings.maxStale().isZero()) {
            LOGGER.warn(
                    "max_stale is off: a host of path {} that is cut off serves what was deleted elsewhere for as long as that lasts",
                    settings.authPath());
        }
        SegmentFile file = lru.file();
        ChangeRing changes =
                ChangeRing.open(settings.changesFileBeside(file.path()), file.relayEpoch(), file.position());
        earlier = new EarlierHosts(file, settings.authPath(), settings.maxStale(), loop);
        Announcer announcer = new Announcer(lru, settings.announce(), leases, changes, earlier);
        ClientInquiry clients = new ClientInquiry(lru, spill, settings.maxIndexedClients(), loop);
        clients.start();
        intake = new Intake(lru, spill, agent, announcer, changes, clients, loop, settings.unpublishedWait());
        Inquiry inquiry = new Inquiry(lru, spill, agent, intake, clients, new QuestionShares(lru.counters(), loop));
        service = new PathService(
                lru,
                errors,
                settings,
                announcer,
                earlier,
                intake,
                inquiry,
                leases,
                new FarDeletes(lru, leases, loop),
                clients);
    }

    private void forgetHosts(Scheduler loop, HostLeases leases) {
        Duration afterOneLease = settings.maxStale().plusMillis(10);
        Duration pause = settings.maxStale().isZero() || afterOneLease.compareTo(LONGEST_FORGET_PAUSE) > 0
                ? LONGEST_FORGET_PAUSE
                : afterOneLease;
        loop.schedule(
                () -> {
                    leases.forgetEnded();
                    forgetHosts(loop, leases);
                },
                pause);
    }

    private SpillFile openSpillFile() throws IOException {
        if (!settings.hasSibling() || settings.spillLimit() == 0) {
            return null;
        }
        SpillFile spill = SpillFile.open(settings.spillFileBeside(lru.file().path()), settings.spillLimit());
        started.push(spill);
        if (spill.size() > 0) {
            LOGGER.info("The spill file of path {} holds {} entries to hand off", settings.authPath(), spill.size());
        }
        return spill;
    }

    private AeronLink link(IpcDriver driver, Consumer<Frame> receiver) {
        SegmentFile file = lru.file();
        IpcNote note = new IpcNote(driver.folder(), file.relayEpoch(), stream);
        AeronLink link = new AeronLink(note, lru.counters(), errors, receiver);
        started.push(link);
        if (!link.isDriverActive()) {
            throw new IllegalStateException(
                    "No Aeron media driver is alive there; start it first, or leave aeron_dir out: aeron_dir="
                            + driver.folder());
        }
        link.open();
        file.note(note.text());
        started.push(() -> file.note(""));
        return link;
    }

    private void startSibling(Path folder) throws IOException {
        if (settings.siblingCommand().isEmpty()) {
            return;
        }
        Counters counters = lru.counters();
        sibling = new SiblingProcess.Builder(settings.siblingCommand())
                .folder(folder)
                .log(settings.siblingLog())
                .onDeath(agent::siblingDied)
                .onRestart(() -> counters.increment(Counter.SIBLING_RESTARTS))
                .start();
        started.push(sibling);
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

        @Override
        public void onSuperseded(byte[] key, Version newer) {
            intake.onSuperseded(key, newer);
        }

        @Override
        public void onEarlierDeletes(List<InventoryItem> deletes, boolean areLast) {
            intake.onEarlierDeletes(deletes);
            if (areLast) {
                earlier.deletesKnown();
            }
        }
    }

    String name() {
        return settings.authPath();
    }

    boolean hasSibling() {
        return settings.hasSibling();
    }

    SharedLru lru() {
        return lru;
    }

    RelayErrors errors() {
        return errors;
    }

    /** Owns what leaves the process; after {@link #assemble}. */
    RelayAgent agent() {
        return agent;
    }

    /** What serves the hosts of this path; after {@link #start}. */
    PathService service() {
        return service;
    }

    OptionalLong siblingPid() {
        return sibling == null ? OptionalLong.empty() : OptionalLong.of(sibling.pid());
    }

    /** Tells the child to end, without waiting for it: {@link #stop} does that. */
    void askSiblingToEnd() {
        if (sibling != null) {
            sibling.askToEnd();
        }
    }

    /** Ends what {@link #start} has started, as much as it was. */
    void stop() {
        started.close();
    }

    /** Leaves the segment as it is for the next start. */
    @Override
    public void close() {
        lru.close();
    }
}
