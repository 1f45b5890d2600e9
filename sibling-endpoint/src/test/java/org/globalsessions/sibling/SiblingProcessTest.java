package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.globalsessions.sibling.Entries.entry;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.globalsessions.transport.frame.PeerKind;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The sibling as a process of its own, which its parent, or a signal, ends. */
class SiblingProcessTest {
    @TempDir
    private Path folder;

    private RelayStub relay;
    private Process process;

    @BeforeEach
    void startRelay() throws IOException {
        relay = new RelayStub(folder);
    }

    @AfterEach
    void closeAll() throws Exception {
        if (process != null) {
            process.destroyForcibly().waitFor();
        }
        relay.close();
    }

    @Test
    void shouldEndWithinASecondWhenItsStandardInputEnds() throws Exception {
        startSibling(0);
        await().until(() -> relay.hellos().size() == 1);

        long beginNs = System.nanoTime();
        process.getOutputStream().close();
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(Duration.ofNanos(System.nanoTime() - beginNs)).isLessThan(Duration.ofSeconds(1));
        assertThat(process.exitValue()).isZero();
    }

    @Test
    void shouldLoseNothingWhenItIsKilledAndStartedAgain() throws Exception {
        int port = startSibling(0);
        await().until(() -> relay.hellos().size() == 1);
        try (ReliefStub aging = new ReliefStub(relay.segment(), port, PeerKind.AGING, 1, Entries.PATH)) {
            await().until(aging::isWelcome);
            assertThat(relay.ask(id -> new SessionBackupFrame(id, entry("a", 10))))
                    .isInstanceOf(SessionReceivedFrame.class);

            process.destroyForcibly().waitFor();
            startSibling(port);
            await().until(() -> relay.hellos().size() == 2);
            await().until(aging::isWelcome);
            assertThat(relay.question("a").entry().value())
                    .isEqualTo(entry("a", 10).value());
            assertThat(relay.question("never there").status()).isEqualTo(Status.MISSING);
        }
    }

    private int startSibling(int port) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        // The flags of this JVM that Agrona needs; they differ between versions.
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--"))
                .forEach(command::add);
        command.add("-cp");
        command.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
        command.add(SiblingMain.class.getName());
        command.add(folder.toString());
        command.add(Integer.toString(port));
        File log = Files.createTempFile(folder, "sibling", ".log").toFile();
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.to(log))
                .start();
        BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = output.readLine();
        assertThat(line)
                .as("output of the sibling, see its log: %s", Files.readString(log.toPath()))
                .startsWith("port ");
        return Integer.parseInt(line.substring("port ".length()));
    }
}
