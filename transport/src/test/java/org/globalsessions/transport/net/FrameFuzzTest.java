package org.globalsessions.transport.net;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.globalsessions.segment.FuzzTargets;
import org.globalsessions.segment.FuzzTargets.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Inputs that Jazzer makes, for what reads the bytes of peers. */
class FrameFuzzTest {
    private static final FuzzTargets TARGETS = new FuzzTargets(
            new Target(FrameDecoderFuzzTarget.class, 1_500, FrameDecoderFuzzTarget::fuzzerTestOneInput));

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
}
