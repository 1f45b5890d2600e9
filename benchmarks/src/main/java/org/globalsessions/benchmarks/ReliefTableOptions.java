package org.globalsessions.benchmarks;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Option;

/** What {@link ReliefTable} is asked for on its command line. */
final class ReliefTableOptions extends TimedTableOptions {
    /** The parts of the table, in its order. */
    enum Row {
        GET,
        STORM,
        REFILL,
        GROWTH
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
            description =
                    "Asked for at the relief node, ten times what is asked for at the relay, which holds a fifth; 100000"
                            + " unless said.")
    private Integer entries;

    @Option(
            names = "--storm",
            paramLabel = "N",
            description = "Sets in each round of the storm, into a relay that holds a tenth; 200000 unless said.")
    private Integer stormEntries;

    @Option(
            names = "--refill",
            paramLabel = "N",
            description = "Entries that the joining node is given; 1000000 unless said.")
    private Integer refillEntries;

    @Option(
            names = "--refill-rate",
            paramLabel = "N",
            description = "Of them a second at most, as the sibling is configured; 10000 unless said.")
    private Integer refillRate;

    @Option(
            names = "--node-entries",
            paramLabel = "N",
            description = "el_count of each relief node where their number grows; 100000 unless said.")
    private Integer nodeEntries;

    @Option(
            names = "--nodes",
            split = ",",
            paramLabel = "N",
            description =
                    "How many relief nodes; 1,2,4,8 unless said. The first one is what the others are compared with.")
    private List<Integer> nodes;

    @Option(names = "--plot", paramLabel = "FILE", description = "Where the growth is drawn, a PNG.")
    private Path plot;

    Set<Row> rows() {
        return given(rows, Row.class);
    }

    int entries() {
        // More than a quick run asks for: from the second turn on the relay answers a tenth itself.
        return given(entries, 20_000, 100_000);
    }

    int stormEntries() {
        return given(stormEntries, 2_000, 200_000);
    }

    int refillEntries() {
        return given(refillEntries, 400, 1_000_000);
    }

    int refillRate() {
        return given(refillRate, 200, 10_000);
    }

    int nodeEntries() {
        return given(nodeEntries, 1_000, 100_000);
    }

    List<Integer> nodes() {
        return given(nodes, List.of(1, 2), List.of(1, 2, 4, 8));
    }

    /** Where the growth is drawn; null for nowhere. */
    Path plot() {
        return plot;
    }
}
