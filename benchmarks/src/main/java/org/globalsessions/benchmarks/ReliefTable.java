package org.globalsessions.benchmarks;

import static org.globalsessions.benchmarks.RelaySubject.RELAY;
import static org.globalsessions.benchmarks.RelaySubject.RELIEF;

import java.io.IOException;
import java.io.PrintStream;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.globalsessions.benchmarks.Traffic.Operation;
import org.globalsessions.benchmarks.TrafficProcess.Order;
import org.globalsessions.status.Counter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * Measures what stands behind a relay: gets that a relief node answers, a storm of sets that each evict, the refill of a node that joins, and what more nodes hold. All
 * nodes are processes of their own. Prints what is reached of the bars: a Markdown table of ratios, then one of all figures. Progress goes to standard error.
 */
@Command(name = "relief-table", mixinStandardHelpOptions = true, description = "Measures what stands behind a relay.")
public final class ReliefTable implements Callable<Integer> {
    /** What is compared beside {@link RelaySubject}s. */
    private enum State implements Contender {
        CALM("nothing evicted"),
        STORM("each set evicts"),
        FIRST("after the first storm"),
        QUIET("no refill"),
        REFILL("refill under way");

        private final String label;

        State(String label) {
            this.label = label;
        }

        @Override
        public String label() {
            return label;
        }
    }

    private record Nodes(int count) implements Contender {
        @Override
        public String label() {
            return count == 1 ? "1 relief node" : count + " relief nodes";
        }
    }

    private static final String P50 = "µs p50";
    private static final String P99 = "µs p99";
    private static final String THOUSANDS = "thousand/s";
    private static final String MIB = "MiB";
    private static final String PROCESSORS = "processors";
    private static final String SESSIONS = "sessions";

    /** One in so many of the entries is in the relay. */
    private static final int RELAY_SHARE = 5;

    /** One in so many of the relay's places is in use by the gets beside a refill. */
    private static final int BUSY_SHARE = 4;

    /** Of the nodes' places so many are filled: the fullest of eight has at most a hundredth more than the mean. */
    private static final double FILLED = 0.97;

    /** Processor time that a session compared may take, of the sibling and the nodes together: what bounds their share of the machine by the rate. */
    private static final double PROCESSOR_US_A_SESSION = 30;

    private static final long REFILL_BEGINS_NS = TimeUnit.SECONDS.toNanos(60);
    private static final long REFILL_SLACK_NS = TimeUnit.SECONDS.toNanos(120);
    private static final long LOOK_AGAIN_NS = TimeUnit.MILLISECONDS.toNanos(10);

    @Mixin
    private final ReliefTableOptions options = new ReliefTableOptions();

    private final PrintStream out;
    private final Figures figures = new Figures();

    private ReliefTable(PrintStream out) {
        this.out = out;
    }

    /**
     * Measures and prints; ends with 1 where a row failed, and with 2 where an argument is wrong.
     *
     * @param args see {@code --help}
     */
    public static void main(String... args) {
        System.exit(run(System.out, args));
    }

    static int run(PrintStream out, String... args) {
        return TableOptions.run(new ReliefTable(out), args);
    }

    @Override
    public Integer call() {
        boolean succeeded = measureAll();
        print();
        return succeeded ? 0 : 1;
    }

    private boolean measureAll() {
        boolean succeeded = true;
        for (ReliefTableOptions.Row row : options.rows()) {
            try {
                switch (row) {
                    case GET -> gets();
                    case STORM -> storm();
                    case REFILL -> refill();
                    case GROWTH -> growth();
                }
            } catch (IOException | RuntimeException e) {
                // The rows measured so far took minutes: they are printed all the same.
                succeeded = false;
                System.err.println("row " + row + " failed, and what it had measured may be in the table:");
                e.printStackTrace();
            }
        }
        return succeeded;
    }

    private void print() {
        out.printf(
                "%s, %s, JDK %s, %d cores; rounds %d of %d ms after %d ms%n%n",
                LocalDate.now(ZoneOffset.UTC),
                System.getProperty("os.arch"),
                Runtime.version(),
                Runtime.getRuntime().availableProcessors(),
                options.rounds(),
                options.windowMs(),
                options.warmUpMs());
        out.println(figures.ratios());
        out.println(figures.absolutes());
    }

