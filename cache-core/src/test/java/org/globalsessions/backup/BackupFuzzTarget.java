package org.globalsessions.backup;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentInspector;
import org.globalsessions.segment.SegmentReport;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;

/**
 * Any bytes as a backup: refused, or restored into a segment that is whole then and has what the summary says. The first byte
 * says which checks are put right, so that what lies behind a CRC is reached: 1 the magic number, version, path and CRC of the
 * header, 2 the CRCs of blocks, 4 length and counts of the end block.
 */
public final class BackupFuzzTarget {
    private static final int COLLECT_EVERY = 500;
    private static final String PATH = "fuzzed";

    private static Path folder;
    private static SharedLru lru;
    private static KeyDigest pathKey;
    private static int runs;

    private BackupFuzzTarget() {}

    private static void open() throws IOException {
        if (folder == null) {
            folder = Files.createTempDirectory("fuzz").toRealPath();
        }
        lru = SharedLru.open(new SegmentSettings(folder.resolve("segment-" + runs))
                .elCount(20)
                .recordSize(128)
                .pathName(PATH));
        pathKey = SegmentInspector.open(lru.file().path()).pathKey();
    }

    /**
     * One input; anything thrown is a finding.
     *
     * @param input as above
     * @throws IOException where the file system fails
     */
    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        if (input.length == 0) {
            return;
        }
        if (lru == null) {
            open();
        }
        byte[] bytes = Arrays.copyOfRange(input, 1, input.length);
        Path file = folder.resolve("backup");
        Files.write(file, repaired(input[0], bytes));
        try (BackupReader backup = BackupReader.open(file)) {
            RestoreSummary summary = SegmentRestore.restore(backup, lru);
            requireAllCounted(backup, summary);
            requireWhole();
            requireDeletable(backup);
        } catch (BackupException e) {
            if (!String.valueOf(e.getMessage()).contains(folder.toString())) {
                throw new AssertionError("the refusal does not say where", e);
            }
        }
        if (++runs % COLLECT_EVERY == 0) {
            lru.close();
            Files.delete(lru.file().path());
            open();
            // Mappings go with the objects; a process may have some 65,000 of them.
            System.gc();
        }
    }

    private static void requireAllCounted(BackupReader backup, RestoreSummary summary) {
        long counted = summary.stored()
                + summary.superseded()
                + summary.deleted()
                + summary.expired()
                + summary.noRoom()
                + summary.tooLarge();
        if (counted != backup.entries() || summary.tombstones() != backup.tombstones()) {
            throw new AssertionError("restored " + summary + " of " + backup.entries() + " and " + backup.tombstones());
        }
    }

    private static void requireWhole() throws IOException {
        SegmentReport report = SegmentInspector.open(lru.file().path()).check();
        if (!report.isWhole() || report.inFlux() > 0) {
            throw new AssertionError(report.describe());
        }
    }

    /** Deletes all that was restored: nothing may outlive that. */
    private static void requireDeletable(BackupReader backup) throws IOException {
        WriteOutcome outcome = new WriteOutcome();
        backup.visit(new BackupReader.Visitor() {
            @Override
            public void entry(SessionEntry entry, int marks) {
                if (entry.key().length <= SharedLru.MAX_KEY_LENGTH && lru.maxValueLength(entry.key().length) >= 0) {
                    lru.delete(lru.encode(entry.key()), outcome);
                    if (lru.get(lru.encode(entry.key())) != null) {
                        throw new AssertionError("there after its delete");
                    }
                }
            }

            @Override
            public void tombstone(KeyDigest digest, Version version, long position) {
                // It beats entries, and is none.
            }
        });
    }

    private static byte[] repaired(int what, byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if ((what & 1) != 0 && bytes.length >= BackupFormat.HEADER_LENGTH) {
            file.putLong(BackupFormat.HEADER_MAGIC_OFFSET, BackupFormat.MAGIC);
            file.putInt(BackupFormat.HEADER_VERSION_OFFSET, BackupFormat.FORMAT_VERSION);
            file.putLong(BackupFormat.HEADER_PATH_KEY_HIGH_OFFSET, pathKey.high());
            file.putLong(BackupFormat.HEADER_PATH_KEY_LOW_OFFSET, pathKey.low());
            file.putInt(BackupFormat.HEADER_CRC_OFFSET, BackupFormat.crcOfHeader(file));
        }
        long entries = 0;
        long tombstones = 0;
        int at = BackupFormat.HEADER_LENGTH;
        while (at + BackupFormat.BLOCK_HEAD_LENGTH <= bytes.length) {
            ByteBuffer head = file.slice(at, BackupFormat.BLOCK_HEAD_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
            int kind = head.getInt(BackupFormat.BLOCK_KIND_OFFSET);
            int bodyAt = at + BackupFormat.BLOCK_HEAD_LENGTH;
            if ((what & 4) != 0 && kind == BackupFormat.END && bodyAt + 16 <= bytes.length) {
                head.putInt(BackupFormat.BLOCK_LENGTH_OFFSET, 16).putInt(BackupFormat.BLOCK_COUNT_OFFSET, 0);
                file.putLong(bodyAt, entries).putLong(bodyAt + Long.BYTES, tombstones);
            }
            int length = head.getInt(BackupFormat.BLOCK_LENGTH_OFFSET);
            if (length < 0 || length > bytes.length - bodyAt) {
                break;
            }
            entries += kind == BackupFormat.ENTRIES ? head.getInt(BackupFormat.BLOCK_COUNT_OFFSET) : 0;
            tombstones += kind == BackupFormat.TOMBSTONES ? head.getInt(BackupFormat.BLOCK_COUNT_OFFSET) : 0;
            if ((what & 2) != 0) {
                ByteBuffer body = file.slice(bodyAt, length).order(ByteOrder.LITTLE_ENDIAN);
                head.putInt(BackupFormat.BLOCK_CRC_OFFSET, BackupFormat.crcOfBlock(head, body, length));
            }
            at = bodyAt + length;
        }
        return bytes;
    }
}
