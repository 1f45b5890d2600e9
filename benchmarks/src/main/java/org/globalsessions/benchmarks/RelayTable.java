package org.globalsessions.benchmarks;

import static org.globalsessions.benchmarks.RelaySubject.AERON;
import static org.globalsessions.benchmarks.RelaySubject.BESIDE_RELAY;
import static org.globalsessions.benchmarks.RelaySubject.BESIDE_STRANGER;
import static org.globalsessions.benchmarks.RelaySubject.ECHO;
import static org.globalsessions.benchmarks.RelaySubject.FRAMES;
import static org.globalsessions.benchmarks.RelaySubject.LETTUCE;
import static org.globalsessions.benchmarks.RelaySubject.PLAIN_REDIS;
import static org.globalsessions.benchmarks.RelaySubject.REDIS_BENCHMARK;
import static org.globalsessions.benchmarks.RelaySubject.RELAY;
import static org.globalsessions.benchmarks.RelaySubject.SOCKET;

import java.io.IOException;
import java.io.PrintStream;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.globalsessions.benchmarks.Traffic.Operation;
import org.globalsessions.benchmarks.TrafficProcess.Order;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * Measures the relay beside Redis, an echo and bare Aeron in one run, each as processes of their own, and prints what the relay
 * reaches of its bars: a Markdown table of ratios, then one of all figures. Progress goes to standard error.
 */
@Command(name = "relay-table", mixinStandardHelpOptions = true, description = "Measures the relay beside Redis.")
public final class RelayTable implements Callable<Integer> {
    private static final String P50 = "µs p50";
    private static final String P99 = "µs p99";
    private static final String NS_P99 = "ns p99";
    private static final String MILLIONS = "million/s";
    private static final String PROCESSORS = "processors";
    private static final int BUSY_WINDOW_MS = 50;

    /** Fewer than Redis answers in this time, so that its load generator's window is about as long as the others'. */
    private static final int REQUESTS_A_MS = 250;

    @Mixin
    private final RelayTableOptions options = new RelayTableOptions();

    private final PrintStream out;
    private final Figures figures = new Figures();

    /** Of the row that is measured. */
    private RelayScene scene;

    private RelayTable(PrintStream out) {
        this.out = out;
    }

    /**
     * Measures and prints; ends with 1 where a row failed or there is no Redis to compare with, and with 2 where an argument is wrong.
     *
     * @param args see {@code --help}
     */
    public static void main(String... args) {
        System.exit(run(System.out, args));
    }

    static int run(PrintStream out, String... args) {
        return TableOptions.run(new RelayTable(out), args);
    }

    @Override
    public Integer call() {
        boolean succeeded = measureAll();
        print();
        return succeeded ? 0 : 1;
    }

