package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files that were damaged, in a JVM of its own so that a crash would be seen: either refused, with a message that says what,
 * where and what to do, and then not a byte is changed; or used without a wrong answer.
 */
class MangledFileTest {
    private final long seed = Long.getLong("globalsessions.seed", System.nanoTime());
    private final Random random = new Random(seed);

    @TempDir
    private Path folder;

    private Path file;
    private byte[] whole;
    private ChildJvm child;

    @BeforeEach
    void begin() throws IOException, InterruptedException {
        System.out.println("seed=" + seed);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        file = folder.toRealPath().resolve("one.segment");
        try (SharedLru lru = SharedLru.open(MangledChild.settings(file, MangledChild.EL_COUNT))) {
            WriteOutcome outcome = new WriteOutcome();
            for (int i = 0; i < MangledChild.STORED; i++) {
                MangledChild.set(lru, i, outcome);
            }
        }
        whole = Files.readAllBytes(file);
        child = ChildJvm.start(MangledChild.class);
    }

    @AfterEach
    void end() throws IOException {
        child.close();
    }

    /** A file of its own each time: a process that has just closed the last one may still write its tick there. */
    private void put(byte[] bytes) throws IOException {
        Path next = folder.resolve("next");
        Files.write(next, bytes);
        Files.setPosixFilePermissions(next, PosixFilePermissions.fromString(SegmentFolder.FILE_MODE));
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private String open(byte[] bytes, String what) throws IOException, InterruptedException {
        put(bytes);
        String answer = child.ask("open " + file);
        String context = what + ", seed " + seed + ", child: " + child.errors();
        if (answer.startsWith("refused ")) {
            assertThat(answer).as(context).contains(file.toString()).contains("; ");
            assertThat(Arrays.equals(Files.readAllBytes(file), bytes))
                    .as("a refused file is left as it is: " + context)
                    .isTrue();
        } else {
            assertThat(answer).as(context).isEqualTo("opened");
        }
        return answer;
    }

    @Test
    @Tag("slow")
    void shouldRefuseOrAnswerRightWhenABitOfTheHeaderIsFlipped() throws Exception {
        int refused = 0;
        int cases = 0;
        int mustFit = SegmentDescriptor.RETIRED_OFFSET + 4;
        for (int bit = 0; bit < 8 * mustFit; bit++) {
            refused += isRefusedWithFlipped(bit) ? 1 : 0;
            cases++;
        }
        // Of each word behind them one bit; noise in several of them is what the next test has.
        for (int at = (mustFit + 7) / 8 * 8; at < SegmentDescriptor.HEADER_LENGTH; at += 8) {
            refused += isRefusedWithFlipped(8 * at + random.nextInt(64)) ? 1 : 0;
            cases++;
        }
        System.out.println("cases=" + cases + " refused=" + refused);
        // Magic, version, geometry and path key: 16 + 16 + 8 + 28 + 16 bytes, every bit of them.
        assertThat(refused).isGreaterThan(8 * 60).isLessThan(cases);
    }

    private boolean isRefusedWithFlipped(int bit) throws IOException, InterruptedException {
        byte[] mangled = whole.clone();
        mangled[bit / 8] ^= (byte) (1 << bit % 8);
        return open(mangled, "bit " + bit % 8 + " of byte " + bit / 8).startsWith("refused");
    }

    @Test
    void shouldRefuseOrAnswerRightWhenBytesBeforeTheBucketsAreNoise() throws Exception {
        for (int round = 0; round < 400; round++) {
            byte[] mangled = whole.clone();
            int changes = 1 + random.nextInt(20);
            for (int i = 0; i < changes; i++) {
                int at = random.nextInt(SegmentDescriptor.BUCKETS_OFFSET / 8) * 8;
                int kind = random.nextInt(3);
                long word = kind == 0 ? 0 : kind == 1 ? -1 : random.nextLong();
                ByteBuffer.wrap(mangled).putLong(at, word);
            }
            open(mangled, "noise, round " + round);
        }
    }

    @Test
    void shouldRefuseWhenTheFileWasCutOrAddedTo() throws Exception {
        TreeSet<Integer> lengths = new TreeSet<>();
        for (int edge : new int[] {
            0,
            8,
            16,
            SegmentDescriptor.HEADER_LENGTH,
            SegmentDescriptor.COUNTERS_OFFSET,
            SegmentDescriptor.ERRORS_OFFSET,
            SegmentDescriptor.BUCKETS_OFFSET,
            whole.length
        }) {
            lengths.add(Math.max(0, edge - 1));
            lengths.add(edge);
            lengths.add(edge + 1);
        }
        for (int i = 0; i < 200; i++) {
            lengths.add(random.nextInt(2 * whole.length));
        }
        lengths.remove(whole.length);
        for (int length : lengths) {
            assertThat(open(Arrays.copyOf(whole, length), "length " + length))
                    .as("length %s", length)
                    .startsWith("refused ")
                    .contains(Integer.toString(length));
        }
        assertThat(open(whole, "as it was")).isEqualTo("opened");
    }

    @Test
    void shouldRefuseWhenTheFileIsSomethingElse() throws Exception {
        byte[] text = "auth_path : shop\n".repeat(1_000).getBytes(StandardCharsets.UTF_8);
        byte[] noise = new byte[whole.length];
        random.nextBytes(noise);
        byte[] swapped = whole.clone();
        ByteBuffer bytes = ByteBuffer.wrap(swapped);
        for (int at = 0; at < SegmentDescriptor.HEADER_LENGTH; at += 8) {
            bytes.putLong(at, Long.reverseBytes(bytes.getLong(at)));
        }
        assertThat(open(text, "text")).startsWith("refused ").contains("not a segment");
        assertThat(open(noise, "noise")).startsWith("refused ").contains("not a segment");
        assertThat(open(new byte[whole.length], "zeros")).startsWith("refused ").contains("not a segment");
        assertThat(open(swapped, "other byte order")).startsWith("refused ").contains("byte order");
    }

    @Test
    void shouldRefuseAtOnceWhenTheNameIsAPipeOrALinkToNowhere() throws Exception {
        Files.delete(file);
        assumeTrue(
                new ProcessBuilder("mkfifo", "-m", "600", file.toString())
                                .start()
                                .waitFor()
                        == 0,
                "no mkfifo here");
        assertThat(child.ask("open " + file)).startsWith("refused ").contains("neither a file nor a folder");
        Files.delete(file);
        Files.createSymbolicLink(file, folder.resolve("nowhere"));
        assertThat(child.ask("open " + file)).matches("(refused|failed java.nio.file.NoSuchFile).*");
        assertThat(folder.resolve("nowhere")).doesNotExist();
    }

    @Test
    void shouldRefuseWhenALinkLeadsToAnotherUsersFile() throws Exception {
        assumeTrue(Files.getOwner(folder).getName().equals("root"), "only root can give a file away");
        Path target = folder.resolve("of-another");
        Files.move(file, target);
        Files.setOwner(
                target, file.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
        Files.createSymbolicLink(file, target);
        assertThat(child.ask("open " + file))
                .startsWith("refused ")
                .contains("a symbolic link")
                .contains(file.toString());
        assertThat(Files.readAllBytes(target)).isEqualTo(whole);
    }

    @Test
    void shouldRefuseWhenOthersMayReadOrWriteTheFile() throws Exception {
        for (String mode : new String[] {"rw-r--r--", "rw-rw-rw-", "rw-rw----", "rw----r--", "rw---x---"}) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
            assertThat(child.ask("open " + file))
                    .as(mode)
                    .startsWith("refused ")
                    .contains("expected=600")
                    .contains(file.toString())
                    .contains("; ");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo(mode);
        }
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(SegmentFolder.FILE_MODE));
        assertThat(child.ask("open " + file)).isEqualTo("opened");
    }

