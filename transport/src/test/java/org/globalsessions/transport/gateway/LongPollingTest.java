package org.globalsessions.transport.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.globalsessions.transport.gateway.GatewayFixture.PATIENCE;
import static org.globalsessions.transport.gateway.GatewayFixture.settings;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LongPollingTest {
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
    void shouldBringWhatWasSentByTheNextPollWhenAMessageIsPosted() throws Exception {
        fixture.start();
        PollClient client = PollClient.login(fixture.gateway.port(), "ann");

        assertThat(client.post("ping").statusCode()).isEqualTo(204);
        assertThat(client.get()).containsExactly("pong");
        assertThat(client.post("ask 1 echo häßlich 😀").statusCode()).isEqualTo(204);
        assertThat(client.get()).containsExactly("answer 1 häßlich 😀");
    }

    @Test
    void shouldWaitForAMessageWhenThereIsNone() throws Exception {
        fixture.start();
        PollClient client = PollClient.login(fixture.gateway.port(), "ann");
        fixture.directory.bind(client.identifier, "user.7", new byte[0]);
        CompletableFuture<HttpResponse<String>> poll = client.getAsync();
        // The poll is there once the client was heard again.
        var control = fixture.nextAccepted().control();
        await().atMost(PATIENCE).until(() -> control.lastInbound().isAfter(control.lastOutbound()));
        assertThat(poll).isNotDone();

        fixture.directory.notify("user.7", "news", "{}");

        assertThat(PollClient.messages(poll.get(10, TimeUnit.SECONDS))).containsExactly("push news {}");
    }

    @Test
    void shouldAnswerWithNothingWhenNoMessageComesInTime() throws Exception {
        fixture.start(settings().pollTimeout(Duration.ofMillis(300)));
        PollClient client = PollClient.login(fixture.gateway.port(), "ann");
        long began = System.nanoTime();

        HttpResponse<String> answer = client.getAsync().get(10, TimeUnit.SECONDS);

        assertThat(answer.statusCode()).isEqualTo(204);
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThanOrEqualTo(Duration.ofMillis(300));
    }

    @Test
    void shouldEndTheOlderPollAtOnceWhenANewerOneComes() throws Exception {
        fixture.start();
        PollClient client = PollClient.login(fixture.gateway.port(), "ann");
        fixture.directory.bind(client.identifier, "user.7", new byte[0]);
        var control = fixture.nextAccepted().control();
        CompletableFuture<HttpResponse<String>> older = client.getAsync();
        await().atMost(PATIENCE).until(() -> control.lastInbound().isAfter(control.lastOutbound()));

        CompletableFuture<HttpResponse<String>> newer = client.getAsync();

        assertThat(older.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(204);
        fixture.directory.notify("user.7", "news", "{}");
        assertThat(PollClient.messages(newer.get(10, TimeUnit.SECONDS))).containsExactly("push news {}");
    }

    @Test
    void shouldGoOnByPollingWhenTheWebSocketIsLost() throws Exception {
        fixture.start();
        WebSocketClient socket = fixture.login("ann");
        fixture.directory.bind(socket.identifier, "user.7", new byte[0]);
        PollClient polling = new PollClient(fixture.gateway.port(), "");
        polling.identifier = socket.identifier;
        CompletableFuture<HttpResponse<String>> poll = polling.getAsync();

        assertThat(socket.awaitClose())
                .as("the client is reached by its last connection")
                .isEqualTo(1000);
        fixture.directory.notify("user.7", "news", "{}");

        assertThat(PollClient.messages(poll.get(10, TimeUnit.SECONDS))).containsExactly("push news {}");
        assertThat(fixture.calls).hasSize(1);
    }

    @Test
    void shouldKeepAClientThatWaitsInAPollForLongerThanItMayBeSilent() throws Exception {
        fixture.start(settings()
                .clientTimeout(Duration.ofMillis(1_000))
                .timeoutCheck(Duration.ofMillis(100))
                .pollTimeout(Duration.ofSeconds(20)));
        PollClient client = PollClient.login(fixture.gateway.port(), "ann");
        long until = System.nanoTime() + Duration.ofMillis(2_500).toNanos();

        while (System.nanoTime() < until) {
            assertThat(client.getAsync().get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(204);
        }

        assertThat(client.post("ping").statusCode()).isEqualTo(204);
        assertThat(fixture.destroyed).isEmpty();
    }

    @Test
    void shouldTellToComeLaterWhenMessagesArePostedTooFast() throws Exception {
        fixture.start(settings().maxMessageRate(5));
        PollClient client = PollClient.login(fixture.gateway.port(), "ann");

        int refused = 0;
        for (int i = 0; i < 20; i++) {
            refused += client.post("ping").statusCode() == 429 ? 1 : 0;
        }

        assertThat(refused).isPositive();
        assertThat(fixture.gateway.counter(GatewayCounter.SLOWED)).isEqualTo(refused);
    }
}
