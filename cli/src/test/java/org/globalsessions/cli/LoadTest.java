package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoadTest {
    @TempDir
    private Path folder;

    @Test
    void shouldReportRateAndTimesWhenTheSegmentHoldsAllSessions() throws IOException {
        CommandRun run = load(1000, "--sessions", 1000, "--threads", 2, "--duration", "500ms", "--read-ratio", 0.9);

        assertThat(run.exit()).as(run.err()).isZero();
        JsonNode report = new ObjectMapper().readTree(run.out());
        long gets = report.get("gets").asLong();
        long sets = report.get("sets").asLong();
        assertThat((double) gets / (gets + sets)).isBetween(0.85, 0.95);
        assertThat(report.get("opsPerSecond").asLong()).isBetween((gets + sets) / 2, (gets + sets) * 2);
        assertThat(report.get("getP50Ns").asLong()).isPositive();
        assertThat(report.get("getP99Ns").asLong())
                .isGreaterThanOrEqualTo(report.get("getP50Ns").asLong());
        assertThat(report.get("setP99Ns").asLong())
                .isGreaterThanOrEqualTo(report.get("setP50Ns").asLong());
        assertThat(report.get("misses").asLong()).isZero();
        assertThat(report.get("errors").asLong()).isZero();
        assertThat(report.get("wrong").asLong()).isZero();
    }

    @Test
    void shouldCountMissesWhenTheSegmentHasNoRoomForAllSessions() throws IOException {
        CommandRun run = load(100, "--sessions", 2000, "--duration", "200ms", "--read-ratio", 1);

        assertThat(run.exit()).as(run.err()).isZero();
        JsonNode report = new ObjectMapper().readTree(run.out());
        double missed = report.get("misses").asDouble() / report.get("gets").asDouble();
        assertThat(missed)
                .as("misses among gets, 100 to 120 of 2,000 are there")
                .isBetween(0.85, 0.99);
        assertThat(report.get("sets").asLong()).isZero();
    }

    @Test
    void shouldEndWithOneWhenAnotherProcessStoresOtherValues() throws IOException {
        Path config = config(100);
        String key = new SessionSource(7).key(0);
        CommandRun set = CommandRun.of("set", key, "another value", "--config", config);
        assertThat(set.exit()).as(set.err()).isZero();

        CommandRun run = CommandRun.of(
                "load", "--config", config, "--sessions", 1, "--seed", 7, "--duration", "100ms", "--no-fill", "--json");

        assertThat(run.exit()).isEqualTo(GlobalSessions.FAILED);
        JsonNode report = new ObjectMapper().readTree(run.out());
        assertThat(report.get("wrong").asLong()).isPositive();
    }

    @ParameterizedTest
    @CsvSource({
        "--sessions, 0, 'allowed is 1 to 16000000'",
        "--threads, 257, 'allowed is 1 to 256'",
        "--value-size, 65537, 'allowed is 0 to 65536'",
        "--read-ratio, 1.5, 'allowed is 0 to 1'",
        "--read-ratio, NaN, 'allowed is 0 to 1'",
        "--ack, everywhere, 'a set ends at relay or relief'",
        "--ack, relay, 'needs a relay'",
    })
    void shouldRefuseWhenAnOptionIsOutOfRange(String option, String value, String message) throws IOException {
        CommandRun run = load(100, option, value);

        assertThat(run.exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(run.err()).contains(option).contains(message);
    }

    private CommandRun load(int elCount, Object... options) throws IOException {
        Object[] words = new Object[options.length + 4];
        words[0] = "load";
        words[1] = "--config";
        words[2] = config(elCount);
        words[3] = "--json";
        System.arraycopy(options, 0, words, 4, options.length);
        return CommandRun.of(words);
    }

    private Path config(int elCount) throws IOException {
        return Files.writeString(
                folder.resolve("client.conf"),
                "lru.cache { segment_dir : \"" + folder + "\", record_size : 384, el_count : " + elCount + " }\n");
    }
}
