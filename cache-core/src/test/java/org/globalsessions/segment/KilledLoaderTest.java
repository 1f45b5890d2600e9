package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.StandaloneCaches;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process killed or stopped before each line that is a step of a load: another one that misses the key loads it as soon as the
 * claim has lapsed, and takes nothing for loaded that was not stored.
 */
@Tag("slow")
class KilledLoaderTest {
    private static final String THEIRS = "of the first loader";
    private static final String MINE = "of the second loader";

    /** A claim lapses after a second; who waits looks every 5 ms, and then has to run a loader and store. */
    private static final Duration BOUND = Duration.ofMillis(1_100);

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<SteppedJvm> loaders = new ArrayList<>();

    @TempDir
    private Path folder;

    private Path file;
    private SessionCacheManager cache;

    @BeforeEach
    void open() throws Exception {
        file = folder.toRealPath().resolve("segment");
        cache = StandaloneCaches.open(SteppedOperation.standalone(file), threads);
    }

    @AfterEach
    void close() throws IOException {
        for (SteppedJvm loader : loaders) {
            loader.close();
        }
        cache.close();
        threads.shutdownNow();
    }

    /** One load that was begun elsewhere, and the one here that follows it. */
    private final class Case {
        private final StepMarker marker;
        private final String key;
        private final SteppedJvm loader;
        private final AtomicInteger runs = new AtomicInteger();
        private final SchedulerDelay delay = new SchedulerDelay();
        private CompletableFuture<byte[]> answer;
        private volatile long lostNs;
        private volatile long tookNs;

        Case(StepMarker marker, SteppedJvm loader) throws InterruptedException {
            this.marker = marker;
            this.key = "key-" + loaders.size();
            this.loader = loader;
            assertThat(loader.child().ask("open cache\t" + file)).isEqualTo("opened");
            loader.runUntil(marker, command());
        }

        private String command() {
            return "load\t" + key + "\t" + THEIRS;
        }

        /** Whether its value was visible before this line: it then is the session's, whatever became of the process. */
        private boolean isStored() {
            return marker.is("load 6");
        }

        private String expected() {
            return isStored() ? THEIRS : MINE;
        }

        void askHere() {
            delay.begin();
            long startNs = System.nanoTime();
            answer = cache.get(key, asked -> {
                        runs.incrementAndGet();
                        return MINE.getBytes(UTF_8);
                    })
                    .whenComplete((value, failure) -> {
                        lostNs = delay.controlLostNs();
                        tookNs = System.nanoTime() - startNs;
                    });
        }

        void checkAnswer() {
            assertThat(answer.orTimeout(30, TimeUnit.SECONDS).join())
                    .as("%s", marker)
                    .asString(UTF_8)
                    .isEqualTo(expected());
            assertThat(runs).as("%s", marker).hasValue(isStored() ? 0 : 1);
            assertThat(Duration.ofNanos(tookNs - lostNs))
                    .as("before %s, measured %s ms", marker, tookNs / 1_000_000)
                    .isLessThan(BOUND);
            delay.close();
        }

        void checkHere() {
            assertThat(cache.getLocal(key)).as("%s", marker).asString(UTF_8).isEqualTo(expected());
        }
    }

    /** The lines of a load that a process comes by, seen and not written here. */
    private List<StepMarker> lines() throws Exception {
        SteppedJvm traced = start();
        assertThat(traced.child().ask("open cache\t" + file)).isEqualTo("opened");
        List<StepMarker> lines = traced.trace(LayoutSteps.marked(), "load\ttraced\t" + THEIRS).stream()
                .filter(line -> line.steps().stream().anyMatch(step -> step.startsWith("load ")))
                .toList();
        assertThat(traced.child().answer()).isEqualTo(THEIRS);
        assertThat(traced.child().ask("close")).isEqualTo("closed");
        assertThat(lines.stream().flatMap(line -> line.steps().stream()).distinct())
                .containsExactlyElementsOf(LayoutSteps.documented().stream()
                        .filter(step -> step.startsWith("load "))
                        .toList());
        return lines;
    }

    private SteppedJvm start() throws IOException, InterruptedException {
        SteppedJvm loader = SteppedJvm.start();
        loaders.add(loader);
        return loader;
    }

    @Test
    void shouldLoadHereWhenTheLoadersProcessIsKilledAtAnyStep() throws Exception {
        List<Case> cases = new ArrayList<>();
        for (StepMarker line : lines()) {
            Case each = new Case(line, start());
            each.loader.child().kill();
            each.askHere();
            cases.add(each);
        }
        for (Case each : cases) {
            each.checkAnswer();
            each.checkHere();
        }
        try (SharedLru next = SharedLru.open(SteppedOperation.standalone(file))) {
            next.sweep(0, next.bucketCount());
            SegmentReport report = SegmentInspector.open(file).check();
            assertThat(report.isClean()).as(report.describe()).isTrue();
        }
    }

    @Test
    void shouldLoadHereAndKeepThatWhenTheLoadersProcessIsStoppedAtAnyStepAndGoesOn() throws Exception {
        List<Case> cases = new ArrayList<>();
        for (StepMarker line : lines()) {
            Case each = new Case(line, start());
            each.loader.child().stop();
            each.askHere();
            cases.add(each);
        }
        for (Case each : cases) {
            each.checkAnswer();
        }
        for (Case each : cases) {
            each.loader.child().goOn();
            each.loader.resume();
            // It either finds the claim lost and the value here, or stores nothing over it.
            assertThat(each.loader.child().answer()).as("%s", each.marker).isEqualTo(each.expected());
            each.checkHere();
            assertThat(each.loader.child().ask("close")).isEqualTo("closed");
        }
        cache.close();
        try (SharedLru next = SharedLru.open(SteppedOperation.standalone(file))) {
            next.sweep(0, next.bucketCount());
            SegmentWholeness.check(next);
        }
    }
}
