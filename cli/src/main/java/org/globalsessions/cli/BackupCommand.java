package org.globalsessions.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.globalsessions.backup.BackupSummary;
import org.globalsessions.backup.BackupWriter;
import org.globalsessions.segment.SegmentInspector;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code backup FILE}: writes the entries of a segment into a file that another segment of the path takes back. */
@Command(
        name = "backup",
        description =
                "Writes a segment's entries, with keys and values, into a file of mode 0600. The segment may be in use.",
        mixinStandardHelpOptions = true)
final class BackupCommand extends SegmentCommand {
    @Parameters(paramLabel = "FILE", description = "The backup; one that is there is replaced at the end.")
    private Path backup;

    @Override
    public Integer call() throws IOException {
        Path file = target.existingFile(pathName);
        BackupSummary summary = BackupWriter.write(SegmentInspector.open(file), backup);
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("segment", file.toString());
        values.put("backup", backup.toString());
        values.put("entries", summary.entries());
        values.put("tombstones", summary.tombstones());
        values.put("bytes", summary.bytes());
        Report.print(values, json, out());
        return GlobalSessions.DONE;
    }
}
