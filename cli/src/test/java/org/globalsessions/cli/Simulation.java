package org.globalsessions.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.globalsessions.Acknowledgement;
import org.globalsessions.ConditionFailedException;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.SimulatedCache;
import org.globalsessions.Version;
import org.globalsessions.VersionedValue;
import org.globalsessions.cli.SimulationHistory.Call;
import org.globalsessions.cli.SimulationHistory.Kind;
import org.globalsessions.relay.RelayContext.Announce;
import org.globalsessions.relay.SimulatedRelay;
import org.globalsessions.relief.SimulatedRelief;
import org.globalsessions.segment.RelayPlaces;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.SimulatedMachine;
import org.globalsessions.sibling.SimulatedSibling;
import org.globalsessions.simulation.SimulatedProcess;
import org.globalsessions.simulation.VirtualTime;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.NextTier;
import org.globalsessions.tier.TierHost;
import org.globalsessions.transport.client.SimulatedLink;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.net.Network;
import org.globalsessions.transport.net.PeerAddress;
import org.globalsessions.transport.simulation.SimulatedNetwork;

/**
 * One life of hosts, a relay, its sibling and relief nodes in virtual time: the product's own classes, over segments in files, with clocks,
 * network, threads and randomness replaced. A seed decides how many there are of what, what applications do, and what befalls the
 * processes and connections; in the end all of it heals.
 */
final class Simulation implements AutoCloseable {
    private static final String PATH = "auths";
    private static final PeerAddress SIBLING = PeerAddress.tcp("sibling", 2);
    private static final String RELAY_SEGMENT = "relay";
    private static final long MILLI = 1_000_000;

    /** The machines of every second seed above this one are busy. */
    private static final long BUSY_ABOVE = 20_000;

    /** In half of the seeds above this one applications save over versions, touch, and relief nodes join. */
    private static final long MORE_ABOVE = 20_000;

    /** In a quarter of the seeds above this one hosts have two relays, of which the first alone has a sibling. */
    private static final long TWO_RELAYS_ABOVE = 20_000;

    /** In half of the seeds above this one clocks are off by hours, those of relays too. */
    private static final long FAR_CLOCKS_ABOVE = 40_000;

    /** In half of the seeds above this one relief nodes come and go all the time. */
    private static final long RELIEF_FAULTS_ABOVE = 60_000;

    /** Seeds from here on found what they are named for before relief nodes came and went so. */
    private static final long NAMED_ABOVE = 100_000;

    private static final long NAMED_UP_TO = 130_000;

    /**
     * In half of the seeds above this one and up to {@link #FILTERS_ABOVE} expansion nodes are full all the time, and often aging nodes, too. Clocks are right there: a set of a
     * host whose clock lags, over a session that the relay has handed off and let go, is taken with a version below that one's, and hosts do not agree.
     */
    private static final long SMALL_RELIEF_ABOVE = 300_000;

    /**
     * For seeds above this one the sibling keeps filters of what relief nodes hold, which are made anew each second, and the relay holds few of the keys: the
     * others are asked for.
     */
    private static final long FILTERS_ABOVE = 400_000;

    /**
     * For seeds above this one relays lose their segments, and hosts do not: what only the relay has is gone then, and what a host has is not. Clocks are right there: with its segment a relay
     * loses the clock that it went on with where its own was set back.
     */
    private static final long LOST_SEGMENTS_ABOVE = 500_000;

    /** For seeds above this one relief nodes have weights, are cut off from the sibling and drained, with filters and a small relay as above {@link #FILTERS_ABOVE}. */
    private static final long MEMBERSHIP_ABOVE = 600_000;

    /**
     * For seeds above this one all of this together: relays lose their segments, relief nodes are cut off and drained and have machines, in half of the seeds expansion nodes are full, and
     * in some a relief node is away for longer than anybody remembers a delete.
     */
    private static final long COMBINED_ABOVE = 900_000;

    private static final long HOUR_MS = 3_600_000;

    private static final long SECOND = 1_000 * MILLI;

