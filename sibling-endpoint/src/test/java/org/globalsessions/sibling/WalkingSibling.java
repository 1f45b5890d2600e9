package org.globalsessions.sibling;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongFunction;
import java.util.function.LongPredicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.IpcExchange.Message;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.net.EventLoops;
import org.globalsessions.transport.net.Listener;

/** A sibling for real relief nodes over real TCP, which transfers what a test wants; the test speaks to it as the relay does, on one thread. */
public final class WalkingSibling implements AutoCloseable {
    /** Name of the path that is served. */
    public static final String PATH = Entries.PATH;

    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final EventLoops loops = EventLoops.start("walking-sibling", 1);
    private final IpcExchange exchange = new IpcExchange(() -> loops.execute(this::drain));
    private final Map<Long, Frame> answers = new HashMap<>();
    private final SharedLru segment;
    private final ReliefRouter router;
    private final RefillPace pace;
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
        Membership membership =
                Membership.load(folder.resolve("members"), new Replicas(replicas, replicas), System::currentTimeMillis);
        router = new ReliefRouter(segment, membership, exchange, TIMEOUT.toNanos());
        listener = Listener.bind(
                loops,
                "localhost",
                0,
                new ReliefConnections(
                        segment,
                        router,
                        new MemberAdministration(segment, membership, router),
                        Entries.PATH,
                        () -> {}));
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
        await().until(() -> onLoop(router::connectedCount) == count);
    }

    private <T> T onLoop(Supplier<T> task) {
        return CompletableFuture.supplyAsync(task, loops::execute).join();
    }

    /** Sends a frame as the relay and waits for the answer. */
    public Frame ask(LongFunction<Frame> frame) {
        lastId++;
        long id = lastId;
        exchange.letIn(new Message(1, frame.apply(id)));
        exchange.letInDone();
        await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(1)).until(() -> {
            for (Message next = exchange.peekAnswer(); next != null; next = exchange.peekAnswer()) {
                answers.put(next.frame().correlationId(), next.frame());
                exchange.answerTaken();
            }
            return answers.containsKey(id);
        });
        return answers.remove(id);
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
        return router.endPoints().stream();
    }

    @Override
    public void close() {
        listener.close();
        loops.close();
        segment.close();
    }
}
