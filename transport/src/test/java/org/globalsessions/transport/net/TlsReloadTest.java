package org.globalsessions.transport.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.Certificate;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.globalsessions.transport.tls.CertificateAuthority;
import org.globalsessions.transport.tls.KeyFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** New keys and certificates count from a next handshake on, without a restart; bad ones never do. */
class TlsReloadTest extends SocketFixture {
    private final RecordingHandler server = new RecordingHandler(welcomeThen((connection, frame) -> {}));
    private final RecordingHandler client = new RecordingHandler();

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"bcjsse", "jdk"})
    void shouldShowTheNewCertificateAndKeepConnectionsWhenFilesWereReplaced(String provider) throws Exception {
        KeyFolder keys = new KeyFolder(folder);
        int port = listen(keys, provider);
        connect(port, keys);
        awaitWelcomes(client, 1);
        Certificate old = shown(port, keys.issuedClient());

        CertificateAuthority.Issued renewed = keys.issuedServer();
        keys.write("server.key", renewed.keyPem());
        keys.write("server.crt", renewed.certificatePem());

        await().until(() ->
                shown(port, keys.issuedClient()).equals(renewed.chain().get(0)));
        assertThat(old).isNotEqualTo(renewed.chain().get(0));
        assertThat(server.reloads).last().asString().startsWith("true new keys");
        assertThat(client.closed).isEmpty();
    }

    @Test
    void shouldKeepTheLastGoodOnesWhenNewFilesAreHalfWritten() throws Exception {
        KeyFolder keys = new KeyFolder(folder);
        int port = listen(keys, "bcjsse");
        Certificate good = shown(port, keys.issuedClient());
        CertificateAuthority.Issued renewed = keys.issuedServer();

        // First the new key beside the old certificate, then half of the certificate, then all of it.
        keys.write("server.key", renewed.keyPem());
        awaitReload(port, keys, good, "false tls: key and certificate do not belong together");
        String certificate = renewed.certificatePem();
        Files.writeString(keys.file("server.crt"), certificate.substring(0, 300));
        awaitReload(port, keys, good, "false tls.server_cert: ");
        int failed = server.reloads.size();
        assertThat(shown(port, keys.issuedClient())).isEqualTo(good);
        Files.writeString(keys.file("server.crt"), certificate);

        await().until(() ->
                shown(port, keys.issuedClient()).equals(renewed.chain().get(0)));
        // What was bad is told once, not at each handshake.
        assertThat(server.reloads).hasSize(failed + 1).last().asString().startsWith("true");
    }

    private void awaitReload(int port, KeyFolder keys, Certificate stillShown, String told) {
        await().until(() -> {
            assertThat(shown(port, keys.issuedClient())).isEqualTo(stillShown);
            return server.reloads.stream().anyMatch(reload -> reload.startsWith(told));
        });
    }

    @Test
    void shouldTrustTheNewAuthorityAloneWhenTheFileOfTheTrustedWasReplaced() throws Exception {
        KeyFolder keys = new KeyFolder(folder.resolve("ours"));
        KeyFolder others = new KeyFolder(folder.resolve("others"));
        int port = listen(keys, "bcjsse");
        shown(port, keys.issuedClient());

        keys.write("ca.crt", Files.readString(others.file("ca.crt")));

        await().until(() -> {
            try {
                shown(port, keys.issuedClient());
            } catch (IOException e) {
                // The refusal may end the connection while the client sends the last of its handshake.
                assertThat(e).isInstanceOfAny(SSLException.class, SocketException.class);
            }
            return server.refused.stream().anyMatch(reason -> reason.contains("certificate refused"));
        });
        others.write("ca.crt", keys.authorityPem());
        connect(port, others);
        awaitWelcomes(client, 1);
    }

    @Test
    void shouldComeBackWithTheNewCertificateWhenAClientsFilesWereReplaced() throws Exception {
        KeyFolder keys = new KeyFolder(folder.resolve("ours"));
        KeyFolder others = new KeyFolder(folder.resolve("others"));
        others.write("ca.crt", keys.authorityPem());
        int port = listen(keys, "bcjsse");
        connect(port, others);
        await().until(() -> !client.connectFailures.isEmpty());

        CertificateAuthority.Issued trusted = keys.issuedClient();
        others.write("client.crt", trusted.certificatePem());
        others.write("client.key", trusted.keyPem());

        awaitWelcomes(client, 1);
        assertThat(client.reloads).last().asString().startsWith("true");
    }

    private static void awaitWelcomes(RecordingHandler handler, int count) {
        await().until(() -> handler.frames.stream()
                        .filter(frame -> frame instanceof WelcomeFrame)
                        .count()
                == count);
    }

    /** The certificate that the listener shows in one more handshake. */
    private static Certificate shown(int port, CertificateAuthority.Issued own) throws Exception {
        try (SSLSocket socket =
                (SSLSocket) TlsTest.jdkContext(own).getSocketFactory().createSocket(LOOPBACK, port)) {
            socket.startHandshake();
            return socket.getSession().getPeerCertificates()[0];
        }
    }

    private int listen(KeyFolder keys, String provider) throws IOException {
        PipelineSecurity security = PipelineSecurity.of(keys.listener("provider : " + provider));
        return listen(LOOPBACK, LinkSettings.DEFAULTS, security, server).port();
    }

    private void connect(int port, KeyFolder keys) {
        PipelineSecurity security = PipelineSecurity.of(keys.connector(""));
        connect(PeerAddress.tcp(LOOPBACK, port), LinkSettings.DEFAULTS, security, client);
    }
}
