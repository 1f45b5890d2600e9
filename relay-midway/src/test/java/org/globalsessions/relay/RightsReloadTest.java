package org.globalsessions.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.Right;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.globalsessions.transport.net.PeerAddress;
import org.globalsessions.transport.net.PipelineSecurity;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Rules and secrets change under a running relay: who stands is judged by the new ones, and what cannot be used changes nothing. */
class RightsReloadTest {
    private static final String SHOP = "{ secret_file : shop, may : [ publish, read ] }";
    private static final String REPORT = "{ secret : of-the-report, may : read }";

    @TempDir
    Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private MidwayRelay relay;
    private TestHost shop;
    private TestHost report;
    private WelcomeFrame reportsWelcome;

    @BeforeEach
    void launch() throws IOException {
        secret("of-the-shop", "rw-------");
        rules(SHOP + ", " + REPORT);
        relay = opened.keep(MidwayRelay.launch(
                RelayContext.from(NodeConfig.load(folder.resolve("relay.conf"))).port(0)));
        shop = host(1, "of-the-shop").welcomed();
        report = host(2, "of-the-report").welcomed();
        reportsWelcome = report.welcome;
        assertThat(shop.set("k", "one")).isInstanceOf(SessionReceivedFrame.class);
    }

    private void secret(String line, String mode) throws IOException {
        Path fresh = Files.writeString(folder.resolve("fresh"), line + "\n");
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString(mode));
        Files.move(fresh, folder.resolve("shop"), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private void rules(String rules) throws IOException {
        Files.writeString(folder.resolve("relay.conf"), """
                edge_supported_relay : true, auth_path : auths, port : 7878
                path_types.auths { rights : [ %s ], cache { token_path : relay, segment_dir : ".", el_count : 160 } }
                """.formatted(rules));
    }

    private TestHost host(int number, String secret) {
        return opened.keep(new TestHost(
                PeerAddress.tcp("localhost", relay.port()), PipelineSecurity.plain(), number, number, "auths", secret));
    }

    private void awaitCount(Counter counter, long count) {
        await().atMost(TestHost.LIMIT).until(() -> relay.counters().get(counter) == count);
    }

    private static void awaitRefused(TestHost host) {
        await().atMost(TestHost.LIMIT)
                .until(() -> host.unasked.stream()
                        .anyMatch(frame -> frame instanceof ErrorFrame error && error.code() == ErrorCode.REFUSED));
    }

    @Test
    void shouldCloseWhoHasLostItsRightsAndLetInWhoHasTheNewSecretWhenASecretIsReplaced() throws Exception {
        secret("another", "rw-------");

        awaitCount(Counter.KEYS_RELOADED, 1);
        awaitRefused(shop);
        assertThat(shop.goodbye).isTrue();
        assertThat(host(3, "another").welcomed().set("k", "two")).isInstanceOf(SessionReceivedFrame.class);
        assertThat(report.get("k").entry()).isNotNull();
        assertThat(report.welcome)
                .as("one that keeps its rights keeps its connection")
                .isSameAs(reportsWelcome);
    }

    @Test
    void shouldTellAHostItsNewRightsWhenARuleIsChanged() throws Exception {
        assertThat(report.set("r", "one")).isInstanceOf(ErrorFrame.class);
        rules(SHOP + ", { secret : of-the-report, may : [ read, publish ] }");

        await().atMost(TestHost.LIMIT).until(() -> !report.welcome.equals(reportsWelcome));
        assertThat(report.welcome.rights()).isEqualTo(Set.of(Right.READ, Right.PUBLISH));
        assertThat(report.set("r", "one")).isInstanceOf(SessionReceivedFrame.class);
        rules(SHOP);
        awaitRefused(report);
        assertThat(shop.set("k", "two")).isInstanceOf(SessionReceivedFrame.class);
        assertThat(shop.goodbye).isFalse();
    }

    @Test
    void shouldGoByAnIncludedFileWhenThatIsChangedOrWasGoneForAMoment() throws Exception {
        Path included = folder.resolve("more.conf");
        Files.writeString(included, REPORT.replace("may : read", "\"may\" : [ read, publish ]"));
        rules(SHOP + ", { include \"more.conf\" }");
        await().atMost(TestHost.LIMIT).until(() -> report.welcome.rights().equals(Set.of(Right.READ, Right.PUBLISH)));

        Files.writeString(included, REPORT);
        await().atMost(TestHost.LIMIT).until(() -> report.welcome.rights().equals(Set.of(Right.READ)));
        assertThat(shop.goodbye).isFalse();

        Files.delete(included);
        awaitCount(Counter.KEY_RELOADS_FAILED, 1);
        Files.writeString(included, REPORT.replace("may : read", "may : publish"));
        await().atMost(TestHost.LIMIT).until(() -> report.welcome.rights().equals(Set.of(Right.PUBLISH)));
    }

    @Test
    void shouldKeepTheLastGoodRulesAndSaySoOnceWhenWhatIsThereCannotBeUsed() throws Exception {
        secret("open-to-others", "rw-r--r--");
        awaitCount(Counter.KEY_RELOADS_FAILED, 1);
        secret("open-to-others", "rw-------");
        awaitCount(Counter.KEYS_RELOADED, 1);
        secret("of-the-shop", "rw-------");
        awaitCount(Counter.KEYS_RELOADED, 2);
        shop = host(4, "of-the-shop").welcomed();

        // No rules at all, a mistake elsewhere, no file, half a file: none of them opens or closes anything.
        String whole = Files.readString(folder.resolve("relay.conf"));
        rules("");
        awaitCount(Counter.KEY_RELOADS_FAILED, 2);
        Files.writeString(folder.resolve("relay.conf"), whole.replace("el_count", "el_cuont"));
        awaitCount(Counter.KEY_RELOADS_FAILED, 3);
        Files.delete(folder.resolve("relay.conf"));
        awaitCount(Counter.KEY_RELOADS_FAILED, 4);
        Files.writeString(folder.resolve("relay.conf"), whole.substring(0, whole.length() / 2));
        awaitCount(Counter.KEY_RELOADS_FAILED, 5);
        TestHost stranger = host(5, "of-nobody");
        awaitRefused(stranger);
        assertThat(shop.set("k", "two")).isInstanceOf(SessionReceivedFrame.class);
        assertThat(report.get("k").entry()).isNotNull();
        assertThat(shop.goodbye || report.goodbye).isFalse();
        assertThat(report.welcome).isSameAs(reportsWelcome);

        Files.writeString(folder.resolve("relay.conf"), whole);
        awaitCount(Counter.KEYS_RELOADED, 3);
        assertThat(report.welcome).isSameAs(reportsWelcome);
    }
}
