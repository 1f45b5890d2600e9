package org.globalsessions.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * One process of a load that two share: makes or attaches to a table, says {@code ready}, waits for a line on standard input,
 * and then prints one figure a window. Ends after the next line, or where the input ends, so that it never outlives
 * {@link LoadProcesses}, which starts it.
 */
public final class LoadProcess {
    /** What the process does. */
    enum Task {
        /** Gets and overwrites mixed; millions a second. */
        OPERATE,
        /** Gets, each timed; the 99.9th percentile in ns. */
        LATENCY,
        /** Opens the table and reads one entry; ns. */
        OPEN,
        /** Nothing; it keeps the table for the others. */
        HOLD
    }

    /**
     * What a process is told.
     *
     * @param subject      what is measured
     * @param folder       where the table's files are
     * @param entries      entries in the table
     * @param distribution which of them the operations ask for
     * @param create       true to make and fill the table, false to attach
     * @param task         what to do
     * @param readPercent  gets in a hundred operations
     * @param windows      windows to measure
     * @param warmUps      windows before, not told
     * @param windowMs     length of a window in ms
     */
    record Orders(
            Subject subject,
            Path folder,
            int entries,
            Distribution distribution,
            boolean create,
            Task task,
            int readPercent,
            int windows,
            int warmUps,
            int windowMs) {
        String[] toArguments() {
            return new String[] {
                subject.name(),
                folder.toString(),
                Integer.toString(entries),
                distribution.name(),
                Boolean.toString(create),
                task.name(),
                Integer.toString(readPercent),
                Integer.toString(windows),
                Integer.toString(warmUps),
                Integer.toString(windowMs)
            };
        }

        static Orders of(String... args) {
            return new Orders(
                    Subject.valueOf(args[0]),
                    Path.of(args[1]),
                    Integer.parseInt(args[2]),
                    Distribution.valueOf(args[3]),
                    Boolean.parseBoolean(args[4]),
                    Task.valueOf(args[5]),
                    Integer.parseInt(args[6]),
                    Integer.parseInt(args[7]),
                    Integer.parseInt(args[8]),
                    Integer.parseInt(args[9]));
        }
    }

    private static final int MAX_SAMPLES = 1 << 24;
    private static final int BATCH = 64;

    private final Orders orders;
    private final BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    private int operation;

    private LoadProcess(Orders orders) {
        this.orders = orders;
        // The two processes are never at the same place of the sequence.
        operation = orders.create ? 0 : Workload.OPERATIONS / 2;
    }

    /**
     * Carries out what {@link LoadProcesses} has put on the command line.
     *
     * @param args see Orders
     * @throws IOException where the table cannot be opened
     */
    public static void main(String... args) throws IOException {
        new LoadProcess(Orders.of(args)).run();
    }

    private void run() throws IOException {
        if (orders.task == Task.OPEN) {
            ChildJvm.tell(Double.toString(open()));
            return;
        }
        try (Table table = orders.create
                ? orders.subject.create(orders.folder, orders.entries)
                : orders.subject.attach(orders.folder, orders.entries)) {
            Table.Client client = table.client();
            if (orders.create) {
                Workload.fill(client, 0, orders.entries);
            }
            Workload.check(client, orders.entries);
            Workload workload =
                    orders.task == Task.HOLD ? null : new Workload(orders.entries, orders.distribution, false);
            ChildJvm.tellReady();
            if (input.readLine() != null && workload != null) {
                for (int i = -orders.warmUps; i < orders.windows; i++) {
                    double figure = orders.task == Task.LATENCY ? latency(client, workload) : operate(client, workload);
                    if (i >= 0) {
                        ChildJvm.tell(Double.toString(figure));
                    }
                }
                ChildJvm.tellDone();
                input.readLine();
            }
        }
    }

    /** Time from before the table's first class is loaded to the answer of one get, or to an empty table. */
    private double open() throws IOException {
        String key = Workload.keyOf(orders.entries / 2);
        long started = System.nanoTime();
        Table table = orders.create
                ? orders.subject.create(orders.folder, orders.entries)
                : orders.subject.attach(orders.folder, orders.entries);
        Table.Client client = table.client();
        int length = orders.create ? Workload.VALUE_LENGTH : client.get(key, orders.entries / 2, client.newTarget());
        long took = System.nanoTime() - started;
        if (length != Workload.VALUE_LENGTH) {
            throw new IllegalStateException("no entry where one was stored");
        }
        table.close();
        return took;
    }

    private double operate(Table.Client client, Workload workload) {
        byte[] target = client.newTarget();
        byte[] value = new byte[Workload.VALUE_LENGTH];
        Workload.value(7, value);
        long window = TimeUnit.MILLISECONDS.toNanos(orders.windowMs);
        long started = System.nanoTime();
        long done = 0;
        long took;
        do {
            for (int i = 0; i < BATCH; i++) {
                String key = workload.key(operation);
                if (Workload.reads(operation, orders.readPercent)) {
                    expectValue(client.get(key, workload.entry(operation), target));
                } else {
                    client.set(key, value);
                }
                operation++;
            }
            done += BATCH;
            took = System.nanoTime() - started;
        } while (took < window);
        return done * 1e3 / took;
    }

    private double latency(Table.Client client, Workload workload) {
        byte[] target = client.newTarget();
        int[] samples = new int[MAX_SAMPLES];
        long window = TimeUnit.MILLISECONDS.toNanos(orders.windowMs);
        long started = System.nanoTime();
        long before = started;
        int count = 0;
        while (before - started < window && count < MAX_SAMPLES) {
            expectValue(client.get(workload.key(operation), workload.entry(operation), target));
            operation++;
            long after = System.nanoTime();
            samples[count++] = (int) (after - before);
            before = after;
        }
        Arrays.sort(samples, 0, count);
        return samples[(int) (count * 0.999)];
    }

    private static void expectValue(int length) {
        if (length != Workload.VALUE_LENGTH) {
            throw new IllegalStateException("wrong answer: length=" + length);
        }
    }
}