    /** A relay asked for what it has, and for what only the relief node has, in turn. */
    private void gets() throws IOException {
        int entries = options.entries();
        int inUse = entries / Conversation.HOT_SHARE;
        try (ReliefScene scene = new ReliefScene(options.quick(), entries / RELAY_SHARE, "")) {
            scene.addNode(2 * entries);
            Map<RelaySubject, ChildJvm> clients = new EnumMap<>(RelaySubject.class);
            clients.put(RELAY, scene.client(RELAY, inUse));
            clients.put(RELIEF, scene.client(RELIEF, entries));
            sweep(clients.get(RELAY), Operation.SET, 0, entries);

            String alone = "get, one at a time, TCP";
            String many = "get, 64 in flight, TCP";
            for (int round = -1; round < options.rounds(); round++) {
                for (Map.Entry<RelaySubject, ChildJvm> client : clients.entrySet()) {
                    RelaySubject subject = client.getKey();
                    // What the relief node has answered meanwhile has taken their places.
                    sweep(clients.get(RELAY), Operation.SET, 0, inUse);
                    long hits = scene.atRelay(Counter.HITS);
                    long misses = scene.atRelay(Counter.MISSES);
                    long handedOff = scene.atRelay(Counter.HANDED_OFF);
                    progress(alone, subject, round);
                    List<Double> latency = told(client.getValue(), Order.WAITING, round);
                    progress(many, subject, round);
                    List<Double> speed = told(client.getValue(), Order.MANY, round);
                    hits = scene.atRelay(Counter.HITS) - hits;
                    misses = scene.atRelay(Counter.MISSES) - misses;
                    handedOff = scene.atRelay(Counter.HANDED_OFF) - handedOff;
                    if (round >= 0) {
                        add(alone, P50, subject, latency.get(0));
                        add(alone, P99, subject, latency.get(1));
                        add(many, THOUSANDS, subject, speed.get(0) * 1e3);
                        add("gets that the relay answered itself", "%", subject, 100.0 * hits / (hits + misses));
                        add("hand-offs a get", "%", subject, 100.0 * handedOff / (hits + misses));
                    }
                }
            }
            figures.atMost(alone, P50, RELIEF, RELAY, 3);
            figures.atLeast(many, THOUSANDS, RELIEF, RELAY, 0.4);
        }
    }

    private List<Double> told(ChildJvm client, Order order, int round) throws IOException {
        client.order(TrafficProcess.order(order, Operation.GET, round < 0 ? options.warmUpMs() : options.windowMs()));
        return client.figures();
    }

    /** New sessions as fast as a relay takes them: one that has room for all, and one that is full and hands each off. */
    private void storm() throws IOException {
        String work = "set of a new session, 64 in flight, TCP";
        int each = options.stormEntries();
        int all = (options.rounds() + 1) * each;
        try (ReliefScene roomy = new ReliefScene(options.quick(), all + all / 3, "");
                ReliefScene full = new ReliefScene(options.quick(), each / 10, "")) {
            Map<State, ReliefScene> scenes = new EnumMap<>(Map.of(State.CALM, roomy, State.STORM, full));
            Map<State, ChildJvm> clients = new EnumMap<>(State.class);
            for (Map.Entry<State, ReliefScene> scene : scenes.entrySet()) {
                scene.getValue().addNode(all + all / 10 + 1_000);
                clients.put(scene.getKey(), scene.getValue().client(RELAY, all));
            }
            String memory = "memory of the relay in the storm";
            for (int round = -1; round < options.rounds(); round++) {
                int first = (round + 1) * each;
                for (Map.Entry<State, ChildJvm> client : clients.entrySet()) {
                    progress(work, client.getKey(), round);
                    Sweep.Result result = sweep(client.getValue(), Operation.SET, first, first + each);
                    if (round >= 0) {
                        add(work, THOUSANDS, client.getKey(), result.perSecond() / 1e3);
                        count("sets refused for want of room, and sent again", client.getKey(), result.refused());
                    }
                }
                add(
                        memory,
                        MIB,
                        round < 0 ? State.FIRST : State.STORM,
                        mebibytes(full.relayProcess().residentBytes()));
            }
            figures.atLeast(work, THOUSANDS, State.STORM, State.CALM, 0.5);
            figures.atMost(memory, MIB, State.STORM, State.FIRST, 1.2);
            count("evicted by the relay", State.CALM, roomy.atRelay(Counter.EVICTIONS));
            count("evicted by the relay", State.STORM, full.atRelay(Counter.EVICTIONS));
            count("handed off", State.STORM, full.atRelay(Counter.HANDED_OFF));
            count("spilled", State.STORM, full.atRelay(Counter.SPILLED));
            progress("reading all back", State.STORM, 0);
            Sweep.Result readBack = sweep(clients.get(State.STORM), Operation.GET, 0, all);
            count("read back", State.STORM, all - readBack.lost());
            none("lost in the storm, as read back", readBack.lost());
            none("lost in the storm, as counted", full.lost());
        }
    }

