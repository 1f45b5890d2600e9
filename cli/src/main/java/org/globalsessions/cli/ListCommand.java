package org.globalsessions.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.globalsessions.Version;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SegmentInspector;
import org.globalsessions.segment.Ticks;
import org.globalsessions.tier.SessionEntry;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code list}: the live entries of a segment, by the digest that logs show; never a key or a value. */
@Command(
        name = "list",
        description =
                "Lists the live entries of a segment: digest as in logs, version, ages, marks; never keys or values."
                        + " Reads only: takes part in nothing.",
        mixinStandardHelpOptions = true)
final class ListCommand extends SegmentCommand {
    private static final double TICKS_PER_SECOND = 1_000.0 / Ticks.TICK_MS;

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "1000",
            description = "Entries to list at most. Default ${DEFAULT-VALUE}.")
    private long limit;

    private long shown;
    private boolean more;

    @Override
    public Integer call() throws IOException {
        requireNotNegative("--limit", limit);
        PrintWriter out = out();
        Path file = target.existingFile(pathName);
        SegmentInspector segment = SegmentInspector.open(file);
        // One line at a time, as a segment may hold more than this process may hold.
        if (json) {
            out.print("{\"segment\":" + Json.of(file.toString()) + ",\"entries\":[");
        } else {
            out.printf(
                    "%-16s %20s %10s %20s %10s %10s %10s %10s %8s  %s%n",
                    "digest", "version", "origin", "life", "age s", "life age s", "idle s", "left s", "bytes", "marks");
        }
        segment.scan(entry -> show(segment, entry, out));
        if (json) {
            out.println("],\"shown\":" + shown + ",\"more\":" + more + "}");
        } else if (more) {
            out.println("there are more, see --limit");
        }
        return GlobalSessions.DONE;
    }

    private boolean show(SegmentInspector segment, EntrySnapshot snapshot, PrintWriter out) {
        if (shown == limit) {
            more = true;
            return false;
        }
        shown++;
        SessionEntry entry = snapshot.toEntry();
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("digest", segment.logDigest(snapshot));
        line.put("versionClock", entry.version().clock());
        line.put("versionOrigin", Integer.toUnsignedLong(entry.version().origin()));
        line.put("life", entry.life());
        line.put("ageSeconds", age(entry.version().clock()));
        line.put("lifeAgeSeconds", age(entry.life()));
        line.put("idleSeconds", entry.idleTicks() / TICKS_PER_SECOND);
        line.put("remainingSeconds", remaining(entry));
        line.put("valueLength", entry.value().length);
        line.put("marks", marks(snapshot.marks()));
        if (json) {
            out.print((shown == 1 ? "" : ",") + Json.of(line));
        } else {
            out.printf(
                    "%-16s %20s %10s %20s %10s %10s %10s %10s %8s  %s%n",
                    line.get("digest"),
                    line.get("versionClock"),
                    line.get("versionOrigin"),
                    line.get("life"),
                    line.get("ageSeconds"),
                    line.get("lifeAgeSeconds"),
                    line.get("idleSeconds"),
                    line.get("remainingSeconds") == null ? "-" : line.get("remainingSeconds"),
                    line.get("valueLength"),
                    String.join(",", marks(snapshot.marks())));
        }
        return true;
    }

    /** Seconds since a version's clock, which counts microseconds of the wall clock; 0 where that is ahead of ours. */
    private static double age(long clock) {
        long micros = System.currentTimeMillis() * 1_000 - (clock >>> Version.LOGICAL_BITS);
        return Math.max(0, micros / 1_000) / 1_000.0;
    }

    /** Seconds until the entry expires if nobody uses it, null where it does not. */
    private static Double remaining(SessionEntry entry) {
        long lifetime = entry.lifetimeTicks() == 0 ? Long.MAX_VALUE : entry.lifetimeTicks();
        long idle = entry.idleLimitTicks() == 0 ? Long.MAX_VALUE : entry.idleLimitTicks() - (long) entry.idleTicks();
        long least = Math.min(lifetime, idle);
        return least == Long.MAX_VALUE ? null : Double.valueOf(Math.max(0, least) / TICKS_PER_SECOND);
    }

    private static List<String> marks(int marks) {
        List<String> names = new ArrayList<>();
        if ((marks & RecordDescriptor.UNPUBLISHED) != 0) {
            names.add("unpublished");
        }
        if ((marks & RecordDescriptor.NOT_HANDED_OFF) != 0) {
            names.add("not handed off");
        }
        if ((marks & RecordDescriptor.LIFE_UNCONFIRMED) != 0) {
            names.add("life unconfirmed");
        }
        return names;
    }
}
