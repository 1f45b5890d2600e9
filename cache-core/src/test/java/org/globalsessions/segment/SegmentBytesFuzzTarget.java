package org.globalsessions.segment;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import org.globalsessions.Version;
import org.globalsessions.backup.BackupReader;
import org.globalsessions.backup.BackupWriter;
import org.globalsessions.segment.WriteOutcome.Status;

/**
 * What Jazzer does to the bytes of a segment's file before it is opened: each four bytes of the input change one place of a
 * sound file, or cut it. It is refused and left as it is, or it opens; then a set that says STORED is there, a delete leaves
 * nothing, a sweep takes away nothing that lives, and everything ends in time.
 *
 * <p>A change: how (upper half of the first byte) and in which region (lower half), 16 bits of place in it, 8 bits of value.
 */
public final class SegmentBytesFuzzTarget {
    private static final int STORED = 12;
    private static final int LARGE = 5_000;
    private static final int COLLECT_EVERY = 200;
    private static final int CUT = 15;

    /** Longer than from one sweep by the state words to the next. */
    private static final int FULL_SWEEP_TICKS = 700;

    private static final FakeClocks CLOCKS = new FakeClocks();
    private static final Path FOLDER = folder();
    private static final Path FILE = FOLDER.resolve("segment");
    private static final SegmentGeometry GEOMETRY = SegmentGeometry.of(settings());
    private static final byte[] SOUND = sound();

    /** The parts of the file that Jazzer chooses from. */
    private static final int[][] REGIONS = {
        {0, 1024},
        {1024, SegmentDescriptor.CLAIMS_OFFSET + 4 * SegmentDescriptor.CLAIM_LENGTH},
        {SegmentDescriptor.PROCESSES_OFFSET, SegmentDescriptor.PROCESSES_OFFSET + 4 * SegmentDescriptor.SLOT_LENGTH},
        {SegmentDescriptor.ERRORS_OFFSET, SegmentDescriptor.BUCKETS_OFFSET},
        {SegmentDescriptor.BUCKETS_OFFSET, (int) GEOMETRY.tombstonesOffset()},
        {(int) GEOMETRY.tombstonesOffset(), (int) GEOMETRY.pageWordsOffset()},
        {(int) GEOMETRY.pageWordsOffset(), (int) GEOMETRY.recordsOffset()},
        {(int) GEOMETRY.recordsOffset(), (int) GEOMETRY.pagesOffset()},
        {SegmentDescriptor.COUNTERS_OFFSET, SegmentDescriptor.ERRORS_OFFSET}
    };

    private static int runs;

    private SegmentBytesFuzzTarget() {}

