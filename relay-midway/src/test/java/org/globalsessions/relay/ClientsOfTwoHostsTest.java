package org.globalsessions.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.client.ClientDirectory;
import org.globalsessions.client.User;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.tier.PushMessage;
import org.globalsessions.transport.gateway.Gateway;
import org.globalsessions.transport.gateway.GatewaySettings;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Gateways on two hosts and a third process without one, with a relay between them: a client is reached wherever it is connected. */
class ClientsOfTwoHostsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final byte[] AUTHORISATION = {1};

    @TempDir
    private Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private final BlockingQueue<String> destroyed = new LinkedBlockingQueue<>();
    private MidwayRelay relay;
    private Host a;
    private Host b;
    private ClientDirectory sender;

    /** A user with nothing but a name. */
    private record Named(String name) implements User {
        @Override
        public Object credentials() {
            return null;
        }
    }

    /** One host's application with a gateway. */
    private record Host(SessionCacheManager cache, ClientDirectory directory, Gateway gateway) {}

    /** A WebSocket client that was welcomed. */
    private static final class Client implements WebSocket.Listener {
        private final BlockingQueue<String> received = new LinkedBlockingQueue<>();
        private WebSocket socket;
        private String identifier;

        static Client hello(Host host, String hello) throws InterruptedException {
            Client client = new Client();
            client.socket = HttpClient.newHttpClient()
                    .newWebSocketBuilder()
                    .buildAsync(URI.create("ws://localhost:" + host.gateway.port() + "/ws"), client)
                    .join();
            client.socket.sendText(hello, true).join();
            client.identifier = client.next().replaceFirst("^welcome ", "");
            return client;
        }

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            received.add(data.toString());
            from.request(1);
            return null;
        }

        String next() throws InterruptedException {
            String next = received.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(next).as("a message within %s", PATIENCE).isNotNull();
            return next;
        }
    }

    @BeforeEach
    void open() throws IOException {
        launch(0);
        a = host("a");
        b = host("b");
        SessionCacheManager third = opened.keep(application("c"));
        sender = new ClientDirectory(third, "user");
        PushMessage ready = new PushMessage(true, "user", "ready", "{}");
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> third.clientChannel().push(ready).join().processes() == 2);
    }

    private void launch(int port) throws IOException {
        relay = opened.keep(MidwayRelay.launch(new RelayContext()
                .authPath("auths")
                .port(port)
                .segment(new SegmentSettings(folder.resolve("relay.segment")).elCount(1_000))));
    }

    private Host host(String name) throws IOException {
        return host(name, new GatewaySettings());
    }

    private Host host(String name, GatewaySettings settings) throws IOException {
        return host(name, settings, relay.port());
    }

    private Host host(String name, GatewaySettings settings, int relayPort) throws IOException {
        SessionCacheManager cache = opened.keep(application(name, relayPort));
        ClientDirectory directory = new ClientDirectory(cache, "user");
        Gateway gateway = opened.keep(Gateway.open(
                settings.clientTimeout(Duration.ofSeconds(20)),
                directory,
                (from, tokens, handle) -> handle.accept(new Named("ann")),
                request -> CompletableFuture.completedFuture(
                        request.isBound() ? String.valueOf(request.address().text()) : "not bound"),
                (user, identifier) -> destroyed.add(identifier)));
        return new Host(cache, directory, gateway);
    }

    /** A process that shares no table with others of its host. */
    private SessionCacheManager withoutSegment() throws IOException {
        return SessionCacheManager.open(ConfigFactory.parseString("""
                message_relay { auth_path : "auths", address : "localhost", port : %d, reconnect_wait : 50ms }
                lru { private_segment : true, cache { segment_dir : "%s", el_count : 1000 } }
                """.formatted(relay.port(), folder)));
    }

    private SessionCacheManager application(String name) throws IOException {
        return application(name, relay.port());
    }

    private SessionCacheManager application(String name, int port) throws IOException {
        return SessionCacheManager.open(ConfigFactory.parseString("""
                message_relay { auth_path : "auths", address : "localhost", port : %d, reconnect_wait : 50ms }
                lru { cache { token_path : "%s", segment_dir : "%s", el_count : 1000 } }
                """.formatted(port, folder.resolve(name), folder)));
    }

    @Test
    void shouldReachEveryDeviceOfAnAddressWhicheverHostItIsConnectedTo() throws Exception {
        Client phone = Client.hello(a, "hello");
        Client tablet = Client.hello(b, "hello");
        Client other = Client.hello(b, "hello");
        a.directory.bind(phone.identifier, "user.7", AUTHORISATION);
        b.directory.bind(tablet.identifier, "user.7", AUTHORISATION);
        b.directory.bind(other.identifier, "user.8", AUTHORISATION);
        List<String> expected = new ArrayList<>();

        for (int i = 0; i < 200; i++) {
            sender.notify("user.7", "news", String.valueOf(i));
            expected.add("push news " + i);
        }
        sender.broadcast("user", "news", "to all");
        expected.add("push news to all");

        for (Client client : List.of(phone, tablet)) {
            List<String> received = new ArrayList<>();
            while (received.size() < expected.size()) {
                received.add(client.next());
            }
            assertThat(received).isEqualTo(expected);
        }
        assertThat(other.next()).isEqualTo("push news to all");
        // Also from a host that has a gateway itself, and then once.
        a.directory.notify("user.7", "news", "from a");
        assertThat(phone.next()).isEqualTo("push news from a");
        assertThat(tablet.next()).isEqualTo("push news from a");
        assertThat(phone.received).isEmpty();
        assertThat(tablet.received).isEmpty();
    }

    @Test
    void shouldBindAClientOfAnotherHost() throws Exception {
        Client client = Client.hello(a, "hello");
        await().atMost(PATIENCE).ignoreExceptions().until(() -> b.directory.find(client.identifier) != null);

        assertThat(b.directory.bind(client.identifier, "user.7", AUTHORISATION)).isTrue();

        await().atMost(PATIENCE).until(() -> {
            client.socket.sendText("ask 1 who {}", true).join();
            return client.next().equals("answer 1 user.7");
        });
        await().atMost(PATIENCE).until(() -> {
            sender.notify("user.7", "news", "{}");
            return client.received.poll(100, TimeUnit.MILLISECONDS) != null;
        });
    }

    @Test
    void shouldUnbindAllDevicesOfAnAddressFromAProcessWithoutAGateway() throws Exception {
        List<Client> devices = List.of(Client.hello(a, "hello"), Client.hello(b, "hello"), Client.hello(b, "hello"));
        for (Client device : devices) {
            // Host a may not have heard yet of a client of b.
            await().atMost(PATIENCE).until(() -> a.directory.bind(device.identifier, "user.7", AUTHORISATION));
        }
        await().atMost(PATIENCE)
                .until(() -> devices.stream()
                        .allMatch(device -> sender.find(device.identifier) != null
                                && sender.find(device.identifier).isBound()));

        assertThat(sender.unbindAddress("user.7")).isEqualTo(3);

        for (Client device : devices) {
            await().atMost(PATIENCE).until(() -> {
                device.socket.sendText("ask 1 who {}", true).join();
                return device.next().equals("answer 1 not bound");
            });
        }
        assertThat(sender.unbindAddress("user.7")).isZero();
    }

    @Test
    void shouldDoAllOfItFromAProcessThatHasNoSegment() throws Exception {
        Client phone = Client.hello(a, "hello");
        Client tablet = Client.hello(b, "hello");
        SessionCacheManager cache = opened.keep(withoutSegment());
        ClientDirectory directory = new ClientDirectory(cache, "user");
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> directory.find(phone.identifier) != null && directory.find(tablet.identifier) != null);

        assertThat(directory
                        .bindAsync(phone.identifier, "user.7", AUTHORISATION)
                        .join())
                .isTrue();
        assertThat(directory.bind(tablet.identifier, "user.7", AUTHORISATION)).isTrue();
        for (Client device : List.of(phone, tablet)) {
            await().atMost(PATIENCE).until(() -> {
                device.socket.sendText("ask 1 who {}", true).join();
                return device.next().equals("answer 1 user.7");
            });
        }
        assertThat(directory.clientsOf("ann")).containsExactlyInAnyOrder(phone.identifier, tablet.identifier);
        assertThat(directory.countOfAsync("ann").join()).isEqualTo(2);
        for (Client device : List.of(phone, tablet)) {
            // Its gateway follows what another process has bound within half a second.
            await().atMost(PATIENCE).until(() -> {
                directory.notify("user.7", "news", "{}");
                return device.received.poll(100, TimeUnit.MILLISECONDS) != null;
            });
        }
        directory.broadcast("user", "news", "[]");
        for (Client device : List.of(phone, tablet)) {
            await().atMost(PATIENCE).until(() -> device.next().equals("push news []"));
        }
        String renamed = directory.rename(phone.identifier, Duration.ofSeconds(5));
        assertThat(phone.next()).isEqualTo("renamed " + renamed);
        directory.unbind(renamed);
        assertThat(directory.find(renamed).isBound()).isFalse();
        assertThat(directory.unbindAddress("user.7")).isOne();
        assertThat(directory.find(tablet.identifier).isBound()).isFalse();
        assertThat(folder.toFile().list((in, name) -> name.contains("passing")))
                .as("names of its segment")
                .isEmpty();
    }

    @Test
    void shouldFindTheClientsOfAllHostsAlsoWhereItsOwnHasNoneOfThem() throws Exception {
        List<Client> devices = List.of(Client.hello(a, "hello"), Client.hello(b, "hello"), Client.hello(b, "hello"));
        for (Client device : devices) {
            a.directory.bind(device.identifier, "user.7", AUTHORISATION);
        }
        List<String> identifiers =
                devices.stream().map(device -> device.identifier).toList();
        SessionCacheManager late = opened.keep(application("late"));
        ClientDirectory stranger = new ClientDirectory(late, "user");
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> Set.copyOf(stranger.clientsOf("ann")).equals(Set.copyOf(identifiers)));
        assertThat(stranger.clientsOf("nobody")).isEmpty();
        assertThat(identifiers)
                .as("its own host was told of none")
                .allMatch(client -> late.getLocal("\u0001c" + client) == null);
        assertThat(stranger.unbindAddress("user.7")).isEqualTo(3);
        assertThat(stranger.unbindAddress("user.7")).isZero();
    }

    @Test
    void shouldFindTheSameClientsWhenTheRelayIsStartedAgain() throws Exception {
        Client phone = Client.hello(a, "hello");
        Client tablet = Client.hello(b, "hello");
        a.directory.bind(phone.identifier, "user.7", AUTHORISATION);
        b.directory.bind(tablet.identifier, "user.8", AUTHORISATION);
        await().atMost(PATIENCE).until(() -> sender.clientsOf("ann").size() == 2);
        int port = relay.port();
        relay.close();
        assertThatThrownBy(() -> sender.clientsOf("ann")).isInstanceOf(TierUnavailableException.class);

        launch(port);
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> sender.clientsOf("ann").size() == 2);
        assertThat(sender.unbindAddress("user.7")).isOne();
        assertThat(sender.unbindAddress("user.7")).isZero();
        assertThat(sender.unbindAddress("user.8")).isOne();
    }

    @Test
    void shouldSendAClientAwayWhereItsUserHasTooManyOnOtherHosts() throws Exception {
        Client.hello(a, "hello");
        Client.hello(b, "hello");
        // What a gateway without a limit lets in the relay hears of a moment later.
        await().atMost(PATIENCE).until(() -> sender.countOf("ann") == 2);
        Host c = host("d", new GatewaySettings().maxClientsPerUser(3));
        assertThat(Client.hello(c, "hello").identifier).hasSize(22);
        assertThat(Client.hello(c, "hello").identifier).isEqualTo("denied too many clients of this user");
        assertThat(sender.clientsOf("ann")).hasSize(3);
    }

    @Test
    void shouldCountAMessageToAnAddressThatNobodyHasThoughOthersServeClients() {
        sender.notify("user.nobody", "news", "{}");
        assertThat(sender.unreached()).isOne();
        sender.broadcast("user", "news", "{}");
        assertThat(sender.unreached()).isOne();
    }

    /** Pings are not enough: the client asks for nothing. */
    @Test
    void shouldUnbindASilentClientForOtherHostsWithinAQuarterOfItsTime() throws Exception {
        Duration sessionTimeout = Duration.ofSeconds(4);
        Host c = host("d", new GatewaySettings().sessionTimeout(sessionTimeout));
        Client client = Client.hello(c, "hello");
        c.directory.bind(client.identifier, "user.7", AUTHORISATION);
        long boundNs = System.nanoTime();
        await().atMost(PATIENCE)
                .until(() -> b.directory.find(client.identifier) != null
                        && b.directory.find(client.identifier).isBound());

        await().atMost(PATIENCE).until(() -> {
            client.socket.sendText("ping", true).join();
            return !b.directory.find(client.identifier).isBound();
        });

        Duration after = Duration.ofNanos(System.nanoTime() - boundNs);
        // A second more than a quarter, as the gateway itself may take that.
        assertThat(after)
                .isBetween(
                        sessionTimeout,
                        sessionTimeout.plus(sessionTimeout.dividedBy(4)).plusSeconds(1));
    }

    @Test
    void shouldGoOnAtTheOtherHostWhenTheGatewayEnds() throws Exception {
        Client client = Client.hello(a, "hello");
        a.directory.bind(client.identifier, "user.7", AUTHORISATION);
        a.gateway.close();

        Client again = Client.hello(b, "hello " + client.identifier);

        assertThat(again.identifier).isEqualTo(client.identifier);
        sender.notify("user.7", "news", "{}");
        assertThat(again.next()).isEqualTo("push news {}");
        again.socket.sendText("bye", true).join();
        assertThat(destroyed.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(client.identifier);
        assertThat(destroyed).isEmpty();
    }

    /** The gateway's process hears of it by its next look at the table, half a second later at most. */
    @Test
    void shouldSendNothingToAnAddressThatAnotherProcessOfTheHostHasTakenFromTheClient() throws Exception {
        Client client = Client.hello(a, "hello");
        ClientDirectory beside = new ClientDirectory(opened.keep(application("a")), "user");
        await().atMost(PATIENCE).ignoreExceptions().until(() -> sender.find(client.identifier) != null);
        for (int i = 0; i < 20; i++) {
            String earlier = "user.earlier-" + i;
            a.directory.bind(client.identifier, earlier, AUTHORISATION);
            assertThat(beside.bind(client.identifier, "user.8", AUTHORISATION)).isTrue();
            if (i == 19) {
                // As a login does: the entry that the gateway knows the client by is another one then.
                beside.rename(client.identifier, Duration.ofMinutes(1));
            }
            sender.notify(earlier, "news", "\"to " + earlier + "\"");
        }

        await().atMost(PATIENCE).until(() -> {
            sender.notify("user.8", "news", "\"to user.8\"");
            return client.received.stream().anyMatch(message -> message.startsWith("push "));
        });

        assertThat(client.received.removeIf(message -> message.startsWith("renamed ")))
                .isTrue();
        assertThat(client.received).allMatch("push news \"to user.8\""::equals);
    }

    @Test
    void shouldEndOnlyWhenTheRelayKnowsItsClientsWhereTheWayThereIsLong() throws Exception {
        FaultProxy proxy = opened.keep(new FaultProxy(relay.port(), 7));
        Host far = host("far", new GatewaySettings(), proxy.port());
        await().atMost(PATIENCE).ignoreExceptions().until(() -> sender.countOf("ann") == far.directory.countOf("ann"));
        proxy.delay(Duration.ofMillis(400), Duration.ZERO);
        Client client = Client.hello(far, "hello");
        far.directory.bind(client.identifier, "user.7", AUTHORISATION);

        far.gateway.close();

        Client again = Client.hello(b, "hello " + client.identifier);
        assertThat(again.identifier).isEqualTo(client.identifier);
        sender.notify("user.7", "news", "{}");
        assertThat(again.next()).isEqualTo("push news {}");
    }

    @Test
    void shouldEndWithinItsTimeWhereTheRelayDoesNotAnswer() throws Exception {
        FaultProxy proxy = opened.keep(new FaultProxy(relay.port(), 8));
        Host far = host("far", new GatewaySettings(), proxy.port());
        proxy.cut();
        Client.hello(far, "hello");
        long beginNs = System.nanoTime();

        far.gateway.close();

        // 2 s for the relay.
        assertThat(Duration.ofNanos(System.nanoTime() - beginNs)).isBetween(Duration.ofSeconds(2), PATIENCE);
    }

    @Test
    void shouldCountWhatNobodyCanGetAndFailWhereTheRelayIsAway() throws Exception {
        a.gateway.close();
        b.gateway.close();
        await().atMost(PATIENCE).until(() -> {
            long before = sender.unreached();
            sender.notify("user.nobody", "news", "{}");
            return sender.unreached() == before + 1;
        });

        relay.close();

        assertThatThrownBy(() -> {
                    for (int i = 0; i < 100; i++) {
                        sender.notify("user.nobody", "news", "{}");
                    }
                })
                .isInstanceOf(TierUnavailableException.class);
    }
}
