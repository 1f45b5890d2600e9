package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.LongFunction;
import org.globalsessions.Version;
import org.globalsessions.relief.ReliefContext;
import org.globalsessions.relief.ReliefNode;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.sibling.WalkingSibling;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.net.ReconnectPolicy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real relief nodes, and a sibling that keeps filters of what they hold, over real TCP. */
class ReliefFilterTest {
    private static final String PATH = WalkingSibling.PATH;
    private static final int FAST = 1_000_000;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final ReconnectPolicy SOON = new ReconnectPolicy(Duration.ofMillis(20), Duration.ofMillis(100), 0);

    @TempDir
    private Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final Map<Integer, ReliefNode> nodes = new HashMap<>();
    private WalkingSibling sibling;
    private int elCount = 4_000;

    @AfterEach
    void close() throws Exception {
        for (ReliefNode node : nodes.values()) {
            node.close();
        }
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private void start(int replicas, int nodeCount, Duration oldAfter) throws IOException {
        sibling = new WalkingSibling(folder, replicas, FAST);
        open.add(sibling);
        sibling.keepFilters(oldAfter);
        for (int i = 1; i <= nodeCount; i++) {
            launch(i);
        }
        sibling.awaitConnected(nodeCount);
    }

    private SegmentSettings settings(int node) {
        return new SegmentSettings(folder.resolve("node-" + node + ".segment"))
                .elCount(elCount)
                .recordSize(256)
                .role(Role.RELIEF)
                .pathName(PATH);
    }

    private void launch(int node) throws IOException {
        nodes.put(
                node,
                ReliefNode.launch(new ReliefContext(settings(node))
                        .aging(true)
                        .pathName(PATH)
                        .nodeId(String.format("%016x%016x", node, node))
                        .sibling("localhost", sibling.port(), SOON)));
    }

    private static byte[] key(String key) {
        return key.getBytes(StandardCharsets.US_ASCII);
    }

    private static SessionEntry entry(String key, long clock) {
        return new SessionEntry(key(key), key(key + " at " + clock), new Version(clock, 7), 1, false, 0, 0, 0);
    }

    private void store(int from, int to, long clock) {
        for (Frame answer : askAll(from, to, (i, id) -> new SessionBackupFrame(id, entry("key " + i, clock)))) {
            assertThat(answer).isInstanceOf(SessionReceivedFrame.class);
        }
    }

    /** As a relay does: what is refused, as a node has gone at that very moment, is sent again. */
    private void storeUntilTaken(int from, int to, long clock) {
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(1))
                .until(() -> askAll(from, to, (i, id) -> new SessionBackupFrame(id, entry("key " + i, clock))).stream()
                        .allMatch(SessionReceivedFrame.class::isInstance));
    }

    private interface Asked {
        Frame frame(int number, long id);
    }

    private List<Frame> askAll(int from, int to, Asked asked) {
        List<Frame> answers = new ArrayList<>();
        for (int first = from; first < to; first += WalkingSibling.MOST_AT_A_TIME) {
            List<LongFunction<Frame>> frames = new ArrayList<>();
            for (int i = first; i < Math.min(to, first + WalkingSibling.MOST_AT_A_TIME); i++) {
                int number = i;
                frames.add(id -> asked.frame(number, id));
            }
            answers.addAll(sibling.askAll(frames));
        }
        return answers;
    }

    /** How many of the keys are found; one that is missing fails the test. */
    private int read(int count) {
        int found = 0;
        for (Frame answer : askAll(0, count, (i, id) -> new NeedSessionFrame(id, key("key " + i)))) {
            SessionKnownFrame known = (SessionKnownFrame) answer;
            assertThat(known.status()).isNotEqualTo(Status.MISSING);
            found += known.status().isFound() ? 1 : 0;
        }
        return found;
    }

    private long filteredOf(int unknown, String prefix) {
        long before = sibling.questionsFiltered();
        for (Frame answer : askAll(0, unknown, (i, id) -> new NeedSessionFrame(id, key(prefix + i)))) {
            assertThat(((SessionKnownFrame) answer).status()).isEqualTo(Status.MISSING);
        }
        return sibling.questionsFiltered() - before;
    }

    @Test
    void shouldFindWhatIsThereWhileItMovesAndFiltersAreMadeAgainAndAgain() throws Exception {
        int count = 1_000;
        start(1, 2, Duration.ZERO);
        store(0, count, 10);
        await().until(sibling::haveFilters);
        assertThat(filteredOf(100, "unknown ")).isGreaterThan(90);

        launch(3);
        for (int round = 0; round < 10; round++) {
            store(round * 100, round * 100 + 100, 20);
            assertThat(read(count)).isEqualTo(count);
        }
        sibling.awaitConnected(3);
        sibling.drain(1);
        int[] reads = {0};
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(1)).until(() -> {
            reads[0]++;
            storeUntilTaken(reads[0] % 10 * 100, reads[0] % 10 * 100 + 100, 30 + reads[0]);
            assertThat(read(count)).isEqualTo(count);
            return sibling.isGone(1);
        });
        nodes.remove(1).close();

        nodes.remove(2).close();
        assertThat(read(count)).isLessThan(count);
        launch(2);
        await().atMost(PATIENCE).until(() -> read(count) == count);
        await().until(sibling::haveFilters);
        assertThat(filteredOf(100, "unknown ")).isGreaterThan(90);
        assertThat(read(count)).isEqualTo(count);
    }

    @Test
    void shouldAskNobodyForMostKeysThatNobodyHas() throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        int nodeCount = 4;
        elCount = Integer.getInteger("filter.elCount", 4_000);
        start(2, nodeCount, Duration.ofHours(1));
        // Twice as many as there are places for: nodes are full, and have let as many go since their filters were made.
        await().until(sibling::haveFilters);
        store(0, nodeCount * elCount, 10);
        await().until(sibling::haveFilters);

        int unknown = Integer.getInteger("filter.unknown", 20_000);
        Random random = new Random(seed);
        long filtered = filteredOf(unknown, Long.toHexString(random.nextLong()) + "-");
        System.out.printf(
                "ReliefFilterTest, -Dseed=%d: %d of %d unknown ids (%.2f %%) asked no node of %d, each full with %d%n",
                seed, filtered, unknown, 100.0 * filtered / unknown, nodeCount, elCount);
        assertThat(filtered).isGreaterThanOrEqualTo(unknown * 98L / 100);
    }

    @Test
    void shouldFindWhatAnotherProcessHasStoredAtANodeThatHadAFilter() throws Exception {
        start(1, 1, Duration.ofHours(1));
        store(0, 100, 10);
        await().until(sibling::haveFilters);
        assertThat(filteredOf(1, "restored ")).isEqualTo(1);

        try (SharedLru other = SharedLru.open(settings(1))) {
            WriteOutcome outcome = new WriteOutcome();
            other.fill(other.encode(key("restored 0")), entry("restored 0", 10), Long.MAX_VALUE, 0, true, outcome);
            assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
            await().until(() -> isFound("restored 0"));
        }
        await().atMost(PATIENCE).until(sibling::haveFilters);
        assertThat(isFound("restored 0")).isTrue();
        assertThat(filteredOf(1, "unknown ")).isEqualTo(1);
    }

    private boolean isFound(String key) {
        Frame answer = sibling.ask(id -> new NeedSessionFrame(id, key(key)));
        return ((SessionKnownFrame) answer).status().isFound();
    }
}