    private static Path folder() {
        try {
            return Files.createTempDirectory("fuzz").toRealPath();
        } catch (IOException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static SegmentSettings settings() {
        return new SegmentSettings(FILE)
                .elCount(1)
                .recordSize(128)
                .maxValueSize(2 * LARGE)
                .attachTimeout(Duration.ofMillis(1));
    }

    private static SharedLru open() throws IOException {
        return new SharedLru(SegmentFile.open(settings(), CLOCKS), settings());
    }

    /** Entries of all kinds, a large one, one that expires, a tombstone. */
    private static byte[] sound() {
        try (SharedLru lru = open()) {
            for (int i = 0; i < STORED; i++) {
                set(lru, i, 0);
            }
            set(lru, 0, FULL_SWEEP_TICKS / 2);
            lru.delete(lru.encode(key(1)), new WriteOutcome());
            lru.beginLoad(lru.encode(key(1)), 0);
            lru.file().note("a note");
            return Files.readAllBytes(FILE);
        } catch (IOException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static String key(int number) {
        return "key-" + number;
    }

    private static byte[] value(int number) {
        byte[] value = new byte[number % 4 == 3 ? LARGE : 3 + number];
        Arrays.fill(value, (byte) (number + 1));
        return value;
    }

    private static Status set(SharedLru lru, int number, int lifetime) {
        byte[] value = value(number);
        WriteOutcome outcome = new WriteOutcome();
        lru.set(lru.encode(key(number)), value, 0, value.length, lifetime, null, false, outcome);
        return outcome.status();
    }

    /**
     * One input; anything thrown is a finding.
     *
     * @param input groups of 4 bytes, as above
     * @throws IOException where the file system fails
     */
    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        byte[] mangled = mangle(input);
        Path next = FOLDER.resolve("next");
        Files.write(next, mangled);
        Files.setPosixFilePermissions(next, PosixFilePermissions.fromString(SegmentFolder.FILE_MODE));
        // Mangled before anybody maps it, and each time a file of its own: one that is cut while it is mapped is a
        // SIGBUS.
        Files.move(next, FILE, StandardCopyOption.ATOMIC_MOVE);
        inspect();
        try (SharedLru lru = open()) {
            use(lru, Arrays.equals(bodies(mangled), bodies(SOUND)));
        } catch (SegmentException e) {
            requireAdvice(e);
            if (!Arrays.equals(Files.readAllBytes(FILE), mangled)) {
                throw new AssertionError("a refused file was changed");
            }
        }
        inspect();
        if (++runs % COLLECT_EVERY == 0) {
            // Mappings go with the objects; a process may have some 65,000 of them.
            System.gc();
        }
    }

    private static byte[] bodies(byte[] file) {
        int from = Math.min(file.length, (int) GEOMETRY.pageWordsOffset());
        return Arrays.copyOfRange(file, from, file.length);
    }

    private static byte[] mangle(byte[] input) {
        byte[] mangled = SOUND.clone();
        ByteBuffer changes = ByteBuffer.wrap(input);
        while (changes.remaining() >= Integer.BYTES) {
            int how = changes.get() & 0xFF;
            int place = changes.getShort() & 0xFFFF;
            byte value = changes.get();
            if (how >>> 4 == CUT) {
                mangled = Arrays.copyOf(mangled, place * 8 + (value & 7));
                continue;
            }
            int[] region = REGIONS[(how & 15) % REGIONS.length];
            int at = region[0] + place % (region[1] - region[0]);
            mangleAt(mangled, at, how >>> 4, value);
        }
        return mangled;
    }

    private static void mangleAt(byte[] mangled, int at, int how, byte value) {
        int word = at & -Long.BYTES;
        if (how < 12 && at < mangled.length) {
            mangled[at] = value;
        } else if (how >= 12 && word + Long.BYTES <= mangled.length) {
            // Words at the edges of what they hold.
            long edge = how == 12 ? Long.MAX_VALUE : how == 13 ? Long.MIN_VALUE : -1L;
            ByteBuffer.wrap(mangled).order(ByteOrder.LITTLE_ENDIAN).putLong(word, edge + value);
        }
    }

    private static void inspect() throws IOException {
        try {
            SegmentInspector inspector = SegmentInspector.open(FILE);
            inspector.check();
            inspector.processes();
            inspector.leases();
            inspector.errors();
            inspector.note();
            Path backup = FOLDER.resolve("backup");
            BackupWriter.write(inspector, backup);
            // Whatever was damaged: what was written is a backup.
            BackupReader.open(backup).close();
            inspector.role();
        } catch (SegmentException e) {
            requireAdvice(e);
        }
    }

    private static void use(SharedLru lru, boolean areBodiesSound) {
        for (int i = 0; i < STORED; i++) {
            byte[] value = lru.get(lru.encode(key(i)));
            require(
                    value == null || !areBodiesSound || Arrays.equals(value, value(i)),
                    "another value than was stored",
                    i);
            lru.touch(lru.encode(key(i)));
        }
        WriteOutcome outcome = new WriteOutcome();
        for (int i = 0; i < STORED; i++) {
            lru.delete(lru.encode(key(i)), outcome);
            require(lru.get(lru.encode(key(i))) == null, "there after its delete", i);
        }
        sweep(lru);
        // Of the damaged keys and of fresh ones.
        for (int i = STORED - 4; i < STORED + 4; i++) {
            if (set(lru, i, 0) == Status.STORED) {
                requireThere(lru, i, "not there after its set");
                requireKnown(lru, i, outcome);
                sweep(lru);
                requireThere(lru, i, "gone after a sweep");
                load(lru, STORED + 4 + i);
            }
        }
        lru.scan(0, lru.bucketCount(), 0, entry -> true);
        lru.scanTombstones((digest, version, position) -> true);
        lru.oldestFor(lru.encode(key(0)), new EntrySnapshot());
        lru.file().note();
        lru.file().errors().read();
        lru.liveCount();
        for (SegmentFile.Duty duty : SegmentFile.Duty.values()) {
            lru.file().acquireOrRenew(duty);
        }
    }

    private static void sweep(SharedLru lru) {
        CLOCKS.pass(FULL_SWEEP_TICKS);
        lru.file().time().advance();
        lru.sweep(0, lru.bucketCount());
    }

    private static void requireThere(SharedLru lru, int number, String otherwise) {
        require(Arrays.equals(lru.get(lru.encode(key(number))), value(number)), otherwise, number);
    }

    /** A conditional set under the lock finds the entry with the version that a reader finds. */
    private static void requireKnown(SharedLru lru, int number, WriteOutcome outcome) {
        EntrySnapshot found = new EntrySnapshot();
        require(lru.find(lru.encode(key(number)), found), "not found after its set", number);
        byte[] value = value(number);
        lru.set(lru.encode(key(number)), value, 0, value.length, 0, found.version(), false, outcome);
        require(
                outcome.status() == Status.STORED || outcome.status() == Status.NO_ROOM,
                "a conditional set ended " + outcome.status(),
                number);
        lru.set(lru.encode(key(number)), value, 0, value.length, 0, new Version(1, 1), false, outcome);
        require(outcome.status() == Status.OTHER_VERSION, "the wrong version ended " + outcome.status(), number);
    }

    private static void load(SharedLru lru, int number) {
        LoadStart start = lru.beginLoad(lru.encode(key(number)), 0);
        WriteOutcome outcome = new WriteOutcome();
        lru.finishLoad(lru.encode(key(number)), value(number), start, outcome);
        if (outcome.status() == Status.STORED) {
            requireThere(lru, number, "not there after its load");
        }
        if (start.claim().exists()) {
            lru.claims().release(start.claim(), false);
            lru.claims().look(start.claim());
        }
    }

    private static void require(boolean holds, String otherwise, int number) {
        if (!holds) {
            throw new AssertionError(otherwise + ": key number " + number);
        }
    }

    private static void requireAdvice(SegmentException refusal) {
        String message = String.valueOf(refusal.getMessage());
        if (!message.contains(FILE.toString()) || !message.contains("; ")) {
            throw new AssertionError("the refusal does not say where, or what to do", refusal);
        }
    }
}
