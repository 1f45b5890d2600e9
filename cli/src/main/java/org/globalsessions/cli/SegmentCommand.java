package org.globalsessions.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A command that works on one segment, and whose result is for people or for programs. */
abstract class SegmentCommand implements Callable<Integer> {
    @ArgGroup(multiplicity = "1")
    SegmentTarget target;

    @Option(
            names = "--auth-path",
            paramLabel = "NAME",
            defaultValue = "",
            description =
                    "With the --config of a relay that has several paths: which one. With restore --segment: the segment's"
                            + " auth_path, which its file has only a key of.")
    String pathName;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Spec
    CommandSpec spec;

    PrintWriter out() {
        return spec.commandLine().getOut();
    }

    static void requireNotNegative(String option, long value) {
        if (value < 0) {
            throw new UsageException(option + ": out of range: found " + value + ", allowed is 0 or more");
        }
    }
}
