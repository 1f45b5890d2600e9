package org.globalsessions.cli;

import com.typesafe.config.Config;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.segment.Finding;
import org.globalsessions.segment.SegmentException;
import org.globalsessions.segment.SegmentInspector;
import org.globalsessions.segment.SegmentReport;
import org.globalsessions.transport.client.RelayLinkSettings;
import org.globalsessions.transport.client.RelayOperator;
import org.globalsessions.transport.frame.ClientsCheckedFrame;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code inspect}: checks every invariant of a segment, with nothing but its file. */
@Command(
        name = "inspect",
        description = "Checks every invariant of a live or dead segment. Reads only: takes part in nothing."
                + " Exit code 1 where it is damaged.",
        mixinStandardHelpOptions = true)
final class InspectCommand extends SegmentCommand {
    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "100",
            description = "Findings to print at most; all are counted. Default ${DEFAULT-VALUE}.")
    private int limit;

    @Option(
            names = "--clients",
            description =
                    "With the --config of a client: also have its relays compare what they know of remote clients by address and"
                            + " user with their entries. Needs the right to administer.")
    private boolean clients;

    @Override
    public Integer call() throws Exception {
        requireNotNegative("--limit", limit);
        List<Map<String, Object>> relays = clients ? checkClients() : List.of();
        PrintWriter out = out();
        Path file = target.existingFile(pathName);
        SegmentReport report;
        try {
            report = SegmentInspector.open(file).check(limit);
        } catch (SegmentException refused) {
            if (!json) {
                throw refused;
            }
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("segment", file.toString());
            values.put("whole", false);
            values.put("refused", refused.getMessage());
            out.println(Json.of(values));
            return GlobalSessions.FAILED;
        }
        if (json) {
            Map<String, Object> values = asMap(file, report);
            if (clients) {
                values.put("relays", relays);
            }
            out.println(Json.of(values));
        } else {
            relays.forEach(out::println);
            print(file, report, out);
        }
        boolean agree = relays.stream().allMatch(relay -> relay.get("differing").equals(0));
        return report.isWhole() && agree ? GlobalSessions.DONE : GlobalSessions.FAILED;
    }

    private List<Map<String, Object>> checkClients() throws Exception {
        NodeConfig config = target.configuration();
        if (config == null || config.relaySections().isEmpty()) {
            throw new UsageException("--clients: no relay to ask: give the --config of a client that has one");
        }
        List<Map<String, Object>> relays = new ArrayList<>();
        for (Config section : config.relaySections()) {
            RelayLinkSettings settings = RelayLinkSettings.from(section);
            try (RelayOperator operator = RelayOperator.connect(settings)) {
                ClientsCheckedFrame checked = operator.checkClients().get();
                Map<String, Object> relay = new LinkedHashMap<>();
                relay.put("relay", settings.relay().toString());
                relay.put("path", settings.path());
                relay.put("clients", checked.clients());
                relay.put("addresses", checked.addresses());
                relay.put("refused", checked.refused());
                relay.put("entries", checked.entries());
                relay.put("differing", checked.differing());
                relays.add(relay);
            }
        }
        return relays;
    }

    private static void print(Path file, SegmentReport report, PrintWriter out) {
        out.printf("%-16s %s%n", "segment", file);
        out.printf("%-16s %s%n", "state", report.live() ? "live" : "nobody is attached");
        counts(report).forEach((name, value) -> out.printf("%-16s %s%n", name, value));
        for (Finding finding : report.findings()) {
            out.println(finding);
        }
        long more = report.damage()
                + report.toBeReclaimed()
                + report.inFlux()
                - report.findings().size();
        if (more > 0) {
            out.println(more + " more, see --limit");
        }
        out.println(report.isWhole() ? "whole" : "damaged");
    }

    private static Map<String, Object> counts(SegmentReport report) {
        Map<String, Object> counts = new LinkedHashMap<>();
        counts.put("damage", report.damage());
        counts.put("toBeReclaimed", report.toBeReclaimed());
        counts.put("inFlux", report.inFlux());
        counts.put("visible", report.visible());
        counts.put("unpublished", report.unpublished());
        counts.put("reserved", report.reserved());
        counts.put("aside", report.aside());
        counts.put("tombstones", report.tombstones());
        return counts;
    }

    private static Map<String, Object> asMap(Path file, SegmentReport report) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("segment", file.toString());
        values.put("whole", report.isWhole());
        values.put("live", report.live());
        values.putAll(counts(report));
        List<Object> findings = new ArrayList<>();
        for (Finding finding : report.findings()) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("severity", lower(finding.severity()));
            line.put("region", lower(finding.region()));
            line.put("index", finding.index());
            line.put("fileOffset", finding.fileOffset());
            line.put("word", String.format(Locale.ROOT, "%016x", finding.word()));
            line.put("what", finding.what());
            line.put("remedy", finding.remedy());
            findings.add(line);
        }
        values.put("findings", findings);
        return values;
    }

    private static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
