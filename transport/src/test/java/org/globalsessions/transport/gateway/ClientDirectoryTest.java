package org.globalsessions.transport.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.globalsessions.transport.gateway.GatewayFixture.PATIENCE;
import static org.globalsessions.transport.gateway.GatewayFixture.settings;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.management.JMX;
import javax.management.ObjectName;
import org.globalsessions.client.ClientControl;
import org.globalsessions.client.ClientHandle;
import org.globalsessions.client.Token;
import org.globalsessions.client.TokenData;
import org.globalsessions.transport.gateway.GatewayFixture.Accepted;
import org.globalsessions.transport.gateway.GatewayFixture.Destroyed;
import org.globalsessions.transport.gateway.GatewayFixture.Login;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The client directory, row by row of the behaviours of the directory that it succeeds (section 4 there; the number is the row's). */
class ClientDirectoryTest {
    @TempDir
    Path folder;

    private GatewayFixture fixture;

    @BeforeEach
    void open() throws IOException {
        fixture = new GatewayFixture(folder);
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void row1ShouldHandBackTheApplicationsOwnUserWhenAClientIsAccepted() throws Exception {
        fixture.start();
        fixture.login("ann");

        ClientControl control = fixture.nextAccepted().control();

        assertThat(control.user()).isEqualTo(new Login("ann", "secret of this process"));
    }

    @Test
    void row2ShouldCallTheHandlerOncePerClientNotPerConnectionOrPoll() throws Exception {
        fixture.start();
        WebSocketClient first = fixture.login("ann");
        fixture.login("ann");
        first.cut();
        WebSocketClient again = WebSocketClient.connect(fixture.gateway.port(), "/ws");
        again.send("hello " + first.identifier);
        assertThat(again.next()).isEqualTo("welcome " + first.identifier);
        PollClient polling = PollClient.login(fixture.gateway.port(), "ann");
        polling.post("ping");
        polling.get();

        assertThat(fixture.calls).hasSize(3);
        assertThat(fixture.gateway.clients()).isEqualTo(3);
    }

    @Test
    void row3And4ShouldPassDeclaredTokensAloneWithHeaderNamesInLowerCase() throws Exception {
        fixture.start();
        WebSocketClient client = WebSocketClient.connect(
                fixture.gateway.port(),
                "/ws?userName=ann&other=2",
                builder -> builder.header("X-DEVICE", "Phone 7")
                        .header("X-Secret", "no")
                        .header("Cookie", "a=b; Sid=Abc; sid=lower"));
        client.send("hello");
        client.next();

        Map<String, TokenData> tokens = fixture.nextAccepted().tokens();

        assertThat(tokens)
                .isEqualTo(Map.of(
                        "x-device", new TokenData("x-device", Token.Type.HEADER, "Phone 7"),
                        "Sid", new TokenData("Sid", Token.Type.COOKIE, "Abc"),
                        "userName", new TokenData("userName", Token.Type.URL_PARAMETER, "ann")));
    }

    @Test
    void row5ShouldLetAClientInWhenTheAnswerComesLaterFromAnotherThread() throws Exception {
        CompletableFuture<ClientHandle> handle = new CompletableFuture<>();
        fixture.start(settings(), (from, tokens, given) -> handle.complete(given));
        WebSocketClient client = WebSocketClient.connect(fixture.gateway.port(), "/ws");
        client.send("hello");

        ClientHandle given = handle.get(10, TimeUnit.SECONDS);
        assertThat(client.received()).isEmpty();
        ClientControl control = given.accept(new Login("ann", null));

        assertThat(client.next()).isEqualTo("welcome " + control.identifier());
        assertThatThrownBy(() -> given.accept(new Login("bob", null)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("answered before");
    }

    @Test
    void row5ShouldHoldUpNoOtherClientWhenAHandlerIsSlow() throws Exception {
        CountDownLatch slow = new CountDownLatch(1);
        AtomicInteger calls = new AtomicInteger();
        fixture.start(settings(), (from, tokens, handle) -> {
            if (calls.getAndIncrement() == 0) {
                awaitUninterruptibly(slow);
            }
            handle.accept(new Login("ann", null));
        });
        WebSocketClient held = WebSocketClient.connect(fixture.gateway.port(), "/ws");
        held.send("hello");
        await().atMost(PATIENCE).until(() -> calls.get() == 1);

        WebSocketClient other = WebSocketClient.connect(fixture.gateway.port(), "/ws");
        other.send("hello");

        assertThat(other.next()).startsWith("welcome ");
        assertThat(held.received()).isEmpty();
        slow.countDown();
        assertThat(held.next()).startsWith("welcome ");
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void row6ShouldSendAClientAwayWhenItIsDenied() throws Exception {
        fixture.start();
        WebSocketClient client = WebSocketClient.connect(fixture.gateway.port(), "/ws");
        client.send("hello");
        HttpResponse<String> polled = new PollClient(fixture.gateway.port(), "").post("hello");

        assertThat(client.next()).isEqualTo("denied not allowed");
        assertThat(client.awaitClose()).isEqualTo(1008);
        assertThat(polled.statusCode()).isEqualTo(403);
        assertThat(polled.body()).isEqualTo("denied not allowed");
        assertThat(fixture.gateway.counter(GatewayCounter.DENIED)).isEqualTo(2);
    }

    @Test
    void row6ShouldDenyAClientWhenItIsAcceptedAndCannotBeStored() throws Exception {
        BlockingQueue<Class<?>> thrown = new LinkedBlockingQueue<>();
        fixture.start(settings(), (from, tokens, handle) -> {
            fixture.cache.close();
            try {
                handle.accept(new GatewayFixture.Login("ann", "secret"));
            } catch (RuntimeException e) {
                thrown.add(e.getClass());
            }
        });
        WebSocketClient client = WebSocketClient.connect(fixture.gateway.port(), "/ws");
        client.send("hello");

        assertThat(client.next()).isEqualTo("denied not available, try again later");
        assertThat(GatewayFixture.inTime(thrown)).isEqualTo(IllegalStateException.class);
        assertThat(fixture.gateway.counter(GatewayCounter.DENIED)).isOne();
    }

    @Test
    void row6ShouldDenyAClientWhenNoAnswerComesInTimeOrTheHandlerThrows() throws Exception {
        fixture.start(settings().acceptTimeout(Duration.ofMillis(300)), (from, tokens, handle) -> {});
        WebSocketClient client = WebSocketClient.connect(fixture.gateway.port(), "/ws");
        client.send("hello");

        assertThat(client.next()).isEqualTo("denied no answer in time");

        fixture.gateway.close();
        fixture.start(settings(), (from, tokens, handle) -> {
            throw new IllegalStateException("of the application");
        });
        WebSocketClient thrown = WebSocketClient.connect(fixture.gateway.port(), "/ws");
        thrown.send("hello");
        assertThat(thrown.next()).isEqualTo("denied not allowed");
    }

    @Test
    void row7ShouldHandTheUserToLaterCallbacks() throws Exception {
        fixture.start(
                settings(),
                fixture.new Logins(),
                request -> CompletableFuture.completedFuture(
                        request.user().name() + " " + request.user().credentials()));
        WebSocketClient client = fixture.login("ann");
        client.send("ask 1 who {}");

        assertThat(client.next()).isEqualTo("answer 1 ann secret of this process");
    }

    @Test
    void row8ShouldCloseEverythingOfAClientWhenItIsDestroyed() throws Exception {
        fixture.start();
        WebSocketClient client = fixture.login("ann");
        ClientControl control = fixture.nextAccepted().control();
        fixture.directory.bind(client.identifier, "user.7", new byte[] {1});

        assertThat(control.destroy()).isTrue();
        assertThat(control.destroy()).isFalse();

        assertThat(client.next()).isEqualTo("gone");
        assertThat(client.awaitClose()).isEqualTo(1000);
        assertThat(fixture.directory.find(client.identifier)).isNull();
        fixture.directory.notify("user.7", "news", "{}");
        assertThat(fixture.directory.unreached()).isEqualTo(1);
        WebSocketClient again = WebSocketClient.connect(fixture.gateway.port(), "/ws");
        again.send("hello " + client.identifier);
        assertThat(again.next()).isEqualTo("denied unknown client");
        PollClient polling = new PollClient(fixture.gateway.port(), "");
        polling.identifier = client.identifier;
        assertThat(polling.post("ping").body()).isEqualTo("denied unknown client");
    }

    @Test
    void rows9To13ShouldTellUserTimesAndIdentifierUntilTheClientIsGone() throws Exception {
        fixture.start();
        Instant before = Instant.now();
        WebSocketClient client = fixture.login("ann");
        ClientControl control = fixture.nextAccepted().control();
        Instant welcomed = control.lastInbound();
        assertThat(welcomed).isAfterOrEqualTo(before);
        assertThat(control.identifier()).isEqualTo(client.identifier);
        assertThat(control.isClosed()).isFalse();

        client.ping();
        await().atMost(PATIENCE).until(() -> control.lastInbound().isAfter(welcomed));
        Instant outbound = control.lastOutbound();
        client.send("ping");
        assertThat(client.next()).isEqualTo("pong");
        await().atMost(PATIENCE).until(() -> control.lastOutbound().isAfter(outbound));
        control.destroy();

        assertThat(control.user()).isNull();
        assertThat(control.identifier()).isNull();
        assertThat(control.isClosed()).isTrue();
    }

    @Test
    void row14ShouldTellTheApplicationOnceWhenAClientIsDestroyedByManyAtATime() throws Exception {
        fixture.start();
        WebSocketClient client = fixture.login("ann");
        ClientControl control = fixture.nextAccepted().control();
        var threads = Executors.newFixedThreadPool(8);
        List<CompletableFuture<Boolean>> ends = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            ends.add(CompletableFuture.supplyAsync(control::destroy, threads));
        }

        long ended = ends.stream().filter(CompletableFuture::join).count();
        threads.shutdown();

        assertThat(ended).isEqualTo(1);
        Destroyed destroyed = fixture.nextDestroyed();
        assertThat(destroyed.identifier()).isEqualTo(client.identifier);
        assertThat(destroyed.user()).isEqualTo(new Login("ann", "secret of this process"));
        await().atMost(PATIENCE).until(() -> fixture.gateway.counter(GatewayCounter.DESTROYED) == 1);
        assertThat(fixture.destroyed).isEmpty();
    }

    @Test
    void row14ShouldTellTheApplicationWhenAClientSaysGoodbye() throws Exception {
        fixture.start();
        WebSocketClient client = fixture.login("ann");
        client.send("bye");

        assertThat(fixture.nextDestroyed().identifier()).isEqualTo(client.identifier);
        assertThat(client.next()).isEqualTo("gone");
    }

    @Test
    void rows15And16ShouldDestroyASilentClientWithinTheSumOfTimeoutAndCheck() throws Exception {
        fixture.start(settings().clientTimeout(Duration.ofMillis(600)).timeoutCheck(Duration.ofMillis(400)));
        WebSocketClient client = fixture.login("ann");
        long began = System.nanoTime();

        Destroyed destroyed = fixture.nextDestroyed();

        Duration took = Duration.ofNanos(System.nanoTime() - began);
        assertThat(destroyed.identifier()).isEqualTo(client.identifier);
        assertThat(took).isBetween(Duration.ofMillis(500), Duration.ofMillis(600 + 400 + 1_000));
        await().atMost(PATIENCE).until(() -> fixture.gateway.counter(GatewayCounter.TIMED_OUT) == 1);
    }

    @Test
    void row17ShouldKeepAClientThatPingsAndSendNoPingsItself() throws Exception {
        fixture.start(settings().clientTimeout(Duration.ofMillis(600)).timeoutCheck(Duration.ofMillis(100)));
        WebSocketClient client = fixture.login("ann");
        WebSocketClient silent = fixture.login("bob");

        // The one that pings outlives the other, twice its time-out.
        long until = System.nanoTime() + Duration.ofMillis(1_300).toNanos();
        while (System.nanoTime() < until) {
            client.ping();
            await().pollDelay(Duration.ofMillis(50)).until(() -> true);
        }

        assertThat(silent.awaitClose()).isEqualTo(1000);
        assertThat(client.isClosed()).isFalse();
        assertThat(client.received()).isEmpty();
        assertThat(client.ponged).isCompleted();
    }

    @Test
    void row18ShouldRemoveAClientByJmx() throws Exception {
        fixture.start();
        WebSocketClient first = fixture.login("ann");
        WebSocketClient second = fixture.login("bob");
        GatewayMXBean bean = JMX.newMXBeanProxy(
                ManagementFactory.getPlatformMBeanServer(),
                new ObjectName("org.globalsessions:type=Gateway,port=" + fixture.gateway.port()),
                GatewayMXBean.class);
        assertThat(bean.getClientCount()).isEqualTo(2);
        assertThat(bean.getClients()).hasSize(2).doesNotContain(first.identifier, second.identifier);

        assertThat(bean.removeClient(first.identifier)).isTrue();
        assertThat(bean.removeClient(bean.getClients().get(0))).isTrue();
        assertThat(bean.removeClient("nobody")).isFalse();

        assertThat(fixture.nextDestroyed().identifier()).isIn(first.identifier, second.identifier);
        assertThat(fixture.nextDestroyed().identifier()).isIn(first.identifier, second.identifier);
        assertThat(bean.getClientCount()).isZero();
        assertThat(bean.getCounters()).containsEntry("accepted", 2L);
    }

    @Test
    void row19ShouldDropAndCountWhatASlowClientDoesNotRead() throws Exception {
        fixture.start(settings().maxPendingSize(4_096));
        WebSocketClient cut = fixture.login("ann");
        Accepted accepted = fixture.nextAccepted();
        fixture.directory.bind(cut.identifier, "user.7", new byte[0]);
        cut.cut();
        String text = "x".repeat(1_000);
        // First it has to be noticed that nobody reads.
        await().atMost(PATIENCE).until(() -> {
            fixture.directory.notify("user.7", "news", text);
            return fixture.gateway.counter(GatewayCounter.DROPPED) > 0;
        });

        assertThat(accepted.control().isClosed()).isFalse();
        WebSocketClient again = WebSocketClient.connect(fixture.gateway.port(), "/ws");
        again.send("hello " + cut.identifier);
        assertThat(again.next()).isEqualTo("welcome " + cut.identifier);
        // What had waited, as far as there was room.
        assertThat(again.next()).isEqualTo("push news " + text);
    }
}
