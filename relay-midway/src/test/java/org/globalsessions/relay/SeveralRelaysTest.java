package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.placement.RendezvousPlacement;
import org.globalsessions.segment.RelayPlaces;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two relays, each a process of its own, and two hosts that have both in their list: each relay is killed under load and started again, while
 * the other one's keys go on.
 */
@Tag("slow")
class SeveralRelaysTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int EL_COUNT = 4_000;
    private static final int KEYS = 200;
    private static final SetOptions TO_RELAY = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);

    @TempDir
    Path folder;

    private final TestProcess[] processes = new TestProcess[2];
    private final int[] ports = new int[2];

    @RegisterExtension
    final Opened opened = new Opened();

    private SharedLru digests;
    private RendezvousPlacement placement;
    private SessionCacheManager a;
    private SessionCacheManager b;

    /** Number of the last write of a key on host a, which its value tells; 0 once it is deleted. */
    private final ConcurrentHashMap<String, Integer> written = new ConcurrentHashMap<>();

    /** Number of the last write of a key that a relay has acknowledged. */
    private final ConcurrentHashMap<String, Integer> acknowledged = new ConcurrentHashMap<>();

    private final List<String> wrong = new CopyOnWriteArrayList<>();

    /** Which relay is down, or on its way down or up; -1 for none. */
    private volatile int down = -1;

    private volatile boolean ended;

    @BeforeEach
    void open() throws IOException {
        for (int relay = 0; relay < 2; relay++) {
            launch(relay);
        }
        digests = SharedLru.open(
                new SegmentSettings(folder.resolve("digests")).elCount(20).pathName("auths"));
        opened.keep(digests);
        long[] ids = {RelayPlaces.id(name(0)), RelayPlaces.id(name(1))};
        placement = new RendezvousPlacement(ids, new long[2]);
        a = application("a", 0, 1);
        b = application("b", 1, 0);
    }

    private static String name(int relay) {
        return "relay-" + relay;
    }

    private void launch(int relay) throws IOException {
        processes[relay] = new TestProcess(
                RelayProcess.class,
                folder.resolve("relay-" + relay + ".log"),
                folder.resolve("relay-" + relay + ".segment").toString(),
                String.valueOf(EL_COUNT),
                String.valueOf(ports[relay]));
        opened.keep(processes[relay]);
        ports[relay] = RelayProcess.port(processes[relay].readLine());
    }

    private SessionCacheManager application(String name, int first, int second) throws IOException {
        SessionCacheManager cache = SessionCacheManager.open(ConfigFactory.parseString("""
                message_relay : [
                  { auth_path : auths, name : "%s", port : %d, reconnect_wait : 50ms }
                  { auth_path : auths, name : "%s", port : %d, reconnect_wait : 50ms }
                ]
                lru { cache { token_path : "%s", segment_dir : "%s", el_count : %d } }
                """.formatted(
                name(first), ports[first], name(second), ports[second], folder.resolve(name), folder, EL_COUNT)));
        opened.keep(cache);
        return cache;
    }

    @AfterEach
    void end() {
        ended = true;
    }

    private int owner(String key) {
        return placement.owner(digests.encode(key).digestLow());
    }

    private static byte[] value(String key, int number) {
        return (key + "=" + number).getBytes(UTF_8);
    }

    private static int number(String key, byte[] value) {
        String text = new String(value, UTF_8);
        assertThat(text).startsWith(key + "=");
        return Integer.parseInt(text.substring(key.length() + 1));
    }

    private static String key(int i) {
        return "user-" + i;
    }

    /** Waits for an acknowledgement, or for the other end of the future: the relay is away. */
    private static boolean acknowledged(SessionCacheManager cache, String key, int number) throws Exception {
        try {
            cache.set(key, value(key, number), TO_RELAY).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            return true;
        } catch (ExecutionException e) {
            assertThat(e).hasCauseInstanceOf(TierUnavailableException.class);
            return false;
        }
    }

    /** One thread writes on host a, so the last number of a key is known. */
    private void write(AtomicInteger living) {
        try {
            for (int number = 1; !ended; number++) {
                String key = key(number % KEYS);
                int downBefore = down;
                written.put(key, number);
                if (owner(key) == downBefore) {
                    // Stays on this host at the speed of memory, and goes there when the relay is back.
                    a.set(key, value(key, number));
                    continue;
                }
                boolean done = acknowledged(a, key, number);
                if (done) {
                    acknowledged.put(key, number);
                }
                if (owner(key) != down) {
                    living.incrementAndGet();
                    if (!done) {
                        wrong.add("a set of a living relay's key was not acknowledged");
                    }
                }
            }
        } catch (Exception | AssertionError e) {
            wrong.add("writing: " + e);
        }
    }

    /** Another reads on host b, where half of the sessions have to be asked for. */
    private void read(AtomicInteger read) {
        try {
            for (int i = 0; !ended; i++) {
                String key = key(i % KEYS);
                int downBefore = down;
                boolean there = acknowledged.containsKey(key);
                if (i % 2 == 0) {
                    b.evictNear(key, 1);
                }
                try {
                    byte[] value = b.get(key).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
                    if (value == null && there) {
                        wrong.add("null for a session that was acknowledged");
                    }
                    if (value != null && number(key, value) > written.get(key)) {
                        wrong.add("a value that nobody has written");
                    }
                    read.incrementAndGet();
                } catch (ExecutionException e) {
                    assertThat(e).hasCauseInstanceOf(TierUnavailableException.class);
                    if (owner(key) != downBefore && owner(key) != down) {
                        wrong.add("a get of a living relay's key was not answered: " + e.getCause());
                    }
                }
            }
        } catch (InterruptedException | TimeoutException | AssertionError e) {
            wrong.add("reading: " + e);
        }
    }

    /** Deletes that a relay has acknowledged, some of each relay. */
    private List<String> deleted(String prefix) throws Exception {
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            String key = prefix + i;
            assertThat(acknowledged(a, key, i)).isTrue();
            keys.add(key);
        }
        await().atMost(LIMIT).until(() -> keys.stream().allMatch(key -> b.getLocal(key) != null));
        for (String key : keys) {
            assertThat(b.delete(key, Acknowledgement.RELAY).get(LIMIT.toSeconds(), TimeUnit.SECONDS))
                    .isTrue();
        }
        return keys;
    }

    @Test
    void shouldLoseNothingAndAnswerRightWhenEachRelayIsKilledUnderLoadAndStartedAgain() throws Exception {
        // Connected: what is asked for before that is answered by nobody.
        for (int relay = 0; relay < 2; relay++) {
            awaitBack(a, relay);
            awaitBack(b, relay);
        }
        AtomicInteger living = new AtomicInteger();
        AtomicInteger read = new AtomicInteger();
        Thread writer = new Thread(() -> write(living));
        Thread reader = new Thread(() -> read(read));
        writer.start();
        reader.start();
        List<String> gone = new ArrayList<>();
        await().atMost(LIMIT).until(() -> acknowledged.size() == KEYS);
        for (int relay = 0; relay < 2; relay++) {
            int killed = relay;
            gone.addAll(deleted("gone-" + relay + "-"));
            down = killed;
            processes[killed].kill();
            // The other one's keys go on, on both hosts, while this one is dead.
            int livingThen = living.get();
            int readThen = read.get();
            await().atMost(LIMIT)
                    .until(() -> !wrong.isEmpty() || (living.get() > livingThen + 300 && read.get() > readThen + 300));
            launch(killed);
            awaitBack(a, killed);
            awaitBack(b, killed);
            down = -1;
            int livingBack = living.get();
            await().atMost(LIMIT).until(() -> !wrong.isEmpty() || living.get() > livingBack + 300);
        }
        ended = true;
        writer.join(LIMIT.toMillis());
        reader.join(LIMIT.toMillis());
        assertThat(wrong).isEmpty();
        // What was written while its relay was dead is there too: tiers agree on the last write of each key.
        await().atMost(LIMIT).untilAsserted(() -> {
            for (String key : written.keySet()) {
                assertThat(b.get(key).get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isEqualTo(value(key, written.get(key)));
                assertThat(a.getLocal(key)).isEqualTo(value(key, written.get(key)));
            }
        });
        for (String key : gone) {
            assertThat(a.get(key).get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isNull();
            assertThat(b.get(key).get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isNull();
        }
        assertThat(a.counter(Counter.LOST_UNPUBLISHED) + b.counter(Counter.LOST_UNPUBLISHED))
                .isZero();
        for (int relay = 0; relay < 2; relay++) {
            assertThat(Files.readString(folder.resolve("relay-" + relay + ".log")))
                    .doesNotContain("ERROR");
        }
    }

    /** A key of that relay is acknowledged for a host: its link stands again. */
    private void awaitBack(SessionCacheManager host, int relay) {
        String own = IntStream.range(0, 1000)
                .mapToObj(i -> "probe-" + i)
                .filter(key -> owner(key) == relay)
                .findFirst()
                .orElseThrow();
        await().atMost(LIMIT).until(() -> acknowledged(host, own, 1));
    }
}
