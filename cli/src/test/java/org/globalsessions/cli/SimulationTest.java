package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Hosts, relay, sibling and relief nodes keep P1, P4, P6 and P8 whatever order of calls, kills, stops, cuts, losses and clocks a seed gives.
 * The simulations run in processes of their own, two at a time; {@code -Dsimulation.first=SEED -Dsimulation.count=1} runs another range, and
 * a seed that fails is run again with all that happens printed by {@link SimulationRun}.
 */
class SimulationTest {
    private static final int LONG_PARTS = 50;
    private static final long SEEDS_A_LONG_PART = 20_000;

    /** Segments on a disk would be written back all the time. */
    private static final Path MEMORY = Path.of("/dev/shm");

    @TempDir
    Path folder;

    @Tag("slow")
    @Test
    void shouldKeepThePromisesWhateverASeedGives() throws Exception {
        run(Long.getLong("simulation.first", 1), Long.getLong("simulation.count", 1_000), 2, 300);
    }

    /** Each of these once broke a promise. */
    @ParameterizedTest
    @CsvSource({
        "65, a host stopped while the relay was killed kept what others had replaced",
        "91, an update of a deleted life went on in the life that had begun after it",
        "167, a session from elsewhere stayed where the relay had raised a delete of its host above it",
        "468, what a host had begun over its own delete outlived a later delete of another host",
        "627, an invalidation took a login away that the relay had not judged yet",
        "780, a delete of a host whose clock lags left a session that had begun before it",
        "847, a host whose clock lags gave a delete the version of a session that was gone",
        "1126, a delete raised by the relay never reached its own host whose receipt was late",
        "1238, an announcement replaced a login that stood behind a delete under way",
        "330, a delete raised above a loser was taken for a later one, and the login over it was lost",
    })
    void shouldKeepThePromisesWhereTheyWereOnceBroken(long seed, String how) throws Exception {
        assertThat(how).isNotBlank();
        run(seed, 1, 1, 60);
    }

    /** A part is run alone, and a broken-off run taken up, with {@code -Dglobalsessions.part=N}. */
    @Tag("long")
    @ParameterizedTest
    @MethodSource("longParts")
    void shouldKeepThePromisesForAMillionSeeds(int part) throws Exception {
        run(1 + (part - 1) * SEEDS_A_LONG_PART, SEEDS_A_LONG_PART, 2, 3_500);
    }

    private static List<Integer> longParts() {
        Integer only = Integer.getInteger("globalsessions.part");
        return only != null
                ? List.of(only)
                : IntStream.rangeClosed(1, LONG_PARTS).boxed().toList();
    }

    private void run(long first, long count, int processes, long limitSeconds) throws Exception {
        long each = (count + processes - 1) / processes;
        List<Process> started = new ArrayList<>();
        List<Path> outputs = new ArrayList<>();
        for (long from = first; from < first + count; from += each) {
            Path output = folder.resolve("from-" + from + ".log");
            outputs.add(output);
            started.add(start(from, Math.min(each, first + count - from), output));
        }
        for (int i = 0; i < started.size(); i++) {
            boolean ended = started.get(i).waitFor(limitSeconds, TimeUnit.SECONDS);
            started.get(i).destroyForcibly();
            String said = Files.readString(outputs.get(i));
            assertThat(ended).as("ended in %d s: %s", limitSeconds, said).isTrue();
            assertThat(started.get(i).exitValue()).as(said).isZero();
            assertThat(said).contains("kept");
        }
    }

    private Process start(long first, long count, Path output) throws IOException {
        Path segments = Files.createTempDirectory(Files.isDirectory(MEMORY) ? MEMORY : folder, "simulation-");
        segments.toFile().deleteOnExit();
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (argument.startsWith("--add-") || argument.startsWith("-XX:+Ignore")) {
                command.add(argument);
            }
        }
        command.addAll(List.of(
                "-Xmx1g",
                "-XX:+UseSerialGC",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=off",
                "-cp",
                System.getProperty("java.class.path"),
                SimulationRun.class.getName(),
                segments.toString(),
                Long.toString(first),
                Long.toString(count)));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(new File(output.toString()))
                .start();
    }
}
