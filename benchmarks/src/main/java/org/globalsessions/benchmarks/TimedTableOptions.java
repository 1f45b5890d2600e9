package org.globalsessions.benchmarks;

import picocli.CommandLine.Option;

/** How long the tables of processes measure. */
abstract class TimedTableOptions extends TableOptions {
    @Option(names = "--rounds", paramLabel = "N", description = "Times through all subjects of a row; 5 unless said.")
    private Integer rounds;

    @Option(names = "--time", paramLabel = "MS", description = "Length of a measurement; 2000 ms unless said.")
    private Integer windowMs;

    @Option(
            names = "--warm-up",
            paramLabel = "MS",
            description = "What goes before the first round, for each subject and kind of work; 5000 ms unless said.")
    private Integer warmUpMs;

    final int rounds() {
        return given(rounds, 1, 5);
    }

    final int windowMs() {
        return given(windowMs, 50, 2_000);
    }

    final int warmUpMs() {
        return given(warmUpMs, 20, 5_000);
    }
}
