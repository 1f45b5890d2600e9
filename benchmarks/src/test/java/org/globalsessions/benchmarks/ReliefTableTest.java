package org.globalsessions.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That the benchmarks of relief nodes still run, and that nothing is lost in them: their times mean nothing here. */
final class ReliefTableTest {
    @TempDir
    private Path folder;

    @Test
    @Tag("slow")
    void shouldMeasureEveryRowAndLoseNothingWhenRunQuickly() throws IOException {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        Path plot = folder.resolve("growth.png");

        int status = ReliefTable.run(
                new PrintStream(output, true, StandardCharsets.UTF_8), "--quick", "--plot", plot.toString());

        List<String> lines = output.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(status).as("%s", lines).isZero();
        assertThat(lines.stream()
                        .filter(line -> line.endsWith("yes |") || line.endsWith("**no** |"))
                        .map(line -> RelayTableTest.withoutFigures(line)))
                .containsExactly(
                        "get, one at a time, TCP | relief node | relay | at most 3",
                        "get, 64 in flight, TCP | relief node | relay | at least 0.40",
                        "set of a new session, 64 in flight, TCP | each set evicts | nothing evicted | at least 0.50",
                        "memory of the relay in the storm | each set evicts | after the first storm | at most 1.20",
                        "lost in the storm, as read back | 0 sessions |  | at most 0 sessions",
                        "lost in the storm, as counted | 0 sessions |  | at most 0 sessions",
                        "get answered by the relay, one at a time, beside a refill | refill under way | no refill | at most 2",
                        "used for the refill by sibling and relief nodes, refill_rate 200 |  |  | at most 0.01 processors",
                        "not copied by the refill | 0 sessions |  | at most 0 sessions",
                        "lost by 1 relief node | 0 sessions |  | at most 0 sessions",
                        "lost by 2 relief nodes | 0 sessions |  | at most 0 sessions",
                        "held without loss by 1 relief node | 970 sessions | 970 sessions | at least 0.99",
                        "held without loss by 2 relief nodes | 1,940 sessions | 970 sessions | at least 1.98");
        // The storm was one, and relief nodes did answer.
        assertThat(figure(lines, "evicted by the relay | each set evicts")).isGreaterThan(3_000);
        assertThat(figure(lines, "evicted by the relay | nothing evicted")).isZero();
        assertThat(figure(lines, "gets that the relay answered itself | relief node"))
                .isLessThan(5);
        assertThat(figure(lines, "gets that the relay answered itself | relay")).isGreaterThan(95);
        assertThat(Files.size(plot)).isBetween(1_000L, 40_000L);
        assertThat(ImageIO.read(plot.toFile()).getWidth()).isEqualTo(720);
    }

    /** The median of a row of the table of all figures. */
    private static double figure(List<String> lines, String begin) {
        String row = lines.stream()
                .filter(line -> line.startsWith("| " + begin))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no row " + begin + " in " + lines));
        return Double.parseDouble(row.split("\\|", -1)[3].strip().replace(",", ""));
    }

    @Test
    void shouldEndWithTwoWhenAnOptionIsUnknown() {
        assertThat(ReliefTable.run(System.out, "--quicker")).isEqualTo(2);
    }
}