    private static double mebibytes(long bytes) {
        return (double) bytes / (1 << 20);
    }

    /** Gets that the relay answers, before, while and after a second node is given what the first one has. */
    private void refill() throws IOException {
        String work = "get answered by the relay, one at a time, beside a refill";
        int entries = options.refillEntries();
        int relayEntries = Math.max(200, entries / 50);
        String settings = "replicas : 2\nrefill_rate : " + options.refillRate();
        try (ReliefScene scene = new ReliefScene(options.quick(), relayEntries, settings)) {
            int room = entries + entries / 10 + 1_000;
            scene.addNode(room);
            int inUse = relayEntries / BUSY_SHARE;
            ChildJvm client = scene.client(RELAY, inUse);
            // The last ones are at the relay alone, and so are those in use.
            sweep(client, Operation.SET, 0, entries + 2 * relayEntries);
            sweep(client, Operation.SET, 0, inUse);
            long startedNs = System.nanoTime();
            double processorsBefore = processorSeconds(scene.reliefTier());
            for (int round = -1; round < options.rounds(); round++) {
                foreground(work, client, State.QUIET, round);
            }
            double idle = processorsSince(startedNs, processorsBefore, scene);

            scene.addNode(room);
            awaitBegin(scene);
            startedNs = System.nanoTime();
            processorsBefore = processorSeconds(scene.reliefTier());
            int rounds = 0;
            for (int round = -1; round < options.rounds() && scene.rings() > 1; round++) {
                foreground(work, client, State.REFILL, round);
                rounds = round + 1;
            }
            if (rounds == 0) {
                throw new IOException("the refill was over before anything was measured beside it");
            }
            awaitEnd(scene);
            double tookS = (System.nanoTime() - startedNs) / 1e9;
            long copied = scene.atRelay(Counter.TRANSFERRED);
            double used = processorsSince(startedNs, processorsBefore, scene);
            for (int round = 0; round < options.rounds(); round++) {
                foreground(work, client, State.QUIET, round);
            }
            figures.atMost(work, P99, State.REFILL, State.QUIET, 2);
            add("duration of the refill", "s", State.REFILL, tookS);
            add("copied", SESSIONS + " a second", State.REFILL, copied / tookS);
            add("used by sibling and relief nodes", PROCESSORS, State.QUIET, idle);
            add("used by sibling and relief nodes", PROCESSORS, State.REFILL, used);
            figures.limit(
                    "used for the refill by sibling and relief nodes, refill_rate " + options.refillRate(),
                    Math.max(0, used - idle),
                    PROCESSORS,
                    options.refillRate() * PROCESSOR_US_A_SESSION / 1e6);
            none("not copied by the refill", Math.max(0, entries - copied));
        }
    }

    private void foreground(String work, ChildJvm client, State state, int round) throws IOException {
        progress(work, state, round);
        List<Double> latency = told(client, Order.WAITING, round);
        if (round >= 0) {
            add(work, P50, state, latency.get(0));
            add(work, P99, state, latency.get(1));
        }
    }

    /** A ring more is listed as soon as sessions are copied by it. */
    private static void awaitBegin(ReliefScene scene) throws IOException {
        long started = System.nanoTime();
        while (scene.rings() < 2) {
            lookAgain(started, REFILL_BEGINS_NS, "no refill has begun");
        }
    }

