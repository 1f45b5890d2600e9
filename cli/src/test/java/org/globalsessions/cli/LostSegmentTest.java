package org.globalsessions.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionFactory;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.queue.Begun;
import org.globalsessions.queue.OwnerDirectory;
import org.globalsessions.queue.OwnerTransaction;
import org.globalsessions.queue.QueueOwner;
import org.globalsessions.queue.QueueSettings;
import org.globalsessions.relay.FaultProxy;
import org.globalsessions.relay.MidwayRelay;
import org.globalsessions.relay.RelayContext;
import org.globalsessions.relief.ReliefContext;
import org.globalsessions.relief.ReliefNode;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.MemberList;
import org.globalsessions.sibling.SiblingContext;
import org.globalsessions.sibling.SiblingEndpoint;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.net.ReconnectPolicy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A relay that has lost its segment, and what lies beside it but for the list of members: hosts and relief nodes give back what they know, the deletes before anything else. */
class LostSegmentTest {
    private static final String PATH = "test";
    private static final int SESSIONS = 300;
    private static final ReconnectPolicy SOON = new ReconnectPolicy(Duration.ofMillis(20), Duration.ofMillis(100), 0);

    @TempDir
    private Path folder;

    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private MidwayRelay relay;
    private SiblingEndpoint sibling;
    private int relayPort;
    private int siblingPort;

    @AfterEach
    void close() throws Exception {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }

    private <T extends AutoCloseable> T keep(T one) {
        open.push(one);
        return one;
    }

    private SegmentSettings relaySegment() {
        return new SegmentSettings(folder.resolve("relay.segment")).elCount(800).pathName(PATH);
    }

    /** On the ports of before. */
    private void launch(boolean hasSibling) throws IOException {
        relay = keep(MidwayRelay.launch(new RelayContext()
                .authPath(PATH)
                .port(relayPort)
                .maxStale(Duration.ofMinutes(1))
                .segment(relaySegment())
                .siblingExternal(hasSibling)));
        relayPort = relay.port();
        if (hasSibling) {
            sibling = keep(SiblingEndpoint.launch(new SiblingContext(relaySegment())
                    .pathName(PATH)
                    .port(siblingPort)
                    .agingReplicas(2)));
            siblingPort = sibling.port();
        }
    }

