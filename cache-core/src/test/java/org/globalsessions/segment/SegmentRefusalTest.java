package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.globalsessions.segment.SegmentSettings.Role;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What is not the segment asked for is refused with both values, and is not touched. */
class SegmentRefusalTest {
    @TempDir
    private Path folder;

    private SegmentSettings settings() {
        return new SegmentSettings(folder.resolve("one.segment"))
                .elCount(100)
                .seed(7)
                .pathName("shop");
    }

    static Stream<Arguments> otherRoles() {
        return Stream.of(
                Arguments.of(Role.HOST, Role.RELAY),
                Arguments.of(Role.RELAY, Role.HOST),
                Arguments.of(Role.HOST, Role.RELIEF),
                Arguments.of(Role.RELIEF, Role.HOST),
                Arguments.of(Role.RELAY, Role.RELIEF),
                Arguments.of(Role.RELIEF, Role.RELAY),
                Arguments.of(Role.STANDALONE, Role.RELIEF),
                Arguments.of(Role.RELIEF, Role.STANDALONE),
                Arguments.of(Role.STANDALONE, Role.LONE_RELAY),
                Arguments.of(Role.HOST, Role.LONE_RELAY));
    }

    @ParameterizedTest
    @MethodSource("otherRoles")
    void shouldRefuseToAttachWhenTheSegmentIsForAnotherRole(Role creator, Role other) throws IOException {
        Path file = settings().file();
        SegmentFile.open(settings().role(creator)).close();
        byte[] before = Files.readAllBytes(file);
        for (boolean initializer : new boolean[] {true, false}) {
            assertThatThrownBy(() -> SegmentFile.open(settings().role(other).initializer(initializer)))
                    .isInstanceOf(SegmentException.class)
                    .hasMessageContaining("role: file has " + creator + ", expected " + other)
                    .hasMessageContaining(file.toString())
                    .hasMessageContaining("remove the file");
        }
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
        SegmentFile.open(settings().role(creator)).close();
    }

    @ParameterizedTest
    @CsvSource({"HOST, STANDALONE", "RELAY, LONE_RELAY"})
    void shouldAttachWhenTheNextTierIsConfiguredOnlyLaterOrNoLonger(Role withTier, Role without) throws IOException {
        SegmentFile.open(settings().role(withTier)).close();
        SegmentFile.open(settings().role(without)).close();
        Files.delete(settings().file());
        SegmentFile.open(settings().role(without)).close();
        SegmentFile.open(settings().role(withTier)).close();
    }

    private Path existing() throws IOException {
        SegmentFile.open(settings()).close();
        return settings().file();
    }

    static Stream<Arguments> differing() {
        return Stream.of(
                differing(s -> s.recordSize(512), "record_size: file has 384, expected 512"),
                differing(s -> s.elCount(200), "el_count: file has 100, expected 200"),
                differing(s -> s.seed(8), "seed: file has 7, expected 8"),
                differing(
                        s -> s.pathName("blog"),
                        "key of auth_path: file has " + pathKey("shop") + ", expected " + pathKey("blog")
                                + " (auth_path \"blog\")"));
    }

    private static Arguments differing(UnaryOperator<SegmentSettings> change, String message) {
        return Arguments.of(change, message);
    }

    private static String pathKey(String name) {
        return String.format("%016x%016x", KeyHash.pathKeyHigh(name), KeyHash.pathKeyLow(name));
    }

    @ParameterizedTest
    @MethodSource("differing")
    void shouldNameBothValuesWhenParameterDiffers(UnaryOperator<SegmentSettings> change, String message)
            throws IOException {
        Path file = existing();
        byte[] before = Files.readAllBytes(file);
        for (boolean initializer : new boolean[] {true, false}) {
            assertThatThrownBy(() -> SegmentFile.open(change.apply(settings()).initializer(initializer)))
                    .isInstanceOf(SegmentException.class)
                    .hasMessageContaining(message)
                    .hasMessageContaining(file.toString())
                    .hasMessageContaining("remove the file");
        }
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
    }

