package org.globalsessions.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.globalsessions.segment.SegmentFile;
import org.globalsessions.segment.SegmentInspector;
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
    private SegmentTarget target;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        Path file = target.existingFile();
        SegmentStat stat = SegmentStat.open(file);
        Map<String, Object> values = stat.asMap();
        SegmentInspector inspector = SegmentInspector.open(file);
        for (SegmentInspector.Lease lease : inspector.leases()) {
            String name = lease.duty() == SegmentFile.Duty.SWEEPER ? "sweeper" : "linkOwner";
            values.put(name, holder(lease, inspector.processes()));
        }
        values.put("attached", inspector.processes().size());
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

    /** Who holds a duty: attach slot and process, or nobody. */
    private static String holder(SegmentInspector.Lease lease, List<SegmentInspector.AttachedProcess> processes) {
        if (!lease.held()) {
            return "nobody";
        }
        String pid = processes.stream()
                .filter(process -> process.slot() == lease.slot())
                .map(process -> ", process " + process.pid())
                .findFirst()
                .orElse("");
        return "slot " + lease.slot() + pid + ", epoch " + lease.epoch();
    }
}
