package org.globalsessions.benchmarks;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** What every table understands on its command line. Filled by picocli. */
abstract class TableOptions {
    @Option(names = "--quick", description = "A smoke run, whose figures mean nothing.")
    private boolean quick;

    /**
     * Reads a command line and measures.
     *
     * @param table a command
     * @param args  its command line
     * @return what the process is to end with: 2 where an argument is wrong
     */
    static int run(Callable<Integer> table, String... args) {
        return new CommandLine(table).setCaseInsensitiveEnumValuesAllowed(true).execute(args);
    }

    /** Whether it is only tried that everything runs. */
    final boolean quick() {
        return quick;
    }

    /** What was given; without that the one for a smoke run or the other one. */
    final <T> T given(T given, T ifQuick, T otherwise) {
        if (given != null) {
            return given;
        }
        return quick ? ifQuick : otherwise;
    }

    /** The constants that were given, in their order; all where none were. */
    static <E extends Enum<E>> Set<E> given(List<E> constants, Class<E> type) {
        return constants == null ? EnumSet.allOf(type) : EnumSet.copyOf(new ArrayList<>(constants));
    }
}
