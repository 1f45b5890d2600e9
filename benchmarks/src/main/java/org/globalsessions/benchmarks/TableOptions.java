package org.globalsessions.benchmarks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What {@link RatioTable} is asked for on its command line.
 *
 * @param rows        which parts of the table
 * @param entries     which sizes of table, where the bars do not say the size
 * @param rounds      how often each subject is measured, one after the other
 * @param iterations  measured iterations of each
 * @param warmUps     iterations before them
 * @param iterationMs length of an iteration in ms
 * @param sharedKeys  whether operations share one key string an entry; see Workload
 */
record TableOptions(
        Set<Row> rows,
        List<Integer> entries,
        int rounds,
        int iterations,
        int warmUps,
        int iterationMs,
        boolean sharedKeys) {

    /** The parts of the table, in its order. */
    enum Row {
        GET,
        OVERWRITE,
        INSERT,
        THREADS,
        PROCESSES,
        LATENCY,
        HOT,
        ALLOCATION,
        DISK,
        OPEN
    }

    static final String USAGE = """
            RatioTable [--rows ROW,...] [--entries N,...] [--rounds N] [--iterations N] [--warm-ups N] [--time MS] [--shared-keys] [--quick]
              --rows         get, overwrite, insert, threads, processes, latency, hot, allocation, disk, open; all unless said
              --entries      of the row "get": 20000,1000000,8000000 unless said; of the others the last of 1,000,000 or less
              --rounds       times through all subjects of a row; 1 unless said
              --iterations   5 unless said; --warm-ups 3; --time 1000 ms each
              --shared-keys  one key string an entry in place of one an operation
              --quick        a smoke run: 20,000 entries, one short iteration; its figures mean nothing
            """;

    static TableOptions parse(String... args) {
        boolean quick = Arrays.asList(args).contains("--quick");
        Set<Row> rows = EnumSet.allOf(Row.class);
        List<Integer> entries = quick ? List.of(20_000) : List.of(20_000, 1_000_000, 8_000_000);
        int rounds = 1;
        int iterations = quick ? 1 : 5;
        int warmUps = quick ? 1 : 3;
        int iterationMs = quick ? 200 : 1_000;
        boolean sharedKeys = false;
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--rows" -> rows = constants(Row.class, value(args, ++i));
                case "--entries" -> entries = numbers(value(args, ++i));
                case "--rounds" -> rounds = Integer.parseInt(value(args, ++i));
                case "--iterations" -> iterations = Integer.parseInt(value(args, ++i));
                case "--warm-ups" -> warmUps = Integer.parseInt(value(args, ++i));
                case "--time" -> iterationMs = Integer.parseInt(value(args, ++i));
                case "--shared-keys" -> sharedKeys = true;
                case "--quick" -> {}
                default -> throw new IllegalArgumentException("unknown option: " + args[i]);
            }
        }
        return new TableOptions(rows, entries, rounds, iterations, warmUps, iterationMs, sharedKeys);
    }

    /** The size of table for the rows whose bars name one: 1,000,000, or less where less was asked for. */
    int mainEntries() {
        return entries.stream()
                .filter(n -> n <= 1_000_000)
                .max(Integer::compare)
                .orElse(1_000_000);
    }

    /** The argument after an option. */
    static String value(String[] args, int index) {
        if (index == args.length) {
            throw new IllegalArgumentException("no value after " + args[index - 1]);
        }
        return args[index];
    }

    /** Constants of an enumeration from their names with commas between, in any case. */
    static <E extends Enum<E>> Set<E> constants(Class<E> type, String names) {
        Set<E> found = EnumSet.noneOf(type);
        for (String name : names.split(",", -1)) {
            found.add(Enum.valueOf(type, name.toUpperCase(Locale.ROOT)));
        }
        return found;
    }

    private static List<Integer> numbers(String text) {
        List<Integer> numbers = new ArrayList<>();
        for (String number : text.split(",", -1)) {
            numbers.add(Integer.valueOf(number));
        }
        return numbers;
    }
}
