package org.globalsessions.benchmarks;

import java.util.List;
import java.util.Set;
import picocli.CommandLine.Option;

/** What {@link RelayTable} is asked for on its command line. */
final class RelayTableOptions extends TimedTableOptions {
    /** The parts of the table, in its order. */
    enum Row {
        TCP,
        UNIX,
        TLS,
        LOCAL,
        IPC,
        ANNOUNCE
    }

    @Option(
            names = "--rows",
            split = ",",
            paramLabel = "ROW",
            description = "Parts of the table: ${COMPLETION-CANDIDATES}; all unless said.")
    private List<Row> rows;

    @Option(
            names = "--entries",
            paramLabel = "N",
            description = "Entries that relay and Redis hold; 100000 unless said.")
    private Integer entries;

    Set<Row> rows() {
        return given(rows, Row.class);
    }

    int entries() {
        return given(entries, 500, 100_000);
    }
}