    private final VirtualTime time;
    private final SplittableRandom random;
    private final SimulatedNetwork network;
    private final SimulationHistory history;
    private final Consumer<String> trace;
    private final Path folder;
    private final List<Host> hosts = new ArrayList<>();
    private final List<Relief> reliefs = new ArrayList<>();
    private final List<String> keys = new ArrayList<>();
    private final int replicas;
    private final boolean hasSibling;
    private final boolean doesMore;
    private final boolean farClocks;
    private final boolean reliefFaults;
    private final boolean smallRelief;
    private final boolean smallAging;
    private final boolean filters;
    private final boolean losesSegments;
    private final boolean changesMembers;
    private final boolean combined;
    private final boolean longAbsence;
    private final Duration idleTimeout;
    private final int relayCapacity;
    private final Announce announce;
    private final List<Relay> relays = new ArrayList<>();
    private SiblingNode sibling;
    private boolean ending;

    /**
     * A simulation that has not begun.
     *
     * @param seed   decides everything
     * @param parent where its segments go
     * @param trace  told what happens; null for nobody
     */
    Simulation(long seed, Path parent, Consumer<String> trace) throws IOException {
        this.time = new VirtualTime(seed, seed > BUSY_ABOVE && seed % 2 == 0);
        this.random = time.random();
        this.trace = trace;
        this.network = new SimulatedNetwork(time, trace == null ? null : this::trace);
        this.folder = Files.createTempDirectory(parent, "seed-" + seed + "-");
        combined = seed > COMBINED_ABOVE;
        longAbsence = combined && seed % 16 < 2;
        smallRelief =
                (seed > SMALL_RELIEF_ABOVE && seed <= FILTERS_ABOVE && seed % 4 < 2) || (combined && seed % 2 == 0);
        farClocks = seed > FAR_CLOCKS_ABOVE && seed % 8 < 4 && !smallRelief && seed <= LOST_SEGMENTS_ABOVE;
        doesMore = seed > MORE_ABOVE && seed % 4 < 2;
        idleTimeout =
                doesMore && random.nextInt(4) == 0 ? Duration.ofMillis(random.nextLong(1_000, 4_000)) : Duration.ZERO;
        history = new SimulationHistory(idleTimeout.toNanos());
        reliefFaults = hasReliefFaults(seed);
        smallAging = smallRelief && !combined && random.nextInt(3) == 0;
        losesSegments = (seed > LOST_SEGMENTS_ABOVE && seed <= MEMBERSHIP_ABOVE) || combined;
        changesMembers = seed > MEMBERSHIP_ABOVE;
        filters = seed > FILTERS_ABOVE && !losesSegments;
        hasSibling = random.nextInt(2) == 0 || reliefFaults || smallRelief || filters || changesMembers;
        replicas = 1 + random.nextInt(2);
        int keyCount = smallRelief ? 150 : filters || random.nextInt(3) == 0 ? 60 : 1 + random.nextInt(6);
        for (int i = 0; i < keyCount; i++) {
            keys.add("key-" + i);
        }
        relayCapacity = filters || random.nextBoolean() ? 13 : 200;
        Duration maxStale = Duration.ofMillis(random.nextInt(4) == 0 ? 60_000 : random.nextInt(1_000, 5_000));
        announce = List.of(Announce.values()).get(random.nextInt(Announce.values().length));
        long spillLimit = random.nextBoolean() ? 0 : 1 << 20;
        int relayCount = seed > TWO_RELAYS_ABOVE && seed % 4 == 3 ? 2 : 1;
        for (int i = 0; i < relayCount; i++) {
            String name = i == 0 ? RELAY_SEGMENT : RELAY_SEGMENT + "-" + i;
            relays.add(new Relay(
                    PeerAddress.tcp(name, 1),
                    new SimulatedRelay.Settings(
                            PATH,
                            segment(name, relayCapacity).role(hasSibling && i == 0 ? Role.RELAY : Role.LONE_RELAY),
                            maxStale,
                            announce,
                            hasSibling && i == 0,
                            spillLimit)));
        }
        trace(relayCount + " relay with " + relayCapacity + " entries, replicas=" + replicas + ", announce=" + announce
                + ", maxStale=" + maxStale + ", spillLimit=" + spillLimit + ", sibling=" + hasSibling + ", idleTimeout="
                + idleTimeout);
        int hostCount = 2 + random.nextInt(2);
        for (int i = 0; i < hostCount; i++) {
            hosts.add(new Host(i));
        }
        if (hasSibling) {
            int aging = 1 + random.nextInt(2);
            int expansion = random.nextInt(3);
            for (int i = 0; i < aging + expansion; i++) {
                reliefs.add(new Relief(i, i < aging));
            }
        }
    }

