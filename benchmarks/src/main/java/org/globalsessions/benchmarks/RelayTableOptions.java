package org.globalsessions.benchmarks;

import java.util.EnumSet;
import java.util.Set;

/**
 * What {@link RelayTable} is asked for on its command line.
 *
 * @param rows     which parts of the table
 * @param entries  entries that relay and Redis hold
 * @param rounds   how often each subject is measured, one after the other
 * @param windowMs length of one measurement in ms
 * @param warmUpMs length of what goes before the first round, for each subject and kind of work
 * @param quick    whether it is only tried that everything runs
 */
record RelayTableOptions(Set<Row> rows, int entries, int rounds, int windowMs, int warmUpMs, boolean quick) {

    /** The parts of the table, in its order. */
    enum Row {
        TCP,
        UNIX,
        TLS,
        LOCAL,
        IPC,
        ANNOUNCE
    }

    static final String USAGE = """
            RelayTable [--rows ROW,...] [--entries N] [--rounds N] [--time MS] [--warm-up MS] [--quick]
              --rows     tcp, unix, tls, local, ipc, announce; all unless said
              --entries  100000 unless said
              --rounds   times through all subjects of a row; 5 unless said
              --time     2000 ms a measurement; --warm-up 5000 ms before the first round
              --quick    a smoke run: 500 entries, one short round; its figures mean nothing
            """;

    static RelayTableOptions parse(String... args) {
        Set<Row> rows = EnumSet.allOf(Row.class);
        boolean quick = Set.of(args).contains("--quick");
        int entries = quick ? 500 : 100_000;
        int rounds = quick ? 1 : 5;
        int windowMs = quick ? 50 : 2_000;
        int warmUpMs = quick ? 20 : 5_000;
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--rows" -> rows = TableOptions.constants(Row.class, TableOptions.value(args, ++i));
                case "--entries" -> entries = Integer.parseInt(TableOptions.value(args, ++i));
                case "--rounds" -> rounds = Integer.parseInt(TableOptions.value(args, ++i));
                case "--time" -> windowMs = Integer.parseInt(TableOptions.value(args, ++i));
                case "--warm-up" -> warmUpMs = Integer.parseInt(TableOptions.value(args, ++i));
                case "--quick" -> {}
                default -> throw new IllegalArgumentException("unknown option: " + args[i]);
            }
        }
        return new RelayTableOptions(rows, entries, rounds, windowMs, warmUpMs, quick);
    }
}
