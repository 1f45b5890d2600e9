package org.globalsessions.sibling;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.LongFunction;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.IpcExchange.Message;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.transport.ManualScheduler;
import org.globalsessions.transport.frame.Frame;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A sibling's own classes before relief nodes that are played: nothing happens but what a test has happen. */
abstract class PlayedTierTest {
    /** In so many steps time passes. */
    private static final int STEPS = 100;

    @TempDir
    Path folder;

    final ManualScheduler scheduler = new ManualScheduler();
    final IpcExchange exchange = new IpcExchange(() -> {});
    final List<PlayedNode> nodes = new ArrayList<>();
    SharedLru segment;
    Membership membership;
    ReliefRouter router;
    private long lastId;

    @BeforeEach
    void openSegment() throws IOException {
        segment = Entries.relaySegment(folder);
    }

    @AfterEach
    void closeSegment() {
        segment.close();
    }

    /** A sibling without a past but the list of members. */
    final void begin(int replicas, Duration timeout) throws IOException {
        membership =
                Membership.load(folder.resolve("members"), new Replicas(replicas, replicas), System::currentTimeMillis);
        router = new ReliefRouter(
                segment,
                new ReliefTier(segment, membership, MissedVoids.open(segment, folder.resolve("voids"))),
                exchange,
                timeout.toNanos());
    }

    final PlayedNode join(long id, Kind kind) throws IOException {
        PlayedNode node = new PlayedNode(segment, id, kind);
        nodes.add(node);
        join(node);
        return node;
    }

    final void join(PlayedNode node) throws IOException {
        router.connected(node.connect());
    }

    final void leave(PlayedNode node) {
        ReliefEndPoint left = node.disconnect();
        router.disconnected(left);
        left.failInquiries();
    }

    final long nextId() {
        lastId++;
        return lastId;
    }

    /** The relay sends a frame. */
    final void send(LongFunction<Frame> frame) {
        exchange.letIn(new Message(1, frame.apply(nextId())));
        router.drain();
    }

    /** The relay sends a frame, and all nodes answer. Returns what it is told. */
    final Frame let(LongFunction<Frame> frame) {
        send(frame);
        answerAll();
        return Objects.requireNonNull(takeAnswer(), "the relay was told nothing");
    }

    /** What the relay was told last; null for nothing. */
    final Frame takeAnswer() {
        Frame last = null;
        for (Message next = exchange.peekAnswer(); next != null; next = exchange.peekAnswer()) {
            last = next.frame();
            exchange.answerTaken();
        }
        return last;
    }

    /** Answers until nobody asks anything; whether anybody has. */
    final boolean answerAll() {
        boolean any = false;
        boolean again = true;
        while (again) {
            again = false;
            for (PlayedNode node : nodes) {
                again |= node.isConnected() && node.answer(router);
            }
            any |= again;
        }
        return any;
    }

    /** Lets time pass, in which nodes answer. */
    final void pass(Duration time) {
        for (int i = 0; i < STEPS; i++) {
            scheduler.pass(time.dividedBy(STEPS));
            answerAll();
        }
    }
}