    private SegmentSettings segment(String name, int elCount) {
        return new SegmentSettings(folder.resolve(name))
                .elCount(elCount)
                .recordSize(256)
                .maxValueSize(100)
                .overflowShare(0)
                .pathName(PATH)
                .seed(7);
    }

    /** Runs it to its end. */
    void run() throws IOException {
        relays.forEach(Relay::start);
        if (hasSibling) {
            startSibling();
        }
        for (Relief relief : reliefs) {
            relief.start();
        }
        for (Host host : hosts) {
            for (int i = 0; i < host.processes.length; i++) {
                host.start(i);
            }
        }
        time.pass(time.between(0, 2 * SECOND));
        int calls = (smallRelief ? 300 : filters ? 200 : 20) + random.nextInt(100);
        int faults = random.nextInt(4) == 0 ? 0 : random.nextInt(8);
        long lengthNs = time.between(SECOND, 12 * SECOND);
        for (int i = 0; i < calls; i++) {
            time.after(time.between(0, lengthNs), this::someCall);
        }
        for (int i = 0; i < faults; i++) {
            time.after(time.between(0, lengthNs), this::someFault);
        }
        if (doesMore && hasSibling && random.nextBoolean()) {
            time.after(time.between(0, lengthNs), this::joinRelief);
        }
        for (int i = reliefFaults ? random.nextInt(10) : 0; i > 0; i--) {
            time.after(time.between(0, lengthNs), random.nextInt(4) == 0 ? this::joinRelief : this::killSomeRelief);
        }
        for (int i = changesMembers ? 1 + random.nextInt(6) : 0; i > 0; i--) {
            time.after(time.between(0, lengthNs), random.nextBoolean() ? this::cutSomeRelief : this::drainSomeRelief);
        }
        time.pass(lengthNs);
        if (longAbsence) {
            missALongTime();
        }
        end();
    }

    /** A relief node is away until what was deleted meanwhile is forgotten by all others. */
    private void missALongTime() {
        // Who was to be started again by then is.
        time.pass(6 * SECOND);
        Relief relief = reliefs.get(random.nextInt(reliefs.size()));
        trace(relief.process + " is killed, for long");
        history.reliefTierChanged();
        relief.kill();
        for (int i = 0; i < 40; i++) {
            time.after(time.between(0, SECOND), this::someCall);
        }
        time.pass(time.between(301 * SECOND, 330 * SECOND));
        relief.start();
        time.pass(time.between(0, SECOND));
    }

    private static boolean hasReliefFaults(long seed) {
        boolean named = seed > NAMED_ABOVE && seed <= NAMED_UP_TO;
        return seed > RELIEF_FAULTS_ABOVE && seed % 2 == 0 && !named;
    }

    private void end() throws IOException {
        ending = true;
        trace("all heals");
        network.heal();
        // The longest stop, then a lease, the grace of a connection and the longest pause between two attempts.
        time.pass(8 * SECOND);
        restartDead();
        time.pass(12 * SECOND);
        forgiveWhatWasCounted();
        Map<String, List<Call>> lastGets = new LinkedHashMap<>();
        for (String key : keys) {
            if (history.about(key).isEmpty()) {
                continue;
            }
            List<Call> gets = lastGets.computeIfAbsent(key, each -> new ArrayList<>());
            for (Host host : hosts) {
                for (HostProcess process : host.processes) {
                    if (process != null) {
                        process.process.run(() -> gets.add(process.get(key)));
                    }
                }
            }
        }
        time.pass(3 * SECOND);
        boolean told = announce != Announce.OFF;
        lastGets.forEach((key, gets) -> history.checkEnd(gets, told, time.nowNs()));
        history.checkSaves();
        if (hasSibling && sibling.node.hasEarlierRings()) {
            history.violation("the relief tier is not settled");
        }
    }

