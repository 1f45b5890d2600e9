package org.globalsessions.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A process with one connection to one server, which puts loads on it as it is told by lines on its standard input, and tells
 * figures. Ends where its standard input does.
 */
public final class TrafficProcess {
    /** What it can be told to do; each with an operation and a number of ms. */
    enum Order {
        /** Stores every entry. */
        FILL,
        /** One at a time, the caller waits: p50 and p99 in µs. */
        WAITING,
        /** One at a time from callbacks: p50 and p99 in µs. */
        CALLED_BACK,
        /** 64 in flight: million a second. In the style that was the faster one when this was first asked for. */
        MANY,
        /** 64 in flight until the next order. */
        BUSY,
        /** Each entry of a range once, in place of a number of ms: million a second, refusals, and entries lost. */
        SWEEP
    }

    private final BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    private final Map<Traffic.Operation, Traffic.Style> styles = new EnumMap<>(Traffic.Operation.class);
    private final RelaySubject subject;
    private final Conversation conversation;
    private final Traffic traffic;

    private TrafficProcess(RelaySubject subject, Conversation conversation, Traffic traffic) {
        this.subject = subject;
        this.conversation = conversation;
        this.traffic = traffic;
    }

    /**
     * Carries out what it is told.
     *
     * @param args who is spoken to, entries, folder, and where that is: see Endpoint
     * @throws Exception where a request fails
     */
    public static void main(String... args) throws Exception {
        RelaySubject subject = RelaySubject.valueOf(args[0]);
        int entries = Integer.parseInt(args[1]);
        Endpoint endpoint = Endpoint.of(Arrays.copyOfRange(args, 3, args.length));
        try (Conversation conversation = Conversation.open(subject, endpoint, entries, Path.of(args[2]))) {
            ChildJvm.tellReady();
            new TrafficProcess(subject, conversation, new Traffic(conversation, entries)).serve();
        }
    }

    static String order(Order what, Traffic.Operation operation, int ms) {
        return what + " " + operation + " " + ms;
    }

    /** Each entry from the first to the last but one. */
    static String sweep(Traffic.Operation operation, int first, int end) {
        return order(Order.SWEEP, operation, first) + " " + end;
    }

    private void serve() throws Exception {
        String line = input.readLine();
        while (line != null) {
            String[] words = line.split(" ", -1);
            Traffic.Operation operation = Traffic.Operation.valueOf(words[1]);
            long windowNs = TimeUnit.MILLISECONDS.toNanos(Integer.parseInt(words[2]));
            switch (Order.valueOf(words[0])) {
                case FILL -> traffic.fill();
                case WAITING -> tell(traffic.waiting(operation, windowNs));
                case CALLED_BACK -> tell(traffic.calledBack(operation, windowNs));
                case MANY ->
                    ChildJvm.tell(Double.toString(
                            traffic.manyInFlight(operation, style(operation, windowNs), windowNs) / 1e6));
                case BUSY -> beBusy(operation, windowNs);
                case SWEEP ->
                    tell(new Sweep(conversation, operation)
                            .over(Integer.parseInt(words[2]), Integer.parseInt(words[3])));
            }
            ChildJvm.tellDone();
            line = input.readLine();
        }
    }

    private static void tell(Sweep.Result result) {
        ChildJvm.tell(Double.toString(result.perSecond() / 1e6));
        ChildJvm.tell(Long.toString(result.refused()));
        ChildJvm.tell(Long.toString(result.lost()));
    }

    private static void tell(Traffic.Latency latency) {
        ChildJvm.tell(Double.toString(latency.p50Us()));
        ChildJvm.tell(Double.toString(latency.p99Us()));
    }

    /** Some clients are made for the one, some for the other; each is measured at its best. */
    private Traffic.Style style(Traffic.Operation operation, long windowNs) throws Exception {
        Traffic.Style known = styles.get(operation);
        if (known != null) {
            return known;
        }
        // Each runs twice, as the first time is the compiler's.
        Map<Traffic.Style, Double> speeds = new EnumMap<>(Traffic.Style.class);
        for (int i = 0; i < 2; i++) {
            for (Traffic.Style style : Traffic.Style.values()) {
                speeds.put(style, traffic.manyInFlight(operation, style, windowNs));
            }
        }
        Traffic.Style best = speeds.get(Traffic.Style.CHAINS) >= speeds.get(Traffic.Style.BATCHES)
                ? Traffic.Style.CHAINS
                : Traffic.Style.BATCHES;
        styles.put(operation, best);
        System.err.printf(Locale.ROOT, "%s, %s: %s, %s%n", subject.label(), operation, best, speeds);
        return best;
    }

    private void beBusy(Traffic.Operation operation, long windowNs) throws Exception {
        ChildJvm.tellReady();
        while (!input.ready()) {
            traffic.manyInFlight(operation, Traffic.Style.CHAINS, windowNs);
        }
        if (input.readLine() == null) {
            throw new IOException("nobody is there any more");
        }
    }
}
