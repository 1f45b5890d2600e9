package org.globalsessions.benchmarks;

import static org.globalsessions.benchmarks.GatewaySubject.BINDING;
import static org.globalsessions.benchmarks.GatewaySubject.GATEWAY;
import static org.globalsessions.benchmarks.GatewaySubject.GET;
import static org.globalsessions.benchmarks.GatewaySubject.LOOP;
import static org.globalsessions.benchmarks.GatewaySubject.PULL;
import static org.globalsessions.benchmarks.GatewaySubject.QUEUES;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * Measures what remote clients cost: binding them by a relay, queues of which a relay decides, a message to all that are connected to a gateway beside a bare loop of Netty's that writes the
 * same bytes, a gateway's memory while they are silent. Each is a process of its own. Prints a Markdown table of bars, then one of all figures.
 */
@Command(name = "gateway-table", mixinStandardHelpOptions = true, description = "Measures a gateway and its clients.")
public final class GatewayTable implements Callable<Integer> {
    private static final String EVERYBODY = "user.everybody";
    private static final String MANY = "user.many";
    private static final double SHARE_OF_MANY = 0.9;

    private static final int LEAST_BINDS = 60_000;
    private static final int LEAST_NOTIFIED = 20_000;
    private static final double MOST_OF_GET = 1.5;
    private static final int MOST_MEGABYTES = 200;
    private static final int MOST_UNBIND_MS = 100;
    private static final double MOST_OF_LOOP = 2;

    /** Less than the bar for a gateway's memory, which counts all that is outside of the heap as well. */
    private static final int HEAP_MEGABYTES = 96;

    private static final int MOST_SECONDS_TO_SETTLE = 60;

    /** So that none of the relay's entries has to give way, whatever buckets their keys are in. */
    private static final double ROOM = 1.3;

    @Mixin
    private final GatewayTableOptions options = new GatewayTableOptions();

    private final PrintStream out;
    private final Figures figures = new Figures();

    private GatewayTable(PrintStream out) {
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
        return TableOptions.run(new GatewayTable(out), args);
    }

    @Override
    public Integer call() {
        boolean succeeded = true;
        for (GatewayTableOptions.Row row : options.rows()) {
            try (BenchmarkFolder folder = new BenchmarkFolder();
                    Processes processes = processes(row)) {
                switch (row) {
                    case BIND -> bind(folder.path(), processes);
                    case QUEUES -> queues(folder.path(), processes);
                    case CLIENTS -> clients(folder.path(), processes);
                }
            } catch (IOException | RuntimeException e) {
                // The rows measured so far took minutes: they are printed all the same.
                succeeded = false;
                System.err.println("row " + row + " failed, and what it had measured may be in the table:");
                e.printStackTrace();
            }
        }
        out.printf(
                "%s, %s, JDK %s, %d cores; clients %d, bound %d, rounds %d of %d ms after %d ms%n%n",
                LocalDate.now(ZoneOffset.UTC),
                System.getProperty("os.arch"),
                Runtime.version(),
                Runtime.getRuntime().availableProcessors(),
                options.clients(),
                options.bound(),
                options.rounds(),
                options.windowMs(),
                options.warmUpMs());
        out.println(figures.ratios());
        out.println(figures.absolutes());
        return succeeded ? 0 : 1;
    }

    private Processes processes(GatewayTableOptions.Row row) {
        return row == GatewayTableOptions.Row.CLIENTS
                ? new Processes(options.quick(), HEAP_MEGABYTES)
                : new Processes(options.quick());
    }

    private void bind(Path folder, Processes processes) throws IOException {
        String work = "bind by a relay, 64 in flight";
        ChildJvm binding = hostOfRelay(folder, processes, BindingProcess.class);
        Figures.Key key = new Figures.Key(work, "a second", BINDING);
        for (int round = -1; round < options.rounds(); round++) {
            measure(key, binding, "", round);
        }
        figures.floor(work, figures.median(key), "a second", LEAST_BINDS);
    }

    private void queues(Path folder, Processes processes) throws IOException {
        String delivery = "one message at a time, p50";
        Figures.Key sent = new Figures.Key("notify by a relay, 64 in flight", "a second", QUEUES);
        Figures.Key pulled = new Figures.Key(delivery, "µs", PULL);
        Figures.Key got = new Figures.Key(delivery, "µs", GET);
        ChildJvm queues = hostOfRelay(folder, processes, QueueProcess.class);
        for (int round = -1; round < options.rounds(); round++) {
            measure(sent, queues, "notify ", round);
            measure(pulled, queues, "pull ", round);
            measure(got, queues, "get ", round);
        }
        figures.floor(sent.work(), figures.median(sent), sent.unit(), LEAST_NOTIFIED);
        figures.atMost(delivery, "µs", PULL, GET, MOST_OF_GET);
    }

