package org.globalsessions.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.globalsessions.Acknowledgement;
import org.globalsessions.ConditionFailedException;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.relay.Ledger;
import org.globalsessions.relay.Ledger.Verdict;
import org.globalsessions.segment.SegmentInspector;
import org.globalsessions.status.Counter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * P1, P4 and P8: relief nodes, the sibling and the relay, each a process of its own, are killed and started again while a host sets, gets and deletes
 * at a steady rate and all that it stores is soon handed off. Judged by what was acknowledged, which only this process knows: each get
 * on the way, and at the end each session, through a host that has none of them.
 */
class ReliefKillsIT {
    private static final Duration PATIENCE = LaunchedNodes.PATIENCE;

    private static final Duration BETWEEN_KILLS = Duration.ofSeconds(5);

    /** Of a hundred operations; the others are gets. */
    private static final int NEW = 15;

    private static final int OVERWRITES = 10;
    private static final int DELETES = 3;

    /** Most operations that have not ended: beyond it the rate falls. */
    private static final int MOST_OPEN = 1_000;

    /** One operation in so many is on any session, the others on one of the latest: only few are asked for beyond the relay. */
    private static final int RECENT = 10;

    private static final int WINDOW = 256;
    private static final int SMALL = 2_000;
    private static final int PROGRESS = 200;

    /** Most sessions of which a failure tells all copies. */
    private static final int MOST_TRACED = 8;

    private static final Acknowledgement[] LEVELS = {Acknowledgement.RELAY, Acknowledgement.RELIEF};

    @TempDir
    private Path folder;

    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();

    /** What was done to processes, when. */
    private final List<String> events = new ArrayList<>();

    private LaunchedNodes nodes;
    private TierFolder tier;
    private List<LaunchedProcess> processes;
    private Load load;

    @AfterEach
    void end() throws InterruptedException {
        if (load != null) {
            load.end();
        }
        if (nodes != null) {
            nodes.close();
        }
    }

    /** One host's operations, at a steady rate, on sessions that become more and more. */
    private final class Load implements Runnable {
        private final SessionCacheManager cache;
        private final Ledger ledger;
        private final int perSecond;
        private final Random random;
        private final AtomicInteger open = new AtomicInteger();
        private final AtomicLong ended = new AtomicLong();
        private final AtomicLong answered = new AtomicLong();
        private final AtomicLong acknowledged = new AtomicLong();
        private final AtomicLong unavailable = new AtomicLong();
        private final AtomicLong refused = new AtomicLong();
        private final Thread thread = new Thread(this, "load");
        private final AtomicInteger begun = new AtomicInteger();
        private final long beganNs = System.nanoTime();

        /** Of each session the acknowledgement of its last change: when, of which level, version and number. */
        private final Map<Integer, String> last = new ConcurrentHashMap<>();

        /** Sessions that were ever to be deleted. */
        private final Set<Integer> deleted = ConcurrentHashMap.newKeySet();

        private volatile boolean stopped;

        Load(SessionCacheManager cache, int mostSessions, int perSecond, long seed) {
            this.cache = cache;
            this.perSecond = perSecond;
            ledger = new Ledger("s-", mostSessions);
            random = new Random(seed);
        }

        @Override
        public void run() {
            long dueNs = System.nanoTime();
            while (!stopped) {
                long earlyNs = dueNs - System.nanoTime();
                if (earlyNs > 1_000_000 || open.get() >= MOST_OPEN) {
                    LockSupport.parkNanos(Math.max(earlyNs, 1_000_000));
                } else {
                    operate();
                    dueNs = Math.max(dueNs, System.nanoTime() - 100_000_000) + 1_000_000_000 / perSecond;
                }
            }
        }

        private void operate() {
            int what = random.nextInt(100);
            int count = begun.get();
            if (count < ledger.count() && (what < NEW || count == 0)) {
                change(count, false);
                begun.incrementAndGet();
                return;
            }
            int index = count - 1 - random.nextInt(random.nextInt(RECENT) == 0 ? count : Math.min(count, SMALL));
            if (what >= NEW + OVERWRITES + DELETES) {
                get(index);
            } else if (!ledger.isOpen(index)) {
                // One change at a time of each session, so that what was acknowledged last is known.
                change(index, what >= NEW + OVERWRITES);
            }
        }

        private void get(int index) {
            int before = ledger.acknowledged(index);
            follow(index, cache.get(ledger.key(index)), (value, failed) -> {
                if (!failed) {
                    judge("a get on the way", index, before, value);
                }
            });
        }

        private void change(int index, boolean delete) {
            int change = ledger.begin(index, delete);
            if (delete) {
                deleted.add(index);
            }
            Acknowledgement level = LEVELS[random.nextInt(LEVELS.length)];
            CompletableFuture<?> future = delete
                    ? cache.delete(ledger.key(index), level)
                    : cache.set(
                            ledger.key(index), ledger.value(index, change), SetOptions.DEFAULTS.acknowledgement(level));
            follow(index, future, (result, failed) -> {
                ledger.end(index, change, !failed);
                if (!failed) {
                    acknowledged.incrementAndGet();
                    last.put(index, System.currentTimeMillis() + " " + level + " " + result + " " + (change >> 1));
                }
            });
        }

