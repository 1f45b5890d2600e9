package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.globalsessions.Acknowledgement;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.ClientQuery;
import org.globalsessions.tier.ClientQuery.By;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Touch;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.Right;
import org.globalsessions.transport.frame.AnnounceDeleteFrame;
import org.globalsessions.transport.frame.AnnounceInvalidationFrame;
import org.globalsessions.transport.frame.ClientsFoundFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FindClientsFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.TouchFrame;
import org.globalsessions.transport.net.PeerAddress;
import org.globalsessions.transport.net.PipelineSecurity;
import org.globalsessions.transport.tls.CertificateAuthority;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Who may do what on a path: a relay with TLS and a Unix socket, and peers that show different things. */
class RightsTest {
    private static final Duration VALIDITY = Duration.ofDays(2);

    @TempDir
    Path folder;

    private final CertificateAuthority authority = CertificateAuthority.create("test authority", VALIDITY);

    @RegisterExtension
    final Opened opened = new Opened();

    private MidwayRelay relay;
    private int hosts;

    @BeforeEach
    void launch() throws IOException {
        write("ca.crt", authority.own().certificatePem());
        write("server", authority.issueServer("relay", List.of("localhost"), VALIDITY));
        write("secret", "open sesame\n");
        Path file = folder.resolve("relay.conf");
        Files.writeString(file, """
                edge_supported_relay : true
                auth_path : auths
                port : 7878
                unix_socket : run/relay.sock
                tls { server_key : server.key, server_cert : server.crt, client_cert : ca.crt }
                path_types.auths {
                  rights : [
                    { subject : "CN=shop", may : [ publish, read, subscribe ] }
                    { subject : "CN=report", secret_file : secret, may : read }
                    { user : "%s", may : [ publish ] }
                  ]
                  cache { token_path : relay, segment_dir : ".", el_count : 320 }
                }
                """.formatted(System.getProperty("user.name")));
        relay = opened.keep(
                MidwayRelay.launch(RelayContext.from(NodeConfig.load(file)).port(0)));
    }