    private void restartDead() throws IOException {
        for (Relay relay : relays) {
            if (!relay.node.process.isAlive()) {
                relay.start();
            }
        }
        if (hasSibling && !sibling.process.isAlive()) {
            startSibling();
        }
        for (Relief relief : reliefs) {
            if (!relief.process.isAlive()) {
                relief.start();
            }
        }
        for (Host host : hosts) {
            for (int i = 0; i < host.processes.length; i++) {
                if (!host.lost && !host.processes[i].process.isAlive()) {
                    host.start(i);
                }
            }
        }
    }

    private void forgiveWhatWasCounted() {
        long lost = 0;
        for (Host host : hosts) {
            if (!host.lost) {
                lost += host.processes[0].lru.counters().get(Counter.LOST_UNPUBLISHED);
            }
        }
        for (Relay relay : relays) {
            lost += relay.node.lru.counters().get(Counter.LOST_UNPUBLISHED)
                    + relay.node.lru.counters().get(Counter.LOST_FOR_SPACE)
                    + relay.node.lru.counters().get(Counter.LOST_SPILL_FULL);
        }
        for (Relief relief : reliefs) {
            lost += relief.lru.counters().get(Counter.LOST_FOR_SPACE);
        }
        if (lost > 0) {
            history.forgiveLosses();
        }
    }

    // What applications do.

    private void someCall() {
        Host host = hosts.get(random.nextInt(hosts.size()));
        HostProcess process = host.processes[random.nextInt(host.processes.length)];
        String key = keys.get(random.nextInt(keys.size()));
        int kind = random.nextInt(100);
        int more = doesMore ? random.nextInt(100) : 100;
        if (host.lost) {
            return;
        }
        process.process.run(() -> {
            if (more < 8) {
                process.touch(key);
            } else if (more < 24) {
                process.look(key);
            } else if (more < 50) {
                process.save(key);
            } else if (kind < 35) {
                process.get(key);
            } else if (kind < 80) {
                process.set(key);
            } else {
                process.delete(key);
            }
        });
    }

    private Acknowledgement someLevel(boolean everywhereToo) {
        int level = random.nextInt(10);
        if (level < 4) {
            return Acknowledgement.LOCAL;
        }
        if (level < 7) {
            return Acknowledgement.RELAY;
        }
        return everywhereToo ? Acknowledgement.EVERYWHERE : hasSibling ? Acknowledgement.RELIEF : Acknowledgement.RELAY;
    }

    // What befalls them.

    private void someFault() {
        switch (farClocks && random.nextInt(3) == 0 ? 6 : random.nextInt(10)) {
            case 0, 1 -> cutSomeHost();
            case 2 -> killSomeHost();
            case 3 -> stopSomething();
            case 4, 5 -> {
                if (losesSegments) {
                    loseRelay();
                } else {
                    killRelay();
                }
            }
            case 6 -> setSomeClock();
            case 7 -> killSibling();
            case 8 -> killSomeRelief();
            default -> {
                if (losesSegments) {
                    killRelay();
                } else {
                    loseSomeHost();
                }
            }
        }
    }

    private void joinRelief() {
        Relief relief = new Relief(reliefs.size(), random.nextBoolean());
        reliefs.add(relief);
        relief.start();
        history.reliefTierChanged();
    }

    private void cutSomeRelief() {
        Relief relief = reliefs.get(random.nextInt(reliefs.size()));
        boolean reset = random.nextBoolean();
        long lengthNs = time.between(10 * MILLI, 9 * SECOND);
        trace(relief.process + " is cut off for " + lengthNs / MILLI + " ms" + (reset ? ", reset" : ""));
        history.reliefTierChanged();
        network.cut(relief.process.toString(), SIBLING, lengthNs, reset);
    }

    private void drainSomeRelief() {
        Relief relief = reliefs.get(random.nextInt(reliefs.size()));
        if (sibling.process.isAlive()) {
            trace(relief.process + " is to be drained");
            history.reliefTierChanged();
            SiblingNode asked = sibling;
            asked.process.run(() -> trace("drain: " + asked.node.drain(relief.idHigh, relief.idLow)));
        }
    }

