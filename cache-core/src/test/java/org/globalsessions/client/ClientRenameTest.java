package org.globalsessions.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A rename that was killed behind any of its steps leaves one client, and what leads to it. */
class ClientRenameTest {
    private static final Duration SILENCE = Duration.ofMillis(1);

    @TempDir
    Path folder;

    private SessionCacheManager cache;
    private ClientDirectory directory;
    private ClientSessions sessions;
    private GatewayClients gateway;
    private String earlier;

    @BeforeEach
    void open() throws IOException {
        cache = SessionCacheManager.open(ConfigFactory.parseMap(Map.of(
                "lru.cache.token_path", folder.resolve("table").toString(),
                "lru.cache.segment_dir", folder.toString(),
                "lru.cache.el_count", 200)));
        directory = new ClientDirectory(cache);
        sessions = directory.sessions();
        gateway = new GatewayClients(directory, SILENCE);
        earlier = gateway.accept("ann").join().identifier();
        directory.bind(earlier, "user.7", new byte[] {1});
    }

    @AfterEach
    void close() {
        cache.close();
    }

    /** The first step, and the second where it is reached. */
    private String killedBehind(int step) {
        String next = sessions.newIdentifier();
        ClientRecord client = sessions.find(earlier).join().client();
        sessions.create(next, client.as(ClientRecord.Kind.NEXT, earlier)).join();
        if (step > 1) {
            sessions.change(
                            earlier,
                            record -> record.as(ClientRecord.Kind.RENAMED, next).unbound(),
                            Acknowledgement.LOCAL)
                    .join();
        }
        return next;
    }

    /** What another gateway tells the application, as the first one is gone. */
    private List<ClientState> sweptByAnother() {
        GatewayClients other = new GatewayClients(directory, SILENCE);
        other.sweep(ended -> {
            throw new AssertionError("not yet silent");
        });
        long until = System.nanoTime() + Duration.ofMillis(20).toNanos();
        while (System.nanoTime() < until) {
            Thread.onSpinWait();
        }
        List<ClientState> told = new ArrayList<>();
        other.sweep(told::add);
        return told;
    }

    @Test
    void shouldLeaveTheClientUnderItsIdentifierWhenKilledBehindTheFirstStep() {
        killedBehind(1);

        assertThat(directory.find(earlier).identifier()).isEqualTo(earlier);
        assertThat(directory.find(earlier).address().text()).isEqualTo("user.7");
    }

    @Test
    void shouldLeadToTheNextIdentifierWhenKilledBehindTheSecondStep() {
        String next = killedBehind(2);

        assertThat(directory.find(earlier).identifier()).isEqualTo(next);
        assertThat(directory.bind(earlier, "user.8", new byte[] {2})).isTrue();
        assertThat(directory.find(next).address().text()).isEqualTo("user.8");
        String after = directory.rename(earlier, Duration.ofSeconds(1));
        assertThat(directory.find(after).address().text()).isEqualTo("user.8");
        assertThat(directory.find(next).identifier()).isEqualTo(after);
    }

    @Test
    void shouldTellOfOneEndWhenTheGatewayIsGoneTooBehindTheFirstStep() {
        String next = killedBehind(1);

        assertThat(sweptByAnother()).extracting(ClientState::identifier).containsExactly(earlier);

        assertThat(directory.find(earlier)).isNull();
        assertThat(directory.find(next)).isNull();
    }

    @Test
    void shouldTellOfOneEndWhenTheGatewayIsGoneTooBehindTheSecondStep() {
        String next = killedBehind(2);

        assertThat(sweptByAnother()).extracting(ClientState::identifier).containsExactly(next);

        assertThat(directory.find(earlier)).isNull();
    }

    @Test
    void shouldLoseNoBindingThatIsMadeWhileItRuns() {
        String identifier = earlier;
        for (int i = 0; i < 200; i++) {
            String address = "user.n" + i;
            String before = identifier;
            Thread binding = new Thread(() -> directory.bind(before, address, new byte[] {1}));
            binding.start();
            identifier = directory.rename(identifier, Duration.ofSeconds(10));
            join(binding);
            assertThat(directory.find(identifier).address().text()).isEqualTo(address);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
