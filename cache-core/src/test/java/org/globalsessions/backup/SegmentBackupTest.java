package org.globalsessions.backup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.globalsessions.Version;
import org.globalsessions.segment.EncodedKey;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SegmentInspector;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a backup holds comes back, never over what is newer or deleted, and a damaged one not at all. */
class SegmentBackupTest {
    @TempDir
    private Path folder;

    private final WriteOutcome outcome = new WriteOutcome();

    private SegmentSettings settings(String name) {
        return new SegmentSettings(folder.resolve(name))
                .elCount(500)
                .pathName("shop")
                .idleTimeout(Duration.ofHours(1))
                .sessionsLength(Duration.ofHours(8));
    }

    private Path backupFile() {
        return folder.resolve("one.gsbackup");
    }

    private void set(SharedLru lru, String key, String value) {
        byte[] bytes = value.getBytes(UTF_8);
        lru.set(lru.encode(key), bytes, 0, bytes.length, 0, null, true, outcome);
    }

    private static String get(SharedLru lru, String key) {
        byte[] value = lru.get(lru.encode(key));
        return value == null ? null : new String(value, UTF_8);
    }

    private static SessionEntry entry(SharedLru lru, String key) {
        EntrySnapshot found = new EntrySnapshot();
        assertThat(lru.find(lru.encode(key), found)).as(key).isTrue();
        return found.toEntry();
    }

    private BackupSummary backUp(SharedLru lru) throws IOException {
        return BackupWriter.write(SegmentInspector.open(lru.file().path()), backupFile());
    }

    private RestoreSummary restore(SharedLru lru) throws IOException {
        try (BackupReader backup = BackupReader.open(backupFile())) {
            return SegmentRestore.restore(backup, lru);
        }
    }

    @Test
    void shouldRestoreWhatHasExpiredUnpublishedForTheNextTierAlone() throws Exception {
        try (SharedLru from = SharedLru.open(settings("from").role(Role.HOST));
                SharedLru to = SharedLru.open(settings("to").role(Role.HOST))) {
            from.set(from.encode("key"), new byte[1], 0, 1, 1, null, false, outcome);
            Version version = outcome.version();
            while (get(from, "key") != null) {
                Thread.onSpinWait();
            }
            assertThat(backUp(from).entries()).isEqualTo(1);
            RestoreSummary summary = restore(to);
            assertThat(summary.expired()).isEqualTo(1);
            assertThat(summary.stored()).isZero();
            assertThat(get(to, "key")).isNull();
            EntrySnapshot unsent = new EntrySnapshot();
            assertThat(to.findUnsent(to.encode("key"), unsent)).isTrue();
            assertThat(unsent.version()).isEqualTo(version);
        }
    }

    @Test
    void shouldKeepValueVersionLifeAndTimesWhenRestoredIntoAnotherGeometry() throws Exception {
        try (SharedLru from = SharedLru.open(settings("from"));
                SharedLru to = SharedLru.open(settings("to").elCount(2_000).recordSize(1_024))) {
            for (int i = 0; i < 500; i++) {
                set(from, "key-" + i, "value-" + i);
            }
            from.delete(from.encode("key-7"), outcome);
            BackupSummary made = backUp(from);
            assertThat(made.entries()).isEqualTo(499);
            assertThat(made.tombstones()).isEqualTo(1);
            assertThat(made.bytes()).isEqualTo(Files.size(backupFile()));
            RestoreSummary summary = restore(to);
            assertThat(summary.stored()).isEqualTo(499);
            assertThat(summary.tombstones()).isEqualTo(1);
            assertThat(get(to, "key-7")).isNull();
            for (int i = 0; i < 500; i++) {
                if (i != 7) {
                    SessionEntry expected = entry(from, "key-" + i);
                    SessionEntry restored = entry(to, "key-" + i);
                    assertThat(restored.value()).isEqualTo(expected.value());
                    assertThat(restored.version()).isEqualTo(expected.version());
                    assertThat(restored.life()).isEqualTo(expected.life());
                    assertThat(restored.idleLimitTicks()).isEqualTo(expected.idleLimitTicks());
                    assertThat(restored.lifetimeTicks()).isBetween(expected.lifetimeTicks() - 6_000, 8 * 360_000);
                }
            }
            assertThat(SegmentInspector.open(to.file().path()).check().isWhole())
                    .isTrue();
        }
    }

