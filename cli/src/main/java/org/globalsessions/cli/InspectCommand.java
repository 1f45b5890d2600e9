package org.globalsessions.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.globalsessions.segment.Finding;
import org.globalsessions.segment.SegmentException;
import org.globalsessions.segment.SegmentInspector;
import org.globalsessions.segment.SegmentReport;
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

    @Override
    public Integer call() throws IOException {
        requireNotNegative("--limit", limit);
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
            out.println(Json.of(asMap(file, report)));
        } else {
            print(file, report, out);
        }
        return report.isWhole() ? GlobalSessions.DONE : GlobalSessions.FAILED;
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
