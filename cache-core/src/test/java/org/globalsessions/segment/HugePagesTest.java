package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** A segment on a real mount of hugetlbfs: needs the rights to mount and to set the kernel's pool of huge pages. */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HugePagesTest {
    private static final long PAGE = 2 << 20;
    private static final int PAGES = 24;
    private static final Path POOL = Path.of("/sys/kernel/mm/hugepages/hugepages-2048kB");
    private static final Path POOL_SIZE = POOL.resolve("nr_hugepages");

    @TempDir
    static Path temporary;

    private String poolBefore;
    private Path mounted;
    private int folders;
    private Path folder;

    private static boolean run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return process.waitFor() == 0;
    }

    private static long pool(String name) throws IOException {
        return Long.parseLong(Files.readString(POOL.resolve(name)).strip());
    }

    @BeforeAll
    void mount() throws Exception {
        assumeTrue(Files.isWritable(POOL_SIZE), "skipped: this user may not set " + POOL_SIZE);
        String before = Files.readString(POOL_SIZE).strip();
        assumeTrue(before.equals("0"), "skipped: this machine's huge pages are somebody's, nr_hugepages=" + before);
        Path target = Files.createDirectory(temporary.resolve("huge"));
        assumeTrue(
                run("mount", "-t", "hugetlbfs", "-o", "pagesize=2M,mode=0700", "none", target.toString()),
                "skipped: this user may not mount hugetlbfs");
        poolBefore = before;
        mounted = target.toRealPath();
        Files.writeString(POOL_SIZE, Integer.toString(PAGES));
        assumeTrue(pool("nr_hugepages") == PAGES, "skipped: no " + PAGES + " huge pages are to be had");
    }

    @AfterAll
    void unmount() throws Exception {
        if (poolBefore != null) {
            Files.writeString(POOL_SIZE, poolBefore);
            // Lazily: the mapping of a closed segment stays until it is collected.
            assertThat(run("umount", "-l", mounted.toString())).isTrue();
        }
    }

    @BeforeEach
    void makeFolder() throws IOException {
        folder = mounted.resolve("segments-" + ++folders);
    }

    @AfterEach
    void emptyFolder() throws IOException {
        if (Files.exists(folder)) {
            FileTree.delete(folder);
        }
    }

    private SegmentSettings settings(int elCount) {
        return new SegmentSettings(folder.resolve("segment")).elCount(elCount);
    }

    @Test
    void shouldCreateAttachSweepAndInspectAsAnywhereElse() throws Exception {
        SegmentSettings settings = settings(20_000);
        long length = settings.fileLength();
        assertThat(length % PAGE).as("no whole number of huge pages").isNotZero();
        WriteOutcome outcome = new WriteOutcome();
        try (SharedLru lru = SharedLru.open(settings)) {
            assertThat(Files.size(settings.file())).isEqualTo((length + PAGE - 1) / PAGE * PAGE);
            assertThat(pool("nr_hugepages") - pool("free_hugepages"))
                    .as("pages taken at creation")
                    .isEqualTo((length + PAGE - 1) / PAGE);
            byte[] large = "large ".repeat(5_000).getBytes(UTF_8);
            for (int i = 0; i < 20_000; i++) {
                byte[] value = ("value " + i).getBytes(UTF_8);
                lru.set(lru.encode("key-" + i), value, 0, value.length, i % 2, null, false, outcome);
            }
            lru.set(lru.encode("large"), large, 0, large.length, 0, null, false, outcome);
            WorkForSweep.awaitTicks(lru, 3);
            assertThat(lru.sweep(0, lru.bucketCount())).as("expired").isEqualTo(10_000);
            assertThat(lru.get(lru.encode("large"))).isEqualTo(large);
            SegmentWholeness.check(lru);
        }
        try (SteppedJvm other = SteppedJvm.start();
                SharedLru again = SharedLru.open(settings(20_000))) {
            assertThat(again.size()).isEqualTo(10_001);
            assertThat(again.get(again.encode("key-2"))).asString(UTF_8).isEqualTo("value 2");
            AttachedSlot slot = AttachedSlot.of(other.child().ask("open sized\t" + settings.file() + "\t20000"));
            assertThat(other.child().ask("set\t" + SteppedOperation.KEY + "\t" + SteppedOperation.NEW))
                    .startsWith("STORED");
            assertThat(SteppedOperation.get(again)).isEqualTo(SteppedOperation.NEW);
            other.child().kill();
            slot.sweepUntilFree(again);
            assertThat(SegmentInspector.open(settings.file()).processes()).hasSize(1);
            assertThat(SteppedOperation.get(again)).isEqualTo(SteppedOperation.NEW);
            SegmentWholeness.check(again);
        }
    }

    @Test
    void shouldRefuseWithAskedAndFreeBytesWhenThereAreTooFewHugePages() throws Exception {
        awaitAllFree();
        SegmentSettings settings = settings(200_000);
        long asked = (settings.fileLength() + PAGE - 1) / PAGE * PAGE;
        assertThatThrownBy(() -> SharedLru.open(settings))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("asked=" + asked + " bytes, free=" + PAGES * PAGE + " bytes, folder=" + folder)
                .hasMessageContaining("huge pages of " + PAGE + " bytes; raise vm.nr_hugepages");
        assertThat(pool("free_hugepages")).isEqualTo(PAGES);
        checkOnlyLockIsLeft();
    }

    /** Somebody else's reservation comes between the look and the creation: the kernel refuses the mapping, nobody gets a SIGBUS. */
    @Test
    void shouldRefuseAndNotCrashWhenTheHugePagesGoWhileItIsCreated() throws Exception {
        awaitAllFree();
        SegmentSettings settings = settings(20_000);
        try (SteppedJvm creator = SteppedJvm.start()) {
            StepMarker afterLook = LayoutSteps.marked().stream()
                    .filter(marker -> marker.is("create 4"))
                    .findFirst()
                    .orElseThrow();
            creator.runUntil(afterLook, "open sized\t" + settings.file() + "\t20000");
            Files.writeString(POOL_SIZE, "2");
            creator.resume();
            assertThat(creator.child().answer())
                    .contains("no room for the segment: asked=")
                    .contains("free=");
            assertThat(creator.child().ask("load " + SharedLru.class.getName()))
                    .as("it lives")
                    .isEqualTo("loaded");
            checkOnlyLockIsLeft();
        } finally {
            Files.writeString(POOL_SIZE, Integer.toString(PAGES));
        }
    }

    /** What the kernel does there, on which creation and docs/segment-location.md rest. */
    @Test
    void shouldTakeNoWriteButLocksForceAndMappingsOfWholePages() throws Exception {
        Files.createDirectory(folder);
        Path file = folder.resolve("plain");
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            assertThatThrownBy(() -> channel.write(ByteBuffer.allocate(8), 0)).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> channel.map(FileChannel.MapMode.READ_WRITE, 4096, PAGE))
                    .isInstanceOf(IOException.class);
            MappedByteBuffer mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, PAGE);
            assertThat(channel.size()).isEqualTo(PAGE);
            mapped.putLong(0, 5);
            mapped.force();
            ByteBuffer read = ByteBuffer.allocate(8);
            assertThat(channel.read(read, 0)).isEqualTo(8);
            assertThat(read.getLong(0)).isEqualTo(5);
            assertThat(channel.lock()).isNotNull();
        }
    }

    private void checkOnlyLockIsLeft() throws IOException {
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left.map(Path::getFileName).map(Path::toString)).containsExactly("segment.lock");
        }
    }

    /** Pages of a deleted file are free once its mappings are collected. */
    private static void awaitAllFree() {
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> {
                    System.gc();
                    return pool("free_hugepages") == PAGES && pool("resv_hugepages") == 0;
                });
    }
}
