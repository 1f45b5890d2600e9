package org.globalsessions.sibling;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongFunction;
import java.util.function.LongPredicate;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.IpcExchange.Message;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.sibling.Membership.State;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.net.EventLoops;
import org.globalsessions.transport.net.Listener;

/** A sibling for real relief nodes over real TCP, which transfers what a test wants; the test speaks to it as the relay does, on one thread. */
public final class WalkingSibling implements AutoCloseable {
    /** Name of the path that is served. */
    public static final String PATH = Entries.PATH;

    /** Frames that may be asked at once. */
    public static final int MOST_AT_A_TIME = 256;

    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final Duration FILTER_PAUSE = Duration.ofMillis(5);

    private final EventLoops loops = EventLoops.start("walking-sibling", 1);
    private final IpcExchange exchange = new IpcExchange(() -> loops.execute(this::drain));
    private final Map<Long, Frame> answers = new HashMap<>();
    private final SharedLru segment;
    private final ReliefRouter router;
    private final RefillPace pace;
    private final Membership membership;
    private final Listener listener;
    private long lastId;

    /**
     * What became of a walk.
     *
     * @param failure null where it came to its end
     */
    public record Walk(String failure, long listed, long copied, long refused) {}

    /**
     * Listens.
     *
     * @param folder   of the relay's segment
     * @param replicas owners of a key
     * @param rate     entries a second
     */
    public WalkingSibling(Path folder, int replicas, int rate) throws IOException {
        segment = Entries.relaySegment(folder);
        pace = new RefillPace(rate);
        membership =
                Membership.load(folder.resolve("members"), new Replicas(replicas, replicas), System::currentTimeMillis);
        router = new ReliefRouter(
                segment,
                new ReliefTier(segment, membership, MissedVoids.open(segment, folder.resolve("voids"))),
                exchange,
                TIMEOUT.toNanos());
        listener = Listener.bind(
                loops,
                "localhost",
                0,
                new ReliefConnections(
                        segment,
                        router,
                        new MemberAdministration(segment, membership, router.tier()),
                        new NodeCommands(segment, router.tier()),
                        Entries.PATH,
                        () -> {}));
    }

    /**
     * From now on refills aging nodes as a sibling does, and keeps filters of what they hold.
     *
     * @param oldAfter when a filter is made anew at the latest
     */
    public void keepFilters(Duration oldAfter) {
        onLoop(() -> {
            new Refill(segment, loops, pace, router.tier(), Kind.AGING, Duration.ofMinutes(5));
            return new NodeFilters(segment, loops, router.tier(), FILTER_PAUSE, oldAfter);
        });
    }

    /** Whether every connected node has a filter of its keys. */
    public boolean haveFilters() {
        return onLoop(() -> endPoints()
                .allMatch(node -> node.filter() != null && node.filter().isThere()));
    }

    /** Questions that no node was asked. */
    public long questionsFiltered() {
        return segment.counters().get(Counter.QUESTIONS_FILTERED);
    }

    /** Places no more keys at a node, as an operator asks for. */
    public void drain(long nodeId) {
        onLoop(() -> {
            try {
                membership.drain(new NodeId(nodeId, nodeId));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            router.tier().membersChanged();
            return null;
        });
    }

    /** Whether nobody counts any more on what a node has. */
    public boolean isGone(long nodeId) {
        return onLoop(() -> membership.find(new NodeId(nodeId, nodeId)).state()) == State.GONE;
    }

    private void drain() {
        router.drain();
    }

    /** Where relief nodes connect to. */
    public int port() {
        return listener.port();
    }

    /** Waits until so many relief nodes are connected. */
    public void awaitConnected(int count) {
        await().until(() -> onLoop(router.tier()::connectedCount) == count);
    }

    private <T> T onLoop(Supplier<T> task) {
        return CompletableFuture.supplyAsync(task, loops::execute).join();
    }

    /** Sends a frame as the relay and waits for the answer. */
    public Frame ask(LongFunction<Frame> frame) {
        return askAll(List.of(frame)).get(0);
    }

    /** Sends at most {@link #MOST_AT_A_TIME} frames as the relay and waits for all answers, which are in the order of the frames. */
    public List<Frame> askAll(List<LongFunction<Frame>> frames) {
        long first = lastId + 1;
        for (LongFunction<Frame> frame : frames) {
            lastId++;
            exchange.letIn(new Message(1, frame.apply(lastId)));
        }
        exchange.letInDone();
        await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(1)).until(() -> {
            for (Message next = exchange.peekAnswer(); next != null; next = exchange.peekAnswer()) {
                answers.put(next.frame().correlationId(), next.frame());
                exchange.answerTaken();
            }
            return answers.size() == frames.size();
        });
        return LongStream.rangeClosed(first, lastId).mapToObj(answers::remove).toList();
    }

    /**
     * Walks over what a node holds.
     *
     * @param nodeId  the node's, in both halves
     * @param spreads by the lower half of a key's digest whether every connected node should have it; otherwise the source alone
     * @return how it has ended
     */
    public CompletableFuture<Walk> walk(long nodeId, LongPredicate spreads) {
        CompletableFuture<Walk> over = new CompletableFuture<>();
        loops.execute(() -> {
            ReliefEndPoint source = endPoints()
                    .filter(endPoint -> endPoint.id().equals(new NodeId(nodeId, nodeId)))
                    .findAny()
                    .orElseThrow();
            new Transfer(
                            segment,
                            new PassingEntries(segment.file().nanoTime()),
                            loops,
                            pace,
                            source,
                            Transfer.Plan.copying(digest ->
                                    spreads.test(digest.low()) ? endPoints().toList() : List.of(source)),
                            result -> over.complete(
                                    new Walk(result.failure(), result.listed(), result.copied(), result.refused())))
                    .start();
        });
        return over;
    }

    private Stream<ReliefEndPoint> endPoints() {
        return router.tier().endPoints().stream();
    }

    @Override
    public void close() {
        listener.close();
        loops.close();
        segment.close();
    }
}
