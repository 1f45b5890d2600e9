package org.globalsessions.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.Touch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpillFileTest {
    private static final long LIMIT = 256 << 10;

    @TempDir
    Path folder;

    private Path file() {
        return folder.resolve("relay.spill");
    }

    private static KeyDigest digest(int number) {
        return new KeyDigest(number * 31L + 7, number);
    }

    private static SessionEntry entry(int number, long clock, int valueLength) {
        byte[] value = new byte[valueLength];
        new Random(number * 1_000_003L + clock).nextBytes(value);
        return entry(number, clock, value, 0, 0);
    }

    private static SessionEntry entry(int number, long clock, byte[] value, int idleLimit, int lifetime) {
        return new SessionEntry(
                ("key-" + number).getBytes(StandardCharsets.UTF_8),
                value,
                new Version(clock, 3),
                clock,
                false,
                0,
                idleLimit,
                lifetime);
    }

    @Test
    void shouldGiveBackWhatWasPutWhenReadAgain() throws IOException {
        try (SpillFile spill = SpillFile.open(file(), LIMIT)) {
            for (int i = 0; i < 100; i++) {
                assertThat(spill.put(digest(i), entry(i, 10, 300), 5)).isTrue();
            }
            assertThat(spill.removeUpTo(digest(7), new Version(10, 3))).isTrue();
            assertThat(spill.removeUpTo(digest(8), new Version(9, 3))).isFalse();
            assertThat(spill.delete(digest(9), new Version(10, 0))).isTrue();
            assertThat(spill.delete(digest(10), new Version(9, 0))).isFalse();
        }
        try (SpillFile spill = SpillFile.open(file(), LIMIT)) {
            assertThat(spill.size()).isEqualTo(98);
            for (int i = 0; i < 100; i++) {
                SessionEntry found = spill.get(digest(i), 5);
                if (i == 7 || i == 9) {
                    assertThat(found).isNull();
                } else {
                    assertThat(found.value()).isEqualTo(entry(i, 10, 300).value());
                    assertThat(found.key()).isEqualTo(entry(i, 10, 300).key());
                    assertThat(found.version()).isEqualTo(new Version(10, 3));
                }
            }
            List<SpillFile.Spilled> oldest = spill.oldest(3, 5, digest -> digest.equals(digest(0)));
            assertThat(oldest).extracting(SpillFile.Spilled::digest).containsExactly(digest(1), digest(2), digest(3));
        }
    }

    @Test
    void shouldKeepTheNewerVersionWhenBothWerePut() throws IOException {
        try (SpillFile spill = SpillFile.open(file(), LIMIT)) {
            spill.put(digest(1), entry(1, 10, 100), 0);
            spill.put(digest(1), entry(1, 12, 50), 0);
            spill.put(digest(1), entry(1, 11, 70), 0);
            assertThat(spill.size()).isOne();
        }
        try (SpillFile spill = SpillFile.open(file(), LIMIT)) {
            assertThat(spill.get(digest(1), 0).version().clock()).isEqualTo(12);
        }
    }

    @Test
    void shouldReadUpToTheTornRecordWhenTheTailIsDamaged() throws IOException {
        long size;
        try (SpillFile spill = SpillFile.open(file(), LIMIT)) {
            for (int i = 0; i < 10; i++) {
                spill.put(digest(i), entry(i, 10, 104), 0);
            }
            size = 64 + 9L * 192;
        }
        try (RandomAccessFile raw = new RandomAccessFile(file().toFile(), "rw")) {
            raw.seek(size + 150);
            raw.write(raw.read() ^ 0x55);
        }
        try (SpillFile spill = SpillFile.open(file(), LIMIT)) {
            assertThat(spill.size()).isEqualTo(9);
            assertThat(spill.get(digest(9), 0)).isNull();
            assertThat(spill.put(digest(9), entry(9, 11, 104), 0)).isTrue();
        }
        try (SpillFile spill = SpillFile.open(file(), LIMIT)) {
            assertThat(spill.size()).isEqualTo(10);
        }
    }

    @Test
    void shouldNotReadAnEarlierRoundWhenTheLogBeganAnew() throws IOException {
        try (SpillFile spill = SpillFile.open(file(), LIMIT)) {
            for (int i = 0; i < 10; i++) {
                spill.put(digest(i), entry(i, 10, 104), 0);
            }
            for (int i = 0; i < 10; i++) {
                spill.removeUpTo(digest(i), new Version(10, 3));
            }
            spill.put(digest(50), entry(50, 10, 104), 0);
        }
        // A terminator that a kill has kept from the file: only the checksum's generation tells the rounds apart.
        try (RandomAccessFile raw = new RandomAccessFile(file().toFile(), "rw")) {
            raw.seek(64 + 192);
            raw.write(192);
            raw.seek(64 + 192 + 8);
            raw.write(1);
        }
        try (SpillFile spill = SpillFile.open(file(), LIMIT)) {
            assertThat(spill.size()).isOne();
            assertThat(spill.get(digest(50), 0)).isNotNull();
        }
    }

    @Test
    void shouldRefuseWhenItsBoundIsReached() throws IOException {
        try (SpillFile spill = SpillFile.open(file(), LIMIT)) {
            int taken = 0;
            while (spill.put(digest(taken), entry(taken, 1, 1000), 0)) {
                taken++;
            }
            assertThat(taken).isBetween(200, 262);
            assertThat(Files.size(file())).isLessThanOrEqualTo(LIMIT);
            assertThat(spill.size()).isEqualTo(taken);
            // Most of it handed off: the rest is written anew, and there is room again.
            for (int i = 0; i < taken - 20; i++) {
                spill.removeUpTo(digest(i), new Version(1, 3));
            }
            assertThat(spill.put(digest(1000), entry(1000, 1, 1000), 0)).isTrue();
            assertThat(spill.size()).isEqualTo(21);
            assertThat(spill.get(digest(taken - 1), 0).value())
                    .isEqualTo(entry(taken - 1, 1, 1000).value());
        }
        try (SpillFile spill = SpillFile.open(file(), LIMIT)) {
            assertThat(spill.size()).isEqualTo(21);
        }
    }

    @Test
    void shouldAgeEntriesWhenTimePasses() throws IOException {
        try (SpillFile spill = SpillFile.open(file(), LIMIT)) {
            spill.put(digest(1), entry(1, 1, new byte[3], 0, 100), 1000);
            spill.put(digest(2), entry(2, 1, new byte[3], 40, 0), 1000);
            assertThat(spill.get(digest(1), 1030).lifetimeTicks()).isEqualTo(70);
            assertThat(spill.get(digest(2), 1030).idleTicks()).isEqualTo(30);
            assertThat(spill.get(digest(2), 1050)).isNotNull();
            assertThat(spill.get(digest(2), 1051)).isNull();
            assertThat(spill.get(digest(1), 1098).hasEnded()).isFalse();
        }
    }

    @Test
    void shouldKeepWhatHasEndedUntilItIsHandedOff() throws IOException {
        try (SpillFile spill = SpillFile.open(file(), LIMIT)) {
            spill.put(digest(1), entry(1, 1, new byte[3], 0, 100), 1000);
            assertThat(spill.get(digest(1), 1100).hasEnded()).isTrue();
            assertThat(spill.oldest(10, 5000, digest -> false))
                    .singleElement()
                    .matches(spilled -> spilled.entry().hasEnded());
            assertThat(spill.removeUpTo(
                            digest(1), entry(1, 1, new byte[3], 0, 100).version()))
                    .isTrue();
            assertThat(spill.size()).isZero();
        }
    }

    @Test
    void shouldLiveOnWhenItsLifeWasUsed() throws IOException {
        try (SpillFile spill = SpillFile.open(file(), LIMIT)) {
            spill.put(digest(1), entry(1, 7, new byte[3], 40, 0), 1000);
            assertThat(spill.renew(new Touch(digest(1), 8, 0), 1030)).isFalse();
            assertThat(spill.renew(new Touch(digest(2), 7, 0), 1030)).isFalse();
            assertThat(spill.renew(new Touch(digest(1), 7, 10), 1030)).isTrue();
            assertThat(spill.renew(new Touch(digest(1), 7, 25), 1030)).isTrue();
            assertThat(spill.get(digest(1), 1030).idleTicks()).isEqualTo(10);
            assertThat(spill.oldest(10, 1070, digest -> false)).hasSize(1);
            assertThat(spill.get(digest(1), 1070).idleTicks()).isEqualTo(50);
            assertThat(spill.get(digest(1), 1071)).isNull();
        }
    }

    @Test
    void shouldEqualAMapWhenOperatedAtRandom() throws IOException {
        long seed = 20261122;
        Random random = new Random(seed);
        Map<KeyDigest, SessionEntry> expected = new HashMap<>();
        SpillFile spill = SpillFile.open(file(), LIMIT);
        try {
            for (int step = 1; step <= 20_000; step++) {
                int number = random.nextInt(300);
                switch (random.nextInt(4)) {
                    case 0, 1 -> {
                        SessionEntry entry = entry(number, step, random.nextInt(600));
                        if (spill.put(digest(number), entry, 0)) {
                            expected.put(digest(number), entry);
                        }
                    }
                    case 2 -> {
                        assertThat(spill.removeUpTo(digest(number), new Version(step, 3)))
                                .as("seed %d step %d", seed, step)
                                .isEqualTo(expected.remove(digest(number)) != null);
                    }
                    default -> {
                        SessionEntry found = spill.get(digest(number), 0);
                        SessionEntry wanted = expected.get(digest(number));
                        assertThat(found == null ? null : found.value())
                                .as("seed %d step %d", seed, step)
                                .isEqualTo(wanted == null ? null : wanted.value());
                    }
                }
                if (step % 2500 == 0) {
                    spill.close();
                    spill = SpillFile.open(file(), LIMIT);
                    assertThat(spill.size()).as("seed %d step %d", seed, step).isEqualTo(expected.size());
                }
            }
        } finally {
            spill.close();
        }
    }

    @Test
    void shouldKeepWhatWasPutWhenTheProcessIsKilled() throws Exception {
        int last = -1;
        try (TestProcess writer = new TestProcess(SpillWriter.class, folder.resolve("errors"), file().toString())) {
            while (last < 2000) {
                last = Integer.parseInt(writer.readLine());
            }
            writer.kill();
        }
        try (SpillFile spill = SpillFile.open(file(), 64 << 20)) {
            assertThat(spill.size()).isGreaterThan(last);
            for (int i = 0; i <= last; i++) {
                assertThat(spill.get(new KeyDigest(i, i), 0).value())
                        .isEqualTo(SpillWriter.entry(i).value());
            }
        }
    }

    @Test
    void shouldBeItsOwnersAloneWhenCreated() throws IOException {
        SpillFile.open(file(), LIMIT).close();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
                .isEqualTo("rw-------");
    }

    @Test
    void shouldRefuseUntouchedWhenTheFileIsSomethingElse() throws IOException {
        byte[] foreign = "x".repeat(500).getBytes(StandardCharsets.UTF_8);
        Files.write(file(), foreign);
        assertThatThrownBy(() -> SpillFile.open(file(), LIMIT))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("Not a spill file");
        assertThat(Files.readAllBytes(file())).isEqualTo(foreign);
    }

    @Test
    void shouldRefuseWhenTheBoundIsOutOfRange() {
        assertThatThrownBy(() -> SpillFile.open(file(), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("spill_limit=1, limit=65536 to 1073741824");
    }
}