    static Stream<Arguments> mangled() {
        int nextVersion = SegmentDescriptor.LAYOUT_VERSION + 1;
        return Stream.of(
                Arguments.of(SegmentDescriptor.MAGIC_OFFSET, 0x2020202020202020L, "not a segment: magic number"),
                Arguments.of(
                        SegmentDescriptor.MAGIC_OFFSET,
                        Long.reverseBytes(SegmentDescriptor.MAGIC),
                        "byte order: file has big-endian, expected little-endian"),
                Arguments.of(
                        SegmentDescriptor.VERSION_OFFSET,
                        (long) nextVersion,
                        "layout version: file has 4.1, expected 4.0"),
                Arguments.of(SegmentDescriptor.VERSION_OFFSET, 0L, "layout version: file has 0.0, expected 4.0"),
                Arguments.of(
                        SegmentDescriptor.BUCKET_COUNT_OFFSET,
                        SegmentDescriptor.WAYS * (1L << 32) + 10,
                        "its header is mangled"),
                Arguments.of(
                        SegmentDescriptor.BUCKET_COUNT_OFFSET,
                        8L * (1L << 32) + 9,
                        "ways of a bucket: file has 8, expected 16"),
                Arguments.of(SegmentDescriptor.RECORDS_OFFSET_OFFSET, -1L, "its header is mangled"),
                Arguments.of(SegmentDescriptor.FILE_LENGTH_OFFSET, 64L, "its header is mangled"));
    }

