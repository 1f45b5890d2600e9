package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.globalsessions.backup.BackupFuzzTarget;
import org.globalsessions.config.ConfigurationFuzzTarget;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Inputs that Jazzer makes, for whatever reads bytes of others: beginning with the corpus kept in {@code src/test/corpus}. What
 * was a finding goes there too, where {@link #shouldPassWhenTheKeptCorpusIsRunAgain} runs it in every build. What a long run
 * has found new lies in {@code target/fuzz/TARGET/corpus}.
 */
class FuzzTest {
    @FunctionalInterface
    private interface Code {
        void run(byte[] input) throws IOException;
    }

    private record Target(Class<?> type, int maxLength, Code code) {
        Path corpus() {
            return Path.of("src", "test", "corpus", type.getSimpleName());
        }
    }

    private static final List<Target> TARGETS = List.of(
            new Target(SegmentBytesFuzzTarget.class, 400, SegmentBytesFuzzTarget::fuzzerTestOneInput),
            new Target(OperationsFuzzTarget.class, 400, OperationsFuzzTarget::fuzzerTestOneInput),
            new Target(BackupFuzzTarget.class, 1_500, BackupFuzzTarget::fuzzerTestOneInput),
            new Target(ConfigurationFuzzTarget.class, 1_500, ConfigurationFuzzTarget::fuzzerTestOneInput));

    /** As many as the least machine has processors. */
    private static final int AT_A_TIME = 2;

    private static final int LONG_PARTS = 6;

    private static final int SEED_OF_EVERY_BUILD = 20_261_128;

    @TempDir
    private Path folder;

    @Test
    void shouldPassWhenTheKeptCorpusIsRunAgain() throws IOException {
        for (Target target : TARGETS) {
            try (Stream<Path> files = Files.list(target.corpus())) {
                List<Path> inputs = files.sorted().toList();
                assertThat(inputs).isNotEmpty();
                for (Path input : inputs) {
                    try {
                        target.code().run(Files.readAllBytes(input));
                    } catch (AssertionError | RuntimeException e) {
                        throw new AssertionError(input.toString(), e);
                    }
                }
            }
        }
    }

    /** With the same seed in every build, which so fails by what it has changed; the long parts have other seeds. */
    @Test
    @Tag("slow")
    void shouldFindNothingInAMinute() throws Exception {
        fuzz(60, SEED_OF_EVERY_BUILD, folder);
    }

    /** A part is run alone, and a broken-off run taken up, with {@code -Dglobalsessions.part=N}. */
    @ParameterizedTest(name = "part {0}")
    @MethodSource("longParts")
    @Tag("long")
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void shouldFindNothingInTenMinutes(int part) throws Exception {
        int seconds = 600;
        List<Long> inputs = fuzz(seconds, part, Path.of("target", "fuzz"));
        for (int i = 0; i < TARGETS.size(); i++) {
            System.out.printf(
                    "long run: part=%d target=%s seconds=%d inputs=%d findings=0%n",
                    part, TARGETS.get(i).type().getSimpleName(), seconds, inputs.get(i));
        }
    }

    static IntStream longParts() {
        Integer only = Integer.getInteger("globalsessions.part");
        return only == null ? IntStream.rangeClosed(1, LONG_PARTS) : IntStream.of(only);
    }

    private static List<Long> fuzz(int seconds, int seed, Path found) throws Exception {
        System.out.println("seed=" + seed);
        List<Long> inputs = new ArrayList<>();
        for (int first = 0; first < TARGETS.size(); first += AT_A_TIME) {
            List<Fuzzer> fuzzers = new ArrayList<>();
            try {
                for (Target target : TARGETS.subList(first, first + AT_A_TIME)) {
                    Path corpus = found.resolve(target.type().getSimpleName()).resolve("corpus");
                    fuzzers.add(new Fuzzer(
                            target.type().getName(), target.maxLength(), seconds, seed, corpus, target.corpus()));
                }
                for (Fuzzer fuzzer : fuzzers) {
                    inputs.add(fuzzer.inputs());
                }
            } finally {
                for (Fuzzer fuzzer : fuzzers) {
                    fuzzer.close();
                }
            }
        }
        System.out.println("inputs=" + inputs);
        return inputs;
    }

    @Test
    @Tag("slow")
    void shouldFailWhenATargetHasAFaultOrJazzerDoesNotStart() throws Exception {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        String planted = PlantedFuzzTarget.class.getName();
        try (Fuzzer faulty = new Fuzzer(planted, 10, 30, 1, folder.resolve("planted"), empty);
                Fuzzer absent = new Fuzzer(planted + "IsAbsent", 10, 30, 1, folder.resolve("absent"), empty)) {
            assertThatThrownBy(faulty::inputs)
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("AssertionError: planted");
            assertThatThrownBy(absent::inputs).isInstanceOf(AssertionError.class);
        }
    }

    @Test
    void shouldFailWhenNoInputWasRun() {
        String stat = "stat::number_of_executed_units: ";
        assertThat(Fuzzer.inputs(0, "...\n" + stat + "61\n", 60, "")).isEqualTo(61);
        assertThatThrownBy(() -> Fuzzer.inputs(0, stat + "0", 60, "")).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> Fuzzer.inputs(0, "", 60, "")).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> Fuzzer.inputs(77, stat + "61", 60, "")).isInstanceOf(AssertionError.class);
    }
}
