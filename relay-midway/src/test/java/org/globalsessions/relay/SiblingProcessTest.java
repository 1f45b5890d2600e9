package org.globalsessions.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SiblingProcessTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @TempDir
    Path folder;

    private Path log() {
        return folder.resolve("sibling.log");
    }

    private static SiblingProcess.Pauses shortPauses() {
        return new SiblingProcess.Pauses(Duration.ofMillis(10), Duration.ofMillis(80), Duration.ofSeconds(30));
    }

    @Test
    void shouldEndTheChildWhenItsPipeIsClosed() throws IOException {
        SiblingProcess sibling =
                new SiblingProcess.Builder(List.of("cat")).log(log()).start();
        ProcessHandle child = ProcessHandle.of(sibling.pid()).orElseThrow();
        assertThat(child.isAlive()).isTrue();
        sibling.close();
        assertThat(child.isAlive()).isFalse();
    }

    @Test
    void shouldEndTheChildByForceWhenItIgnoresItsPipe() throws IOException {
        SiblingProcess sibling =
                new SiblingProcess.Builder(List.of("sleep", "600")).log(log()).start();
        ProcessHandle child = ProcessHandle.of(sibling.pid()).orElseThrow();
        sibling.close();
        await().atMost(LIMIT).until(() -> !child.isAlive());
    }

    @Test
    void shouldStartAgainWhenTheChildIsKilled() throws IOException {
        AtomicInteger deaths = new AtomicInteger();
        AtomicInteger restarts = new AtomicInteger();
        try (SiblingProcess sibling = new SiblingProcess.Builder(List.of("cat"))
                .log(log())
                .pauses(shortPauses())
                .onDeath(deaths::incrementAndGet)
                .onRestart(restarts::incrementAndGet)
                .start()) {
            long first = sibling.pid();
            Optional<ProcessHandle> child = ProcessHandle.of(first);
            child.orElseThrow().destroyForcibly();
            await().atMost(LIMIT).until(() -> sibling.pid() != first);
            assertThat(ProcessHandle.of(sibling.pid()).orElseThrow().isAlive()).isTrue();
            assertThat(deaths).hasValue(1);
            assertThat(restarts).hasValue(1);
        }
    }

    @Test
    void shouldAppendToTheLogWhenTheChildWrites() throws IOException {
        Files.writeString(log(), "before\n");
        AtomicInteger restarts = new AtomicInteger();
        try (SiblingProcess sibling = new SiblingProcess.Builder(List.of("sh", "-c", "echo out; echo err >&2; exit 3"))
                .log(log())
                .pauses(shortPauses())
                .onRestart(restarts::incrementAndGet)
                .start()) {
            assertThat(sibling.pid()).isPositive();
            await().atMost(LIMIT).until(() -> restarts.get() >= 2);
        }
        assertThat(Files.readString(log())).startsWith("before\nout\nerr\nout\nerr\n");
    }

    @Test
    void shouldRefuseWhenTheCommandDoesNotExist() {
        assertThatThrownBy(() -> new SiblingProcess.Builder(List.of("/no/such/command")).start())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("proc_name=[/no/such/command]");
    }

    @Test
    void shouldGrowThePausesWhenTheChildKeepsDying() {
        SiblingProcess.Pauses pauses =
                new SiblingProcess.Pauses(Duration.ofMillis(200), Duration.ofSeconds(5), Duration.ofSeconds(30));
        assertThat(pauses.nextMs(0)).isEqualTo(200);
        assertThat(pauses.nextMs(0)).isEqualTo(400);
        assertThat(pauses.nextMs(10)).isEqualTo(800);
        assertThat(pauses.nextMs(10)).isEqualTo(1600);
        assertThat(pauses.nextMs(10)).isEqualTo(3200);
        assertThat(pauses.nextMs(10)).isEqualTo(5000);
        assertThat(pauses.nextMs(10)).isEqualTo(5000);
        assertThat(pauses.nextMs(30_000)).isEqualTo(200);
    }

    @Test
    void shouldTakeOurOwnLauncherWhenTheFirstWordIsItsName() {
        assertThat(SiblingCommand.resolve(List.of("other", "a"))).containsExactly("other", "a");
        String before = System.getProperty(SiblingCommand.LAUNCHER_PROPERTY);
        try {
            System.setProperty(SiblingCommand.LAUNCHER_PROPERTY, "/opt/gs/bin/global-sessions");
            assertThat(SiblingCommand.resolve(List.of("global-sessions", "sibling.conf")))
                    .containsExactly("/opt/gs/bin/global-sessions", "sibling.conf");
            System.clearProperty(SiblingCommand.LAUNCHER_PROPERTY);
            assertThat(SiblingCommand.resolve(List.of("global-sessions", "sibling.conf")))
                    .startsWith(Path.of(System.getProperty("java.home"), "bin", "java")
                            .toString())
                    .containsSequence("-cp", System.getProperty("java.class.path"))
                    .endsWith("org.globalsessions.cli.GlobalSessions", "sibling.conf")
                    .anyMatch(argument -> argument.startsWith("--add-opens"));
        } finally {
            if (before == null) {
                System.clearProperty(SiblingCommand.LAUNCHER_PROPERTY);
            } else {
                System.setProperty(SiblingCommand.LAUNCHER_PROPERTY, before);
            }
        }
    }
}
