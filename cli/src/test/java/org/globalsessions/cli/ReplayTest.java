package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReplayTest {
    @TempDir
    private Path folder;

    @Test
    void shouldCountHitsAndMissesWhenATraceIsReplayed() throws IOException {
        Path trace = Files.writeString(folder.resolve("trace.txt"), "1\n2\n1\n\n3\n1\n2\n");

        JsonNode report = replay(trace, 100);

        assertThat(report.get("requests").asInt()).isEqualTo(6);
        assertThat(report.get("localHits").asInt()).isEqualTo(3);
        assertThat(report.get("tierHits").asInt()).isZero();
        assertThat(report.get("misses").asInt()).isEqualTo(3);
        assertThat(report.get("hitRatio").asDouble()).isEqualTo(0.5);
        assertThat(report.get("ways").asInt()).isGreaterThanOrEqualTo(120);
    }

    /** Exact LRU of 2,400 entries hits 0.7441, a FIFO of them 0.7064. */
    @ParameterizedTest
    @CsvSource({"2000, 2416, 0.735", "500, 624, 0.572"})
    void shouldComeNearExactLruWhenRealRequestsAreReplayed(int elCount, int ways, double least) throws IOException {
        Path trace = Path.of(System.getProperty("globalsessions.shared", "../../shared"), "data", "web12.txt.gz");
        assumeTrue(Files.exists(trace), () -> "no file " + trace + ": the hit ratio on real requests is not tested");

        JsonNode report = replay(trace, elCount);

        assertThat(report.get("requests").asInt()).isEqualTo(95_607);
        assertThat(report.get("ways").asInt()).isEqualTo(ways);
        assertThat(report.get("hitRatio").asDouble()).isGreaterThanOrEqualTo(least);
    }

    private JsonNode replay(Path trace, int elCount) throws IOException {
        Path config = Files.writeString(
                folder.resolve("client" + elCount + ".conf"),
                "lru.cache { segment_dir : \"" + folder + "\", el_count : " + elCount + ", untouched_aging : 1 }\n");
        CommandRun run = CommandRun.of("replay", trace, "--config", config, "--json");
        assertThat(run.exit()).as(run.err()).isZero();
        return new ObjectMapper().readTree(run.out());
    }
}