    /** The earlier ring is listed until each session is where it should be. */
    private void awaitEnd(ReliefScene scene) throws IOException {
        long limitNs = REFILL_SLACK_NS + TimeUnit.SECONDS.toNanos(4L * options.refillEntries() / options.refillRate());
        long started = System.nanoTime();
        while (scene.rings() > 1) {
            lookAgain(started, limitNs, "the refill is not over");
        }
    }

    private static void lookAgain(long startedNs, long limitNs, String what) throws IOException {
        if (System.nanoTime() - startedNs > limitNs) {
            throw new IOException(what + " after " + TimeUnit.NANOSECONDS.toSeconds(limitNs) + " s");
        }
        LockSupport.parkNanos(LOOK_AGAIN_NS);
    }

    private static double processorsSince(long startedNs, double secondsBefore, ReliefScene scene) {
        double tookS = (System.nanoTime() - startedNs) / 1e9;
        return (processorSeconds(scene.reliefTier()) - secondsBefore) / tookS;
    }

    private static double processorSeconds(List<ChildJvm> processes) {
        return processes.stream()
                .mapToDouble(process -> process.processorTime().toNanos() / 1e9)
                .sum();
    }

    /** As many sessions as the nodes hold are stored, stored again and read back, by one node and by more. */
    private void growth() throws IOException {
        List<GrowthPlot.Point> points = new ArrayList<>();
        for (int count : options.nodes()) {
            points.add(growth(count));
        }
        Nodes fewest = new Nodes(points.get(0).nodes());
        for (GrowthPlot.Point point : points) {
            // That twice as many nodes hold twice as many: nothing is lost on the way.
            double times = (double) point.nodes() / fewest.count();
            figures.gain(
                    "held without loss by " + new Nodes(point.nodes()).label(),
                    (double) point.held(),
                    (double) points.get(0).held(),
                    SESSIONS,
                    0.99 * times);
        }
        if (options.plot() != null) {
            GrowthPlot.write(options.plot(), points);
        }
    }

    private GrowthPlot.Point growth(int count) throws IOException {
        String sets = "set of a session that is stored, 64 in flight, TCP";
        String gets = "get answered by a relief node, 64 in flight, TCP";
        Nodes nodes = new Nodes(count);
        int entries = (int) (FILLED * count * options.nodeEntries());
        try (ReliefScene scene = new ReliefScene(options.quick(), options.nodeEntries() / RELAY_SHARE, "")) {
            for (int i = 0; i < count; i++) {
                scene.addNode(options.nodeEntries());
            }
            ChildJvm client = scene.client(RELAY, entries);
            long lost = 0;
            for (int round = -1; round < options.rounds(); round++) {
                progress("sets and gets", nodes, round);
                Sweep.Result set = sweep(client, Operation.SET, 0, entries);
                Sweep.Result get = sweep(client, Operation.GET, 0, entries);
                lost = Math.max(lost, get.lost());
                if (round >= 0) {
                    add(sets, THOUSANDS, nodes, set.perSecond() / 1e3);
                    add(gets, THOUSANDS, nodes, get.perSecond() / 1e3);
                }
            }
            none("lost by " + nodes.label(), Math.max(lost, scene.lost()));
            return new GrowthPlot.Point(
                    count,
                    entries - lost,
                    figures.median(new Figures.Key(sets, THOUSANDS, nodes)) * 1e3,
                    figures.median(new Figures.Key(gets, THOUSANDS, nodes)) * 1e3);
        }
    }

    private static Sweep.Result sweep(ChildJvm client, Operation operation, int first, int end) throws IOException {
        client.order(TrafficProcess.sweep(operation, first, end));
        List<Double> told = client.figures();
        return new Sweep.Result(
                told.get(0) * 1e6, told.get(1).longValue(), told.get(2).longValue());
    }

    private void add(String work, String unit, Contender subject, double figure) {
        figures.add(new Figures.Key(work, unit, subject), List.of(figure));
    }

    private void count(String work, Contender subject, long sessions) {
        add(work, SESSIONS, subject, (double) sessions);
    }

    private void none(String work, long sessions) {
        figures.limit(work, (double) sessions, SESSIONS, 0);
    }

    private static void progress(String work, Contender subject, int round) {
        System.err.println(work + ": " + subject.label() + (round < 0 ? ", warming up" : ", round " + (round + 1)));
    }
}
