package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.globalsessions.backup.BackupFuzzTarget;
import org.globalsessions.config.ConfigurationFuzzTarget;
import org.globalsessions.segment.FuzzTargets.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Inputs that Jazzer makes, for whatever reads bytes of others. */
class FuzzTest {
    private static final FuzzTargets TARGETS = new FuzzTargets(
            new Target(SegmentBytesFuzzTarget.class, 400, SegmentBytesFuzzTarget::fuzzerTestOneInput),
            new Target(OperationsFuzzTarget.class, 400, OperationsFuzzTarget::fuzzerTestOneInput),
            new Target(BackupFuzzTarget.class, 1_500, BackupFuzzTarget::fuzzerTestOneInput),
            new Target(ConfigurationFuzzTarget.class, 1_500, ConfigurationFuzzTarget::fuzzerTestOneInput));

    @TempDir
    private Path folder;

    @Test
    void shouldPassWhenTheKeptCorpusIsRunAgain() throws IOException {
        TARGETS.runKeptCorpus();
    }

    @Test
    @Tag("slow")
    void shouldFindNothingInAMinute() throws Exception {
        TARGETS.fuzzInEveryBuild(folder);
    }

    @ParameterizedTest(name = "part {0}")
    @MethodSource("org.globalsessions.segment.FuzzTargets#longParts")
    @Tag("long")
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void shouldFindNothingInTenMinutes(int part) throws Exception {
        TARGETS.fuzzLong(part);
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