    private void cutSomeHost() {
        Host host = hosts.get(random.nextInt(hosts.size()));
        boolean reset = random.nextBoolean();
        long lengthNs = time.between(10 * MILLI, 8 * SECOND);
        trace("host " + host.number + " is cut off for " + lengthNs / MILLI + " ms" + (reset ? ", reset" : ""));
        // From one of them or from all.
        int only = relays.size() == 1 ? 0 : random.nextInt(relays.size() + 1);
        for (int i = 0; i < relays.size(); i++) {
            if (only == i || only == relays.size()) {
                for (HostProcess process : host.processes) {
                    network.cut(process.process.toString(), relays.get(i).address, lengthNs, reset);
                }
            }
        }
    }

    private void killSomeHost() {
        Host host = hosts.get(random.nextInt(hosts.size()));
        int index = random.nextInt(host.processes.length);
        HostProcess process = host.processes[index];
        if (host.lost || !process.process.isAlive()) {
            return;
        }
        trace("host " + host.number + " loses process " + process.process);
        process.kill();
        time.after(time.between(MILLI, 3 * SECOND), () -> {
            if (!ending && !host.lost && host.processes[index] == process) {
                host.start(index);
            }
        });
    }

    private void loseSomeHost() {
        Host host = hosts.get(random.nextInt(hosts.size()));
        if (host.lost || hosts.stream().filter(each -> !each.lost).count() < 2) {
            return;
        }
        trace("host " + host.number + " is lost with its segment");
        host.lost = true;
        history.hostLost(host.number);
        for (HostProcess process : host.processes) {
            if (process.process.isAlive()) {
                process.kill();
            }
        }
    }

    private void stopSomething() {
        List<SimulatedProcess> all = new ArrayList<>();
        hosts.forEach(host -> Stream.of(host.processes).forEach(each -> all.add(each.process)));
        reliefs.forEach(each -> all.add(each.process));
        relays.forEach(each -> all.add(each.node.process));
        if (hasSibling) {
            all.add(sibling.process);
        }
        SimulatedProcess process = all.get(random.nextInt(all.size()));
        long lengthNs = time.between(10 * MILLI, 6 * SECOND);
        trace(process + " is stopped for " + lengthNs / MILLI + " ms");
        process.stop(lengthNs);
    }

    private void setSomeClock() {
        if (smallRelief || combined) {
            return;
        }
        if (farClocks && random.nextInt(4) == 0) {
            Relay relay = relays.get(random.nextInt(relays.size()));
            long offMs = someFarOffMs();
            trace("the clock of " + relay.address.host() + " is off by " + offMs + " ms");
            relay.machine.wallClockOff(offMs);
            return;
        }
        Host host = hosts.get(random.nextInt(hosts.size()));
        long offMs = farClocks ? someFarOffMs() : random.nextLong(-3_000, 3_000);
        trace("the clock of host " + host.number + " is off by " + offMs + " ms");
        host.machine.wallClockOff(offMs);
    }

    /** By some hours, or by as much as a relay lets pass or a little more. */
    private long someFarOffMs() {
        long most = random.nextBoolean() ? 3 * HOUR_MS : 90_000;
        return random.nextLong(-most, most);
    }

    private void killRelay() {
        Relay relay = relays.get(relays.size() == 1 ? 0 : random.nextInt(relays.size()));
        RelayNode killed = relay.node;
        if (!killed.process.isAlive()) {
            return;
        }
        trace(killed.process + " is killed");
        killed.kill();
        time.after(time.between(MILLI, 3 * SECOND), () -> {
            if (!ending && relay.node == killed) {
                relay.start();
            }
        });
    }

