package org.globalsessions.transport.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.globalsessions.transport.Right;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.globalsessions.transport.tls.KeyFolder;
import org.globalsessions.transport.tls.TlsSettings;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Another implementation of TLS at the other end, and keys as its tools make them. */
class OpensslTest extends SocketFixture {
    private final RecordingHandler server = new RecordingHandler(welcomeThen((connection, frame) -> {}));
    private final RecordingHandler client = new RecordingHandler();

    @TempDir
    private Path folder;

    @BeforeAll
    static void needOpenssl() throws Exception {
        boolean found;
        try {
            Process version = new ProcessBuilder("openssl", "version").start();
            found = version.waitFor(30, TimeUnit.SECONDS) && version.exitValue() == 0;
        } catch (IOException e) {
            found = false;
        }
        assumeTrue(found, "no command openssl on the PATH: its implementation of TLS is not tried");
    }

    @ParameterizedTest
    @CsvSource({"secp384r1, bcjsse", "secp384r1, jdk", "prime256v1, bcjsse", "secp521r1, bcjsse"})
    void shouldConnectWhenKeysAndSelfSignedCertificatesAreOpenssls(String curve, String provider) throws Exception {
        for (String side : List.of("server", "client")) {
            openssl("ecparam", "-name", curve, "-genkey", "-out", side + ".key");
            assertThat(folder.resolve(side + ".key")).content().contains("EC PARAMETERS", "EC PRIVATE KEY");
            Files.setPosixFilePermissions(folder.resolve(side + ".key"), PosixFilePermissions.fromString("rw-------"));
            openssl(
                    "req",
                    "-new",
                    "-x509",
                    "-key",
                    side + ".key",
                    "-out",
                    side + ".crt",
                    "-days",
                    "2",
                    "-subj",
                    "/CN=" + (side.equals("server") ? "localhost" : "client"));
        }

        assertConnects(provider);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bcjsse", "jdk"})
    void shouldReadOpensslsEncryptedAndRsaAndEd25519Keys(String provider) throws Exception {
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "plain.key");
        openssl("pkcs8", "-topk8", "-in", "plain.key", "-out", "server.key", "-passout", "pass:planted");
        openssl(
                "req",
                "-new",
                "-x509",
                "-key",
                "plain.key",
                "-out",
                "server.crt",
                "-days",
                "2",
                "-subj",
                "/CN=localhost");
        openssl("genpkey", "-algorithm", "ED25519", "-out", "client.key");
        openssl(
                "req",
                "-new",
                "-x509",
                "-key",
                "client.key",
                "-out",
                "client.crt",
                "-days",
                "2",
                "-subj",
                "/CN=client");
        for (String key : List.of("server.key", "client.key")) {
            Files.setPosixFilePermissions(folder.resolve(key), PosixFilePermissions.fromString("rw-------"));
        }

        assertConnects(provider + ", key_password : planted");
    }

