package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.globalsessions.sibling.Entries.entry;
import static org.globalsessions.sibling.Entries.key;

import java.io.IOException;
import java.time.Duration;
import java.util.Random;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** Which nodes are asked once there are filters of their keys, with nodes that are played. */
class NodeFiltersTest extends PlayedTierTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(1);

    private void start(int replicas, Duration oldAfter) throws IOException {
        begin(replicas, TIMEOUT);
        RefillPace pace = new RefillPace(1_000_000);
        new Refill(segment, scheduler, pace, router.tier(), Kind.AGING, Duration.ofMinutes(1));
        new NodeFilters(segment, scheduler, router.tier(), Duration.ofMillis(50), oldAfter);
    }

    private Status ask(String key) {
        return ((SessionKnownFrame) let(id -> new NeedSessionFrame(id, key(key)))).status();
    }

    private int questions() {
        return nodes.stream().mapToInt(PlayedNode::questions).sum();
    }

    private boolean refuses(PlayedNode node, String key) {
        return node.endPoint().lacksForSure(segment.encode(key).digest());
    }

    @Test
    void shouldAskNobodyForAKeyThatNobodyHasOnceThereAreFilters() throws IOException {
        start(2, Duration.ofHours(1));
        join(1, Kind.AGING);
        join(2, Kind.AGING);
        join(3, Kind.AGING);
        for (int i = 0; i < 40; i++) {
            String key = "key " + i;
            let(id -> new SessionBackupFrame(id, entry(key, 10)));
        }
        assertThat(ask("unknown")).isEqualTo(Status.MISSING);
        assertThat(questions()).isEqualTo(3);
        assertThat(segment.counters().get(Counter.QUESTIONS_FILTERED)).isZero();

        pass(Duration.ofSeconds(1));
        int asked = 0;
        for (int i = 0; i < 1_000; i++) {
            int before = questions();
            assertThat(ask("unknown " + i)).isEqualTo(Status.MISSING);
            asked += questions() > before ? 1 : 0;
        }
        assertThat(asked).isLessThanOrEqualTo(20);
        assertThat(segment.counters().get(Counter.QUESTIONS_FILTERED)).isEqualTo(1_000 - asked);
        for (int i = 0; i < 40; i++) {
            assertThat(ask("key " + i)).matches(Status::isFound);
        }
    }

    @Test
    void shouldNotAnswerMissingWhenAnOwnerIsAwayWhateverTheFiltersOfTheOthersSay() throws IOException {
        start(2, Duration.ofHours(1));
        join(1, Kind.AGING);
        PlayedNode other = join(2, Kind.AGING);
        let(id -> new SessionBackupFrame(id, entry("key", 10)));
        pass(Duration.ofSeconds(1));
        assertThat(ask("unknown")).isEqualTo(Status.MISSING);
        router.disconnected(other.disconnect());
        assertThat(ask("unknown")).isEqualTo(Status.UNAVAILABLE);
        assertThat(segment.counters().get(Counter.QUESTIONS_FILTERED)).isEqualTo(1);
    }

    @Test
    void shouldAskANodeAgainWhenItHasANewConnectionUntilItHasGivenAFilterAnew() throws IOException {
        start(1, Duration.ofHours(1));
        PlayedNode node = join(1, Kind.AGING);
        pass(Duration.ofSeconds(1));
        assertThat(refuses(node, "unknown")).isTrue();
        NodeFilter before = node.endPoint().filter();
        router.disconnected(node.disconnect());
        router.connected(node.connect());
        assertThat(refuses(node, "unknown")).isFalse();
        assertThat(before.isThere()).isFalse();
        pass(Duration.ofSeconds(1));
        assertThat(refuses(node, "unknown")).isTrue();
    }

    @Test
    void shouldForgetWhatHasLeftTheNodeWhenTheFilterIsOld() throws IOException {
        start(1, Duration.ofMinutes(10));
        PlayedNode node = join(1, Kind.AGING);
        let(id -> new SessionBackupFrame(id, entry("key", 10)));
        pass(Duration.ofSeconds(1));
        let(id -> new DeleteFrame(
                id, Acknowledgement.RELIEF, segment.encode("key").digest(), new Version(20, 7)));
        pass(Duration.ofMinutes(9));
        assertThat(node.filter().made()).isEqualTo(1);
        assertThat(refuses(node, "key")).isFalse();
        pass(Duration.ofMinutes(2));
        assertThat(node.filter().made()).isEqualTo(2);
        assertThat(refuses(node, "key")).isTrue();
    }

    @Test
    void shouldBeMadeAnewWhenMoreKeysHaveComeThanItIsFor() throws IOException {
        start(1, Duration.ofHours(1));
        PlayedNode node = join(1, Kind.AGING);
        node.filter().places(1_000);
        pass(Duration.ofSeconds(1));
        for (int i = 0; i < 1_100; i++) {
            String key = "key " + i;
            let(id -> new SessionBackupFrame(id, entry(key, 10)));
            let(id -> new SessionBackupFrame(id, entry(key, 20)));
        }
        pass(Duration.ofSeconds(1));
        assertThat(node.filter().made()).isEqualTo(1);
        for (int i = 0; i < 1_000; i++) {
            String key = "key " + i;
            KeyDigest digest = segment.encode(key).digest();
            let(id -> new DeleteFrame(id, Acknowledgement.RELIEF, digest, new Version(30, 7)));
        }
        for (int i = 1_100; i < 1_300; i++) {
            String key = "key " + i;
            let(id -> new SessionBackupFrame(id, entry(key, 10)));
        }
        pass(Duration.ofSeconds(1));
        assertThat(node.filter().made()).isEqualTo(2);
        assertThat(refuses(node, "key 0")).isTrue();
        assertThat(refuses(node, "key 1299")).isFalse();
    }

    /** What nodes hold, and what is on its way to them, is asked for, whatever comes, goes, moves and is answered when. */
    @RepeatedTest(20)
    void shouldRefuseNoKeyThatIsThereWhileFiltersAreMadeAgainAndAgain() throws IOException {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("NodeFiltersTest, -Dseed=" + seed);
        Random random = new Random(seed);
        start(1 + random.nextInt(2), Duration.ZERO);
        join(1, Kind.AGING);
        join(2, Kind.AGING);
        int refused = 0;
        for (int step = 0; step < 5_000; step++) {
            String key = "key " + random.nextInt(150);
            switch (random.nextInt(12)) {
                case 0 -> scheduler.pass(Duration.ofMillis(random.nextInt(100)));
                case 1, 2, 3 -> send(id -> new SessionBackupFrame(id, entry(key, 10 + id)));
                case 4 -> {
                    if (random.nextInt(10) == 0) {
                        KeyDigest digest = segment.encode(key).digest();
                        send(id -> new DeleteFrame(id, Acknowledgement.RELIEF, digest, new Version(5, 7)));
                    }
                }
                case 5 -> change(random);
                default -> nodes.get(random.nextInt(nodes.size())).answerNextIfConnected(router);
            }
            takeAnswer();
            noticeClosed();
            refused += checkFilters();
        }
        assertThat(refused).isPositive();
        assertThat(nodes.stream().mapToInt(node -> node.filter().made()).sum()).isGreaterThan(3);
    }

    private void change(Random random) throws IOException {
        PlayedNode node = nodes.get(random.nextInt(nodes.size()));
        switch (random.nextInt(40)) {
            case 0 -> {
                if (nodes.size() < 5) {
                    join(nodes.size() + 1, Kind.AGING);
                }
            }
            case 1 -> {
                if (node.isConnected()) {
                    ReliefEndPoint left = node.disconnect();
                    router.disconnected(left);
                    left.failInquiries();
                    router.connected(node.connect());
                }
            }
            case 2 -> {
                boolean others = membership.members().stream()
                        .anyMatch(member -> member.isPlaced() && !member.id().equals(node.id()));
                if (others && membership.find(node.id()).isPlaced()) {
                    membership.drain(node.id());
                    router.tier().membersChanged();
                }
            }
            default -> {}
        }
    }

    /** A node that is drained is sent away. */
    private void noticeClosed() {
        for (PlayedNode node : nodes) {
            if (!node.isConnected() && router.tier().isConnected(node.id())) {
                router.disconnected(node.endPoint());
                node.endPoint().failInquiries();
            }
        }
    }

    /** Returns how many nodes refuse what nobody has. */
    private int checkFilters() {
        int refused = 0;
        for (PlayedNode node : nodes) {
            if (node.isConnected()) {
                for (KeyDigest digest : node.keys()) {
                    assertThat(node.endPoint().lacksForSure(digest)).isFalse();
                }
                refused += refuses(node, "unknown") ? 1 : 0;
            }
        }
        return refused;
    }
}