    /** Its machine starts anew, where its segment lay in memory: what lies beside that is gone as well, but for the list of relief nodes. */
    private void loseRelay() {
        Relay relay = relays.get(relays.size() == 1 ? 0 : random.nextInt(relays.size()));
        RelayNode killed = relay.node;
        if (!killed.process.isAlive()) {
            return;
        }
        trace(killed.process + " loses its segment");
        if (relay.settings.hasSibling()) {
            history.relayLost();
        } else {
            // No relief node has anything of it.
            history.forgiveLosses();
        }
        history.reliefTierChanged();
        killed.kill();
        if (relay.settings.hasSibling() && sibling.process.isAlive()) {
            sibling.kill();
        }
        try {
            relay.loseFiles();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        time.after(time.between(MILLI, 3 * SECOND), () -> {
            if (!ending && relay.node == killed) {
                relay.start();
                if (relay.settings.hasSibling() && !sibling.process.isAlive()) {
                    startSibling();
                }
            }
        });
    }

    private void killSibling() {
        if (!hasSibling || !sibling.process.isAlive()) {
            return;
        }
        SiblingNode killed = sibling;
        trace("the sibling is killed");
        killed.kill();
        time.after(time.between(MILLI, 2 * SECOND), () -> {
            if (!ending && sibling == killed && !relays.get(0).isLost) {
                startSibling();
            }
        });
    }

    private void killSomeRelief() {
        if (reliefs.isEmpty()) {
            return;
        }
        Relief relief = reliefs.get(random.nextInt(reliefs.size()));
        if (!relief.process.isAlive()) {
            return;
        }
        trace(relief.process + " is killed");
        history.reliefTierChanged();
        relief.kill();
        time.after(time.between(MILLI, (reliefFaults ? 6 : 2) * SECOND), () -> {
            if (!ending && !relief.process.isAlive()) {
                relief.start();
            }
        });
    }

    // The nodes.

    /** A relay's place, machine and settings, with which it is started again. */
    private final class Relay {
        private final PeerAddress address;
        private final SimulatedRelay.Settings settings;
        private final SimulatedMachine machine = new SimulatedMachine(time);
        private RelayNode node;

        /** Whether its segment is gone and there is no other one yet. */
        private boolean isLost;

        Relay(PeerAddress address, SimulatedRelay.Settings settings) {
            this.address = address;
            this.settings = settings;
        }

        void start() {
            trace(address.host() + " starts");
            boolean isFirst = node == null;
            node = new RelayNode(this, isFirst);
            isLost = false;
            if (settings.hasSibling() && sibling != null && sibling.process.isAlive()) {
                link();
            }
        }

        void loseFiles() throws IOException {
            isLost = true;
            String segment = address.host();
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    String name = folder.relativize(file).toString();
                    if (name.equals(segment) || name.startsWith(segment + ".") || name.equals("members.voids")) {
                        Files.delete(file);
                    }
                }
            }
        }
    }

    private void startSibling() {
        trace("the sibling starts");
        sibling = new SiblingNode();
        if (relays.get(0).node.process.isAlive()) {
            link();
        }
    }

    /** Relay and sibling find each other. */
    private void link() {
        RelayNode ofRelay = relays.get(0).node;
        SiblingNode ofSibling = sibling;
        time.after(time.between(MILLI, 300 * MILLI), () -> {
            if (relays.get(0).node == ofRelay && sibling == ofSibling) {
                ofRelay.process.run(() -> ofRelay.node.siblingConnected(true));
                ofSibling.process.run(ofSibling.node::relayStarted);
            }
        });
    }

    /** One direction between relay and sibling: frames arrive in their order, as bytes. */
    private final class Pipe {
        private long lastArrivalNs;

        void pass(Frame frame, SimulatedProcess to, Consumer<Frame> receiver) {
            byte[] bytes = SimulatedNetwork.encoded(frame);
            lastArrivalNs = Math.max(lastArrivalNs + 1, time.nowNs() + time.between(1_000, 100_000));
            time.after(
                    lastArrivalNs - time.nowNs(), () -> to.run(() -> receiver.accept(SimulatedNetwork.decoded(bytes))));
        }
    }

    private final class RelayNode {
        private final SimulatedProcess process;
        private final SharedLru lru;
        private final SimulatedRelay node;
        private final Pipe pipe = new Pipe();

        RelayNode(Relay relay, boolean isFirst) {
            process = new SimulatedProcess(time, relay.address.host());
            boolean asksSibling = relay.settings.hasSibling();
            try {
                lru = relay.machine.open(relay.settings.segment());
                if (isFirst) {
                    // Nobody was there before.
                    lru.file().noteEarlierDeletesKnown();
                }
                Network loop = network.of(process);
                node = SimulatedRelay.start(lru, process, loop, relay.settings, asksSibling ? this::toSibling : null);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            network.listen(relay.address, process, node.handler());
        }

        private void toSibling(Frame frame) {
            SiblingNode to = sibling;
            pipe.pass(frame, to.process, to.node::fromRelay);
        }

        void kill() {
            process.kill();
            network.killed(process);
            node.end();
            lru.close();
        }
    }

    private final class SiblingNode {
        private final SimulatedProcess process = new SimulatedProcess(time, "sibling");
        private final SharedLru segment;
        private final SimulatedSibling node;
        private final Pipe pipe = new Pipe();

        SiblingNode() {
            try {
                segment = relays.get(0)
                        .machine
                        .open(segment(RELAY_SEGMENT, relayCapacity)
                                .role(Role.RELAY)
                                .initializer(false));
                node = new SimulatedSibling(
                        segment,
                        process,
                        network.of(process),
                        PATH,
                        replicas,
                        folder.resolve("members"),
                        filters,
                        this::toRelay);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            network.listen(SIBLING, process, node.handler());
        }

        private void toRelay(Frame frame) {
            RelayNode to = relays.get(0).node;
            pipe.pass(frame, to.process, to.node::fromSibling);
        }

        void kill() {
            process.kill();
            network.killed(process);
            segment.close();
            RelayNode left = relays.get(0).node;
            left.process.run(() -> left.node.siblingConnected(false));
        }
    }

    private final class Relief {
        private final int number;
        private final boolean aging;
        private final SimulatedMachine machine = new SimulatedMachine(time);
        private final int weight = changesMembers ? 50 << random.nextInt(4) : HelloFrame.DEFAULT_WEIGHT;
        private final String on = combined ? "machine-" + random.nextInt(4) : "";
        private SimulatedProcess process;
        private SharedLru lru;
        private SimulatedRelief node;
        private long idHigh;
        private long idLow;

        Relief(int number, boolean aging) {
            this.number = number;
            this.aging = aging;
        }

        void start() {
            String name = (aging ? "aging-" : "expansion-") + number;
            trace(name + " starts");
            process = new SimulatedProcess(time, name);
            try {
                boolean small = aging ? smallAging : smallRelief;
                lru = machine.open(segment(name, small ? 13 : 200).role(Role.RELIEF));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            idHigh = lru.file().identityHigh();
            idLow = lru.file().identityLow();
            node = SimulatedRelief.start(lru, process, network.of(process), SIBLING, PATH, weight, on, aging);
        }

        void kill() {
            if (node.hasUncounted()) {
                history.forgiveLosses();
            }
            process.kill();
            network.killed(process);
            lru.close();
        }
    }

    private final class Host {
        private final int number;
        private final SimulatedMachine machine = new SimulatedMachine(time);
        private final HostProcess[] processes = new HostProcess[1 + random.nextInt(2)];
        private boolean lost;

        Host(int number) {
            this.number = number;
            if (farClocks && random.nextBoolean()) {
                machine.wallClockOff(someFarOffMs());
            }
        }

        void start(int index) {
            trace("process " + index + " of host " + number + " starts");
            processes[index] = new HostProcess(this, index);
        }
    }

    private final class HostProcess {
        private final Host host;
        private final SimulatedProcess process;
        private final SharedLru lru;
        private final SessionCacheManager cache;
        private final Map<String, VersionedValue> lastSeen = new HashMap<>();

        HostProcess(Host host, int index) {
            this.host = host;
            process = new SimulatedProcess(time, "host-" + host.number + "-" + index);
            try {
                lru = host.machine.open(segment("host-" + host.number, 53)
                        .role(Role.HOST)
                        .idleTimeout(idleTimeout)
                        .relays(relays.stream()
                                .mapToLong(relay -> RelayPlaces.id(relay.address.host()))
                                .toArray()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            Network ofProcess = network.of(process);
            Map<String, Function<TierHost, NextTier>> tiers = new LinkedHashMap<>();
            for (Relay relay : relays) {
                tiers.put(
                        relay.address.host(), tierHost -> SimulatedLink.open(ofProcess, relay.address, PATH, tierHost));
            }
            cache = SimulatedCache.open(lru, process, tiers).cache();
        }

        void kill() {
            process.kill();
            network.killed(process);
            lru.close();
        }

        Call get(String key) {
            Call call = beginGet(Kind.GET, key);
            answer(call, cache.get(key), value -> history.answered(call, value, time.nowNs()));
            return call;
        }

        private Call beginGet(Kind kind, String key) {
            return history.begin(kind, key, host.number, Acknowledgement.LOCAL, 0, time.nowNs());
        }

        private <T> void answer(Call call, CompletableFuture<T> future, Consumer<T> taken) {
            call.returnedNs = time.nowNs();
            var unused = future.whenComplete((answer, failure) -> {
                if (!process.isAlive()) {
                    return;
                }
                if (failure == null) {
                    taken.accept(answer);
                } else {
                    call.answer = String.valueOf(causeOf(failure).getMessage());
                }
                trace(process, call);
            });
        }

        void touch(String key) {
            Call call = beginGet(Kind.TOUCH, key);
            answer(call, cache.touch(key), live -> history.touched(call, live, time.nowNs()));
        }

        /** A get that a save may follow. */
        void look(String key) {
            Call call = beginGet(Kind.GET, key);
            answer(call, cache.getVersioned(key), seen -> {
                history.answered(call, seen == null ? null : seen.value(), time.nowNs());
                if (seen == null) {
                    lastSeen.remove(key);
                } else {
                    lastSeen.put(key, seen);
                }
            });
        }

        /** Saves over what this process has last seen, or only where nothing is. */
        void save(String key) {
            VersionedValue seen = lastSeen.get(key);
            Version expected = seen == null ? Version.NONE : seen.version();
            Acknowledgement level =
                    hasSibling && random.nextInt(4) == 0 ? Acknowledgement.RELIEF : Acknowledgement.RELAY;
            Call call = history.beginSave(
                    key, host.number, level, expected, seen == null ? null : seen.value(), time.nowNs());
            CompletableFuture<Version> saved = cache.set(
                    key,
                    call.value(),
                    SetOptions.DEFAULTS.acknowledgement(level).expectedVersion(expected));
            follow(call, saved.thenApply(version -> {
                // Only now is it here.
                call.returnedNs = time.nowNs();
                lastSeen.put(key, new VersionedValue(call.value(), version));
                return version;
            }));
        }

        void set(String key) {
            long lifetimeNs = random.nextInt(12) == 0 ? time.between(20 * MILLI, 3 * SECOND) : 0;
            Call call = history.begin(Kind.SET, key, host.number, someLevel(false), lifetimeNs, time.nowNs());
            SetOptions options = SetOptions.DEFAULTS.acknowledgement(call.level);
            if (lifetimeNs > 0) {
                options = options.ttl(Duration.ofNanos(lifetimeNs));
            }
            follow(call, cache.set(key, call.value(), options));
        }

        void delete(String key) {
            Call call = history.begin(Kind.DELETE, key, host.number, someLevel(true), 0, time.nowNs());
            follow(call, cache.delete(key, call.level));
        }

        private void follow(Call call, CompletableFuture<?> future) {
            if (call.expected == null) {
                call.returnedNs = time.nowNs();
            }
            var unused = future.whenComplete((result, failure) -> {
                if (!process.isAlive()) {
                    return;
                }
                if (failure == null) {
                    call.doneNs = time.nowNs();
                    call.answer = "done " + result;
                } else {
                    call.lost = causeOf(failure) instanceof ConditionFailedException
                            || (call.kind == Kind.DELETE
                                    && String.valueOf(failure.getMessage()).contains("too many deletes"));
                    call.answer = String.valueOf(causeOf(failure).getMessage());
                }
                trace(process, call);
            });
            trace(process, call);
        }
    }

    private static Throwable causeOf(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    private void trace(String what) {
        if (trace != null) {
            trace.accept(String.format(Locale.ROOT, "%9.3f %s", time.nowNs() / 1e9, what));
        }
    }

    private void trace(SimulatedProcess process, Call call) {
        if (trace != null) {
            trace(process + " " + call);
        }
    }

    /** What has happened. */
    SimulationHistory history() {
        return history;
    }

    /** How many events there were. */
    long eventCount() {
        return time.eventCount();
    }

    @Override
    public void close() throws IOException {
        for (Host host : hosts) {
            for (HostProcess process : host.processes) {
                if (process != null && process.process.isAlive()) {
                    process.kill();
                }
            }
        }
        for (Relief relief : reliefs) {
            if (relief.process != null && relief.process.isAlive()) {
                relief.kill();
            }
        }
        if (sibling != null && sibling.process.isAlive()) {
            sibling.kill();
        }
        for (Relay relay : relays) {
            if (relay.node != null && relay.node.process.isAlive()) {
                relay.node.kill();
            }
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