    private void write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }

    private void write(String name, CertificateAuthority.Issued issued) throws IOException {
        write(name + ".key", issued.keyPem());
        write(name + ".crt", issued.certificatePem());
    }

    /** A host that shows a certificate of the authority with this name, and a secret. */
    private TestHost overTls(String name, String secret) throws IOException {
        write(name, authority.issueClient(name, VALIDITY));
        PipelineSecurity security =
                PipelineSecurity.forConnector(ConfigFactory.parseString("tls { client_key : \"" + folder + "/" + name
                        + ".key\", client_cert : \"" + folder + "/" + name + ".crt\", server_cert : \"" + folder
                        + "/ca.crt\" }"));
        return host(PeerAddress.tcp("localhost", relay.port()), security, secret);
    }

    private TestHost overUnixSocket() {
        return host(PeerAddress.unix(folder.resolve("run/relay.sock")), PipelineSecurity.plain(), "");
    }

    private TestHost host(PeerAddress address, PipelineSecurity security, String secret) {
        hosts++;
        TestHost host = new TestHost(address, security, hosts, hosts, "auths", secret);
        opened.keep(host);
        return host;
    }

    private KeyDigest digest(String key) {
        return relay.lru().encode(key.getBytes(UTF_8)).digest();
    }

    private static void assertRefused(Frame answer, String what) {
        assertThat(answer).isInstanceOf(ErrorFrame.class);
        ErrorFrame error = (ErrorFrame) answer;
        assertThat(error.code()).isEqualTo(ErrorCode.REFUSED);
        assertThat(error.text()).isEqualTo(what);
    }

    @Test
    void shouldGiveAPeerTheRightsOfTheRulesThatItMeetsWhenItComes() throws Exception {
        assertThat(overTls("shop", "").welcomed().welcome.rights()).isEqualTo(Right.OF_HOSTS);
        assertThat(overTls("report", "open sesame").welcomed().welcome.rights()).isEqualTo(Set.of(Right.READ));
        assertThat(overUnixSocket().welcomed().welcome.rights()).isEqualTo(Set.of(Right.PUBLISH));
        assertThat(relay.counters().get(Counter.REFUSED_WITHOUT_RIGHT)).isZero();
    }

    @Test
    void shouldSendAPeerAwayWhenItMeetsNoRule() throws Exception {
        TestHost stranger = overTls("stranger", "open sesame");
        TestHost withoutSecret = overTls("report", "open sesam");
        for (TestHost host : List.of(stranger, withoutSecret)) {
            await().atMost(TestHost.LIMIT).until(() -> !host.unasked.isEmpty());
            assertRefused(host.unasked.get(0), "no right on this path: the peer meets none of its rules");
            assertThat(host.welcome).isNull();
        }
        assertThat(relay.counters().get(Counter.REFUSED_WITHOUT_RIGHT)).isGreaterThanOrEqualTo(2);
    }

    @Test
    void shouldRefuseWhatAHostHasNoRightToAndNotTellWhetherTheKeyExists() throws Exception {
        TestHost shop = overTls("shop", "").welcomed();
        TestHost report = overTls("report", "open sesame").welcomed();
        TestHost publisher = overUnixSocket().welcomed();
        shop.set("user-1", "cart=3");

        assertRefused(report.set("user-2", "x"), "no right to publish");
        assertRefused(report.delete(digest("user-1"), Acknowledgement.RELAY), "no right to publish");
        assertRefused(publisher.getLater("user-1").join(), "no right to read");
        assertRefused(publisher.getLater("user-3").join(), "no right to read");
        Touch touch = new Touch(digest("user-1"), 1, 0);
        assertRefused(publisher.ask(new TouchFrame(9, List.of(touch))), "no right to read");

        SessionKnownFrame found = report.get("user-1");
        assertThat(new String(found.entry().value(), UTF_8)).isEqualTo("cart=3");
        assertThat(report.get("user-2").status()).isEqualTo(SessionKnownFrame.Status.MISSING);
        publisher.delete(digest("user-1"), Acknowledgement.RELAY);
        assertThat(report.get("user-1").status()).isEqualTo(SessionKnownFrame.Status.MISSING);
        assertThat(relay.counters().get(Counter.REFUSED_WITHOUT_RIGHT)).isEqualTo(5);
    }

    /** Who has a client's identifier is that client: who may not be told what others store is told how many there are. */
    @Test
    void shouldTellWhoTheClientsOfAUserAreOnlyAHostWithTheRightToSubscribe() throws Exception {
        TestHost shop = overTls("shop", "").welcomed();
        TestHost report = overTls("report", "open sesame").welcomed();
        TestHost publisher = overUnixSocket().welcomed();
        FindClientsFrame count = new FindClientsFrame(9, new ClientQuery(By.USER, "ann", 0, 0));
        FindClientsFrame find = new FindClientsFrame(9, new ClientQuery(By.USER, "ann", 0, 1));

        for (FindClientsFrame asked : List.of(count, find)) {
            assertThat(shop.ask(asked)).isInstanceOf(ClientsFoundFrame.class);
        }
        assertThat(report.ask(count)).isInstanceOf(ClientsFoundFrame.class);
        assertRefused(report.ask(find), "no right to subscribe");
        assertRefused(publisher.ask(count), "no right to read");
        assertRefused(publisher.ask(find), "no right to subscribe");
    }

    @Test
    void shouldTellOfDeletesAndVoidVersionsAloneWhenAHostHasNoRightToSubscribe() throws Exception {
        TestHost shop = overTls("shop", "").welcomed();
        TestHost report = overTls("report", "open sesame").subscribed(5, 0, 0);
        shop.set("user-1", "cart=3");
        shop.delete(digest("user-1"), Acknowledgement.RELAY);
        shop.set("user-2", "cart=4");
        assertToldOfVoidDeletedAndVoid(report);

        // One that comes back is told again of what it has missed, and as little.
        TestHost again = overTls("report", "open sesame").welcomed();
        again.subscribed(5, again.welcome.epoch(), 0);
        assertToldOfVoidDeletedAndVoid(again);
    }

    private static void assertToldOfVoidDeletedAndVoid(TestHost host) {
        await().atMost(TestHost.LIMIT).until(() -> host.announced.size() == 3);
        assertThat(host.announced.get(0)).isInstanceOf(AnnounceInvalidationFrame.class);
        assertThat(host.announced.get(1)).isInstanceOf(AnnounceDeleteFrame.class);
        assertThat(host.announced.get(2)).isInstanceOf(AnnounceInvalidationFrame.class);
    }
}
