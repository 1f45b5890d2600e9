package org.globalsessions.transport.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.Provider;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.globalsessions.transport.tls.CertificateAuthority;
import org.globalsessions.transport.tls.KeyFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Real handshakes over real sockets. */
class TlsTest extends SocketFixture {
    private static final LinkSettings IMPATIENT = new LinkSettings(
            Duration.ofSeconds(5),
            Duration.ofSeconds(15),
            Duration.ofMillis(200),
            Duration.ofSeconds(10),
            64 << 10,
            256 << 10);

    private volatile boolean isEcho = true;
    private final RecordingHandler server = new RecordingHandler(welcomeThen((connection, frame) -> {
        if (isEcho) {
            connection.send(frame);
        }
    }));
    private final RecordingHandler client = new RecordingHandler();

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"bcjsse, bcjsse", "jdk, jdk", "bcjsse, jdk", "jdk, bcjsse"})
    void shouldCarryFramesInOrderWhenSidesTrustEachOther(String serverProvider, String clientProvider)
            throws Exception {
        Provider[] registered = Security.getProviders();
        KeyFolder keys = new KeyFolder(folder);
        Listener listener = listen(PipelineSecurity.of(keys.listener("provider : " + serverProvider)));
        Connector connector = connect(
                "localhost", listener.port(), PipelineSecurity.of(keys.connector("provider : " + clientProvider)));
        awaitWelcome();

        int frames = 2_000;
        for (int i = 1; i <= frames; i++) {
            assertThat(connector.connection().send(new NeedSessionFrame(i, new byte[1 + i % 100])))
                    .isTrue();
        }

        await().until(() -> client.frames.size() == frames + 1);
        for (int i = 1; i <= frames; i++) {
            assertThat(client.frames.get(i).correlationId()).isEqualTo(i);
        }
        assertUnharmed();
        assertThat(Security.getProviders()).isEqualTo(registered);
    }

    @Test
    void shouldDeliverWhatWasSentBeforeWhenClosing() throws Exception {
        // Whoever closes with something unread resets the connection, which is nothing of TLS.
        isEcho = false;
        KeyFolder keys = new KeyFolder(folder);
        Listener listener = listen(PipelineSecurity.of(keys.listener("")));
        Connector connector = connect("127.0.0.1", listener.port(), PipelineSecurity.of(keys.connector("")));
        awaitWelcome();
        for (int i = 1; i <= 500; i++) {
            connector.connection().send(new NeedSessionFrame(i, new byte[500]));
        }

        connector.close();

        await().until(() -> server.closed.size() == 1);
        assertThat(server.frames).hasSize(501);
        assertUnharmed();
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "127.0.0.1", "::1"})
    void shouldConnectWhenCertificateIsForTheConfiguredHost(String host) throws Exception {
        KeyFolder keys = new KeyFolder(folder).server(List.of(host));
        Listener listener = listen(host, LinkSettings.DEFAULTS, PipelineSecurity.of(keys.listener("")));

        connect(host, listener.port(), PipelineSecurity.of(keys.connector("")));

        awaitWelcome();
        assertUnharmed();
    }

    @ParameterizedTest
    @CsvSource({
        "localhost, 127.0.0.1, bcjsse",
        "127.0.0.1, localhost, bcjsse",
        "other.example, localhost, bcjsse",
        "127.0.0.2, 127.0.0.1, bcjsse",
        "other.example, localhost, jdk"
    })
    void shouldRefuseServerWhenItsCertificateIsForAnotherHost(String named, String host, String provider)
            throws Exception {
        KeyFolder keys = new KeyFolder(folder).server(List.of(named));
        Listener listener = listen(PipelineSecurity.of(keys.listener("")));

        connect(host, listener.port(), PipelineSecurity.of(keys.connector("provider : " + provider)));

        await().until(() -> !client.connectFailures.isEmpty() && !server.refused.isEmpty());
        assertThat(client.refused.get(0)).contains("certificate refused: subject=CN=server", host);
        assertThat(client.connectFailures.get(0)).contains(client.refused.get(0));
        assertThat(server.refused.get(0)).startsWith("TLS: ").contains("certificate");
        assertThat(server.opened).isEmpty();
        assertThat(client.frames).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bcjsse", "jdk"})
    void shouldLetClientInWhenItsOwnCertificateIsTrustedAndItsIssuerIsNot(String provider) throws Exception {
        KeyFolder keys = new KeyFolder(folder);
        String all = java.nio.file.Files.readString(keys.file("client.crt"));
        String end = "-----END CERTIFICATE-----\n";
        String authority = keys.authorityPem();
        keys.write("ca.crt", all.substring(0, all.indexOf(end) + end.length()));
        Listener listener = listen(PipelineSecurity.of(keys.listener("provider : " + provider)));
        keys.write("ca.crt", authority);

        connect("localhost", listener.port(), PipelineSecurity.of(keys.connector("provider : " + provider)));

        awaitWelcome();
        assertUnharmed();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bcjsse", "jdk"})
    void shouldTellBothSidesWhenClientIsOfAnotherAuthority(String provider) throws Exception {
        KeyFolder keys = new KeyFolder(folder.resolve("ours"));
        KeyFolder others = new KeyFolder(folder.resolve("others")).client("stranger");
        others.write("ca.crt", java.nio.file.Files.readString(keys.file("ca.crt")));
        Listener listener = listen(PipelineSecurity.of(keys.listener("provider : " + provider)));

        connect("localhost", listener.port(), PipelineSecurity.of(others.connector("provider : " + provider)));

        await().until(() -> !client.connectFailures.isEmpty() && !server.refused.isEmpty());
        assertThat(server.refused.get(0))
                .contains("certificate refused: subject=CN=stranger", "issuer=CN=test authority", "ca.crt");
        assertThat(client.refused.get(0)).startsWith("TLS: ").contains("certificate_unknown");
        assertThat(server.opened).isEmpty();
        assertThat(server.failures).isEmpty();
        assertThat(client.failures).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bcjsse", "jdk"})
    void shouldRefuseClientWhenItShowsNoCertificate(String provider) throws Exception {
        KeyFolder keys = new KeyFolder(folder);
        Listener listener = listen(PipelineSecurity.of(keys.listener("provider : " + provider)));

        assertThat(refusal(jdkContext(null), listener.port()))
                .isInstanceOf(SSLException.class)
                .hasMessageMatching(".*(certificate_required|bad_certificate|handshake_failure).*");

        await().until(() -> !server.refused.isEmpty());
        assertThat(server.refused.get(0)).matches("TLS: .*(certificate_required|Empty client certificate chain).*");
        assertThat(server.opened).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bcjsse", "jdk"})
    void shouldRefuseWhenClientSpeaksOnlyAnOlderVersion(String provider) throws Exception {
        KeyFolder keys = new KeyFolder(folder);
        Listener listener = listen(PipelineSecurity.of(keys.listener("provider : " + provider)));

        try (SSLSocket socket =
                (SSLSocket) jdkContext(null).getSocketFactory().createSocket("localhost", listener.port())) {
            socket.setEnabledProtocols(new String[] {"TLSv1.2"});
            assertThatThrownBy(socket::startHandshake)
                    .isInstanceOf(SSLException.class)
                    .hasMessageContaining("protocol_version");
        }

        await().until(() -> !server.refused.isEmpty());
        assertThat(server.refused.get(0)).matches("TLS: .*(protocol_version|TLSv1.2).*");
    }

    @Test
    void shouldRefuseServerWhenItSpeaksOnlyAnOlderVersion() throws Exception {
        KeyFolder keys = new KeyFolder(folder);
        int port = jdkServer(keys.issuedServer(), "TLSv1.2");

        connect("localhost", port, PipelineSecurity.of(keys.connector("")));

        await().until(() -> !client.connectFailures.isEmpty());
        assertThat(client.connectFailures.get(0)).contains("TLS: ", "protocol_version");
    }

    @Test
    void shouldRefuseClientWhenItsCertificateHasExpired() throws Exception {
        KeyFolder keys = new KeyFolder(folder);
        Listener listener = listen(PipelineSecurity.of(keys.listener("")));

        assertThat(refusal(jdkContext(keys.expiredClient()), listener.port()))
                .isInstanceOf(SSLException.class)
                .hasMessageContaining("certificate_");

        await().until(() -> !server.refused.isEmpty());
        assertThat(server.refused.get(0)).contains("CertificateExpiredException", "has expired", "subject=CN=client");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bcjsse", "jdk"})
    void shouldRefuseServerWhenItsCertificateHasExpiredThoughTheFileOfTheTrustedHasIt(String provider)
            throws Exception {
        KeyFolder keys = new KeyFolder(folder);
        CertificateAuthority.Issued expired = keys.expiredServer();
        keys.write("ca.crt", expired.certificatePem());
        int port = jdkServer(expired, "TLSv1.3");

        connect("localhost", port, PipelineSecurity.of(keys.connector("provider : " + provider)));

        await().until(() -> !client.connectFailures.isEmpty());
        assertThat(client.connectFailures.get(0)).contains("CertificateExpiredException", "has expired");
    }

    @Test
    void shouldTellPlainPeerInTheClearWhenThePortSpeaksTls() throws Exception {
        Listener listener = listen(PipelineSecurity.of(new KeyFolder(folder).listener("")));

        connect("localhost", listener.port(), PipelineSecurity.plain());

        await().until(() -> !client.connectFailures.isEmpty() && !server.refused.isEmpty());
        assertThat(client.connectFailures.get(0))
                .contains("this port speaks TLS 1.3 alone: give the connection a tls section");
        assertThat(server.refused.get(0)).contains("looks like the plain protocol of global-sessions");
        assertThat(server.opened).isEmpty();
        assertThat(server.failures).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET /planted-secret HTTP/1.1\r\n\r\n", "planted-secret planted-secret"})
    void shouldCloseAndShowNothingOfItWhenOtherBytesArrive(String sent) throws Exception {
        Listener listener = listen(PipelineSecurity.of(new KeyFolder(folder).listener("")));

        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), listener.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(sent.getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1))
                    .contains("this port speaks TLS");
        }

        await().until(() -> !server.refused.isEmpty());
        assertThat(server.refused)
                .singleElement()
                .asString()
                .contains("this port speaks TLS")
                .doesNotContain("planted");
    }

    @Test
    void shouldSayWhyWhenTheOtherSideIsPlain() throws Exception {
        Listener listener = listen(PipelineSecurity.plain());

        connect("localhost", listener.port(), PipelineSecurity.of(new KeyFolder(folder).connector("")));

        await().until(() -> !client.connectFailures.isEmpty() && !server.badFrames.isEmpty());
        assertThat(client.connectFailures.get(0)).contains("the other side does not speak TLS");
        assertThat(server.badFrames.get(0)).contains("looks like TLS, but this port speaks the plain protocol");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 5})
    void shouldCloseWhenTheHandshakeDoesNotEndInTime(int bytes) throws Exception {
        Listener listener = listen("localhost", IMPATIENT, PipelineSecurity.of(new KeyFolder(folder).listener("")));

        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), listener.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(new byte[] {22, 3, 1, 1, 0}, 0, bytes);
            assertThat(socket.getInputStream().readAllBytes().length).isLessThan(100);
        }

        await().until(() -> !server.refused.isEmpty());
        assertThat(server.refused.get(0)).contains("handshake timed out after 200ms");
        assertThat(server.opened).isEmpty();
    }

    @Test
    void shouldSayNothingWhenAPeerComesAndGoesWithoutAWord() throws Exception {
        Listener listener = listen(PipelineSecurity.of(new KeyFolder(folder).listener("")));
        new Socket(InetAddress.getLoopbackAddress(), listener.port()).close();

        connect("localhost", listener.port(), PipelineSecurity.of(new KeyFolder(folder.resolve("b")).connector("")));

        await().until(() -> !client.connectFailures.isEmpty() && !server.refused.isEmpty());
        assertThat(server.refused).allMatch(reason -> reason.contains("certificate"));
    }

    @Test
    void shouldTryAgainWhenTheServerIsTrustedLater() throws Exception {
        KeyFolder keys = new KeyFolder(folder.resolve("ours"));
        KeyFolder others = new KeyFolder(folder.resolve("others"));
        Listener first = listen(PipelineSecurity.of(others.listener("")));
        int port = first.port();
        connect("localhost", port, PipelineSecurity.of(keys.connector("")));
        await().until(() -> !client.connectFailures.isEmpty());

        first.close();
        toClose(Listener.bind(
                loops, "localhost", port, LinkSettings.DEFAULTS, PipelineSecurity.of(keys.listener("")), server));

        awaitWelcome();
    }

    private void assertUnharmed() {
        for (RecordingHandler handler : List.of(server, client)) {
            assertThat(handler.failures).isEmpty();
            assertThat(handler.refused).isEmpty();
            assertThat(handler.badFrames).isEmpty();
            assertThat(handler.connectFailures).isEmpty();
        }
        assertThat(server.frames.get(0)).isInstanceOf(HelloFrame.class);
    }

    private void awaitWelcome() {
        await().until(() -> client.frames.stream().anyMatch(frame -> frame instanceof WelcomeFrame));
    }

    private Listener listen(PipelineSecurity security) throws IOException {
        return listen("localhost", LinkSettings.DEFAULTS, security);
    }

    private Listener listen(String host, LinkSettings settings, PipelineSecurity security) throws IOException {
        return listen(host, settings, security, server);
    }

    private Connector connect(String host, int port, PipelineSecurity security) {
        return connect(PeerAddress.tcp(host, port), LinkSettings.DEFAULTS, security, client);
    }

    /** What a client sees of its refusal; once more where that ended the connection under the last of the client's handshake. */
    private static Throwable refusal(SSLContext own, int port) throws IOException {
        Throwable seen = null;
        for (int tries = 0; tries < 20 && (seen == null || !seen.getMessage().contains("alert")); tries++) {
            try (SSLSocket socket = (SSLSocket) own.getSocketFactory().createSocket("localhost", port)) {
                seen = catchThrowable(() -> {
                    socket.startHandshake();
                    socket.getInputStream().read();
                });
            }
        }
        return seen;
    }

    /** A listener of the JDK's that answers handshakes, one after the other, and nothing else. */
    private int jdkServer(CertificateAuthority.Issued issued, String protocol) throws Exception {
        SSLServerSocket listening = (SSLServerSocket)
                jdkContext(issued).getServerSocketFactory().createServerSocket(0, 10, InetAddress.getLoopbackAddress());
        listening.setEnabledProtocols(new String[] {protocol});
        toClose(listening);
        AtomicReference<Exception> last = new AtomicReference<>();
        Thread thread = new Thread(() -> {
            while (!listening.isClosed()) {
                try (SSLSocket socket = (SSLSocket) listening.accept()) {
                    socket.startHandshake();
                } catch (IOException refused) {
                    last.set(refused);
                }
            }
        });
        thread.setDaemon(true);
        thread.start();
        return ((ServerSocket) listening).getLocalPort();
    }

    /** A context of the JDK's that trusts everybody. */
    static SSLContext jdkContext(CertificateAuthority.Issued own) throws Exception {
        KeyManagerFactory keys = null;
        if (own != null) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry("own", own.key(), new char[0], own.chain().toArray(X509Certificate[]::new));
            keys = KeyManagerFactory.getInstance("PKIX");
            keys.init(store, new char[0]);
        }
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys == null ? null : keys.getKeyManagers(), new TrustManager[] {new Trusting()}, null);
        return context;
    }

    private static final class Trusting implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {
            // Everybody.
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {
            // Everybody.
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
