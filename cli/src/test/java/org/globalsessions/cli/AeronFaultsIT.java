package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.cli.QuickstartFolder.Plan;
import org.globalsessions.segment.ProcessSignals;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One end of Aeron IPC is stopped for longer than the media driver waits for a client, which is 3 s, and goes on: the relay serves its hosts
 * without a sibling, and whichever of the two has lost its client opens another one and sends again what is not acknowledged.
 */
class AeronFaultsIT {
    private static final Duration PATIENCE = LaunchedNodes.PATIENCE;
    private static final SetOptions TO_RELAY = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);

    /** Before the stop, and as many meanwhile; both together fit the relay's segment. */
    private static final int PART = 1_500;

    private static final int RELAY_CAPACITY = 4_000;

    /** With those that follow the relay has to hand off and to evict. */
    private static final int ALL = 8_000;

    private static final int WINDOW = 64;

    @TempDir
    private Path folder;

    private final SessionSource source = new SessionSource(20_261_128);
    private LaunchedNodes nodes;
    private QuickstartFolder configs;
    private LaunchedProcess relay;
    private SegmentStat stat;

    @BeforeEach
    void launch() throws IOException {
        configs = QuickstartFolder.create(new Plan(ALL, 600, RELAY_CAPACITY));
        nodes = new LaunchedNodes(folder);
        nodes.launchAll(configs);
        relay = nodes.process(0);
        stat = SegmentStat.open(configs.nodeSegment("relay"));
    }

    @AfterEach
    void end() throws IOException {
        nodes.close();
        configs.close();
    }

    private void store(SessionCacheManager host, int from, int to) throws Exception {
        new Pipeline(WINDOW, PATIENCE, i -> {
                    String key = source.key(from + i);
                    return host.set(key, source.value(key), TO_RELAY);
                })
                .run(to - from, done -> {});
    }

    /** What the sibling has not acknowledged. */
    private int unpublished() throws IOException {
        SegmentSettings settings = new SegmentSettings(configs.nodeSegment("relay"))
                .elCount(RELAY_CAPACITY)
                .pathName("quickstart")
                .role(SegmentSettings.Role.RELAY)
                .initializer(false);
        try (SharedLru lru = SharedLru.open(settings)) {
            int[] marked = {0};
            lru.scan(0, lru.bucketCount(), RecordDescriptor.UNPUBLISHED, entry -> {
                marked[0]++;
                return true;
            });
            return marked[0];
        }
    }

    private void readBackAll() throws Exception {
        await().atMost(PATIENCE).until(() -> unpublished() == 0);
        try (SessionCacheManager host = SessionCacheManager.open(configs.config("host-a"))) {
            store(host, 2 * PART, ALL);
        }
        assertThat(stat.counter(Counter.HANDED_OFF)).isPositive();
        LaunchedNodes.readBack(source, configs.config("host-b"), 0, ALL);
        for (Counter loss : new Counter[] {Counter.LOST_UNPUBLISHED, Counter.LOST_SPILL_FULL, Counter.LOST_FOR_SPACE}) {
            assertThat(stat.counter(loss)).as(loss.label()).isZero();
        }
    }

    /** Sets on one host and gets on the other, evenly over a time. */
    private void useWithoutSibling(SessionCacheManager a, SessionCacheManager b, Duration time) throws Exception {
        long endNs = System.nanoTime() + time.toNanos();
        long slowestNs = 0;
        for (int i = 0; i < PART; i++) {
            String stored = source.key(PART + i);
            String old = source.key(i);
            long beganNs = System.nanoTime();
            a.set(stored, source.value(stored), TO_RELAY).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(b.get(old).get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(source.value(old));
            slowestNs = Math.max(slowestNs, System.nanoTime() - beganNs);
            TimeUnit.NANOSECONDS.sleep((endNs - System.nanoTime()) / (PART - i));
        }
        // Nobody knows, which is not null.
        assertThatThrownBy(() -> b.get(source.key(ALL)).get(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(TierUnavailableException.class);
        assertThat(unpublished()).isPositive();
        System.out.printf(
                "sibling stopped: stoppedS=%d sets=%d gets=%d slowestPairMs=%d%n",
                time.toSeconds(), PART, PART, TimeUnit.NANOSECONDS.toMillis(slowestNs));
    }

    private void stopSibling(Duration time) throws Exception {
        assertThat(relay.children()).hasSize(1);
        long sibling = relay.children().get(0).pid();
        try (SessionCacheManager a = SessionCacheManager.open(configs.config("host-a"))) {
            store(a, 0, PART);
            // Was told of none of them, so the relay has to be asked.
            try (SessionCacheManager b = SessionCacheManager.open(configs.config("host-b"))) {
                ProcessSignals.stop(sibling);
                useWithoutSibling(a, b, time);
                ProcessSignals.goOn(sibling);
            }
            assertThat(relay.children())
                    .singleElement()
                    .satisfies(child -> assertThat(child.pid()).isEqualTo(sibling));
        }
        readBackAll();
    }

    @Test
    @Tag("slow")
    void shouldServeHostsAndHandOffLaterWhenTheSiblingIsStopped() throws Exception {
        stopSibling(Duration.ofSeconds(5));
    }

    @Test
    @Tag("long")
    void shouldServeHostsAndHandOffLaterWhenTheSiblingIsStoppedForHalfAMinute() throws Exception {
        stopSibling(Duration.ofSeconds(30));
        System.out.println("long run: stoppedS=30 sessions=" + ALL + " lost=0");
    }

    @Test
    @Tag("slow")
    void shouldOpenAnotherClientAndSweepWhenTheRelayWasStopped() throws Exception {
        try (SessionCacheManager host = SessionCacheManager.open(configs.config("host-a"))) {
            store(host, 0, PART);
            ProcessSignals.stop(relay.pid());
            long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(4_500);
            for (int i = PART; i < PART + 100; i++) {
                String key = source.key(i);
                host.set(key, source.value(key));
            }
            TimeUnit.NANOSECONDS.sleep(endNs - System.nanoTime());
            ProcessSignals.goOn(relay.pid());
            store(host, PART, 2 * PART);
        }
        await().atMost(PATIENCE).until(() -> relay.err().contains("The connection to the media driver is lost"));
        assertThat(stat.counter(Counter.ERRORS))
                .as("the client's end is counted")
                .isPositive();
        readBackAll();
    }
}