    /** A process that is a host of a relay, with room for as many entries as the options say. */
    private ChildJvm hostOfRelay(Path folder, Processes processes, Class<?> main) throws IOException {
        Path file = folder.resolve("relay.conf");
        Files.writeString(file, NodeServer.relay(folder, null, (int) (ROOM * options.bound()) + 1, ""));
        ChildJvm relay = processes.start(NodeServer.class, true, file.toString());
        relay.awaitReady();
        ChildJvm host = processes.start(main, false, folder.toString(), relay.line(), String.valueOf(options.bound()));
        host.awaitReady();
        return host;
    }

    /** Orders a window, or the warm-up where the round is below 0, which does not count. */
    private void measure(Figures.Key key, ChildJvm process, String order, int round) throws IOException {
        System.err.println(key.work() + ": " + key.subject() + (round < 0 ? ", warming up" : ", round " + (round + 1)));
        process.order(order + (round < 0 ? options.warmUpMs() : options.windowMs()));
        List<Double> told = process.figures();
        if (round >= 0) {
            figures.add(key, told);
        }
    }

    private void clients(Path folder, Processes processes) throws IOException {
        Map<GatewaySubject, Audience> audiences = new EnumMap<>(GatewaySubject.class);
        ChildJvm gateway = processes.start(
                GatewayServer.class, false, folder.toString(), String.valueOf(options.clients()), GatewayServer.PARAMS);
        audiences.put(GATEWAY, audience(processes, gateway, GATEWAY));
        gateway.order(GatewayServer.settle(options.quick() ? 0 : MOST_SECONDS_TO_SETTLE));
        gateway.figures();
        String idle = "memory of a gateway, %,d idle clients".formatted(options.clients());
        double megabytes = gateway.residentBytes() / 1e6;
        figures.add(new Figures.Key(idle, "MB", GATEWAY), List.of(megabytes));
        figures.limit(idle, megabytes, "MB", MOST_MEGABYTES);

        ChildJvm loop = processes.start(LoopServer.class, false, GatewayServer.PARAMS);
        audiences.put(LOOP, audience(processes, loop, LOOP));
        gateway.order(GatewayServer.bind(EVERYBODY, options.clients()));
        gateway.figures();
        notifyAll(audiences);
        unbind(gateway, (int) (options.clients() * SHARE_OF_MANY));
    }

    /** A server, and the process that has all the connections to it. */
    private record Audience(ChildJvm server, ChildJvm clients) {}

    private Audience audience(Processes processes, ChildJvm server, GatewaySubject subject) throws IOException {
        server.awaitReady();
        String port = server.line();
        ChildJvm clients =
                processes.start(AudienceProcess.class, false, subject.name(), port, String.valueOf(options.clients()));
        clients.awaitReady();
        return new Audience(server, clients);
    }

    private void notifyAll(Map<GatewaySubject, Audience> audiences) throws IOException {
        String work = "a message to %,d connected clients".formatted(options.clients());
        long bytes = (long) LoopServer.frameOf(GatewayServer.PARAMS).length * options.clients();
        int times = Math.max(1, options.windowMs() / 100);
        for (int round = -1; round < options.rounds(); round++) {
            for (Map.Entry<GatewaySubject, Audience> each : audiences.entrySet()) {
                progress(work, each.getKey(), round);
                for (int i = 0; i < times; i++) {
                    each.getValue().clients().order(String.valueOf(bytes));
                    each.getValue().clients().awaitReady();
                    each.getValue().server().order(GatewayServer.tellAll(EVERYBODY));
                    double begunNs = each.getValue().server().figures().get(0);
                    double endedNs = each.getValue().clients().figures().get(0);
                    if (round >= 0) {
                        figures.add(new Figures.Key(work, "ms", each.getKey()), List.of((endedNs - begunNs) / 1e6));
                    }
                }
            }
        }
        figures.atMost(work, "ms", GATEWAY, LOOP, MOST_OF_LOOP);
    }

    private void unbind(ChildJvm gateway, int many) throws IOException {
        String work = "unbind an address that %,d clients have".formatted(many);
        Figures.Key key = new Figures.Key(work, "ms", GATEWAY);
        for (int round = -1; round < options.rounds(); round++) {
            progress(work, GATEWAY, round);
            gateway.order(GatewayServer.bind(MANY, many));
            gateway.figures();
            gateway.order(GatewayServer.unbind(MANY));
            List<Double> told = gateway.figures();
            if (told.get(1) != many) {
                throw new IOException("unbound were " + told.get(1) + " clients of " + many);
            }
            if (round >= 0) {
                figures.add(key, List.of(told.get(0)));
            }
        }
        figures.limit(work, figures.median(key), "ms", MOST_UNBIND_MS);
    }

    private static void progress(String work, GatewaySubject subject, int round) {
        System.err.println(work + ": " + subject + (round < 0 ? ", warming up" : ", round " + (round + 1)));
    }
}