    @ParameterizedTest
    @MethodSource("mangled")
    void shouldSayWhatIsWrongWhenHeaderIsNotOurs(int offset, long value, String message) throws IOException {
        Path file = existing();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            channel.write(bytes.putLong(0, value), offset);
        }
        byte[] before = Files.readAllBytes(file);
        assertThatThrownBy(() -> SegmentFile.open(settings()))
                .isInstanceOf(SegmentException.class)
                .hasMessageContaining(message)
                .hasMessageContaining(file.toString());
        assertThatThrownBy(() -> SegmentInspector.open(file))
                .isInstanceOf(SegmentException.class)
                .hasMessageContaining(message);
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
    }

    @Test
    void shouldNameBothLengthsWhenFileWasCutOrIsTooShort() throws IOException {
        Path file = existing();
        long length = Files.size(file);
        for (long cut : List.of(length - 1, 8_192L, 4_095L, 10L, 0L)) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(cut);
            }
            assertThatThrownBy(() -> SegmentFile.open(settings()))
                    .as("cut to %s", cut)
                    .isInstanceOf(SegmentException.class)
                    .hasMessageContaining(Long.toString(cut))
                    .hasMessageContaining(cut >= 4_096 ? Long.toString(length) : "4096");
            assertThat(Files.size(file)).isEqualTo(cut);
        }
    }

    @Test
    void shouldRefuseWhenPathIsDirectoryOrLink() throws IOException {
        Path file = existing();
        Path link = Files.createSymbolicLink(folder.resolve("link.segment"), file);
        Path directory = Files.createDirectory(folder.resolve("directory.segment"));
        assertThatThrownBy(() -> SegmentFile.open(new SegmentSettings(link).elCount(100)))
                .isInstanceOf(SegmentException.class)
                .hasMessageContaining("a symbolic link");
        assertThatThrownBy(() -> SegmentFile.open(new SegmentSettings(directory).elCount(100)))
                .isInstanceOf(SegmentException.class)
                .hasMessageContaining("a directory");
        assertThatThrownBy(() -> SegmentInspector.open(directory)).isInstanceOf(SegmentException.class);
    }

    @Test
    void shouldRefuseWhenFileBelongsToAnotherUser() throws IOException {
        assumeTrue(Files.getOwner(folder).getName().equals("root"), "only root can give a file away");
        Path file = existing();
        Files.setOwner(
                file, file.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
        assertThatThrownBy(() -> SegmentFile.open(settings()))
                .isInstanceOf(SegmentException.class)
                .hasMessageContaining("owner=nobody, expected=root");
    }

    @Test
    void shouldRefuseWhenOthersMayWriteToFolder() throws IOException {
        Path open = Files.createDirectory(folder.resolve("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThatThrownBy(() -> SegmentFile.open(new SegmentSettings(open.resolve("one.segment"))))
                .isInstanceOf(SegmentException.class)
                .hasMessageContaining("mode=777, expected=700");
    }

    @Test
    void shouldNameAskedAndFreeBytesAndLeaveNothingWhenThereIsNoRoom() throws IOException {
        SegmentSettings huge = settings().elCount(16_000_000).recordSize(65_536);
        assertThatThrownBy(() -> SegmentFile.open(huge))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("asked=" + huge.fileLength() + " bytes")
                .hasMessageMatching(".*free=\\d+ bytes.*")
                .hasMessageContaining(folder.toRealPath().toString());
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left.map(path -> path.getFileName().toString())).containsExactly("one.segment.lock");
        }
    }

    @Test
    void shouldSayWhatWasWaitedForWhenNobodyCreatesTheSegment() {
        long startNs = System.nanoTime();
        assertThatThrownBy(() -> SegmentFile.open(settings().initializer(false).attachTimeout(Duration.ofMillis(300))))
                .isInstanceOf(SegmentException.class)
                .hasMessageContaining("attach_timeout=300 ms")
                .hasMessageContaining("am_initializer");
        assertThat(Duration.ofNanos(System.nanoTime() - startNs))
                .isBetween(Duration.ofMillis(300), Duration.ofSeconds(5));
    }

    @Test
    void shouldWaitForSuccessorWhenSegmentIsRetired() throws IOException {
        Path file = existing();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {1}), SegmentDescriptor.RETIRED_OFFSET);
        }
        assertThatThrownBy(() -> SegmentFile.open(settings().attachTimeout(Duration.ofMillis(50))))
                .isInstanceOf(SegmentException.class)
                .hasMessageContaining("attach_timeout");
        Files.delete(file);
        try (SegmentFile segment = SegmentFile.open(settings())) {
            assertThat(segment.retired()).isFalse();
        }
    }

    @Test
    void shouldNameRangeWhenSettingIsOutOfIt() {
        assertThatThrownBy(() -> SegmentFile.open(settings().recordSize(64)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("record_size out of range: record_size=64, least=128, most=65536");
        assertThatThrownBy(() -> SegmentFile.open(settings().elCount(16_000_001)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("el_count out of range: el_count=16000001, least=1, most=16000000");
        assertThatThrownBy(() -> SharedLru.open(settings().untouchedAging(5)))
                .hasMessage("untouched_aging out of range: untouched_aging=5, least=1, most=4");
    }

    @Test
    void shouldLeaveNoSlotBehindWhenSettingsAreRefused() throws IOException {
        List<UnaryOperator<SegmentSettings>> refused = List.of(
                settings -> settings.sessionsLength(Duration.ofDays(300)),
                settings -> settings.idleTimeout(Duration.ofDays(-1)),
                settings -> settings.lockWait(Duration.ZERO),
                settings -> settings.lockWait(Duration.ofSeconds(Long.MAX_VALUE)));
        try (SharedLru lru = SharedLru.open(settings())) {
            for (int i = 0; i < 300; i++) {
                SegmentSettings settings = refused.get(i % refused.size()).apply(settings());
                assertThatThrownBy(() -> SharedLru.open(settings))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("out of range: value=");
            }
            SharedLru.open(settings()).close();
            assertThat(lru.size()).isZero();
        }
    }

    @Test
    void shouldRefuseASettingAtOnceWhenItIsNull() {
        assertThatThrownBy(() -> settings().lockWait(null)).hasMessage("lockWait");
        assertThatThrownBy(() -> settings().sessionsLength(null)).hasMessage("sessionsLength");
    }
}
