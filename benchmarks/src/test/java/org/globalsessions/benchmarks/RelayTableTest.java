package org.globalsessions.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** That the benchmarks of the relay still run: their figures mean nothing here. */
final class RelayTableTest {
    private static final List<String> WITHOUT_REDIS = List.of(
            "get, one at a time, TCP | relay | Netty echo | at most 1.30",
            "get, one at a time, from callbacks, TCP | relay | Netty echo | at most 1.30",
            "get, one at a time, Unix socket | relay | Netty echo | at most 1.30",
            "get, one at a time, from callbacks, Unix socket | relay | Netty echo | at most 1.30",
            "local get, two processes busy beside it | beside a busy relay | beside a busy echo | at most 2",
            "entries over Aeron IPC | frames over Aeron IPC | bare Aeron IPC | at least 0.25",
            "set on host A until readable on host B | relay | bare socket | at most 3");

    private static final List<String> WITH_REDIS = List.of(
            "get, one at a time, TCP | relay | Redis, Lettuce | at most 1.15",
            "get, 64 in flight, TCP | relay | Redis, Lettuce | at least 1.50",
            "get, 64 in flight, TCP | relay | redis-benchmark | at least 1",
            "set, one at a time, TCP | relay | Redis, Lettuce | at most 1.15",
            "set, 64 in flight, TCP | relay | Redis, Lettuce | at least 1.20",
            "get, one at a time, Unix socket | relay | Redis, plain client | at most 1.15",
            "get, 64 in flight, Unix socket | relay | Redis, plain client | at least 1.50",
            "get, 64 in flight, Unix socket | relay | redis-benchmark | at least 1",
            "set, one at a time, Unix socket | relay | Redis, plain client | at most 1.15",
            "set, 64 in flight, Unix socket | relay | Redis, plain client | at least 1.20",
            "get, one at a time, TLS | relay | Redis, Lettuce | at most 1",
            "get, 64 in flight, TLS | relay | Redis, Lettuce | at least 1",
            "get, 64 in flight, TLS | relay | redis-benchmark | at least 1",
            "set, one at a time, TLS | relay | Redis, Lettuce | at most 1",
            "set, 64 in flight, TLS | relay | Redis, Lettuce | at least 1");

    @Test
    @Tag("slow")
    void shouldCompareEveryWorkWithEveryPeerThatIsThereWhenRunQuickly() throws IOException {
        ByteArrayOutputStream output = new ByteArrayOutputStream();

        int status = RelayTable.run(new PrintStream(output, true, StandardCharsets.UTF_8), "--quick");

        String text = output.toString(StandardCharsets.UTF_8);
        List<String> compared = text.lines()
                .filter(line -> line.endsWith("yes |") || line.endsWith("**no** |"))
                .map(RelayTableTest::withoutFigures)
                .collect(Collectors.toList());
        if (RedisServer.isInstalled()) {
            assertThat(status).isZero();
            assertThat(compared).containsAll(WITH_REDIS).containsAll(WITHOUT_REDIS);
            assertThat(compared).hasSize(WITH_REDIS.size() + WITHOUT_REDIS.size());
        } else {
            assertThat(status).isOne();
            assertThat(text).contains("no redis-server and redis-benchmark on the PATH");
            assertThat(compared).containsExactlyInAnyOrderElementsOf(WITHOUT_REDIS);
        }
    }

    /** Work, who is measured, against whom, and the bar. */
    static String withoutFigures(String line) {
        String[] cells = line.split("\\|", -1);
        return Arrays.stream(new String[] {cells[1], withoutFigure(cells[2]), withoutFigure(cells[3]), cells[5]})
                .map(String::strip)
                .collect(Collectors.joining(" | "));
    }

    private static String withoutFigure(String cell) {
        return cell.replaceAll(" [0-9.,]+ (µs p50|µs p99|ns p99|ns|bytes|million/s|thousand/s|MiB|processors)", "");
    }

    @Test
    void shouldEndWithTwoWhenAnOptionIsUnknown() {
        assertThat(RelayTable.run(System.out, "--quicker")).isEqualTo(2);
    }
}
