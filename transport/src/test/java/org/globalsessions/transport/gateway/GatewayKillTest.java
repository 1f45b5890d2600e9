package org.globalsessions.transport.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.globalsessions.transport.gateway.GatewayFixture.PATIENCE;
import static org.globalsessions.transport.gateway.GatewayFixture.settings;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.globalsessions.transport.gateway.GatewayFixture.Destroyed;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A gateway's process is killed or stopped from outside: its clients go on elsewhere, or another gateway tells of their end, once. */
class GatewayKillTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(2);

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

    private GatewaySettings patient() {
        return settings().clientTimeout(TIMEOUT).timeoutCheck(TIMEOUT.dividedBy(4));
    }

    private static WebSocketClient login(GatewayProcess process, String user) throws InterruptedException {
        WebSocketClient client = WebSocketClient.connect(process.port, "/ws?userName=" + user);
        client.send("hello");
        client.identifier = client.next().substring("welcome ".length());
        return client;
    }

    @Test
    void shouldTellTheEndOfAKilledGatewaysClientsOnce() throws Exception {
        fixture.start(patient());
        try (GatewayProcess process = GatewayProcess.start(folder, TIMEOUT)) {
            WebSocketClient ann = login(process, "ann");
            WebSocketClient bob = login(process, "bob");

            process.kill();

            assertThat(ann.awaitClose()).isNotEqualTo(1000);
            Destroyed first = fixture.nextDestroyed();
            Destroyed second = fixture.nextDestroyed();
            assertThat(new String[] {first.identifier(), second.identifier()})
                    .containsExactlyInAnyOrder(ann.identifier, bob.identifier);
            assertThat(new String[] {first.user().name(), second.user().name()})
                    .containsExactlyInAnyOrder("ann", "bob");
            assertThat(first.user().credentials()).isNull();
            await().atMost(PATIENCE).until(() -> fixture.directory.find(ann.identifier) == null);
            assertThat(fixture.gateway.counter(GatewayCounter.TAKEN_OVER)).isEqualTo(2);
            assertThat(fixture.destroyed).isEmpty();
        }
    }

    @Test
    void shouldGoOnWithAClientWhoseGatewayWasKilled() throws Exception {
        fixture.start(patient());
        try (GatewayProcess process = GatewayProcess.start(folder, TIMEOUT)) {
            WebSocketClient ann = login(process, "ann");
            fixture.directory.bind(ann.identifier, "user.7", new byte[] {1});
            process.kill();

            try (WebSocketClient again = WebSocketClient.connect(fixture.gateway.port(), "/ws")) {
                again.send("hello " + ann.identifier);
                assertThat(again.next()).isEqualTo("welcome " + ann.identifier);
                fixture.directory.notify("user.7", "news", "{}");
                assertThat(again.next()).isEqualTo("push news {}");
                again.send("bye");

                assertThat(fixture.nextDestroyed().user().name()).isEqualTo("ann");
            }
            assertThat(fixture.gateway.counter(GatewayCounter.TAKEN_OVER)).isZero();
        }
    }

    @Test
    void shouldTellOnceWhenAStoppedGatewayGoesOnLater() throws Exception {
        fixture.start(patient());
        try (GatewayProcess process = GatewayProcess.start(folder, TIMEOUT)) {
            WebSocketClient ann = login(process, "ann");
            process.signal("STOP");
            assertThat(fixture.nextDestroyed().identifier()).isEqualTo(ann.identifier);

            process.signal("CONT");

            assertThat(ann.next()).isEqualTo("gone");
            assertThat(ann.awaitClose()).isEqualTo(1000);
            // Had it told too, it would have done so before or just after: a client that it may tell of comes behind.
            WebSocketClient bob = login(process, "bob");
            bob.send("bye");
            assertThat(process.nextTold()).isEqualTo(bob.identifier);
        }
    }

    @Test
    void shouldLeaveAClientAloneThatHasGoneOnAtAnotherLivingGateway() throws Exception {
        Duration shortest = Duration.ofMillis(800);
        fixture.start(settings().clientTimeout(shortest).timeoutCheck(shortest.dividedBy(4)));
        try (GatewayFixture other = new GatewayFixture(folder)) {
            other.start();
            WebSocketClient before = fixture.login("ann");
            fixture.directory.bind(before.identifier, "user.7", new byte[] {1});
            var control = fixture.nextAccepted().control();

            WebSocketClient again = WebSocketClient.connect(other.gateway.port(), "/ws");
            again.send("hello " + before.identifier);

            assertThat(again.next()).isEqualTo("welcome " + before.identifier);
            assertThat(before.awaitClose()).isEqualTo(1000);
            assertThat(before.received()).as("it is not gone").isEmpty();
            assertThat(control.isClosed()).isTrue();
            assertThat(control.destroy()).isFalse();
            // Longer than it may be silent where it was before.
            long until = System.nanoTime() + shortest.multipliedBy(2).toNanos();
            await().atMost(PATIENCE).until(() -> System.nanoTime() - until > 0);
            other.directory.notify("user.7", "news", "{}");
            assertThat(again.next()).isEqualTo("push news {}");
            assertThat(fixture.destroyed).isEmpty();
            assertThat(other.destroyed).isEmpty();
        }
    }

    @Test
    void shouldSeeWhatAnotherProcessBindsWithinASecond() throws Exception {
        fixture.start(patient());
        try (GatewayProcess process = GatewayProcess.start(folder, Duration.ofMinutes(1))) {
            WebSocketClient ann = login(process, "ann");

            fixture.directory.bind(ann.identifier, "user.7", new byte[] {1});

            ann.send("ask 1 echo still here");
            assertThat(ann.next()).isEqualTo("answer 1 still here");
            assertThat(fixture.directory.find(ann.identifier).address().text()).isEqualTo("user.7");
        }
    }
}
