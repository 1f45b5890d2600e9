package org.globalsessions.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** That the benchmarks of the gateway still run: their times mean nothing here. */
final class GatewayTableTest {
    @Test
    @Tag("slow")
    void shouldMeasureEveryRowWhenRunQuickly() {
        ByteArrayOutputStream output = new ByteArrayOutputStream();

        int status = GatewayTable.run(new PrintStream(output, true, StandardCharsets.UTF_8), "--quick");

        List<String> lines = output.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(status).as("%s", lines).isZero();
        assertThat(lines.stream().filter(line -> line.endsWith("yes |") || line.endsWith("**no** |")))
                .satisfiesExactly(
                        line -> assertThat(line).startsWith("| bind by a relay, 64 in flight |"),
                        line -> assertThat(line).startsWith("| notify by a relay, 64 in flight |"),
                        line -> assertThat(line)
                                .startsWith("| one message at a time, p50 |")
                                .contains("pull", "get from the relay"),
                        line -> assertThat(line).startsWith("| memory of a gateway, 200 idle clients |"),
                        line -> assertThat(line)
                                .startsWith("| a message to 200 connected clients |")
                                .contains("gateway", "bare Netty loop"),
                        line -> assertThat(line).startsWith("| unbind an address that 180 clients have |"));
    }

    @Test
    void shouldEndWithTwoWhenAnOptionIsUnknown() {
        assertThat(GatewayTable.run(System.out, "--quicker")).isEqualTo(2);
    }
}