    @Test
    void shouldAnswerRightAndGoOnWhenTheBodyIsMangledBeforeItIsOpened() throws Exception {
        for (int round = 0; round < 300; round++) {
            byte[] mangled = whole.clone();
            int changes = 1 + random.nextInt(50);
            for (int i = 0; i < changes; i++) {
                // Bucket headers alone: damage to a value's own bytes is none that a reader can see.
                int at = SegmentDescriptor.BUCKETS_OFFSET + random.nextInt(2 * SegmentDescriptor.BUCKET_LENGTH / 8) * 8;
                ByteBuffer.wrap(mangled).putLong(at, random.nextLong());
            }
            put(mangled);
            String answer = child.ask("open " + file);
            assertThat(answer)
                    .as("round %s, seed %s, child: %s", round, seed, child.errors())
                    .matches("opened|not stored: key \\d+, NO_ROOM");
        }
    }

    @Test
    @Tag("slow")
    void shouldNeverCrashHangOrAnswerWithAnothersWhenALiveBodyIsMangled() throws Exception {
        long stored = 0;
        long asked = 0;
        for (int round = 0; round < 16; round++) {
            int elCount = round % 2 == 0 ? 1 : 300;
            Files.deleteIfExists(file);
            assertThat(child.ask("start " + elCount + " " + (seed + round) + " " + file))
                    .isEqualTo("started");
            mangleFor(300, elCount == 1 ? 20 : 2);
            String answer = child.ask("stop");
            assertThat(answer)
                    .as("round %s, seed %s, child: %s", round, seed, child.errors())
                    .startsWith("used ");
            String[] words = answer.split(" ", -1);
            assertThat(Long.parseLong(words[1])).isPositive();
            stored += Long.parseLong(words[3]);
            asked += Long.parseLong(words[4]);
        }
        System.out.println("stored " + stored + " of " + asked + " after the damage");
        assertThat(stored).isPositive();
    }

    private void mangleFor(int millis, int pauseEvery) throws IOException, InterruptedException {
        long endNs = System.nanoTime() + millis * 1_000_000L;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            int words = (int) ((channel.size() - SegmentDescriptor.BUCKETS_OFFSET) / 8);
            int headers = words;
            try (FileChannel forGeometry = FileChannel.open(file, StandardOpenOption.READ)) {
                SegmentGeometry geometry = SegmentGeometry.of(SegmentHeader.read(forGeometry, file));
                headers = geometry.bucketCount() * SegmentDescriptor.BUCKET_LENGTH / 8;
            }
            for (int i = 0; System.nanoTime() - endNs < 0; i++) {
                // As often the headers as all the rest, which is much larger.
                int word = random.nextInt(random.nextBoolean() ? headers : words);
                ByteBuffer bytes = ByteBuffer.allocate(8);
                switch (random.nextInt(4)) {
                    case 0 -> bytes.putLong(0, 0L);
                    case 1 -> bytes.putLong(0, -1L);
                    case 2 -> bytes.putLong(0, random.nextLong());
                    default -> bytes.limit(1).put(0, (byte) random.nextInt());
                }
                int shift = bytes.limit() == 1 ? random.nextInt(8) : 0;
                channel.write(bytes, SegmentDescriptor.BUCKETS_OFFSET + word * 8L + shift);
                if (i % pauseEvery == 0) {
                    Thread.sleep(0, 50_000);
                }
            }
        }
    }
}
