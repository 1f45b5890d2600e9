package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.frame.CalledFrame;
import org.globalsessions.transport.frame.CalledFrame.Outcome;
import org.globalsessions.transport.frame.CommandFrame;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A command reaches the node it is for, and each has one answer, whatever the node does. */
class NodeCommandsTest {
    @TempDir
    private Path folder;

    private final List<CalledFrame> answers = new ArrayList<>();
    private SharedLru segment;
    private ReliefRouter router;
    private NodeCommands commands;
    private PlayedNode a1;
    private PlayedNode a2;

    @BeforeEach
    void open() throws IOException {
        segment = Entries.relaySegment(folder);
        Membership membership =
                Membership.load(folder.resolve("members"), new Replicas(1, 1), System::currentTimeMillis);
        router = new ReliefRouter(
                segment,
                new ReliefTier(segment, membership, MissedVoids.open(segment, folder.resolve("voids"))),
                new IpcExchange(() -> {}),
                Duration.ofSeconds(1).toNanos());
        commands = new NodeCommands(segment, router.tier());
        a1 = new PlayedNode(segment, 1, Kind.AGING);
        a2 = new PlayedNode(segment, 2, Kind.AGING);
        router.connected(a1.connect());
        router.connected(a2.connect());
    }

    @AfterEach
    void close() {
        segment.close();
    }

    private void call(long correlationId, long node) {
        CommandFrame frame = new CommandFrame(correlationId, new KeyDigest(node, node), "who", List.of("a", "b"));
        commands.run(frame, "test", answers::add);
    }

    private CalledFrame last() {
        return answers.get(answers.size() - 1);
    }

    @Test
    void shouldAnswerWithTheLinesOfTheNodeThatIsMeant() {
        call(7, 2);
        assertThat(answers).isEmpty();
        assertThat(a1.answer(router)).isFalse();
        assertThat(a2.answer(router)).isTrue();
        assertThat(answers).containsExactly(new CalledFrame(7, Outcome.DONE, List.of("2 who", "a", "b")));
    }

    @Test
    void shouldSayThatThereIsNoSuchNodeWhenItIsUnknownOrAwayOrGoesMeanwhile() {
        call(7, 9);
        assertThat(last()).isEqualTo(new CalledFrame(7, Outcome.NO_NODE));
        a1.silent(true);
        call(8, 1);
        ReliefEndPoint gone = a1.disconnect();
        router.disconnected(gone);
        gone.failInquiries();
        assertThat(last()).isEqualTo(new CalledFrame(8, Outcome.NO_NODE));
        call(9, 1);
        assertThat(last()).isEqualTo(new CalledFrame(9, Outcome.NO_NODE));
        assertThat(answers).hasSize(3);
    }

    @Test
    void shouldBeLateOnceWhenTheNodeAnswersTooLateOrNever() {
        call(7, 1);
        long nowNs = segment.file().nanoTime();
        commands.timeOut(nowNs);
        assertThat(answers).isEmpty();
        commands.timeOut(nowNs + NodeCommands.PATIENCE_NS + 1);
        assertThat(answers).containsExactly(new CalledFrame(7, Outcome.LATE));
        a1.answer(router);
        commands.timeOut(nowNs + 2 * NodeCommands.PATIENCE_NS);
        assertThat(answers).hasSize(1);
    }

    @Test
    void shouldSendANodeNoMoreCommandsThanItMayHaveOpen() {
        for (int i = 1; i <= NodeCommands.MAX_OPEN; i++) {
            call(i, 1);
        }
        assertThat(answers).isEmpty();
        call(100, 1);
        assertThat(answers).containsExactly(new CalledFrame(100, Outcome.BUSY));
        call(101, 2);
        assertThat(answers).hasSize(1);
        a1.answer(router);
        assertThat(answers).hasSize(1 + NodeCommands.MAX_OPEN);
        call(102, 1);
        assertThat(answers).hasSize(1 + NodeCommands.MAX_OPEN);
    }
}
