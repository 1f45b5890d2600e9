package org.globalsessions.transport.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.globalsessions.transport.gateway.GatewayFixture.PATIENCE;
import static org.globalsessions.transport.gateway.GatewayFixture.settings;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.globalsessions.client.ClientDirectory;
import org.globalsessions.client.ClientRequestException;
import org.globalsessions.client.ClientState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bindings and push, topic by topic of the behaviours of the router that they succeed (section 3 there). */
class BindingsTest {
    private static final byte[] AUTHORISATION = {1, 0, -1};

    @TempDir
    Path folder;

    private GatewayFixture fixture;
    private ClientDirectory directory;

    @BeforeEach
    void open() throws IOException {
        fixture = new GatewayFixture(folder);
        directory = fixture.directory;
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void bindShouldKeepAuthorisationAndAddressWithTheClient() throws Exception {
        fixture.start();
        WebSocketClient client = fixture.login("ann");

        assertThat(directory.bind(client.identifier, "user.7", AUTHORISATION)).isTrue();

        ClientState state = directory.find(client.identifier);
        assertThat(state.address().text()).isEqualTo("user.7");
        assertThat(state.authorisation()).isEqualTo(AUTHORISATION);
        assertThat(state.userName()).isEqualTo("ann");
    }

    @Test
    void bindShouldTakeTheIdentityFromTheConnectionWhateverTheParametersSay() throws Exception {
        fixture.start(settings(), fixture.new Logins(), request -> {
            directory.bind(
                    request.client().identifier(), "user." + request.user().name(), AUTHORISATION);
            return CompletableFuture.completedFuture("bound");
        });
        WebSocketClient ann = fixture.login("ann");
        WebSocketClient eve = fixture.login("eve");
        ann.send("ask 1 bind {}");
        assertThat(ann.next()).isEqualTo("answer 1 bound");

        eve.send("ask 1 bind {\"client\":\"" + ann.identifier
                + "\",\"address\":\"user.ann\",\"authorisation\":\"root\"}");

        assertThat(eve.next()).isEqualTo("answer 1 bound");
        directory.notify("user.ann", "news", "for ann");
        assertThat(ann.next()).isEqualTo("push news for ann");
        directory.notify("user.eve", "news", "for eve");
        assertThat(eve.next()).isEqualTo("push news for eve");
    }

    @Test
    void bindWithoutAddressShouldAuthoriseAndNotBeReachable() throws Exception {
        fixture.start(
                settings(),
                fixture.new Logins(),
                request -> CompletableFuture.completedFuture(
                        request.isBound() + " " + request.address() + " " + request.authorisation().length));
        WebSocketClient client = fixture.login("ann");

        directory.bind(client.identifier, AUTHORISATION);

        client.send("ask 1 who {}");
        assertThat(client.next()).isEqualTo("answer 1 true null 3");
        directory.notify("user.7", "news", "{}");
        assertThat(directory.unreached()).isEqualTo(1);
    }

    @Test
    void bindAgainShouldReplaceAddressAndAuthorisationAtOnce() throws Exception {
        fixture.start();
        WebSocketClient client = fixture.login("ann");
        directory.bind(client.identifier, "user.7", AUTHORISATION);

        directory.bind(client.identifier, "user.8", new byte[] {9});

        directory.notify("user.7", "news", "old");
        directory.notify("user.8", "news", "new");
        assertThat(client.next()).isEqualTo("push news new");
        assertThat(client.received()).isEmpty();
        assertThat(directory.unreached()).isEqualTo(1);
        assertThat(directory.find(client.identifier).authorisation()).isEqualTo(new byte[] {9});
    }

    @Test
    void rebindThenUnbindShouldLeaveNothingAtEitherAddress() throws Exception {
        fixture.start();
        WebSocketClient client = fixture.login("ann");
        directory.bind(client.identifier, "user.7", AUTHORISATION);
        directory.bind(client.identifier, "user.8", AUTHORISATION);

        assertThat(directory.unbindAddress("user.8")).isEqualTo(1);

        directory.notify("user.7", "news", "{}");
        directory.notify("user.8", "news", "{}");
        assertThat(directory.unreached()).isEqualTo(2);
        assertThat(directory.find(client.identifier).isBound()).isFalse();
    }

    @Test
    void sameAddressShouldReachEveryDevice() throws Exception {
        fixture.start();
        WebSocketClient phone = fixture.login("ann");
        PollClient tablet = PollClient.login(fixture.gateway.port(), "ann");
        WebSocketClient other = fixture.login("bob");
        directory.bind(phone.identifier, "user.7", AUTHORISATION);
        directory.bind(tablet.identifier, "user.7", AUTHORISATION);
        directory.bind(other.identifier, "user.8", AUTHORISATION);

        directory.notify("user.7", "news", "{\"n\":1}");
        directory.notify("user.7", "news", "{\"n\":2}");

        assertThat(phone.next()).isEqualTo("push news {\"n\":1}");
        assertThat(phone.next()).isEqualTo("push news {\"n\":2}");
        assertThat(tablet.get()).containsExactly("push news {\"n\":1}", "push news {\"n\":2}");
        assertThat(other.received()).isEmpty();
    }

    @Test
    void unbindSessionShouldLeaveOtherDevicesBound() throws Exception {
        fixture.start();
        WebSocketClient phone = fixture.login("ann");
        WebSocketClient tablet = fixture.login("ann");
        directory.bind(phone.identifier, "user.7", AUTHORISATION);
        directory.bind(tablet.identifier, "user.7", AUTHORISATION);

        directory.unbind(phone.identifier);

        directory.notify("user.7", "news", "{}");
        assertThat(tablet.next()).isEqualTo("push news {}");
        assertThat(phone.received()).isEmpty();
    }

    @Test
    void unbindAddressShouldLogEveryDeviceOut() throws Exception {
        fixture.start();
        WebSocketClient phone = fixture.login("ann");
        WebSocketClient tablet = fixture.login("ann");
        directory.bind(phone.identifier, "user.7", AUTHORISATION);
        directory.bind(tablet.identifier, "user.7", AUTHORISATION);

        assertThat(directory.unbindAddress("user.7")).isEqualTo(2);

        assertThat(directory.find(phone.identifier).isBound()).isFalse();
        assertThat(directory.find(tablet.identifier).isBound()).isFalse();
        directory.notify("user.7", "news", "{}");
        assertThat(directory.unreached()).isEqualTo(1);
    }

    @Test
    void unbindShouldTakeAClientAnAddressOrBothAndRefuseNeither() throws Exception {
        fixture.start();
        WebSocketClient phone = fixture.login("ann");
        WebSocketClient tablet = fixture.login("ann");
        WebSocketClient other = fixture.login("ann");
        directory.bind(phone.identifier, "user.7", AUTHORISATION);
        directory.bind(tablet.identifier, "user.8", AUTHORISATION);
        directory.bind(other.identifier, "user.9", AUTHORISATION);

        assertThat(directory.unbind(phone.identifier, "user.8")).isOne();
        assertThat(directory.find(phone.identifier).isBound()).isFalse();
        assertThat(directory.find(tablet.identifier).isBound()).isFalse();
        assertThat(directory.unbind(other.identifier, null)).isZero();
        assertThat(directory.find(other.identifier).isBound()).isFalse();
        assertThatThrownBy(() -> directory.unbind(null, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("neither a client nor an address");
    }

    @Test
    void unbindOfWhatIsUnknownShouldBeFineAndBindOfItNot() throws Exception {
        fixture.start();

        directory.unbind("AAAAAAAAAAAAAAAAAAAAAA");
        directory.unbind("no identifier at all");
        assertThat(directory.unbindAddress("user.nobody")).isZero();
        assertThat(directory.bind("AAAAAAAAAAAAAAAAAAAAAA", AUTHORISATION)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "a.b.c, more than two parts",
        "nobody, no role",
        ".nobody, empty role",
        "user., empty name",
        "other.7, role=other",
        "user.a b, character in its name",
        "us er.7, character in its role",
        "user.ä, character in its name"
    })
    void addressShouldBeRefusedNamingThePart(String address, String part) {
        assertThatThrownBy(() -> directory.bind("AAAAAAAAAAAAAAAAAAAAAA", address, AUTHORISATION))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(part);
        assertThatThrownBy(() -> directory.notify(address, "news", "{}"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(part);
    }

    @Test
    void requestShouldCarryAuthorisationFromTheTableAlone() throws Exception {
        fixture.start(
                settings(),
                fixture.new Logins(),
                request -> CompletableFuture.completedFuture(
                        request.isBound() ? new String(request.authorisation(), StandardCharsets.UTF_8) : "nothing"));
        WebSocketClient client = fixture.login("ann");
        client.send("ask 1 who {\"authorisation\":\"root\"}");
        assertThat(client.next()).isEqualTo("answer 1 nothing");

        directory.bind(client.identifier, "user.7", "may read".getBytes(StandardCharsets.UTF_8));

        client.send("ask 2 who {\"authorisation\":\"root\"}");
        assertThat(client.next()).isEqualTo("answer 2 may read");
        directory.unbind(client.identifier);
        client.send("ask 3 who {}");
        assertThat(client.next()).isEqualTo("answer 3 nothing");
    }

    @Test
    void touchShouldRenewABindingWithEachRequestAndSilenceEndIt() throws Exception {
        fixture.start(settings().sessionTimeout(Duration.ofMillis(900)));
        WebSocketClient asking = fixture.login("ann");
        WebSocketClient silent = fixture.login("bob");
        directory.bind(asking.identifier, "user.7", AUTHORISATION);
        directory.bind(silent.identifier, "user.8", AUTHORISATION);
        long bound = System.nanoTime();

        int number = 0;
        while (directory.find(silent.identifier).isBound()) {
            number++;
            asking.send("ask " + number + " renew {}");
            assertThat(asking.next()).startsWith("answer " + number);
            silent.ping();
            await().pollDelay(Duration.ofMillis(50)).until(() -> true);
        }

        Duration took = Duration.ofNanos(System.nanoTime() - bound);
        assertThat(took).isBetween(Duration.ofMillis(900), Duration.ofMillis(900 + 1_000 + 9));
        assertThat(directory.find(asking.identifier).isBound()).isTrue();
        assertThat(directory.find(silent.identifier)).isNotNull();
        assertThat(fixture.gateway.counter(GatewayCounter.UNBOUND_IDLE)).isEqualTo(1);
    }

    @Test
    void unicastToAnUnknownAddressShouldBeCountedAndNoError() throws Exception {
        fixture.start();

        directory.notify("user.nobody", "news", "{}");

        assertThat(directory.unreached()).isEqualTo(1);
    }

    @Test
    void broadcastShouldReachEveryClientOfTheRole() throws Exception {
        fixture.start();
        WebSocketClient ann = fixture.login("ann");
        WebSocketClient bob = fixture.login("bob");

        directory.broadcast("other", "news", "not here");
        directory.broadcast("user", "news", "{}");

        assertThat(ann.next()).isEqualTo("push news {}");
        assertThat(bob.next()).isEqualTo("push news {}");
        assertThat(ann.received()).isEmpty();
    }

    @Test
    void unicastShouldArriveInTheOrderInWhichItWasSent() throws Exception {
        fixture.start();
        WebSocketClient client = fixture.login("ann");
        directory.bind(client.identifier, "user.7", AUTHORISATION);
        List<String> expected = new ArrayList<>();

        for (int i = 0; i < 1_000; i++) {
            directory.notify("user.7", "news", String.valueOf(i));
            expected.add("push news " + i);
        }

        List<String> received = new ArrayList<>();
        while (received.size() < expected.size()) {
            received.add(client.next());
        }
        assertThat(received).isEqualTo(expected);
    }

    @Test
    void logoutThenLoginOnTheSameConnectionShouldStayBound() throws Exception {
        fixture.start();
        WebSocketClient client = fixture.login("ann");
        directory.bind(client.identifier, "user.7", AUTHORISATION);
        directory.unbind(client.identifier);

        directory.bind(client.identifier, "user.7", AUTHORISATION);

        // No purge comes behind: the entry was never deleted, so nothing waits for it.
        directory.notify("user.7", "news", "{}");
        assertThat(client.next()).isEqualTo("push news {}");
        assertThat(directory.find(client.identifier).authorisation()).isEqualTo(AUTHORISATION);
    }

    @Test
    void restartOfTheGatewayShouldKeepClientsAndBindings() throws Exception {
        fixture.start();
        WebSocketClient client = fixture.login("ann");
        directory.bind(client.identifier, "user.7", AUTHORISATION);
        fixture.gateway.close();
        fixture.start();

        WebSocketClient again = WebSocketClient.connect(fixture.gateway.port(), "/ws");
        again.send("hello " + client.identifier);

        assertThat(again.next()).isEqualTo("welcome " + client.identifier);
        directory.notify("user.7", "news", "{}");
        assertThat(again.next()).isEqualTo("push news {}");
        assertThat(fixture.calls).hasSize(1);
        assertThat(fixture.gateway.counter(GatewayCounter.RESUMED)).isEqualTo(1);
    }

    @Test
    void renameShouldTellTheClientAndServeTheEarlierIdentifierForAWhile() throws Exception {
        fixture.start();
        WebSocketClient client = fixture.login("ann");
        directory.bind(client.identifier, "user.7", AUTHORISATION);

        String next = directory.rename(client.identifier, Duration.ofMillis(500));

        assertThat(next).isNotEqualTo(client.identifier);
        assertThat(client.next()).isEqualTo("renamed " + next);
        assertThat(directory.find(client.identifier).identifier()).isEqualTo(next);
        directory.notify("user.7", "news", "{}");
        assertThat(client.next()).isEqualTo("push news {}");
        WebSocketClient early = WebSocketClient.connect(fixture.gateway.port(), "/ws");
        early.send("hello " + client.identifier);
        assertThat(early.next()).isEqualTo("welcome " + next);
        await().atMost(PATIENCE).until(() -> directory.find(client.identifier) == null);
        WebSocketClient late = WebSocketClient.connect(fixture.gateway.port(), "/ws");
        late.send("hello " + client.identifier);
        assertThat(late.next()).isEqualTo("denied unknown client");
        assertThat(directory.find(next).authorisation()).isEqualTo(AUTHORISATION);
        assertThat(fixture.gateway.clients()).isEqualTo(1);
    }

    @Test
    void requestShouldEndWithTheApplicationsErrorOrWithoutItsWords() throws Exception {
        fixture.start(settings(), fixture.new Logins(), request -> {
            if (request.method().equals("told")) {
                throw new ClientRequestException(42, "no\nsuch item");
            }
            throw new IllegalStateException("secret of this process");
        });
        WebSocketClient client = fixture.login("ann");

        client.send("ask 1 told {}");
        client.send("ask 2 untold {}");

        assertThat(client.next()).isEqualTo("error 1 42 no such item");
        assertThat(client.next()).isEqualTo("error 2 -1 the request failed");
    }

    @Test
    void requestShouldEndWithAnErrorWhenTheHandlerGivesNothingAndTheNextOneGoOn() throws Exception {
        fixture.start(
                settings(),
                fixture.new Logins(),
                request -> request.method().equals("nothing") ? null : CompletableFuture.completedFuture("well"));
        WebSocketClient client = fixture.login("ann");

        client.send("ask 1 nothing {}");
        client.send("ask 2 something {}");

        assertThat(client.next()).isEqualTo("error 1 -1 the request failed");
        assertThat(client.next()).isEqualTo("answer 2 well");
    }

    @Test
    void bindByAnotherProcessShouldLastForTheSessionTimeoutAlsoWhenTheClientWasIdleBefore() throws Exception {
        fixture.start(settings().sessionTimeout(Duration.ofMillis(900)));
        WebSocketClient client = fixture.login("ann");
        long idleUntil = System.nanoTime() + Duration.ofMillis(1_200).toNanos();
        await().atMost(PATIENCE).until(() -> System.nanoTime() - idleUntil > 0);
        // As another process of the host would: no gateway hears of it.
        ClientDirectory others = new ClientDirectory(fixture.cache, "user");

        others.bind(client.identifier, "user.7", AUTHORISATION);

        await().atMost(PATIENCE).until(() -> {
            directory.notify("user.7", "news", "{}");
            return !client.received().isEmpty();
        });
        assertThat(directory.find(client.identifier).isBound()).isTrue();
        await().atMost(PATIENCE).until(() -> !directory.find(client.identifier).isBound());
    }

    @Test
    void pushThatIsLargerThanWhatMayWaitShouldArriveWhenNothingWaits() throws Exception {
        fixture.start(settings().maxPendingSize(4_096));
        WebSocketClient client = fixture.login("ann");
        directory.bind(client.identifier, "user.7", AUTHORISATION);
        String text = "x".repeat(ClientDirectory.MAX_PARAMS_BYTES);

        directory.notify("user.7", "news", text);

        assertThat(client.next()).isEqualTo("push news " + text);
        assertThatThrownBy(() -> directory.notify("user.7", "news", text + "x"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("too long");
    }

    @Test
    void clientsOfAUserShouldBeFound() throws Exception {
        fixture.start();
        WebSocketClient phone = fixture.login("ann");
        WebSocketClient tablet = fixture.login("ann");
        fixture.login("bob");

        assertThat(directory.clientsOf("ann")).containsExactlyInAnyOrder(phone.identifier, tablet.identifier);
        assertThat(directory.clientsOf("nobody")).isEmpty();
    }
}
