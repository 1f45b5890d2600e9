package org.globalsessions.transport.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.TrustManagerFactory;
import org.globalsessions.transport.tls.KeyFolder;
import org.globalsessions.transport.tls.TlsException;
import org.globalsessions.transport.tls.TlsSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A gateway over TLS: its clients know it by its certificate, and show none. */
class GatewayTlsTest {
    @TempDir
    Path folder;

    private TlsSettings settings(String provider) {
        return TlsSettings.ofGateway(ConfigFactory.parseMap(Map.of(
                "server_key", folder.resolve("keys/server.key").toString(),
                "server_cert", folder.resolve("keys/server.crt").toString(),
                "provider", provider)));
    }

    private static SSLContext trusting(String authorityPem) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        store.setCertificateEntry(
                "authority",
                CertificateFactory.getInstance("X.509")
                        .generateCertificate(
                                new ByteArrayInputStream(authorityPem.getBytes(StandardCharsets.US_ASCII))));
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        return context;
    }

    @ParameterizedTest
    @ValueSource(strings = {"bcjsse", "jdk"})
    void shouldServeClientsWithoutCertificateWhoTrustItsOwn(String provider) throws Exception {
        KeyFolder keys = new KeyFolder(folder.resolve("keys"));
        try (GatewayFixture fixture =
                new GatewayFixture(folder).start(GatewayFixture.settings().tls(settings(provider)))) {
            HttpClient trusting = HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .sslContext(trusting(keys.authorityPem()))
                    .build();
            HttpRequest hello = HttpRequest.newBuilder(
                            URI.create("https://localhost:" + fixture.gateway.port() + "/poll?userName=ann"))
                    .POST(HttpRequest.BodyPublishers.ofString("hello"))
                    .build();

            HttpResponse<String> answer = trusting.send(hello, HttpResponse.BodyHandlers.ofString());

            assertThat(answer.body()).startsWith("welcome ");
            assertThat(answer.sslSession().orElseThrow().getProtocol()).isEqualTo("TLSv1.3");
            assertThatThrownBy(() -> HttpClient.newHttpClient().send(hello, HttpResponse.BodyHandlers.ofString()))
                    .isInstanceOf(SSLHandshakeException.class);
        }
    }

    @Test
    void shouldRefuseToStartWithAKeyThatIsNotThere() {
        new KeyFolder(folder.resolve("keys")).server(KeyFolder.HOSTS);
        TlsSettings absent = TlsSettings.ofGateway(ConfigFactory.parseMap(Map.of(
                "server_key", folder.resolve("keys/absent.key").toString(),
                "server_cert", folder.resolve("keys/server.crt").toString())));

        assertThatThrownBy(() -> new GatewayFixture(folder)
                        .start(GatewayFixture.settings().tls(absent)))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("absent.key");
    }
}
