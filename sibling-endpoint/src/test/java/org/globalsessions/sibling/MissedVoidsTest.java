package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.globalsessions.Version;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.frame.VoidFrame.Voided;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What relief nodes have missed that are away is told to them, also by a sibling that has started since. */
class MissedVoidsTest {
    @TempDir
    private Path folder;

    private SharedLru segment;
    private Path file;

    @BeforeEach
    void open() throws IOException {
        segment = Entries.relaySegment(folder);
        file = MissedVoids.fileOf(segment.file().path());
    }

    @AfterEach
    void close() {
        segment.close();
    }

    private static Voided voided(long key, long clock) {
        return new Voided(new KeyDigest(key, -key), new Version(clock, 7));
    }

    private List<Voided> reopened(int limit) throws IOException {
        try (MissedVoids missed = MissedVoids.open(segment, file, limit)) {
            return missed.between(0, missed.end(), 0);
        }
    }

    private List<String> errors() {
        return segment.file().errors().read().stream()
                .map(error -> error.text())
                .toList();
    }

    @Test
    void shouldHaveTheHighestVersionOfEachKeyAfterAStart() throws IOException {
        try (MissedVoids missed = MissedVoids.open(segment, file)) {
            missed.note(voided(1, 10));
            missed.note(voided(2, 20));
            missed.note(voided(1, 30));
            missed.note(voided(2, 19));
            assertThat(missed.between(0, missed.end(), 0)).containsExactly(voided(1, 30), voided(2, 20));
        }
        assertThat(file.getFileName()).hasToString("relay.segment.voids");
        assertThat(Files.getPosixFilePermissions(file)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(reopened(MissedVoids.LIMIT)).containsExactly(voided(1, 30), voided(2, 20));
        assertThat(errors()).isEmpty();
    }

    @Test
    void shouldForgetTheOldestAndSaySoWhenThereAreTooMany() throws IOException {
        try (MissedVoids missed = MissedVoids.open(segment, file, 3)) {
            for (long key = 1; key <= 4; key++) {
                missed.note(voided(key, 10));
            }
            assertThat(missed.between(0, missed.end(), 0)).containsExactly(voided(4, 10), voided(2, 10), voided(3, 10));
            missed.note(voided(1, 10));
            missed.note(voided(4, 11));
        }
        assertThat(reopened(3)).containsExactly(voided(4, 11), voided(1, 10), voided(3, 10));
        assertThat(errors()).singleElement().satisfies(text -> assertThat(text).contains("a void was forgotten"));
    }

    @Test
    void shouldLeaveOutWhatIsDamaged() throws IOException {
        try (MissedVoids missed = MissedVoids.open(segment, file)) {
            for (long key = 1; key <= 3; key++) {
                missed.note(voided(key, 10));
            }
        }
        byte[] bytes = Files.readAllBytes(file);
        bytes[MissedVoids.RECORD_LENGTH + 5]++;
        Files.write(file, bytes);
        assertThat(reopened(MissedVoids.LIMIT)).containsExactly(voided(1, 10), voided(3, 10));
        assertThat(errors()).singleElement().satisfies(text -> assertThat(text).contains("is damaged in its file"));
        try (MissedVoids missed = MissedVoids.open(segment, file)) {
            missed.note(voided(2, 12));
        }
        assertThat(reopened(MissedVoids.LIMIT)).containsExactly(voided(1, 10), voided(3, 10), voided(2, 12));
    }

    @Test
    void shouldLeaveNoFileWhenAllHaveBeenTold() throws IOException {
        try (MissedVoids missed = MissedVoids.open(segment, file)) {
            missed.note(voided(1, 10));
            missed.clear();
            assertThat(file).doesNotExist();
            assertThat(missed.end()).isZero();
            missed.note(voided(1, 9));
        }
        assertThat(reopened(MissedVoids.LIMIT)).containsExactly(voided(1, 9));
    }

    @Test
    void shouldKeepInMindWhatItCannotWrite() throws IOException {
        Path absent = folder.resolve("absent").resolve("voids");
        try (MissedVoids missed = MissedVoids.open(segment, absent)) {
            missed.note(voided(1, 10));
            assertThat(missed.between(0, missed.end(), 0)).containsExactly(voided(1, 10));
        }
        assertThat(errors()).singleElement().satisfies(text -> assertThat(text).contains("cannot be written"));
    }
}
