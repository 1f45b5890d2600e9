package org.globalsessions.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.globalsessions.segment.SegmentFile;
import org.globalsessions.segment.SegmentInspector;
import org.globalsessions.status.Counter;
import picocli.CommandLine.Command;

/** {@code stat}: header and counters of a segment, with nothing but its file. */
@Command(
        name = "stat",
        description = "Prints header and counters of a segment. Reads only: takes part in nothing.",
        mixinStandardHelpOptions = true)
final class StatCommand extends SegmentCommand {
    @Override
    public Integer call() throws IOException {
        PrintWriter out = out();
        Path file = target.existingFile(pathName);
        SegmentStat stat = SegmentStat.open(file);
        Map<String, Object> values = stat.asMap();
        SegmentInspector inspector = SegmentInspector.open(file);
        for (SegmentInspector.Lease lease : inspector.leases()) {
            String name = lease.duty() == SegmentFile.Duty.SWEEPER ? "sweeper" : "linkOwner";
            values.put(name, holder(lease, inspector.processes()));
        }
        if (!inspector.relays().isEmpty()) {
            values.put("host", inspector.hostDigest());
        }
        values.put("relays", inspector.relays().stream().map(StatCommand::relay).toList());
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

    /** A relay of a host; its id as 16 hexadecimal digits. */
    private static Map<String, Object> relay(SegmentInspector.KnownRelay relay) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("id", String.format(Locale.ROOT, "%016x", relay.id()));
        values.put("listed", relay.listed());
        values.put("epoch", relay.epoch());
        values.put("position", relay.position());
        return values;
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
