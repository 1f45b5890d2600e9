package org.globalsessions;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.PushChannel;
import org.globalsessions.tier.PushMessage;

/** Messages to remote clients, by the relays of a cache. Any thread. */
final class Pushes implements PushChannel {
    private final SharedLru lru;
    private final List<Consumer<PushMessage>> receivers = new CopyOnWriteArrayList<>();

    /** Set once, before a cache has relays to attend at. */
    private volatile Relays relays;

    Pushes(SharedLru lru) {
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

    /** All that attend do so at each relay, so that one of them is enough: the same one for what goes to the same clients. */
    @Override
    public CompletableFuture<Integer> push(PushMessage message) {
        byte[] to = message.to().getBytes(StandardCharsets.UTF_8);
        return relays.of(lru.encode(to).digestLow()).tier().push(message);
    }

    /** On a link's thread. */
    void received(PushMessage message) {
        receivers.forEach(receiver -> receiver.accept(message));
    }
}
