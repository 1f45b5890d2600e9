package org.globalsessions.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** That the benchmarks of the table still run, in JVMs of their own as the measured ones: their times mean nothing here. */
final class RatioTableTest {
    @Test
    @Tag("slow")
    void shouldMeasureTheRowsAskedForWhenRunQuickly() {
        ByteArrayOutputStream output = new ByteArrayOutputStream();

        int status = RatioTable.run(
                new PrintStream(output, true, StandardCharsets.UTF_8), "--quick", "--rows", "overwrite,insert,disk");

        List<String> lines = output.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(status).as("%s", lines).isZero();
        assertThat(lines.stream()
                        .filter(line -> line.endsWith("yes |") || line.endsWith("**no** |"))
                        .map(RelayTableTest::withoutFigures))
                .containsExactly(
                        "overwrite, 20,000, uniform | segment | R1 | at most 2.20",
                        "overwrite, 20,000, uniform | segment | OHC | at most 0.75",
                        "overwrite, 20,000, uniform | segment | Chronicle Map | at most 0.55",
                        "overwrite, 20,000, Zipf | segment | R1 | at most 2.20",
                        "overwrite, 20,000, Zipf | segment | OHC | at most 0.75",
                        "overwrite, 20,000, Zipf | segment | Chronicle Map | at most 0.55",
                        "insert that evicts, 20,000 | segment | OHC | at most 0.80",
                        "size on disk an entry, el_count 20,000 |  |  | at most 485 bytes",
                        "size on disk an entry, el_count 1,000,000 |  |  | at most 485 bytes");
    }
}
