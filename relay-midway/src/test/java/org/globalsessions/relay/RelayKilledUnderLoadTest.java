package org.globalsessions.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.relay.Ledger.Verdict;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * P4 and P9: a relay that is killed and started again while two hosts set and delete at a steady rate, acknowledged by the relay. What it has
 * acknowledged it has after each start, and soon after the last one everybody has what was asked for last.
 */
class RelayKilledUnderLoadTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Duration AGREED_WITHIN = Duration.ofSeconds(5);

    /** For a machine whose processors have much other work, as a whole build has; what it was is printed. */
    private static final Duration AGREED_WITHIN_WHEN_BUSY = Duration.ofSeconds(15);

    private static final int KEYS = 4_000;
    private static final int EL_COUNT = 60_000;
    private static final int WINDOW = 512;

    /** One change in so many is a delete. */
    private static final int DELETES = 8;

    private static final SetOptions TO_RELAY = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);

    @TempDir
    Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private final List<Load> loads = new ArrayList<>();
    private final List<String> wrong = new CopyOnWriteArrayList<>();
    private TestProcess relay;
    private int port;
    private volatile boolean ended;

    private void launchRelay() throws IOException {
        relay = opened.keep(new TestProcess(
                RelayProcess.class,
                folder.resolve("relay.log"),
                folder.resolve("relay.segment").toString(),
                String.valueOf(EL_COUNT),
                String.valueOf(port)));
        port = RelayProcess.port(relay.readLine());
    }

    private SessionCacheManager application(String name) throws IOException {
        return opened.keep(SessionCacheManager.open(
                ConfigFactory.parseString("""
                message_relay { auth_path : auths, name : relay, address : localhost, port : %d, reconnect_wait : 50ms }
                lru { cache { token_path : "%s", segment_dir : "%s", el_count : %d } }
                """.formatted(port, folder.resolve(name), folder, EL_COUNT))));
    }

    /** One host's changes, at a steady rate. */
    private final class Load implements Runnable {
        private final SessionCacheManager cache;
        private final Ledger ledger;
        private final long intervalNs;
        private final Random random;
        private final AtomicLong asked = new AtomicLong();
        private final AtomicLong acknowledged = new AtomicLong();
        private final Thread thread;

        Load(String name, int perSecond, long seed) throws IOException {
            cache = application(name);
            ledger = new Ledger(name + "-", KEYS);
            intervalNs = 1_000_000_000L / perSecond;
            random = new Random(seed);
            thread = new Thread(this, "load-" + name);
        }

        @Override
        public void run() {
            long dueNs = System.nanoTime();
            for (int i = 0; !ended; i = (i + 1) % KEYS) {
                long earlyNs = dueNs - System.nanoTime();
                if (earlyNs > 1_000_000) {
                    LockSupport.parkNanos(earlyNs);
                }
                // One at a time of each key, so that what was acknowledged last is known; none while its last one is
                // open.
                if (!ledger.isOpen(i)) {
                    change(i, random.nextInt(DELETES) == 0);
                    dueNs += intervalNs;
                } else {
                    LockSupport.parkNanos(50_000);
                }
            }
        }

        private void change(int index, boolean delete) {
            int change = ledger.begin(index, delete);
            String key = ledger.key(index);
            asked.incrementAndGet();
            CompletableFuture<?> future = delete
                    ? cache.delete(key, Acknowledgement.RELAY)
                    : cache.set(key, ledger.value(index, change), TO_RELAY);
            var unused = future.whenComplete((result, failure) -> {
                ledger.end(index, change, failure == null);
                Throwable cause = failure != null && failure.getCause() != null ? failure.getCause() : failure;
                if (failure == null) {
                    acknowledged.incrementAndGet();
                } else if (!(cause instanceof TierUnavailableException)) {
                    wrong.add("a change ended with " + cause);
                }
            });
        }
    }

    /** What is asked of each answer. */
    private interface Judge {
        boolean accepts(Ledger ledger, int index, int acknowledgedBefore, byte[] value);
    }

    private record Question(int index, int acknowledgedBefore, CompletableFuture<Frame> answer) {
        byte[] value() {
            SessionKnownFrame known = (SessionKnownFrame)
                    answer.orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS).join();
            return known.entry() == null ? null : known.entry().value();
        }
    }

    /** Asks the relay for every key, as somebody who has none of them; false where an answer is not accepted. */
    private boolean isRelayRight(Judge judge) {
        try (TestHost stranger = new TestHost(port, 99).welcomed()) {
            boolean right = true;
            for (Load load : loads) {
                Ledger ledger = load.ledger;
                Queue<Question> open = new ArrayDeque<>();
                for (int i = 0; i < KEYS; i++) {
                    open.add(new Question(i, ledger.acknowledged(i), stranger.getLater(ledger.key(i))));
                    while (open.size() == WINDOW || (i == KEYS - 1 && !open.isEmpty())) {
                        Question oldest = open.remove();
                        right &= judge.accepts(ledger, oldest.index, oldest.acknowledgedBefore, oldest.value());
                    }
                }
            }
            return right;
        }
    }

    private boolean isKept(Ledger ledger, int index, int acknowledgedBefore, byte[] value) {
        Verdict verdict = ledger.judge(index, acknowledgedBefore, value);
        if (verdict != Verdict.RIGHT) {
            wrong.add("at the relay: " + verdict);
        }
        return verdict == Verdict.RIGHT;
    }

    /** Whether every host, and the relay, has what was asked for last. */
    private boolean doAllAgree() {
        for (Load load : loads) {
            for (Load reader : loads) {
                for (int i = 0; i < KEYS; i++) {
                    CompletableFuture<byte[]> value = reader.cache.get(load.ledger.key(i));
                    // An outage is no answer.
                    if (!load.ledger.isLast(
                            i, value.exceptionally(away -> new byte[0]).join())) {
                        return false;
                    }
                }
            }
        }
        return isRelayRight((ledger, index, before, value) -> ledger.isLast(index, value));
    }

    private long total(Function<Load, AtomicLong> count) {
        return loads.stream().mapToLong(load -> count.apply(load).get()).sum();
    }

    private void awaitAcknowledged(long atLeast) {
        await().atMost(LIMIT).until(() -> !wrong.isEmpty() || total(load -> load.acknowledged) >= atLeast);
    }

    /** Kills the relay again and again; tells what happened. */
    private String run(int kills, int perSecond, long seed, Duration agreedWithin) throws Exception {
        launchRelay();
        loads.add(new Load("a", perSecond / 2, seed));
        loads.add(new Load("b", perSecond / 2, seed + 1));
        for (Load load : loads) {
            await().atMost(LIMIT)
                    .ignoreExceptions()
                    .until(() -> load.cache.get("nobody's").join() == null);
            load.thread.start();
        }
        Random random = new Random(seed);
        long beganNs = System.nanoTime();
        long readyNs = 0;
        for (int kill = 1; kill <= kills; kill++) {
            awaitAcknowledged(total(load -> load.acknowledged) + perSecond / 2 + random.nextInt(perSecond));
            relay.kill();
            ended = kill == kills;
            launchRelay();
            readyNs = System.nanoTime();
            assertThat(isRelayRight(this::isKept))
                    .as("%s, seed=%d, kill=%d", wrong, seed, kill)
                    .isTrue();
        }
        long loadMs = TimeUnit.NANOSECONDS.toMillis(readyNs - beganNs);
        for (Load load : loads) {
            load.thread.join(LIMIT.toMillis());
        }
        await().atMost(LIMIT).pollInterval(Duration.ofMillis(20)).until(this::doAllAgree);
        Duration agreed = Duration.ofNanos(System.nanoTime() - readyNs);
        String figures = "seed=%d kills=%d ms=%d asked=%d acknowledged=%d lost=0 torn=0 resurrected=0 agreedMs=%d"
                .formatted(
                        seed,
                        kills,
                        loadMs,
                        total(load -> load.asked),
                        total(load -> load.acknowledged),
                        agreed.toMillis());
        assertThat(wrong).as(figures).isEmpty();
        assertThat(agreed).as(figures).isLessThan(agreedWithin);
        assertThat(isRelayRight(this::isKept)).as(figures).isTrue();
        for (Load load : loads) {
            assertThat(load.cache.counter(Counter.LOST_UNPUBLISHED)).isZero();
        }
        assertThat(Files.readString(folder.resolve("relay.log"))).doesNotContain("ERROR");
        return figures;
    }

    @AfterEach
    void end() {
        ended = true;
    }

    @Test
    @Tag("slow")
    void shouldLoseNothingAcknowledgedAndAgreeSoonWhenTheRelayIsKilledAgainAndAgain() throws Exception {
        System.out.println("kills: perSecond=2000 " + run(3, 2_000, 1, AGREED_WITHIN_WHEN_BUSY));
    }

    @Test
    @Tag("long")
    void shouldLoseNothingAcknowledgedAndAgreeSoonWhenTheRelayIsKilledTwentyTimesAtTenThousandASecond()
            throws Exception {
        System.out.println("long run: perSecond=10000 " + run(20, 10_000, 1, AGREED_WITHIN));
    }
}