    @Test
    void shouldBeReadableByItsOwnerOnlyAndLeaveNoTemporaryFileWhenDone() throws Exception {
        try (SharedLru lru = SharedLru.open(settings("from"))) {
            Files.writeString(folder.resolve("one.gsbackup.tmp"), "left by one that was killed");
            backUp(lru);
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(backupFile())))
                .isEqualTo("rw-------");
        assertThat(folder.resolve("one.gsbackup.tmp")).doesNotExist();
    }

    @Test
    void shouldNeverReplaceWhatIsNewerOrDeletedWhenRestored() throws Exception {
        try (SharedLru lru = SharedLru.open(settings("from"))) {
            set(lru, "overwritten", "old");
            set(lru, "deleted", "old");
            set(lru, "evicted", "old");
            backUp(lru);
            set(lru, "overwritten", "new");
            lru.delete(lru.encode("deleted"), outcome);
            EntrySnapshot found = new EntrySnapshot();
            lru.find(lru.encode("evicted"), found);
            lru.removeOlder(lru.encode("evicted").digest(), new Version(Long.MAX_VALUE, 1));
            RestoreSummary summary = restore(lru);
            assertThat(summary).isEqualTo(new RestoreSummary(1, 1, 1, 0, 0, 0, 0, 0));
            assertThat(get(lru, "overwritten")).isEqualTo("new");
            assertThat(get(lru, "deleted")).isNull();
            assertThat(get(lru, "evicted")).isEqualTo("old");
        }
    }

    @Test
    void shouldCountWhatDoesNotFitWhenRecordsAreSmaller() throws Exception {
        try (SharedLru from = SharedLru.open(settings("from").recordSize(1_024));
                SharedLru to = SharedLru.open(
                        settings("to").recordSize(128).elCount(10).overflowShare(0))) {
            set(from, "large", "x".repeat(9_000));
            for (int i = 0; i < 100; i++) {
                set(from, "key-" + i, "small");
            }
            backUp(from);
            RestoreSummary summary = restore(to);
            assertThat(summary.tooLarge()).isEqualTo(1);
            assertThat(summary.stored()).isEqualTo(100);
            assertThat(summary.evicted()).isEqualTo(100 - to.size());
        }
    }

    @Test
    void shouldNotBringBackWhatHasExpiredSinceTheBackup() throws Exception {
        try (SharedLru from = SharedLru.open(settings("from"));
                SharedLru to = SharedLru.open(settings("to"))) {
            byte[] value = {1};
            from.set(from.encode("short"), value, 0, 1, 1_000, null, true, outcome);
            set(from, "long", "x");
            backUp(from);
            try (BackupReader backup = BackupReader.open(backupFile())) {
                RestoreSummary summary = SegmentRestore.restore(backup, to, backup.wallClockMs() + 20_000);
                assertThat(summary.expired()).isEqualTo(1);
                assertThat(summary.stored()).isEqualTo(1);
            }
            assertThat(get(to, "short")).isNull();
            assertThat(entry(to, "long").lifetimeTicks()).isLessThanOrEqualTo(8 * 360_000 - 2_000);
        }
    }

    @Test
    void shouldLoseToTheRelaysTombstoneAlsoWhereTheHostHasAppliedIt() throws Exception {
        try (SharedLru host = SharedLru.open(settings("host").role(Role.HOST));
                SharedLru fresh = SharedLru.open(settings("fresh").role(Role.HOST));
                SharedLru relay = SharedLru.open(settings("relay").role(Role.RELAY))) {
            set(host, "session", "value");
            backUp(host);
            SessionEntry published = entry(host, "session");
            relay.accept(relay.encode("session"), published, 0, Version.NONE, outcome);
            host.delete(host.encode("session"), outcome);
            KeyDigest digest = relay.encode("session").digest();
            relay.acceptDelete(digest, outcome.version(), 0, false, 0, outcome);
            relay.applyDelete(digest, new Version(outcome.version().clock() + 1, 1), 1, outcome);
            assertThat(restore(fresh).stored()).isEqualTo(1);
            List<SessionEntry> marked = new ArrayList<>();
            fresh.scan(0, fresh.bucketCount(), RecordDescriptor.UNPUBLISHED, found -> marked.add(found.toEntry()));
            assertThat(marked).hasSize(1);
            relay.accept(relay.encode("session"), marked.get(0), Long.MAX_VALUE, Version.NONE, outcome);
            assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.BEATEN_BY_TOMBSTONE);
            assertThat(get(relay, "session")).isNull();
        }
    }

    @Test
    void shouldLeaveALoginAloneThatBeganSinceTheDeleteInTheBackup() throws Exception {
        try (SharedLru host = SharedLru.open(settings("host").role(Role.HOST));
                SharedLru fresh = SharedLru.open(settings("fresh").role(Role.HOST))) {
            set(host, "session", "value");
            host.delete(host.encode("session"), outcome);
            backUp(host);
            set(fresh, "session", "logged in again");
            restore(fresh);
            assertThat(get(fresh, "session")).isEqualTo("logged in again");
        }
    }

    @Test
    void shouldHoldWholeEntriesAndMissNoneWhenMadeUnderFullWriteLoad() throws Exception {
        int keys = 300;
        // Pages enough that no entry has to go for want of them.
        try (SharedLru lru = SharedLru.open(settings("from").overflowShare(0.9));
                SharedLru to = SharedLru.open(settings("to").elCount(2_000).overflowShare(0.9))) {
            for (int i = 0; i < keys; i++) {
                set(lru, "key-" + i, selfChecking(i, 1));
            }
            AtomicBoolean stop = new AtomicBoolean();
            List<Thread> writers = new ArrayList<>();
            for (int t = 0; t < 2; t++) {
                Random random = new Random(t);
                WriteOutcome own = new WriteOutcome();
                writers.add(new Thread(() -> {
                    for (int n = 1; !stop.get(); n++) {
                        int key = random.nextInt(keys);
                        byte[] value = selfChecking(key, n).getBytes(UTF_8);
                        lru.set(lru.encode("key-" + key), value, 0, value.length, 0, null, true, own);
                    }
                }));
            }
            writers.forEach(Thread::start);
            try {
                for (int round = 0; round < 20; round++) {
                    backUp(lru);
                    int found = valuesInBackup().size();
                    // What lost its place meanwhile cannot be in it; the counter is read last, so it is not too low.
                    assertThat(found)
                            .isGreaterThanOrEqualTo(keys - (int) lru.counters().get(Counter.EVICTIONS));
                }
            } finally {
                stop.set(true);
                for (Thread writer : writers) {
                    writer.join();
                }
            }
            RestoreSummary summary = restore(to);
            assertThat(to.size()).isEqualTo(valuesInBackup().size());
            assertThat(summary.stored()).isGreaterThanOrEqualTo(to.size());
        }
    }

    private static String selfChecking(int key, int number) {
        return (key + "," + number + ";").repeat(number % 20 == 0 ? 1_000 : 10 + number % 10);
    }

    private Map<String, String> valuesInBackup() throws IOException {
        Map<String, String> values = new HashMap<>();
        try (BackupReader backup = BackupReader.open(backupFile())) {
            backup.visit(new Collecting((key, value) -> {
                String part = value.substring(0, value.indexOf(';') + 1);
                assertThat(part).startsWith(key.substring("key-".length()) + ",");
                assertThat(value.replace(part, "")).as("torn").isEmpty();
                values.put(key, value);
            }));
        }
        return values;
    }

    private record Collecting(java.util.function.BiConsumer<String, String> values) implements BackupReader.Visitor {
        @Override
        public void entry(SessionEntry entry, int marks) {
            values.accept(new String(entry.key(), UTF_8), new String(entry.value(), UTF_8));
        }

        @Override
        public void tombstone(KeyDigest digest, Version version, long position) {
            // Not looked at here.
        }
    }

    @Test
    void shouldBeRefusedBeforeAnythingIsRestoredWhenCutShortOrChangedAnywhere() throws Exception {
        try (SharedLru from = SharedLru.open(settings("from"));
                SharedLru to = SharedLru.open(settings("to"))) {
            set(from, "one", "value");
            set(from, "two", "value");
            from.delete(from.encode("two"), outcome);
            backUp(from);
            byte[] whole = Files.readAllBytes(backupFile());
            for (int length = 0; length < whole.length; length++) {
                Files.write(backupFile(), Arrays.copyOf(whole, length));
                assertThatThrownBy(() -> restore(to))
                        .as("length=%d", length)
                        .isInstanceOf(BackupException.class)
                        .hasMessageContaining(backupFile().toString());
            }
            for (int at = 0; at < whole.length; at++) {
                byte[] mangled = whole.clone();
                mangled[at] ^= (byte) (1 << at % 8);
                Files.write(backupFile(), mangled);
                assertThatThrownBy(() -> restore(to)).as("byte=%d", at).isInstanceOf(BackupException.class);
            }
            Files.write(backupFile(), Arrays.copyOf(whole, whole.length + 1));
            assertThatThrownBy(() -> restore(to)).isInstanceOf(BackupException.class);
            assertThat(to.size()).isZero();
        }
    }

    @Test
    void shouldRefuseABackupOfAnotherPath() throws Exception {
        try (SharedLru from = SharedLru.open(settings("from"));
                SharedLru to = SharedLru.open(settings("to").pathName("blog"))) {
            set(from, "one", "value");
            backUp(from);
            assertThatThrownBy(() -> restore(to))
                    .isInstanceOf(BackupException.class)
                    .hasMessageContaining("another path (auth_path)");
            assertThat(to.size()).isZero();
        }
    }

    /** Later tiers keep an idle entry a quarter longer than their hosts; a relay without a sibling is one too. */
    @ParameterizedTest
    @EnumSource(names = {"RELAY", "RELIEF", "LONE_RELAY"})
    void shouldHoldTheIdleLimitThatHostsGaveWhenALaterTierIsBackedUp(SegmentSettings.Role role) throws Exception {
        SessionEntry given = new SessionEntry(
                "idle".getBytes(UTF_8), "one".getBytes(UTF_8), new Version(1_000, 7), 900, false, 12, 3_000, 0);
        try (SharedLru lru = SharedLru.open(settings("from").role(role))) {
            lru.fill(lru.encode(given.key()), given, Long.MAX_VALUE, 0, true, outcome);
            backUp(lru);
        }
        List<SessionEntry> entries = new ArrayList<>();
        try (BackupReader backup = BackupReader.open(backupFile())) {
            backup.visit(new BackupReader.Visitor() {
                @Override
                public void entry(SessionEntry entry, int marksThen) {
                    entries.add(entry);
                }

                @Override
                public void tombstone(KeyDigest digest, Version version, long position) {
                    throw new AssertionError("nothing was deleted");
                }
            });
        }
        assertThat(entries).hasSize(1);
        assertThat(entries.get(0).idleLimitTicks()).isEqualTo(3_000);
        try (SharedLru host = SharedLru.open(settings("host").role(SegmentSettings.Role.STANDALONE))) {
            assertThat(restore(host).stored()).isOne();
            assertThat(entry(host, "idle").idleLimitTicks()).isEqualTo(3_000);
        }
    }

    /** Written by another program than this one, from the tables of docs/backup.md. */
    @Test
    void shouldReadTheStoredFileOfVersion1() throws Exception {
        Files.write(
                backupFile(),
                SegmentBackupTest.class
                        .getResourceAsStream("version-1.gsbackup")
                        .readAllBytes());
        List<SessionEntry> entries = new ArrayList<>();
        List<Integer> marks = new ArrayList<>();
        List<String> tombstones = new ArrayList<>();
        try (BackupReader backup = BackupReader.open(backupFile())) {
            assertThat(backup.pathKey()).isEqualTo(new KeyDigest(0x1112131415161718L, 0x2122232425262728L));
            assertThat(backup.wallClockMs()).isEqualTo(1_700_000_000_000L);
            assertThat(backup.entries()).isEqualTo(2);
            assertThat(backup.tombstones()).isEqualTo(1);
            backup.visit(new BackupReader.Visitor() {
                @Override
                public void entry(SessionEntry entry, int marksThen) {
                    entries.add(entry);
                    marks.add(marksThen);
                }

                @Override
                public void tombstone(KeyDigest digest, Version version, long position) {
                    tombstones.add(digest + " " + version + " " + position);
                }
            });
        }
        assertThat(entries.get(0).key()).isEqualTo("first".getBytes(UTF_8));
        assertThat(entries.get(0).value()).isEqualTo("one".getBytes(UTF_8));
        assertThat(entries.get(0).version()).isEqualTo(new Version(1_000, 7));
        assertThat(entries.get(0).life()).isEqualTo(900);
        assertThat(entries.get(0).lifetimeTicks()).isEqualTo(6_000);
        assertThat(entries.get(0).idleLimitTicks()).isEqualTo(3_000);
        assertThat(entries.get(0).idleTicks()).isEqualTo(12);
        assertThat(entries.get(1).key()).isEqualTo("zwölf".getBytes(UTF_8));
        assertThat(entries.get(1).value()).isEmpty();
        assertThat(marks).containsExactly(5, 0);
        assertThat(tombstones)
                .containsExactly(
                        new KeyDigest(0x3132333435363738L, 0x4142434445464748L) + " " + new Version(1_500, 9) + " 77");
    }

    @Test
    void shouldNameKeysByTheDigestOfTheLogsWhenEntriesAreListed() throws Exception {
        try (SharedLru lru = SharedLru.open(settings("from"))) {
            set(lru, "session", "value");
            SegmentInspector inspector = SegmentInspector.open(lru.file().path());
            EncodedKey key = lru.encode("session");
            List<String> digests = new ArrayList<>();
            inspector.scan(entry -> digests.add(inspector.logDigest(entry)));
            assertThat(digests).containsExactly(lru.file().logDigest(key.digest()));
        }
    }
}
