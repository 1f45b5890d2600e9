package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The client of {@code samples/javascript}, written from {@code PROTOCOL.md} alone, against a relay as an operator starts it. */
@Tag("slow")
class JavaScriptClientIT {
    private static final Path SAMPLE =
            Path.of("..", "samples", "javascript").toAbsolutePath().normalize();

    @TempDir
    private Path folder;

    @BeforeAll
    static void requireNode() {
        boolean found = Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
                .anyMatch(each -> Files.isExecutable(Path.of(each, "node")));
        // CI installs it; without it there the sample would rot unseen.
        assumeTrue(found || System.getenv("CI") != null, "no node on the PATH: the JavaScript client is not tried");
    }

    @Test
    void shouldGiveTheDigestsOfTheProtocolsPage() throws Exception {
        assertThat(node("--test", SAMPLE)).contains("# fail 0").contains("# pass 5");
    }

    @Test
    void shouldSetGetSubscribeAndDeleteWhenARelayRuns() throws Exception {
        tryAt(freePort(), "");
    }

    @Test
    void shouldSetGetSubscribeAndDeleteOverTls() throws Exception {
        Path keys = folder.resolve("keys");
        assertThat(CommandRun.of("keygen", keys).exit()).isZero();
        String tls = """
                tls { server_key : "%1$s/server.key", server_cert : "%1$s/server.crt", client_cert : "%1$s/client.crt" }
                """.formatted(keys);
        tryAt(
                freePort(),
                tls,
                "--host",
                "localhost",
                "--ca",
                keys.resolve("server.crt"),
                "--cert",
                keys.resolve("client.crt"),
                "--key",
                keys.resolve("client.key"));
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    private void tryAt(int port, String tls, Object... options) throws Exception {
        Path config = Files.writeString(folder.resolve("relay.conf"), """
                edge_supported_relay : true
                auth_path : "sessions"
                address : "localhost"
                port : %d
                max_stale : 1s
                path_types { sessions { relay {}, cache { segment_dir : "%s", el_count : 500 } } }
                """.formatted(port, folder) + tls);
        try (LaunchedProcess relay = LaunchedProcess.start(folder, config)) {
            relay.awaitRunning();
            List<Object> arguments =
                    new ArrayList<>(List.of(SAMPLE.resolve("example.mjs"), "--path", "sessions", "--port", port));
            arguments.addAll(List.of(options));
            assertThat(node(arguments.toArray())).isEqualTo("""
                    set: stored
                    announced: user=7
                    get: user=7
                    delete: held true
                    announced: deleted true
                    get: null
                    set again: stored
                    get: user=8
                    save over what was read: stored
                    the same again: condition failed
                    create: condition failed
                    get: user=9
                    """);
            assertThat(node(
                            everywhere(),
                            port,
                            options.length == 0 ? "plain" : options[3],
                            options.length == 0 ? "" : options[5],
                            options.length == 0 ? "" : options[7]))
                    .isEqualTo("deleted everywhere: held true\n");
            assertThat(relay.terminate()).as(relay.err()).isZero();
        }
    }

    private Path everywhere() throws IOException {
        return Files.writeString(folder.resolve("everywhere.mjs"), """
                import { readFileSync } from 'node:fs';
                import { SessionClient } from '%s';
                const [port, ca, cert, key] = process.argv.slice(2);
                const files = { ca, cert, key };
                const tls = ca === 'plain' ? undefined : { servername: 'localhost',
                    ...Object.fromEntries(Object.entries(files).map(([name, file]) => [name, readFileSync(file)])) };
                const client = await SessionClient.connect({ path: 'sessions', host: 'localhost', port, tls });
                await client.set('user', 'here');
                console.log('deleted everywhere: held', await client.delete('user', { ack: 'everywhere' }));
                client.close();
                """.formatted(
                        SAMPLE.resolve("global-sessions.mjs").toAbsolutePath().toUri()));
    }

    private String node(Object... args) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("node"));
        for (Object arg : args) {
            command.add(arg.toString());
        }
        Path out = Files.createTempFile(folder, "node", ".out");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS))
                    .as(Files.readString(out))
                    .isTrue();
            assertThat(process.exitValue()).as(Files.readString(out)).isZero();
        } finally {
            process.destroyForcibly();
        }
        return Files.readString(out);
    }
}
