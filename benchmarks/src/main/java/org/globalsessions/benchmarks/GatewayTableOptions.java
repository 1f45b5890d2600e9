package org.globalsessions.benchmarks;

import java.util.List;
import java.util.Set;
import picocli.CommandLine.Option;

/** What {@link GatewayTable} is asked for on its command line. */
final class GatewayTableOptions extends TimedTableOptions {
    /** The parts of the table, in its order. */
    enum Row {
        BIND,
        QUEUES,
        CLIENTS
    }

    @Option(
            names = "--rows",
            split = ",",
            paramLabel = "ROW",
            description = "Parts of the table: ${COMPLETION-CANDIDATES}; all unless said.")
    private List<Row> rows;

    @Option(names = "--clients", paramLabel = "N", description = "Connected clients of a gateway; 10000 unless said.")
    private Integer clients;

    @Option(
            names = "--bound",
            paramLabel = "N",
            description = "Clients that are bound by a relay, and owners of queues; 20000 unless said.")
    private Integer bound;

    Set<Row> rows() {
        return given(rows, Row.class);
    }

    int clients() {
        return given(clients, 200, 10_000);
    }

    int bound() {
        return given(bound, 500, 20_000);
    }
}