    private boolean measureAll() {
        boolean succeeded = RedisServer.isInstalled();
        for (RelayTableOptions.Row row : options.rows()) {
            try (RelayScene opened = new RelayScene(options, row == RelayTableOptions.Row.TLS)) {
                scene = opened;
                measure(row);
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
                "%s, %s, JDK %s, %d cores; entries %d, rounds %d of %d ms after %d ms%n%n",
                LocalDate.now(ZoneOffset.UTC),
                System.getProperty("os.arch"),
                Runtime.version(),
                Runtime.getRuntime().availableProcessors(),
                options.entries(),
                options.rounds(),
                options.windowMs(),
                options.warmUpMs());
        if (!RedisServer.isInstalled()) {
            out.println("Nothing is compared with Redis: no redis-server and redis-benchmark on the PATH.\n");
        }
        out.println(figures.ratios());
        out.println(figures.absolutes());
    }

    private void measure(RelayTableOptions.Row row) throws IOException {
        switch (row) {
            case TCP -> requests(Endpoint.Transport.TCP);
            case UNIX -> requests(Endpoint.Transport.UNIX);
            case TLS -> requests(Endpoint.Transport.TLS);
            case LOCAL -> localGets();
            case IPC -> ipc();
            case ANNOUNCE -> announcements();
        }
    }

    private void requests(Endpoint.Transport transport) throws IOException {
        boolean isTls = transport == Endpoint.Transport.TLS;
        Map<RelaySubject, ChildJvm> clients = new EnumMap<>(RelaySubject.class);
        clients.put(RELAY, scene.client(RELAY, scene.relay(transport)));
        fill(clients.get(RELAY));
        if (RedisServer.isInstalled()) {
            RedisServer redis = scene.redis();
            RelaySubject peer = peerOn(transport);
            clients.put(peer, scene.client(peer, redis.endpoint(transport)));
            fill(clients.get(peer));
            if (transport == Endpoint.Transport.TCP) {
                // How that compares with Lettuce, for which it stands elsewhere.
                clients.put(PLAIN_REDIS, scene.client(PLAIN_REDIS, redis.endpoint(transport)));
            }
            redis.fillForBenchmark(options.entries());
        }
        if (!isTls) {
            clients.put(ECHO, scene.client(ECHO, scene.echo(transport)));
        }
        if (transport == Endpoint.Transport.TCP) {
            clients.put(SOCKET, scene.client(SOCKET, scene.blockingEcho()));
        }
        waiting("get", Operation.GET, transport, clients, List.of(RELAY, LETTUCE, PLAIN_REDIS, ECHO, SOCKET));
        if (!isTls) {
            calledBack(transport, clients);
        }
        waiting("set", Operation.SET, transport, clients, List.of(RELAY, LETTUCE, PLAIN_REDIS));
        many("get", Operation.GET, transport, clients, List.of(RELAY, LETTUCE, PLAIN_REDIS, REDIS_BENCHMARK, ECHO));
        many("set", Operation.SET, transport, clients, List.of(RELAY, LETTUCE, PLAIN_REDIS));
    }

    /** Lettuce has no Unix sockets without a native library. */
    private static RelaySubject peerOn(Endpoint.Transport transport) {
        return transport == Endpoint.Transport.UNIX ? PLAIN_REDIS : LETTUCE;
    }

    private static void fill(ChildJvm client) throws IOException {
        client.order(TrafficProcess.order(Order.FILL, Operation.SET, 0));
        client.figures();
    }

    private void waiting(
            String what,
            Operation operation,
            Endpoint.Transport transport,
            Map<RelaySubject, ChildJvm> clients,
            List<RelaySubject> subjects)
            throws IOException {
        String work = what + ", one at a time, " + transport.label();
        latencies(work, Order.WAITING, operation, clients, subjects);
        RelaySubject peer = peerOn(transport);
        if (clients.containsKey(peer)) {
            figures.atMost(work, P50, RELAY, peer, transport == Endpoint.Transport.TLS ? 1 : 1.15);
        }
        if (clients.containsKey(ECHO) && operation == Operation.GET) {
            figures.atMost(work, P50, RELAY, ECHO, 1.3);
        }
    }

    private void calledBack(Endpoint.Transport transport, Map<RelaySubject, ChildJvm> clients) throws IOException {
        String work = "get, one at a time, from callbacks, " + transport.label();
        latencies(work, Order.CALLED_BACK, Operation.GET, clients, List.of(RELAY, ECHO));
        figures.atMost(work, P50, RELAY, ECHO, 1.3);
    }

    private void latencies(
            String work,
            Order order,
            Operation operation,
            Map<RelaySubject, ChildJvm> clients,
            List<RelaySubject> subjects)
            throws IOException {
        for (int round = -1; round < options.rounds(); round++) {
            for (RelaySubject subject : subjects) {
                ChildJvm client = clients.get(subject);
                if (client == null) {
                    continue;
                }
                progress(work, subject, round);
                client.order(
                        TrafficProcess.order(order, operation, round < 0 ? options.warmUpMs() : options.windowMs()));
                List<Double> told = client.figures();
                if (round >= 0) {
                    figures.add(new Figures.Key(work, P50, subject), List.of(told.get(0)));
                    figures.add(new Figures.Key(work, P99, subject), List.of(told.get(1)));
                }
            }
        }
    }

    private void many(
            String what,
            Operation operation,
            Endpoint.Transport transport,
            Map<RelaySubject, ChildJvm> clients,
            List<RelaySubject> subjects)
            throws IOException {
        String work = what + ", 64 in flight, " + transport.label();
        for (int round = -1; round < options.rounds(); round++) {
            for (RelaySubject subject : subjects) {
                ChildJvm client = clients.get(subject);
                boolean isGenerator = subject == REDIS_BENCHMARK && RedisServer.isInstalled();
                if (client == null && !isGenerator) {
                    continue;
                }
                progress(work, subject, round);
                double speed;
                if (isGenerator) {
                    int requests = REQUESTS_A_MS * options.windowMs();
                    speed = scene.redis().benchmarkGets(transport, requests, options.entries());
                } else {
                    int ms = round < 0 ? options.warmUpMs() : options.windowMs();
                    client.order(TrafficProcess.order(Order.MANY, operation, ms));
                    speed = client.figures().get(0);
                }
                if (round >= 0) {
                    figures.add(new Figures.Key(work, MILLIONS, subject), List.of(speed));
                }
            }
        }
        boolean isTls = transport == Endpoint.Transport.TLS;
        RelaySubject peer = peerOn(transport);
        if (clients.containsKey(peer)) {
            figures.atLeast(work, MILLIONS, RELAY, peer, isTls ? 1 : operation == Operation.GET ? 1.5 : 1.2);
            if (operation == Operation.GET) {
                figures.atLeast(work, MILLIONS, RELAY, REDIS_BENCHMARK, 1);
            }
        }
    }

    private void localGets() throws IOException {
        String work = "local get, two processes busy beside it";
        ChildJvm relay = scene.client(RELAY, scene.relay(Endpoint.Transport.TCP));
        fill(relay);
        Map<RelaySubject, List<ChildJvm>> busy = new EnumMap<>(RelaySubject.class);
        busy.put(BESIDE_RELAY, List.of(relay, scene.relayProcess()));
        ChildJvm echo = scene.client(ECHO, scene.echo(Endpoint.Transport.TCP));
        busy.put(BESIDE_STRANGER, List.of(echo, scene.echoProcess()));
        ChildJvm local = scene.client(BESIDE_RELAY, scene.nowhere());
        for (int round = -1; round < options.rounds(); round++) {
            for (Map.Entry<RelaySubject, List<ChildJvm>> pair : busy.entrySet()) {
                RelaySubject subject = pair.getKey();
                progress(work, subject, round);
                ChildJvm load = pair.getValue().get(0);
                load.order(TrafficProcess.order(Order.BUSY, Operation.GET, BUSY_WINDOW_MS));
                load.awaitReady();
                double before = processorSeconds(pair.getValue());
                long startedNs = System.nanoTime();
                local.order(TrafficProcess.order(
                        Order.WAITING, Operation.GET, round < 0 ? options.warmUpMs() : options.windowMs()));
                List<Double> told = local.figures();
                double tookS = (System.nanoTime() - startedNs) / 1e9;
                double used = (processorSeconds(pair.getValue()) - before) / tookS;
                load.order("enough");
                load.figures();
                if (round >= 0) {
                    figures.add(new Figures.Key(work, NS_P99, subject), List.of(told.get(1) * 1_000));
                    figures.add(new Figures.Key("used by the two busy processes", PROCESSORS, subject), List.of(used));
                }
            }
        }
        figures.atMost(work, NS_P99, BESIDE_RELAY, BESIDE_STRANGER, 2);
    }

    private static double processorSeconds(List<ChildJvm> processes) {
        return processes.stream()
                .mapToDouble(process -> process.processorTime().toNanos() / 1e9)
                .sum();
    }

    private void ipc() throws IOException {
        String work = "entries over Aeron IPC";
        List<ChildJvm> pair = scene.ipc();
        ChildJvm sender = pair.get(0);
        ChildJvm receiver = pair.get(1);
        for (int round = -1; round < options.rounds(); round++) {
            for (RelaySubject subject : List.of(FRAMES, AERON)) {
                progress(work, subject, round);
                sender.order(subject.name());
                receiver.order(subject + " " + (round < 0 ? options.warmUpMs() : options.windowMs()));
                List<Double> told = receiver.figures();
                sender.order("enough");
                sender.figures();
                if (round >= 0) {
                    figures.add(new Figures.Key(work, MILLIONS, subject), told);
                }
            }
        }
        figures.atLeast(work, MILLIONS, FRAMES, AERON, 0.25);
    }

    private void announcements() throws IOException {
        String work = "set on host A until readable on host B";
        Map<RelaySubject, ChildJvm> processes = new EnumMap<>(RelaySubject.class);
        processes.put(RELAY, scene.hosts(scene.relay(Endpoint.Transport.TCP)));
        processes.put(SOCKET, scene.client(SOCKET, scene.blockingEcho()));
        for (int round = -1; round < options.rounds(); round++) {
            int ms = round < 0 ? options.warmUpMs() : options.windowMs();
            for (Map.Entry<RelaySubject, ChildJvm> process : processes.entrySet()) {
                RelaySubject subject = process.getKey();
                progress(work, subject, round);
                process.getValue()
                        .order(
                                subject == RELAY
                                        ? Integer.toString(ms)
                                        : TrafficProcess.order(Order.WAITING, Operation.GET, ms));
                List<Double> told = process.getValue().figures();
                if (round >= 0) {
                    figures.add(new Figures.Key(work, P50, subject), List.of(told.get(0)));
                    figures.add(new Figures.Key(work, P99, subject), List.of(told.get(1)));
                }
            }
        }
        figures.atMost(work, P50, RELAY, SOCKET, 3);
    }

    private static void progress(String work, RelaySubject subject, int round) {
        System.err.println(work + ": " + subject + (round < 0 ? ", warming up" : ", round " + (round + 1)));
    }
}
