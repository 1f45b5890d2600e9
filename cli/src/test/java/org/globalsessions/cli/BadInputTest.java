package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The rows of README's troubleshooting table that need no running node. */
class BadInputTest {
    @TempDir
    private Path folder;

    @Test
    void shouldEndWithTwoAndNameEveryProblemWhenAConfigurationIsWrong() throws IOException {
        Path file = client("el_cuont : 5\nrecord_size : big\nuntouched_aging : 9");

        CommandRun run = CommandRun.of("get", "key", "--config", file);

        assertThat(run.exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(run.out()).isEmpty();
        assertThat(run.err().lines())
                .containsExactlyInAnyOrder(
                        "global-sessions: " + file
                                + ":2: lru.cache.el_cuont: unknown key, nearest known key is el_count",
                        "global-sessions: " + file
                                + ":3: lru.cache.record_size: wrong type: found \"big\", expected size (a bare"
                                + " number counts bytes), allowed is 128 to 64KiB",
                        "global-sessions: " + file
                                + ":4: lru.cache.untouched_aging: out of range: found 9, allowed is 1 to 4");
    }

    @Test
    void shouldEndWithTwoWhenTheCommandLineIsWrong() {
        assertThat(CommandRun.of().exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(CommandRun.of("get", "key").exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(CommandRun.of("--nonsense").exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(CommandRun.of("quickstart", "--sessions", "5").err()).contains("allowed is 1000 to 5000000");
    }

    @Test
    void shouldTakeTheFirstWordAsAFileWhenItIsNoCommand() {
        CommandRun run = CommandRun.of(folder.resolve("none.conf"));

        assertThat(run.exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(run.err())
                .isEqualToIgnoringNewLines("global-sessions: " + folder.resolve("none.conf") + ": no such file");
    }

    @Test
    void shouldStoreFindTouchAndDeleteWhenNoRelayIsNamed() throws IOException {
        Path file = client("el_count : 100");

        assertThat(CommandRun.of("set", "key", "value", "--config", file, "--json")
                        .out())
                .contains("\"stored\":true", "\"acknowledged\":\"local\"");
        CommandRun found = CommandRun.of("get", "key", "--config", file, "--json");
        assertThat(found.exit()).isZero();
        assertThat(found.out()).isEqualToIgnoringNewLines("{\"found\":true,\"length\":5,\"valueBase64\":\"dmFsdWU=\"}");
        assertThat(CommandRun.of("touch", "key", "--config", file).exit()).isZero();
        assertThat(CommandRun.of("delete", "key", "--config", file).exit()).isZero();
        assertThat(CommandRun.of("delete", "key", "--config", file).exit()).isEqualTo(GlobalSessions.FAILED);
        CommandRun gone = CommandRun.of("get", "key", "--config", file);
        assertThat(gone.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(gone.err()).isEqualToIgnoringNewLines("global-sessions: not found");
    }

    @Test
    void shouldNameBothValuesWhenTheSegmentHasAnotherGeometry() throws IOException {
        Path file = client("el_count : 100");
        CommandRun.of("set", "key", "value", "--config", file);
        client("el_count : 200");

        CommandRun run = CommandRun.of("get", "key", "--config", file);

        assertThat(run.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(run.err().lines()).singleElement().asString().contains("el_count", "100", "200", ".segment");
        client("el_count : 100");
        assertThat(CommandRun.of("get", "key", "--config", file, "--json").out())
                .contains("dmFsdWU=");
    }

    @Test
    void shouldNameAskedAndFreeBytesWhenTheFolderHasNoRoom() throws IOException {
        // 16,000,000 records of 64 KiB are more than any machine of ours has.
        Path file = client("el_count : 16000000\nrecord_size : 64KiB");

        CommandRun run = CommandRun.of("get", "key", "--config", file);

        assertThat(run.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(run.err().lines())
                .singleElement()
                .asString()
                .containsPattern("\\d{13}")
                .contains("free");
    }

    @Test
    void shouldNameDigestSizeAndLimitAndStoreNothingWhenAValueIsTooLarge() throws IOException {
        Path file = client("el_count : 100");

        CommandRun run = CommandRun.of("set", "secret-key", "v".repeat(400), "--config", file);

        assertThat(run.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(run.err()).doesNotContain("secret-key").doesNotContain("vvv");
        assertThat(run.err().lines()).singleElement().asString().contains("400").containsPattern("[0-9a-f]{16}");
        assertThat(CommandRun.of("get", "secret-key", "--config", file).exit()).isEqualTo(GlobalSessions.FAILED);
    }

    @Test
    void shouldFailAndNeverSayNotFoundWhenTheRelayIsAway() throws IOException {
        Path file = folder.resolve("client.conf");
        Files.writeString(file, """
                lru.cache { segment_dir : "%s", el_count : 100 }
                message_relay { auth_path : a, address : localhost, port : 1 }
                """.formatted(folder));

        CommandRun run = CommandRun.of("get", "key", "--config", file, "--timeout", "300ms");

        assertThat(run.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(run.err().lines())
                .singleElement()
                .asString()
                .doesNotContain("not found")
                .contains("localhost:1");
    }

    @Test
    void shouldSayWhatIsMissingWhenAFileAsksForTls() throws IOException {
        Path file = folder.resolve("sibling.conf");
        Files.writeString(
                file, "half_edge : true, auth_path : a, port : 7, cache.token_path : t\ntls { server_key : k.pem }\n");

        assertThat(CommandRun.of("check", file).exit()).isZero();
        CommandRun run = CommandRun.of(file);

        assertThat(run.exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(run.err())
                .isEqualToIgnoringNewLines(
                        "global-sessions: " + file + ":2: tls: cannot run: TLS comes with a later version");
    }

    @Test
    void shouldRefuseAndNotTouchWhenTheFileIsNoSegment() throws IOException {
        Path file = Files.write(folder.resolve("x.segment"), new byte[1 << 20]);

        CommandRun run = CommandRun.of("stat", "--segment", file);

        assertThat(run.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(run.err().lines()).singleElement().asString().contains("not a segment", file.toString());
    }

    private Path client(String cache) throws IOException {
        return Files.writeString(
                folder.resolve("client.conf"), "lru.cache { segment_dir : \"" + folder + "\"\n" + cache + "\n}\n");
    }
}