    private void loseTheSegment() throws IOException {
        if (sibling != null) {
            sibling.close();
        }
        relay.close();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "relay.segment*")) {
            for (Path file : files) {
                if (Files.isRegularFile(file) && !file.equals(MemberList.fileOf(folder.resolve("relay.segment")))) {
                    Files.delete(file);
                }
            }
        }
    }

    private ReliefNode node(String name, int port) throws IOException {
        return keep(ReliefNode.launch(new ReliefContext(new SegmentSettings(folder.resolve(name + ".segment"))
                        .elCount(2_000)
                        .role(Role.RELIEF)
                        .pathName(PATH))
                .aging(true)
                .pathName(PATH)
                .sibling("localhost", port, SOON)));
    }

    private SessionCacheManager host(String name, int port) throws IOException {
        return keep(SessionCacheManager.open(clientConfig(name, port)));
    }

    private Config clientConfig(String name, int port) {
        return ConfigFactory.parseMap(Map.ofEntries(
                Map.entry("lru.cache.token_path", folder.resolve(name).toString()),
                Map.entry("lru.cache.segment_dir", folder.toString()),
                Map.entry("lru.cache.el_count", 800),
                Map.entry("message_relay.auth_path", PATH),
                Map.entry("message_relay.address", "localhost"),
                Map.entry("message_relay.reconnect_wait", "50ms"),
                Map.entry("message_relay.port", port)));
    }

    private static ConditionFactory soon() {
        return await().atMost(Duration.ofSeconds(50)).pollInterval(Duration.ofMillis(5));
    }

    private static void set(SessionCacheManager host, String key, String value, Acknowledgement level)
            throws Exception {
        host.set(key, value.getBytes(UTF_8), SetOptions.DEFAULTS.acknowledgement(level))
                .get(30, TimeUnit.SECONDS);
    }

    private static String local(SessionCacheManager host, String key) {
        byte[] value = host.getLocal(key);
        return value == null ? null : new String(value, UTF_8);
    }

    /** What a host is answered; "unavailable" where nobody knows. */
    private static String get(SessionCacheManager host, String key) throws Exception {
        try {
            byte[] value = host.get(key).get(10, TimeUnit.SECONDS);
            return value == null ? null : new String(value, UTF_8);
        } catch (ExecutionException e) {
            assertThat(e).hasCauseInstanceOf(TierUnavailableException.class);
            return "unavailable";
        }
    }

    /** Of those that will be deleted and of those that live. */
    private static void setAll(SessionCacheManager host, String value, Acknowledgement level) throws Exception {
        for (int i = 0; i < SESSIONS; i++) {
            set(host, "deleted-" + i, value, level);
            set(host, "lives-" + i, value, level);
        }
    }

    private static void cutOff(FaultProxy way) {
        way.refuse();
        way.reset();
    }

    private static void awaitAll(SessionCacheManager cut, SessionCacheManager stranger, String value) {
        for (int i = 0; i < SESSIONS; i++) {
            String deleted = "deleted-" + i;
            String lives = "lives-" + i;
            soon().until(() -> local(cut, deleted) == null);
            soon().until(() -> value.equals(get(stranger, lives)));
            soon().until(() -> get(stranger, deleted) == null);
        }
    }

    @Test
    void shouldBringNothingBackThatWasDeletedWhileAHostWasCutOffWhenReliefNodesKnowOfIt() throws Exception {
        launch(true);
        FaultProxy toRelay = keep(new FaultProxy(relayPort, 1));
        FaultProxy toSibling = keep(new FaultProxy(siblingPort, 2));
        node("aging-1", toSibling.port());
        node("aging-2", toSibling.port());
        SessionCacheManager cut = host("cut", toRelay.port());
        SessionCacheManager other = host("other", relayPort);
        setAll(cut, "before", Acknowledgement.RELIEF);
        cutOff(toRelay);
        List<CompletableFuture<Boolean>> deletes = new ArrayList<>();
        setAll(cut, "meanwhile", Acknowledgement.LOCAL);
        for (int i = 0; i < SESSIONS; i++) {
            deletes.add(other.delete("deleted-" + i, Acknowledgement.RELIEF));
        }
        for (CompletableFuture<Boolean> delete : deletes) {
            assertThat(delete.get(30, TimeUnit.SECONDS)).isTrue();
        }
        cutOff(toSibling);
        other.close();
        loseTheSegment();

        launch(true);
        toRelay.heal();
        SessionCacheManager stranger = host("stranger", relayPort);
        SharedLru segment = keep(SharedLru.open(relaySegment().role(Role.RELAY).initializer(false)));
        soon().until(() -> toRelay.connections() > 0);
        long untilNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
        while (System.nanoTime() - untilNs < 0) {
            // Whoever asks before the nodes are there may be told that nobody knows, and nothing else.
            for (int i = 0; i < SESSIONS; i += 30) {
                assertThat(get(stranger, "deleted-" + i)).isIn(null, "unavailable");
            }
        }
        assertThat(segment.file().areEarlierDeletesKnown()).isFalse();

        toSibling.heal();
        soon().until(() -> segment.file().areEarlierDeletesKnown());
        awaitAll(cut, stranger, "meanwhile");
        assertThat(cut.counter(Counter.LOST_UNPUBLISHED)).isZero();
    }

    /** Exactly once also where the relay knows nothing and the host that did the work is gone: nobody is told that there was none. */
    @Test
    void shouldGoOnWithWorkExactlyWhereItWasWhenReliefNodesHaveIt() throws Exception {
        launch(true);
        node("aging-1", siblingPort);
        node("aging-2", siblingPort);
        QueueSettings settings = QueueSettings.DEFAULTS.acknowledgement(Acknowledgement.RELIEF);
        String nonce;
        try (SessionCacheManager worker = SessionCacheManager.open(clientConfig("worker", relayPort));
                OwnerDirectory owners = new OwnerDirectory(worker, settings)) {
            QueueOwner ann = owners.owner("ann");
            nonce = ann.transact(t -> t.begin("basket")).nonce();
            assertThat(ann.<Boolean>transact(t -> {
                        t.state("tea".getBytes(UTF_8));
                        t.notify("No sugar", "basket");
                        return t.remember("basket", nonce, "1");
                    }))
                    .isTrue();
        }
        loseTheSegment();

        launch(true);
        QueueOwner ann =
                keep(new OwnerDirectory(host("stranger", relayPort), settings)).owner("ann");
        Begun[] begun = new Begun[1];
        soon().ignoreException(TierUnavailableException.class).until(() -> {
            begun[0] = ann.transact(t -> t.begin("basket"));
            return true;
        });
        assertThat(begun[0].memento()).isEqualTo("1");
        assertThat(new String(ann.transact(OwnerTransaction::state), UTF_8)).isEqualTo("tea");
        assertThat(ann.<List<String>>transact(t -> t.queue("basket"))).containsExactly("No sugar");
        assertThat(ann.<Boolean>transact(t -> t.remember("basket", nonce, "2")))
                .as("the earlier one")
                .isFalse();
        assertThat(ann.<Boolean>transact(t -> t.remember("basket", begun[0].nonce(), "2")))
                .isTrue();
    }

    @Test
    void shouldKnowAgainWhatHostsHaveAndWhatTheyHaveSeenDeletedWhenThereIsNoReliefTier() throws Exception {
        launch(false);
        FaultProxy toRelay = keep(new FaultProxy(relayPort, 3));
        SessionCacheManager cut = host("cut", toRelay.port());
        SessionCacheManager other = host("other", relayPort);
        setAll(cut, "before", Acknowledgement.RELAY);
        cutOff(toRelay);
        for (int i = 0; i < SESSIONS; i++) {
            other.delete("deleted-" + i, Acknowledgement.RELAY).get(30, TimeUnit.SECONDS);
        }
        loseTheSegment();

        launch(false);
        toRelay.heal();
        SessionCacheManager stranger = host("stranger", relayPort);
        awaitAll(cut, stranger, "before");
    }
}