    private void assertConnects(String provider) throws IOException {
        String files = "server_key : \"F/server.key\", server_cert : \"F/server.crt\", client_key : \"F/client.key\","
                        .replace("F", folder.toString())
                + " client_cert : \"" + folder + "/client.crt\", provider : " + provider;
        Listener listener = listen(PipelineSecurity.of(TlsSettings.ofListener(ConfigFactory.parseString(files))));
        connect(listener.port(), PipelineSecurity.of(TlsSettings.ofConnector(ConfigFactory.parseString(files))));
        await().until(() -> !client.frames.isEmpty() || !client.connectFailures.isEmpty());
        assertThat(client.connectFailures).isEmpty();
        assertThat(client.frames.get(0)).isInstanceOf(WelcomeFrame.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bcjsse", "jdk"})
    void shouldWelcomeOpensslsClientAndRefuseItWithoutCertificateOrWithAnOlderVersion(String provider)
            throws Exception {
        KeyFolder keys = new KeyFolder(folder);
        int port = listen(PipelineSecurity.of(keys.listener("provider : " + provider)))
                .port();
        List<String> options = List.of(
                "s_client",
                "-connect",
                "127.0.0.1:" + port,
                "-CAfile",
                "ca.crt",
                "-verify_return_error",
                "-verify_hostname",
                "localhost",
                "-quiet");

        Process welcomed = start(options, "-tls1_3", "-cert", "client.crt", "-key", "client.key");
        welcomed.getOutputStream().write(bytesOf(hello()));
        welcomed.getOutputStream().flush();
        assertThat(readFrame(welcomed.getInputStream())).isInstanceOf(WelcomeFrame.class);

        start(options, "-tls1_3").waitFor(30, TimeUnit.SECONDS);
        await().until(() -> server.refused.size() == 1);
        assertThat(start(options, "-tls1_2", "-cert", "client.crt", "-key", "client.key")
                        .waitFor())
                .isNotZero();
        await().until(() -> server.refused.size() == 2);
        assertThat(server.opened).hasSize(1);
        assertThat(server.failures).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bcjsse", "jdk"})
    void shouldSayHelloToOpensslsServer(String provider) throws Exception {
        KeyFolder keys = new KeyFolder(folder);
        int port = freePort();
        Process other = start(
                List.of(
                        "s_server",
                        "-accept",
                        "127.0.0.1:" + port,
                        "-tls1_3",
                        "-key",
                        "server.key",
                        "-cert",
                        "server.crt"),
                "-CAfile",
                "ca.crt",
                "-Verify",
                "1",
                "-verify_return_error",
                "-quiet");
        connect(port, PipelineSecurity.of(keys.connector("provider : " + provider)));

        assertThat(readFrame(other.getInputStream())).isInstanceOf(HelloFrame.class);
        other.getOutputStream().write(bytesOf(new WelcomeFrame(1, 1, 1, 0, 0, FrameCodec.MAX_FRAME, Right.ALL, 0)));
        other.getOutputStream().flush();
        await().until(() -> !client.frames.isEmpty());
        assertThat(client.frames.get(0)).isInstanceOf(WelcomeFrame.class);
    }

    @Test
    void shouldRefuseOpensslsServerOfAnotherAuthority() throws Exception {
        KeyFolder keys = new KeyFolder(folder);
        KeyFolder others = new KeyFolder(folder.resolve("others"));
        int port = freePort();
        start(
                List.of("s_server", "-accept", "127.0.0.1:" + port, "-tls1_3", "-quiet"),
                "-key",
                others.file("server.key").toString(),
                "-cert",
                others.file("server.crt").toString());
        connect(port, PipelineSecurity.of(keys.connector("")));

        await().until(() -> !client.refused.isEmpty());
        assertThat(client.refused.get(0)).contains("certificate refused: subject=CN=server");
        assertThat(client.frames).isEmpty();
    }

    private Listener listen(PipelineSecurity security) throws IOException {
        return listen(LOOPBACK, LinkSettings.DEFAULTS, security, server);
    }

    private void connect(int port, PipelineSecurity security) {
        connect(PeerAddress.tcp("localhost", port), LinkSettings.DEFAULTS, security, client);
    }

    private void openssl(String... arguments) throws Exception {
        Process process = start(List.of(arguments));
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(String.join(" ", arguments)).isZero();
    }

    private Process start(List<String> arguments, String... more) throws IOException {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(arguments);
        command.addAll(List.of(more));
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        toClose(() -> process.destroyForcibly().waitFor());
        return process;
    }

    private static Frame readFrame(InputStream in) throws Exception {
        byte[] length = in.readNBytes(4);
        assertThat(length).hasSize(4);
        ByteBuffer frame =
                ByteBuffer.allocate(Integer.reverseBytes(ByteBuffer.wrap(length).getInt()));
        frame.put(length).put(in.readNBytes(frame.remaining())).flip();
        return FrameCodec.decode(frame);
    }

    private static byte[] bytesOf(Frame frame) {
        ByteBuffer buffer = ByteBuffer.allocate(FrameCodec.encodedLength(frame));
        FrameCodec.encode(frame, buffer);
        return buffer.array();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
