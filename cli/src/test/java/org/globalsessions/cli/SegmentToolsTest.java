package org.globalsessions.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.globalsessions.segment.SegmentDescriptor;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tools that work on a segment by its file: what they print, that they name no key, and their exit codes. */
class SegmentToolsTest {
    private static final String KEY = "secret-session-key";
    private static final String VALUE = "secret-value";

    @TempDir
    private Path folder;

    private Path segment;

    @BeforeEach
    void storeThreeSessions() throws IOException {
        segment = folder.resolve("one.segment");
        try (SharedLru lru = SharedLru.open(settings())) {
            WriteOutcome outcome = new WriteOutcome();
            byte[] value = VALUE.getBytes(UTF_8);
            for (int i = 0; i < 3; i++) {
                lru.set(lru.encode(KEY + i), value, 0, value.length, 0, null, false, outcome);
            }
        }
    }

    private SegmentSettings settings() {
        return new SegmentSettings(segment).elCount(100).pathName("shop");
    }

    private static JsonNode json(CommandRun run) throws IOException {
        assertThat(run.out().lines()).as(run.err()).hasSize(1);
        return new ObjectMapper().readTree(run.out());
    }

    private void damage() throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
            file.seek(SegmentDescriptor.BUCKETS_OFFSET + (long) SegmentDescriptor.LOCK_OFFSET);
            file.writeLong(-1);
        }
    }

    @Test
    void shouldEndWithZeroWhenTheInspectedSegmentIsWhole() throws IOException {
        CommandRun run = CommandRun.of("inspect", "--segment", segment);
        assertThat(run.exit()).as(run.out()).isZero();
        assertThat(run.out().lines()).last().isEqualTo("whole");
        JsonNode json = json(CommandRun.of("inspect", "--segment", segment, "--json"));
        assertThat(json.get("whole").asBoolean()).isTrue();
        assertThat(json.get("visible").asInt()).isEqualTo(3);
    }

    @Test
    void shouldEndWithOneAndSayWhereWhenTheInspectedSegmentIsDamaged() throws IOException {
        damage();
        CommandRun run = CommandRun.of("inspect", "--segment", segment, "--json");
        assertThat(run.exit()).isEqualTo(GlobalSessions.FAILED);
        JsonNode finding = json(run).get("findings").get(0);
        assertThat(finding.get("severity").asText()).isEqualTo("damage");
        assertThat(finding.get("region").asText()).isEqualTo("buckets");
        assertThat(finding.get("fileOffset").asLong())
                .isEqualTo(SegmentDescriptor.BUCKETS_OFFSET + (long) SegmentDescriptor.LOCK_OFFSET);
    }

    @Test
    void shouldEndWithOneAndSayWhatItIsWhenTheInspectedFileIsNoSegment() throws IOException {
        Path other = Files.write(folder.resolve("other"), new byte[10_000]);
        CommandRun run = CommandRun.of("inspect", "--segment", other, "--json");
        assertThat(run.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(json(run).get("refused").asText()).contains("not a segment");
        assertThat(CommandRun.of("inspect").exit()).isEqualTo(GlobalSessions.BAD_USAGE);
    }

    @Test
    void shouldListEntriesWithoutKeysAndValuesUpToTheLimit() throws IOException {
        CommandRun run = CommandRun.of("list", "--segment", segment, "--json", "--limit", 2);
        assertThat(run.exit()).isZero();
        assertThat(run.out()).doesNotContain("secret");
        JsonNode json = json(run);
        assertThat(json.get("entries")).hasSize(2);
        assertThat(json.get("more").asBoolean()).isTrue();
        JsonNode entry = json.get("entries").get(0);
        assertThat(entry.get("digest").asText()).matches("[0-9a-f]{16}");
        assertThat(entry.get("valueLength").asInt()).isEqualTo(VALUE.length());
        assertThat(entry.get("ageSeconds").asDouble()).isBetween(0.0, 60.0);
        assertThat(entry.get("remainingSeconds").isNull()).isTrue();
        CommandRun text = CommandRun.of("list", "--segment", segment);
        assertThat(text.out()).doesNotContain("secret");
        assertThat(text.out().lines()).hasSize(4);
    }

    @Test
    void shouldShowHowFastCountersChangeWhenWatched() throws IOException {
        CommandRun run = CommandRun.of("top", "--segment", segment, "--interval", "10ms", "--json");
        JsonNode json = json(run);
        assertThat(json.get("counters").get("sets").asLong()).isEqualTo(3);
        assertThat(json.get("perSecond").get("sets").asDouble()).isZero();
        CommandRun text = CommandRun.of("top", "--segment", segment, "--interval", "10ms", "--iterations", 2);
        assertThat(text.exit()).isZero();
        assertThat(text.out().lines().filter(line -> line.contains("per second")))
                .hasSize(2);
    }

    @Test
    void shouldTellWhoHoldsTheDutiesWhenAskedForTheState() throws IOException {
        JsonNode json = json(CommandRun.of("stat", "--segment", segment, "--json"));
        assertThat(json.get("sweeper").asText()).isEqualTo("nobody");
        assertThat(json.get("linkOwner").asText()).isEqualTo("nobody");
        assertThat(json.get("occupiedWays").asInt()).isEqualTo(3);
        assertThat(json.get("note").asText()).isEmpty();
        try (SharedLru lru = SharedLru.open(settings())) {
            lru.file().note("for those who attach");
            assertThat(json(CommandRun.of("stat", "--segment", segment, "--json"))
                            .get("note")
                            .asText())
                    .isEqualTo("for those who attach");
        }
    }

    @Test
    void shouldRestoreIntoAnotherSegmentWhatWasBackedUp() throws IOException {
        Path backup = folder.resolve("one.gsbackup");
        assertThat(json(CommandRun.of("backup", backup, "--segment", segment, "--json"))
                        .get("entries")
                        .asInt())
                .isEqualTo(3);
        segment = folder.resolve("two.segment");
        SharedLru.open(settings().elCount(900).recordSize(512)).close();
        CommandRun wrong = CommandRun.of("restore", backup, "--segment", segment);
        assertThat(wrong.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(wrong.err()).contains("auth_path");
        CommandRun run = CommandRun.of("restore", backup, "--segment", segment, "--auth-path", "shop", "--json");
        assertThat(json(run).get("stored").asInt()).as(run.err()).isEqualTo(3);
        assertThat(json(CommandRun.of("inspect", "--segment", segment, "--json"))
                        .get("visible")
                        .asInt())
                .isEqualTo(3);
    }

    @Test
    void shouldRefuseAndRestoreNothingWhenTheBackupIsCutShort() throws IOException {
        Path backup = folder.resolve("one.gsbackup");
        CommandRun.of("backup", backup, "--segment", segment);
        byte[] whole = Files.readAllBytes(backup);
        Files.write(backup, java.util.Arrays.copyOf(whole, whole.length - 20));
        CommandRun run = CommandRun.of("restore", backup, "--segment", segment, "--auth-path", "shop");
        assertThat(run.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(run.err()).contains("cut short", backup.toString());
    }

    @Test
    void shouldRestoreIntoAClientsSegmentThatDoesNotExistYet() throws IOException {
        Path backup = folder.resolve("one.gsbackup");
        CommandRun.of("backup", backup, "--segment", segment);
        Path config = folder.resolve("client.conf");
        Files.writeString(
                config,
                "lru { manage_section : true, cache { token_path : restored, segment_dir : \"" + folder
                        + "\", el_count : 100 } }\nmessage_relay { auth_path : shop, address : localhost, port : 1 }\n");
        CommandRun run = CommandRun.of("restore", backup, "--config", config, "--json");
        assertThat(json(run).get("stored").asInt()).as(run.err()).isEqualTo(3);
    }

    @Test
    void shouldSayThatThereIsNothingToOpenWhenASegmentIsItsProcesssAlone() throws IOException {
        Path backup = folder.resolve("one.gsbackup");
        CommandRun.of("backup", backup, "--segment", segment);
        Path config = folder.resolve("client.conf");
        Files.writeString(
                config,
                "lru { private_segment : true, cache { segment_dir : \"" + folder + "\", el_count : 100 } }\n"
                        + "message_relay { auth_path : shop, address : localhost, port : 1 }\n");
        for (CommandRun run : java.util.List.of(
                CommandRun.of("stat", "--config", config), CommandRun.of("restore", backup, "--config", config))) {
            assertThat(run.exit()).isEqualTo(GlobalSessions.BAD_USAGE);
            assertThat(run.err()).contains("lru.private_segment");
        }
        assertThat(CommandRun.of("check", "--client", config).out()).contains("# segment: of the process alone");
    }

    @Test
    void shouldTakeAClientsFileWhenItHasWhatNoNodeHas() throws IOException {
        Path config = folder.resolve("client.conf");
        Files.writeString(
                config,
                "lru.cache { token_path : mine, segment_dir : \"" + folder + "\", el_count : 100 }\n"
                        + "message_relay { auth_path : shop, port : 1, secret_file : shared }\n");
        CommandRun absent = CommandRun.of("stat", "--config", config);
        assertThat(absent.err()).contains("no such segment").doesNotContain("secret_file");
        Files.writeString(config, "lru.cache { el_cuont : 100 }\nmessage_relay { auth_path : shop, port : 1 }\n");
        CommandRun wrong = CommandRun.of("stat", "--config", config);
        assertThat(wrong.exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(wrong.err()).contains("el_cuont");
    }
}
