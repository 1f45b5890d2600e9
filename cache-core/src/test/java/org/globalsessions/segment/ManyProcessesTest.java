package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.Closeable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** As many processes as there may be, begun at the same moment, ended at any. */
class ManyProcessesTest {
    private static final int SECONDS = 60;
    private static final int LONG_PARTS = 22;
    private static final int JVMS = 8;

    @TempDir
    Path folder;

    private Path file() {
        return folder.resolve("segment");
    }

    private static void closeAll(List<? extends Closeable> all) throws Exception {
        for (Closeable each : all) {
            each.close();
        }
    }

    private List<ChildJvm> start(int count, Class<?> main, List<String> flags, String... arguments) throws Exception {
        List<ChildJvm> children = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            children.add(ChildJvm.startSoon(flags, main, arguments));
        }
        for (ChildJvm child : children) {
            assertThat(child.answer()).isEqualTo("ready");
        }
        return children;
    }

    @Test
    void shouldAttachAllToOneSegmentWhenEightCreateItAtTheSameMoment() throws Exception {
        List<ChildJvm> children = start(JVMS, AttachedChild.class, List.of(), file().toString(), "100", "true");
        try {
            children.forEach(child -> child.send("open"));
            List<String> slots = new ArrayList<>();
            List<String> identities = new ArrayList<>();
            for (ChildJvm child : children) {
                String[] answer = child.answer().split(" ", -1);
                slots.add(answer[0]);
                identities.add(answer[2]);
            }
            assertThat(slots).hasSize(JVMS).doesNotHaveDuplicates();
            assertThat(identities).containsOnly(identities.get(0));
        } finally {
            closeAll(children);
        }
    }

    @Test
    void shouldGiveAll256SlotsAndThoseOfTheDeadAgain() throws Exception {
        SegmentSettings settings = new SegmentSettings(file()).elCount(100);
        List<SegmentFile> own = new ArrayList<>();
        List<ChildJvm> children = start(3, AttachedChild.class, List.of(), file().toString(), "100", "true");
        try {
            for (ChildJvm child : children) {
                child.ask("open");
            }
            while (own.size() < SegmentDescriptor.SLOT_COUNT - children.size()) {
                own.add(SegmentFile.open(settings));
            }
            assertThat(own.stream().map(SegmentFile::slot)).doesNotHaveDuplicates();
            assertThatThrownBy(() -> SegmentFile.open(settings))
                    .isInstanceOf(SegmentException.class)
                    .hasMessageContaining("no attach slot is free: slots=256");
            for (ChildJvm child : children) {
                child.kill();
            }
            for (int i = 0; i < children.size(); i++) {
                own.add(SegmentFile.open(settings));
            }
            assertThat(own.stream().map(SegmentFile::slot))
                    .hasSize(SegmentDescriptor.SLOT_COUNT)
                    .doesNotHaveDuplicates();
        } finally {
            for (SegmentFile each : own) {
                each.close();
            }
            closeAll(children);
        }
    }

    @Test
    @Tag("slow")
    void shouldReadNothingWrongWhenEightProcessesWorkOnOneSegment() throws Exception {
        assertThat(work(SECONDS)).isPositive();
    }

    /** A part is run alone, and a broken-off run taken up, with {@code -Dglobalsessions.part=N}. */
    @ParameterizedTest(name = "part {0}")
    @MethodSource("longParts")
    @Tag("long")
    void shouldReadNothingWrongInEveryPartWhenEightProcessesWorkForAMinute(int part) throws Exception {
        long reads = work(SECONDS);
        System.out.printf("long run: part=%d seconds=%d reads=%d wrong=0%n", part, SECONDS, reads);
    }

    static IntStream longParts() {
        Integer only = Integer.getInteger("globalsessions.part");
        return only == null ? IntStream.rangeClosed(1, LONG_PARTS) : IntStream.of(only);
    }

    private long work(int seconds) throws Exception {
        List<ChildJvm> children = start(JVMS, CheckingProcess.class, List.of("-XX:TieredStopAtLevel=4"));
        long reads = 0;
        try {
            for (ChildJvm child : children) {
                child.send(file() + "\t" + seconds);
            }
            for (ChildJvm child : children) {
                assertThat(child.answer()).isEqualTo("attached");
            }
            Thread.sleep(seconds * 1_000L);
            for (ChildJvm child : children) {
                String[] counts = child.answer().split("\t", -1);
                assertThat(counts[1]).as("wrong values").isEqualTo("0");
                reads += Long.parseLong(counts[0]);
            }
            SegmentReport report = SegmentInspector.open(file()).check();
            assertThat(report.isClean()).as(report.describe()).isTrue();
        } finally {
            closeAll(children);
        }
        return reads;
    }
}