        private <T> void follow(int index, CompletableFuture<T> future, End<? super T> end) {
            open.incrementAndGet();
            var unused = future.whenComplete((result, thrown) -> {
                Throwable cause = thrown != null && thrown.getCause() != null ? thrown.getCause() : thrown;
                if (cause == null) {
                    answered.incrementAndGet();
                } else if (cause instanceof TierUnavailableException) {
                    unavailable.incrementAndGet();
                } else if (cause instanceof ConditionFailedException && deleted.contains(index)) {
                    // The host has forgotten its delete for want of room, and cannot say any more that it sets behind
                    // it: told, and nothing has changed.
                    refused.incrementAndGet();
                } else {
                    wrong.add("an operation ended with " + cause);
                }
                end.ended(result, cause != null);
                ended.incrementAndGet();
                open.decrementAndGet();
            });
        }

        /** Nothing new begins, and all that has begun ends. */
        void end() throws InterruptedException {
            stopped = true;
            thread.join(PATIENCE.toMillis());
            await().atMost(PATIENCE).until(() -> open.get() == 0);
            cache.close();
        }

        void judge(String what, int index, int before, byte[] value) {
            Verdict verdict = ledger.judge(index, before, value);
            if (verdict != Verdict.RIGHT) {
                wrong.add("%s after %d ms: session=%d %s, acknowledged=%d %s, found=%s"
                        .formatted(
                                what,
                                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - beganNs),
                                index,
                                verdict,
                                before >> 1,
                                last.get(index),
                                value == null ? null : new String(value, UTF_8)));
            }
        }

        /** Asks for every session through a host that has none of them; again where nodes have only just come back, or answer too late. */
        void judgeAll(SessionCacheManager stranger) throws Exception {
            List<Integer> left = IntStream.range(0, begun.get()).boxed().toList();
            long endNs = System.nanoTime() + 2 * PATIENCE.toNanos();
            while (!left.isEmpty() && endNs - System.nanoTime() > 0) {
                List<Integer> asked = left;
                Queue<Integer> again = new ConcurrentLinkedQueue<>();
                new Pipeline(WINDOW, PATIENCE, i -> judgeOnce(stranger, asked.get(i), again))
                        .run(asked.size(), done -> {});
                left = List.copyOf(again);
            }
            left.forEach(index -> wrong.add("at the end: session=%d unavailable".formatted(index)));
        }

