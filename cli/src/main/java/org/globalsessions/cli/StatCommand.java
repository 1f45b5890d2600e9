package org.globalsessions.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.status.Counter;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code stat}: header and counters of a segment, with nothing but its file. */
@Command(
        name = "stat",
        description = "Prints header and counters of a segment. Reads only: takes part in nothing.",
        mixinStandardHelpOptions = true)
final class StatCommand implements Callable<Integer> {
    @ArgGroup(multiplicity = "1")
    private Target target;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    /** Which segment: by a configuration, or by its file. */
    private static final class Target {
        @Option(names = "--config", paramLabel = "FILE", description = "Configuration of the node or client.")
        private Path config;

        @Option(names = "--segment", paramLabel = "FILE", description = "The segment's file.")
        private Path segment;

        private Path file() {
            if (segment != null) {
                return segment;
            }
            boolean client = NodeConfig.looksLikeClient(config);
            return (client ? NodeConfig.loadClient(config) : NodeConfig.load(config))
                    .cache()
                    .segmentFile();
        }
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        Path file = target.file();
        if (!Files.exists(file)) {
            spec.commandLine().getErr().println("global-sessions: no such segment: file=" + file);
            return GlobalSessions.FAILED;
        }
        SegmentStat stat = SegmentStat.open(file);
        Map<String, Object> values = stat.asMap();
        if (json) {
            out.println(Json.of(values));
            return GlobalSessions.DONE;
        }
        values.remove("counters");
        values.forEach((name, value) -> out.printf("%-16s %s%n", name, value));
        for (Counter counter : Counter.values()) {
            out.printf("%12d  %s%n", stat.counter(counter), counter.label());
        }
        return GlobalSessions.DONE;
    }
}
