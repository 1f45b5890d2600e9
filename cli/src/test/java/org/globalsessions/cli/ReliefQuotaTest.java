package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import java.util.stream.IntStream;
import org.globalsessions.Version;
import org.globalsessions.relief.ReliefContext;
import org.globalsessions.relief.ReliefNode;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.sibling.WalkingSibling;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two real relief nodes with a quota each. */
class ReliefQuotaTest {
    private static final int QUOTA_OF_PATH = 500;
    private static final int HANDED_OFF = 10 * QUOTA_OF_PATH;

    @TempDir
    private Path folder;

    private final List<ReliefNode> nodes = new ArrayList<>();
    private WalkingSibling sibling;

    @BeforeEach
    void open() throws IOException {
        sibling = new WalkingSibling(folder, 1, 1_000_000);
        for (int node = 1; node <= 2; node++) {
            nodes.add(
                    ReliefNode.launch(new ReliefContext(new SegmentSettings(folder.resolve("node-" + node + ".segment"))
                                    .elCount(HANDED_OFF)
                                    .recordSize(256)
                                    .role(Role.RELIEF)
                                    .pathName(WalkingSibling.PATH))
                            .aging(true)
                            .quota(QUOTA_OF_PATH / 2)
                            .pathName(WalkingSibling.PATH)
                            .nodeId(String.format("%016x%016x", node, node))
                            .sibling("localhost", sibling.port())));
        }
        sibling.awaitConnected(2);
    }

    @AfterEach
    void close() {
        nodes.forEach(ReliefNode::close);
        sibling.close();
    }

    private List<Frame> askAll(int from, int to, LongFunction<LongFunction<Frame>> frameOf) {
        List<Frame> answers = new ArrayList<>();
        for (int first = from; first < to; first += WalkingSibling.MOST_AT_A_TIME) {
            answers.addAll(sibling.askAll(IntStream.range(first, Math.min(to, first + WalkingSibling.MOST_AT_A_TIME))
                    .mapToObj(frameOf::apply)
                    .toList()));
        }
        return answers;
    }

    private static byte[] key(long i) {
        return ("key " + i).getBytes(StandardCharsets.US_ASCII);
    }

    private long found(int from, int to) {
        return askAll(from, to, i -> id -> new NeedSessionFrame(id, key(i))).stream()
                .filter(answer -> ((SessionKnownFrame) answer).status().isFound())
                .count();
    }

    @Test
    void shouldKeepTheNewestUpToTheQuotaAndCountTheOthers() {
        List<Frame> receipts = askAll(0, HANDED_OFF, i -> id -> {
            int idleTicks = (int) (100 * (HANDED_OFF - i));
            return new SessionBackupFrame(
                    id, new SessionEntry(key(i), key(i), new Version(10, 7), 1, false, idleTicks, 0, 0));
        });
        assertThat(receipts).allMatch(SessionReceivedFrame.class::isInstance);

        int most = QUOTA_OF_PATH + QUOTA_OF_PATH / 100;
        await().untilAsserted(() -> assertThat(letGo()).isGreaterThanOrEqualTo(HANDED_OFF - most));
        long kept = found(0, HANDED_OFF);
        assertThat(kept).isBetween((long) QUOTA_OF_PATH, (long) most);
        assertThat(letGo()).isEqualTo(HANDED_OFF - kept);
        // Each node keeps the newest of its own: about half of all.
        assertThat(found(HANDED_OFF - QUOTA_OF_PATH * 8 / 10, HANDED_OFF)).isEqualTo(QUOTA_OF_PATH * 8 / 10);
        assertThat(found(0, HANDED_OFF - QUOTA_OF_PATH * 13 / 10)).isZero();
        assertThat(nodes).allMatch(node -> node.counters().get(Counter.LOST_FOR_SPACE) == 0);
    }

    private long letGo() {
        return nodes.stream()
                .mapToLong(node -> node.counters().get(Counter.LET_GO_FOR_QUOTA))
                .sum();
    }
}