        private CompletableFuture<?> judgeOnce(SessionCacheManager stranger, int index, Queue<Integer> again) {
            int before = ledger.acknowledged(index);
            return stranger.get(ledger.key(index)).handle((value, thrown) -> {
                Throwable cause = thrown != null && thrown.getCause() != null ? thrown.getCause() : thrown;
                if (cause instanceof TierUnavailableException) {
                    again.add(index);
                } else if (cause != null) {
                    wrong.add("a get at the end ended with " + cause);
                } else {
                    judge("at the end", index, before, value);
                }
                return null;
            });
        }
    }

    private interface End<T> {
        void ended(T result, boolean failed);
    }

    private void kill(int process) throws Exception {
        String name = process == 0 ? "relay" : tier.reliefNodes().get(process - 1);
        events.add(System.currentTimeMillis() + " killed " + name);
        processes.get(process).awaitRunning().kill();
        processes.set(process, nodes.launch(tier.config(name)));
    }

    private void killSibling() {
        events.add(System.currentTimeMillis() + " killed sibling");
        processes.get(0).awaitRunning();
        await().atMost(PATIENCE).until(() -> processes.get(0).children().size() == 1);
        processes.get(0).children().forEach(ProcessHandle::destroyForcibly);
    }

    /** Both kinds take what they should: each kill meets a tier that works, also where processes take long to start. */
    private void awaitProgress() throws IOException {
        long published = tier.counter("relay", Counter.PUBLISHED);
        long handedOff = tier.counter("relay", Counter.HANDED_OFF);
        await().atMost(PATIENCE)
                .until(() -> tier.counter("relay", Counter.PUBLISHED) > published + PROGRESS
                        && tier.counter("relay", Counter.HANDED_OFF) > handedOff + PROGRESS);
    }

    /** Kills a relief node every five seconds, and in between the sibling and the relay, each once in so many; tells what happened. */
    private String run(int ofEachKind, int perSecond, int kills, int othersEvery, long seed) throws Exception {
        int most = (int) ((long) perSecond * NEW / 100 * (kills + 2) * BETWEEN_KILLS.toSeconds());
        tier = new TierFolder(folder, new TierFolder.Plan(2, ofEachKind, ofEachKind, SMALL, most, SMALL, SMALL));
        nodes = new LaunchedNodes(folder, LaunchedNodes.SHORT_LIVED);
        processes = tier.launch(nodes);
        load = new Load(SessionCacheManager.open(tier.host("host-a")), most, perSecond, seed);
        load.thread.start();
        awaitProgress();
        Random random = new Random(seed);
        List<Integer> turns = new ArrayList<>();
        long beganNs = System.nanoTime();
        long endedBefore = load.ended.get();
        long answeredBefore = load.answered.get();
        for (int kill = 1; kill <= kills; kill++) {
            long nextNs = System.nanoTime() + BETWEEN_KILLS.toNanos();
            if (turns.isEmpty()) {
                for (int i = 1; i < processes.size(); i++) {
                    turns.add(i);
                }
                Collections.shuffle(turns, random);
            }
            kill(turns.remove(0));
            LockSupport.parkNanos((nextNs - System.nanoTime()) / 2);
            if (kill % othersEvery == othersEvery / 3) {
                killSibling();
            } else if (kill % othersEvery == othersEvery * 2 / 3) {
                kill(0);
            }
            LockSupport.parkNanos(nextNs - System.nanoTime());
            awaitProgress();
        }
        long loadMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - beganNs);
        long perSecondEnded = (load.ended.get() - endedBefore) * 1000 / loadMs;
        long perSecondAnswered = (load.answered.get() - answeredBefore) * 1000 / loadMs;
        load.end();
        processes.forEach(LaunchedProcess::awaitRunning);
        long handedOff = tier.counter("relay", Counter.HANDED_OFF);
        long readNs = System.nanoTime();
        try (SessionCacheManager stranger = SessionCacheManager.open(tier.host("host-b"))) {
            load.judgeAll(stranger);
        }
        String figures =
                ("seed=%d nodes=%d reliefKills=%d loadMs=%d perSecond=%d answered=%d acknowledged=%d unavailable=%d refused=%d sessions=%d"
                                + " handedOff=%d readMs=%d wrong=%d")
                        .formatted(
                                seed,
                                2 * ofEachKind,
                                kills,
                                loadMs,
                                perSecondEnded,
                                perSecondAnswered,
                                load.acknowledged.get(),
                                load.unavailable.get(),
                                load.refused.get(),
                                load.begun.get(),
                                handedOff,
                                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - readNs),
                                wrong.size());
        assertThat(wrong).as(figures + whereabouts()).isEmpty();
        // A load that gives way would not be one.
        assertThat(perSecondAnswered).as(figures).isGreaterThan(perSecond * 7L / 10);
        assertThat(handedOff).as(figures).isGreaterThan(load.begun.get() / 2);
        assertThat(load.refused.get()).as(figures).isLessThan(load.acknowledged.get() / 1_000);
        for (String name : tier.reliefNodes()) {
            assertThat(tier.counter(name, Counter.LOST_FOR_SPACE))
                    .as(figures + ' ' + name)
                    .isZero();
        }
        assertThat(tier.counter("relay", Counter.LOST_SPILL_FULL)).as(figures).isZero();
        return figures;
    }

    /** What each tier has of the sessions that were judged wrong, with versions: which one lagged. */
    private String whereabouts() throws IOException {
        Set<String> keys = wrong.stream()
                .filter(what -> what.contains("session="))
                .map(what -> what.replaceAll(".*session=([0-9]+).*", "s-$1"))
                .limit(MOST_TRACED)
                .collect(Collectors.toCollection(LinkedHashSet::new));
        StringBuilder all = new StringBuilder();
        events.forEach(event -> all.append('\n').append(event));
        for (String name : tier.segments()) {
            if (!name.startsWith("host")) {
                for (Counter counter : Counter.values()) {
                    long count = tier.counter(name, counter);
                    if (count > 0) {
                        all.append("\n%s: %s=%d".formatted(name, counter, count));
                    }
                }
            }
        }
        for (String name : keys.isEmpty() ? List.<String>of() : tier.segments()) {
            NodeConfig config = name.startsWith("host")
                    ? NodeConfig.loadClient(tier.config(name))
                    : NodeConfig.load(tier.config(name));
            SegmentInspector inspector = SegmentInspector.open(config.cache().segmentFile());
            inspector.scanUnsentToo(entry -> {
                String key = new String(entry.keyCopy(), UTF_8);
                if (keys.contains(key)) {
                    all.append("\n%s has %s version=%s life=%x"
                            .formatted(name, new String(entry.valueCopy(), UTF_8), entry.version(), entry.life()));
                }
                return true;
            });
        }
        return all.toString();
    }

    @Test
    @Tag("slow")
    void shouldLoseAndBringBackNothingWhenNodesAreKilledUnderLoad() throws Exception {
        System.out.println("relief kills: " + run(2, 5_000, 8, 6, 1));
    }

    @Test
    @Tag("long")
    void shouldLoseAndBringBackNothingWhenEightReliefNodesAreKilledForFiveMinutes() throws Exception {
        System.out.println("long run: " + run(4, 5_000, 60, 12, 1));
    }
}
