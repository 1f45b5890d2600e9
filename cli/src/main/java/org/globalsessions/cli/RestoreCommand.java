package org.globalsessions.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.globalsessions.backup.BackupException;
import org.globalsessions.backup.BackupReader;
import org.globalsessions.backup.RestoreSummary;
import org.globalsessions.backup.SegmentRestore;
import org.globalsessions.config.CacheSection;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.config.NodeKind;
import org.globalsessions.segment.SegmentInspector;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code restore FILE}: takes a backup back into a segment, never over what is newer or deleted. */
@Command(
        name = "restore",
        description = "Takes a backup back into a segment, which may be in use and of another geometry."
                + " Never replaces what is newer or deleted.",
        mixinStandardHelpOptions = true)
final class RestoreCommand extends SegmentCommand {
    @Parameters(paramLabel = "FILE", description = "The backup.")
    private Path backup;

    @Override
    public Integer call() throws IOException {
        Map<String, Object> values = new LinkedHashMap<>();
        try (BackupReader reader = BackupReader.open(backup);
                SharedLru lru = SharedLru.open(settings())) {
            RestoreSummary summary = SegmentRestore.restore(reader, lru);
            values.put("segment", lru.file().path().toString());
            values.put("backup", backup.toString());
            values.put("entries", reader.entries());
            values.put("stored", summary.stored());
            values.put("superseded", summary.superseded());
            values.put("deleted", summary.deleted());
            values.put("expired", summary.expired());
            values.put("noRoom", summary.noRoom());
            values.put("tooLarge", summary.tooLarge());
            values.put("evicted", summary.evicted());
            values.put("tombstones", summary.tombstones());
        } catch (BackupException refused) {
            spec.commandLine().getErr().println("global-sessions: " + refused.getMessage());
            return GlobalSessions.FAILED;
        }
        Report.print(values, json, out());
        return GlobalSessions.DONE;
    }

    private SegmentSettings settings() throws IOException {
        NodeConfig config = target.configuration();
        if (config == null) {
            return SegmentInspector.open(target.existingFile("")).settings(pathName);
        }
        CacheSection cache = SegmentTarget.cache(config, pathName);
        Path file = SegmentTarget.fileOf(cache);
        if (Files.exists(file)) {
            return cache.toSegmentSettings(SegmentInspector.open(file).role());
        }
        if (config.kind() != NodeKind.CLIENT) {
            throw new UsageException("no such segment: file=" + file + "; start the node, which creates it, first");
        }
        return cache.toSegmentSettings(
                config.relaySections().isEmpty() ? SegmentSettings.Role.STANDALONE : SegmentSettings.Role.HOST);
    }
}
