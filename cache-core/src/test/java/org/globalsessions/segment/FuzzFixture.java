package org.globalsessions.segment;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The tests that start Jazzer, the same for the targets of every module. */
public abstract class FuzzFixture {
    private final FuzzTargets targets;

    @TempDir
    protected Path folder;

    protected FuzzFixture(FuzzTargets.Target... targets) {
        this.targets = new FuzzTargets(targets);
    }

    @Test
    protected void shouldPassWhenTheKeptCorpusIsRunAgain() throws IOException {
        targets.runKeptCorpus();
    }

    @Test
    @Tag("slow")
    protected void shouldFindNothingInAMinute() throws Exception {
        targets.fuzzInEveryBuild(folder);
    }

    @ParameterizedTest(name = "part {0}")
    @MethodSource("org.globalsessions.segment.FuzzTargets#longParts")
    @Tag("long")
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    protected void shouldFindNothingInTenMinutes(int part) throws Exception {
        targets.fuzzLong(part);
    }
}
