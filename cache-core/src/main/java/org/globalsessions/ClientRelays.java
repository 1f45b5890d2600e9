package org.globalsessions;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.ClientChannel;
import org.globalsessions.tier.ClientQuery;
import org.globalsessions.tier.FoundClients;
import org.globalsessions.tier.NextTier;
import org.globalsessions.tier.PushMessage;
import org.globalsessions.tier.PushReach;

/** Messages to remote clients and questions about them, by the relays of a cache. Any thread. */
final class ClientRelays implements ClientChannel {
    private final SharedLru lru;
    private final List<Consumer<PushMessage>> receivers = new CopyOnWriteArrayList<>();

    /** Set once, before a cache has relays to attend at. */
    private volatile Relays relays;

    ClientRelays(SharedLru lru) {
        this.lru = lru;
    }

    void relays(Relays value) {
        relays = value;
    }

    @Override
    public synchronized void attend(Consumer<PushMessage> receiver) {
        receivers.add(receiver);
        relays.attend(true);
    }

    @Override
    public synchronized void leave(Consumer<PushMessage> receiver) {
        if (receivers.remove(receiver) && receivers.isEmpty()) {
            relays.attend(false);
        }
    }

    /**
     * All that attend do so at each relay, so that one of them is enough: the same one for what goes to the same clients. Each of the others knows its own
     * clients alone, and is asked for them where this one knows none.
     */
    @Override
    public CompletableFuture<PushReach> push(PushMessage message) {
        byte[] to = message.to().getBytes(StandardCharsets.UTF_8);
        NextTier one = relays.of(lru.encode(to).digestLow()).tier();
        CompletableFuture<PushReach> pushed = one.push(message);
        if (message.toRole() || relays.tiers().size() == 1) {
            return pushed;
        }
        return pushed.thenCompose(reach -> reach.clients() != 0
                ? CompletableFuture.completedFuture(reach)
                : ask(tier -> tier != one, new ClientQuery(ClientQuery.By.ADDRESS, message.to(), 0, 0))
                        .thenApply(found -> found.complete() ? found.total() : PushReach.UNKNOWN)
                        // It is on its way all the same: who is told that it failed sends it again.
                        .exceptionally(away -> PushReach.UNKNOWN)
                        .thenApply(clients -> new PushReach(reach.processes(), clients)));
    }

    @Override
    public CompletableFuture<FoundClients> find(ClientQuery.By by, String name) {
        return ask(tier -> true, new ClientQuery(by, name, 0, ClientQuery.MOST));
    }

    @Override
    public CompletableFuture<FoundClients> count(ClientQuery.By by, String name) {
        return ask(tier -> true, new ClientQuery(by, name, 0, 0));
    }

    private CompletableFuture<FoundClients> ask(Predicate<NextTier> which, ClientQuery query) {
        CompletableFuture<FoundClients> all =
                CompletableFuture.completedFuture(new FoundClients(0, true, 0, new long[0]));
        for (NextTier tier : relays.tiers()) {
            if (which.test(tier)) {
                all = all.thenCombine(ask(tier, query), ClientRelays::both);
            }
        }
        return all;
    }

    private static CompletableFuture<FoundClients> ask(NextTier tier, ClientQuery query) {
        return tier.findClients(query)
                .thenCompose(found -> found.next() == 0
                        ? CompletableFuture.completedFuture(found)
                        : ask(tier, query.next(found)).thenApply(further -> join(found, further, further.total())));
    }

    private static FoundClients both(FoundClients one, FoundClients other) {
        return join(one, other, one.total() + other.total());
    }

    private static FoundClients join(FoundClients one, FoundClients other, int total) {
        int length = one.identifiers().length;
        long[] identifiers = Arrays.copyOf(one.identifiers(), length + other.identifiers().length);
        System.arraycopy(other.identifiers(), 0, identifiers, length, other.identifiers().length);
        return new FoundClients(total, one.complete() && other.complete(), 0, identifiers);
    }

    @Override
    public void forEachUnpublished(BiConsumer<String, byte[]> visitor) {
        new Iteration(lru, null, RecordDescriptor.UNPUBLISHED, (key, value) -> {
                    visitor.accept(key, value.value());
                    return true;
                })
                .run();
    }

    /** On a link's thread. */
    void received(PushMessage message) {
        receivers.forEach(receiver -> receiver.accept(message));
    }
}
