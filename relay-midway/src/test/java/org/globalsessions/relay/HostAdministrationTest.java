package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.segment.HostDigest;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.Right;
import org.globalsessions.transport.client.RelayLinkSettings;
import org.globalsessions.transport.client.RelayOperator;
import org.globalsessions.transport.frame.AdministeredFrame;
import org.globalsessions.transport.frame.AdministeredFrame.Outcome;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.EverywhereFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.RenewedFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.net.PeerAddress;
import org.globalsessions.transport.net.PipelineSecurity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** An operator asks a relay which hosts it remembers, and has one forgotten that does not come back, so that deletes wait for it no longer. */
class HostAdministrationTest {
    private static final SetOptions TO_RELAY = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);

    @TempDir
    private Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private MidwayRelay relay;

    private void launch(String rights) throws IOException {
        Path file = Files.writeString(folder.resolve("relay.conf"), """
                edge_supported_relay : true, auth_path : auths, port : 7878, max_stale : off
                path_types.auths { %s
                  cache { token_path : relay, segment_dir : ".", el_count : 160 } }
                """.formatted(rights));
        RelayContext context = RelayContext.from(NodeConfig.load(file)).port(0);
        relay = opened.keep(MidwayRelay.launch(context));
    }

    private RelayOperator operator(String secret) {
        return opened.keep(RelayOperator.connect(RelayLinkSettings.from(ConfigFactory.parseString(
                "auth_path : auths, address : localhost, port : " + relay.port() + ", secret : \"" + secret + "\""))));
    }

    private TestHost host(int number, String secret) {
        PeerAddress address = PeerAddress.tcp("localhost", relay.port());
        return opened.keep(new TestHost(address, PipelineSecurity.plain(), number, number, "auths", secret))
                .welcomed();
    }

    private KeyDigest name(int number) {
        return HostDigest.of(relay.lru().file().pathKey(), number, number);
    }

    private static AdministeredFrame told(CompletableFuture<AdministeredFrame> answer) throws Exception {
        return answer.get(TestHost.LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    @Test
    void shouldEndTheWaitOfADeleteWhenTheHostThatIsAwayIsForgotten() throws Exception {
        launch("");
        TestHost a = host(1, "").subscribed(1, 0, 0);
        host(2, "").subscribed(1, 0, 0).close();
        RelayOperator operator = operator("");
        await().atMost(TestHost.LIMIT)
                .until(() -> told(operator.hosts()).hosts().get(0).connections() == 0);
        KeyDigest digest = relay.lru().encode("k").digest();
        long position = ((SessionReceivedFrame) a.delete(digest, Acknowledgement.RELAY))
                .receipt()
                .position();
        CompletableFuture<Frame> everywhere = a.needEverywhere(digest, a.welcome.epoch(), position);

        AdministeredFrame before = told(operator.hosts());
        assertThat(before.total()).isEqualTo(2);
        assertThat(before.hosts().get(0).host()).isEqualTo(name(2));
        assertThat(before.hosts().get(0).connections()).isZero();
        assertThat(before.hosts().get(1).host()).isEqualTo(name(1));
        assertThat(before.hosts().get(1).connections()).isEqualTo(1);
        assertThat(before.hosts().get(1).awayMs()).isZero();
        assertThat(told(operator.forget(name(1))).outcome()).isEqualTo(Outcome.CONNECTED);
        assertThat(told(operator.forget(name(3))).outcome()).isEqualTo(Outcome.UNKNOWN_HOST);
        assertThatThrownBy(() -> told(operator.drain(name(2)))).hasMessageContaining("no relief nodes to drain");
        assertThat(everywhere).isNotDone();

        AdministeredFrame after = told(operator.forget(name(2)));
        assertThat(after.outcome()).isEqualTo(Outcome.DONE);
        assertThat(after.total()).isEqualTo(1);
        assertThat(everywhere.get(TestHost.LIMIT.toSeconds(), TimeUnit.SECONDS)).isInstanceOf(EverywhereFrame.class);
        // Neither does a relay that starts again wait for it.
        assertThat(Files.size(
                        relay.segmentFile().resolveSibling(relay.segmentFile().getFileName() + ".hosts")))
                .isEqualTo(8 + 16);
    }

    @Test
    void shouldForgetNothingAndSaySoWhenTheMemoryOfHostsCannotBeWritten() throws Exception {
        launch("");
        TestHost a = host(1, "").subscribed(1, 0, 0);
        host(2, "").subscribed(1, 0, 0).close();
        RelayOperator operator = operator("");
        await().atMost(TestHost.LIMIT)
                .until(() -> told(operator.hosts()).hosts().get(0).connections() == 0);
        KeyDigest digest = relay.lru().encode("k").digest();
        long position = ((SessionReceivedFrame) a.delete(digest, Acknowledgement.RELAY))
                .receipt()
                .position();
        CompletableFuture<Frame> everywhere = a.needEverywhere(digest, a.welcome.epoch(), position);
        Path inTheWay = relay.segmentFile().resolveSibling(relay.segmentFile().getFileName() + ".hosts.new");
        Path inside = Files.createFile(Files.createDirectory(inTheWay).resolve("full"));

        assertThatThrownBy(() -> told(operator.forget(name(2))))
                .hasCauseInstanceOf(TierUnavailableException.class)
                .hasMessageContaining("code=" + ErrorCode.INTERNAL + ": nothing is forgotten");
        assertThat(told(operator.hosts()).total()).isEqualTo(2);
        assertThat(everywhere).isNotDone();

        Files.delete(inside);
        Files.delete(inTheWay);
        assertThat(told(operator.forget(name(2))).outcome()).isEqualTo(Outcome.DONE);
        assertThat(everywhere.get(TestHost.LIMIT.toSeconds(), TimeUnit.SECONDS)).isInstanceOf(EverywhereFrame.class);
    }

    @Test
    void shouldSendAForgottenHostAwayToConfirmWhenItComesBack() throws Exception {
        launch("");
        TestHost a = host(1, "").subscribed(1, 0, 0);
        host(2, "").subscribed(1, 0, 0).close();
        a.set("k", "one");
        RelayOperator operator = operator("");
        await().atMost(TestHost.LIMIT)
                .until(() -> told(operator.forget(name(2))).outcome() == Outcome.DONE);

        TestHost b = host(2, "");
        Frame refused = b.subscribe(2, b.welcome.epoch(), 0).get(TestHost.LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertThat(((ErrorFrame) refused).code()).isEqualTo(ErrorCode.MUST_CONFIRM);
        assertThat(b.renew(2, 0)).isInstanceOf(ErrorFrame.class);
        b.subscribed(2, b.welcome.epoch(), b.welcome.position());
        assertThat(b.renew(2, b.welcome.position())).isInstanceOf(RenewedFrame.class);
        // From then on it is one as others are.
        b.close();
        await().atMost(TestHost.LIMIT)
                .until(() -> told(operator.hosts()).hosts().get(0).connections() == 0);
        TestHost again = host(2, "").subscribed(3, b.welcome.epoch(), b.welcome.position());
        assertThat(again.renew(3, b.welcome.position())).isInstanceOf(RenewedFrame.class);
    }

    @Test
    void shouldServeNothingThatWasDeletedWhenAForgottenApplicationComesBack() throws Exception {
        launch("");
        SessionCacheManager a = opened.keep(application("a", relay.port()));
        SessionCacheManager b = application("b", relay.port());
        for (String key : new String[] {"gone", "stays"}) {
            a.set(key, key.getBytes(UTF_8), TO_RELAY).get(20, TimeUnit.SECONDS);
            await().atMost(TestHost.LIMIT)
                    .ignoreExceptions()
                    .until(() -> b.get(key).join() != null);
        }
        b.close();
        try (SessionCacheManager cut = application("b", 1)) {
            assertThat(cut.getLocal("gone")).isEqualTo("gone".getBytes(UTF_8));
        }
        CompletableFuture<Boolean> everywhere = a.delete("gone", Acknowledgement.EVERYWHERE);
        RelayOperator operator = operator("");
        // The relay notices a connection's end a little after the application has closed it.
        await().atMost(TestHost.LIMIT)
                .until(() -> told(operator.hosts()).hosts().get(0).connections() == 0);
        AdministeredFrame known = told(operator.hosts());
        assertThat(known.total()).isEqualTo(2);
        assertThat(everywhere).isNotDone();
        assertThat(told(operator.forget(known.hosts().get(0).host())).outcome()).isEqualTo(Outcome.DONE);
        assertThat(everywhere.get(20, TimeUnit.SECONDS)).isTrue();

        SessionCacheManager back = opened.keep(application("b", relay.port()));
        await().atMost(TestHost.LIMIT).until(() -> back.getLocal("gone") == null);
        await().atMost(TestHost.LIMIT)
                .ignoreExceptions()
                .until(() -> back.get("stays").join() != null);
        assertThat(back.getLocal("gone")).isNull();
        assertThat(back.get("gone").get(20, TimeUnit.SECONDS)).isNull();
        assertThat(relay.counters().get(Counter.HOSTS_TOO_FAR_BEHIND)).isPositive();
    }

    private SessionCacheManager application(String name, int port) throws IOException {
        return SessionCacheManager.open(ConfigFactory.parseString("""
                message_relay { name : "r", auth_path : "auths", address : "localhost", port : %d, reconnect_wait : 50ms }
                lru { cache { token_path : "%s", segment_dir : "%s", el_count : 160 } }
                """.formatted(port, folder.resolve(name), folder)));
    }

    @Test
    void shouldRefuseAnOperatorWhenHeHasNoRightToAdminister() throws Exception {
        launch("""
                rights : [
                  { secret : of-a-shop, may : [ publish, read, subscribe ] }
                  { secret : of-the-operator, may : administer }
                ]""");
        host(1, "of-a-shop").close();
        assertThatThrownBy(() -> told(operator("of-a-shop").hosts()))
                .hasCauseInstanceOf(TierUnavailableException.class)
                .hasMessageContaining("code=" + ErrorCode.REFUSED + ": no right to administer");
        assertThatThrownBy(() -> told(operator("of-a-shop").forget(name(1))))
                .hasCauseInstanceOf(TierUnavailableException.class)
                .hasMessageContaining("no right to administer");
        assertThatThrownBy(() -> told(operator("of-nobody").hosts()))
                .hasCauseInstanceOf(TierUnavailableException.class)
                .hasMessageContaining("no right on this path");
        assertThat(relay.counters().get(Counter.REFUSED_WITHOUT_RIGHT)).isGreaterThanOrEqualTo(3);

        // Whoever may administer may nothing else by that.
        assertThat(told(operator("of-the-operator").hosts()).total()).isEqualTo(1);
        TestHost operator = host(5, "of-the-operator");
        assertThat(operator.welcome.rights()).isEqualTo(Set.of(Right.ADMINISTER));
        assertThat(operator.set("k", "v")).isInstanceOf(ErrorFrame.class);
    }
}
