package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.globalsessions.backup.BackupFuzzTarget;
import org.globalsessions.config.ConfigurationFuzzTarget;
import org.globalsessions.segment.FuzzTargets.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Inputs that Jazzer makes, for whatever reads bytes of others. */
class FuzzTest extends FuzzFixture {
    FuzzTest() {
        super(
                new Target(SegmentBytesFuzzTarget.class, 400, SegmentBytesFuzzTarget::fuzzerTestOneInput),
                new Target(OperationsFuzzTarget.class, 400, OperationsFuzzTarget::fuzzerTestOneInput),
                new Target(BackupFuzzTarget.class, 1_500, BackupFuzzTarget::fuzzerTestOneInput),
                new Target(ConfigurationFuzzTarget.class, 1_500, ConfigurationFuzzTarget::fuzzerTestOneInput));
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
