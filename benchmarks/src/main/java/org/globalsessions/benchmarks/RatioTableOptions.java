package org.globalsessions.benchmarks;

import java.util.List;
import java.util.Set;
import picocli.CommandLine.Option;

/** What {@link RatioTable} is asked for on its command line. */
final class RatioTableOptions extends TableOptions {
    private static final int MOST_MAIN_ENTRIES = 1_000_000;

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

    @Option(
            names = "--rows",
            split = ",",
            paramLabel = "ROW",
            description = "Parts of the table: ${COMPLETION-CANDIDATES}; all unless said.")
    private List<Row> rows;

    @Option(
            names = "--entries",
            split = ",",
            paramLabel = "N",
            description =
                    "Sizes of table of the row GET, 20000,1000000,8000000 unless said; of the others the last of 1000000 or"
                            + " less.")
    private List<Integer> entries;

    @Option(names = "--rounds", paramLabel = "N", description = "Times through all subjects of a row; 1 unless said.")
    private Integer rounds;

    @Option(names = "--iterations", paramLabel = "N", description = "Measured ones of each subject; 5 unless said.")
    private Integer iterations;

    @Option(names = "--warm-ups", paramLabel = "N", description = "Iterations before them; 3 unless said.")
    private Integer warmUps;

    @Option(names = "--time", paramLabel = "MS", description = "Length of an iteration; 1000 ms unless said.")
    private Integer iterationMs;

    @Option(
            names = "--shared-keys",
            description = "One key string an entry in place of one an operation: see Workload.")
    private boolean sharedKeys;

    Set<Row> rows() {
        return given(rows, Row.class);
    }

    List<Integer> entries() {
        return given(entries, List.of(20_000), List.of(20_000, MOST_MAIN_ENTRIES, 8_000_000));
    }

    int rounds() {
        return given(rounds, 1, 1);
    }

    int iterations() {
        return given(iterations, 1, 5);
    }

    int warmUps() {
        return given(warmUps, 1, 3);
    }

    int iterationMs() {
        return given(iterationMs, 200, 1_000);
    }

    boolean sharedKeys() {
        return sharedKeys;
    }

    /** The size of table for the rows whose bars name one: 1,000,000, or less where less was asked for. */
    int mainEntries() {
        return entries().stream()
                .filter(n -> n <= MOST_MAIN_ENTRIES)
                .max(Integer::compare)
                .orElse(MOST_MAIN_ENTRIES);
    }
}
