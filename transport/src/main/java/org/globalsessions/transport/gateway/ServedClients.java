package org.globalsessions.transport.gateway;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.globalsessions.client.ClientAddress;
import org.globalsessions.client.ClientDestroyHandler;
import org.globalsessions.client.ClientDirectory;
import org.globalsessions.client.ClientState;
import org.globalsessions.client.GatewayClients;
import org.globalsessions.client.PushTarget;
import org.globalsessions.client.User;

/**
 * The clients that this gateway serves: by identifier and by address, as the shared table has them. Any thread; what goes to clients is sent on the
 * event loop.
 */
final class ServedClients implements PushTarget {
    /** Most that waits for the event loop, of all messages together. */
    private static final long MOST_QUEUED = 64L << 20;

    private final GatewaySettings settings;
    private final ClientDirectory directory;
    private final GatewayClients table;
    private final ClientDestroyHandler destroyHandler;
    private final GatewayCounters counters;
    private final Callbacks callbacks;
    private final Executor loop;

    private final Map<String, ServedClient> byIdentifier = new ConcurrentHashMap<>();
    private final Map<ClientAddress, Set<ServedClient>> byAddress = new ConcurrentHashMap<>();

    /** Of whose end this gateway may have to tell, once it is known who ended them. */
    private final Map<String, ServedClient> ending = new ConcurrentHashMap<>();

    /** Of whose end the application is being told. */
    private final Set<String> telling = ConcurrentHashMap.newKeySet();

    private final AtomicLong queuedSize = new AtomicLong();

    ServedClients(
            GatewaySettings settings,
            ClientDirectory directory,
            GatewayClients table,
            ClientDestroyHandler destroyHandler,
            GatewayCounters counters,
            Callbacks callbacks,
            Executor loop) {
        this.settings = settings;
        this.directory = directory;
        this.table = table;
        this.destroyHandler = destroyHandler;
        this.counters = counters;
        this.callbacks = callbacks;
        this.loop = loop;
    }

    /** Serves a client whose entry names this gateway; the one that is served already where there is one. */
    ServedClient serve(ClientState state, User user) {
        ServedClient fresh = new ServedClient(this, user, state, settings, counters);
        ServedClient earlier = byIdentifier.putIfAbsent(state.identifier(), fresh);
        if (earlier != null) {
            return earlier;
        }
        follow(fresh, state.identifier(), state);
        return fresh;
    }

    /** Null where it is not served here. */
    ServedClient get(String identifier) {
        return byIdentifier.get(identifier);
    }

    int count() {
        return byIdentifier.size();
    }

    List<ServedClient> list() {
        return new ArrayList<>(byIdentifier.values());
    }

    @Override
    public long gateway() {
        return table.gateway();
    }

    @Override
    public int push(ClientAddress address, String method, String params) {
        Set<ServedClient> clients = byAddress.get(address);
        if (clients == null) {
            return 0;
        }
        Outgoing message = new Outgoing(Messages.push(method, params));
        return queued(message, () -> {
                    for (ServedClient client : clients) {
                        // Who was bound to another address meanwhile gets nothing that was sent here.
                        if (address.equals(client.address()) && isStillAt(address, client)) {
                            client.send(message);
                        }
                    }
                })
                ? clients.size()
                : 0;
    }

    /** By the shared table: of what another process has bound this one would hear by its next look only. */
    private boolean isStillAt(ClientAddress address, ServedClient client) {
        String identifier = client.identifier();
        ClientState here = identifier == null ? null : table.look(identifier);
        if (here == null || address.equals(here.address())) {
            return true;
        }
        follow(client, identifier, here);
        return false;
    }

    @Override
    public int broadcast(String role, String method, String params) {
        if (!role.equals(settings.role())) {
            return 0;
        }
        Outgoing message = new Outgoing(Messages.push(method, params));
        return queued(message, () -> byIdentifier.values().forEach(client -> client.send(message))) ? count() : 0;
    }

    /** On the event loop, behind what was sent before; what is more than that can be asked to keep is dropped. */
    private boolean queued(Outgoing message, Runnable sending) {
        if (queuedSize.addAndGet(message.size()) > MOST_QUEUED) {
            queuedSize.addAndGet(-message.size());
            counters.increment(GatewayCounter.DROPPED);
            return false;
        }
        return onLoop(() -> {
            queuedSize.addAndGet(-message.size());
            sending.run();
        });
    }

    @Override
    public void onChanged(String asked, ClientState now) {
        ServedClient client = byIdentifier.get(asked);
        if (client == null && now != null) {
            client = byIdentifier.get(now.identifier());
        }
        if (client == null) {
            return;
        }
        if (now == null) {
            drop(client);
            return;
        }
        if (now.isBound()) {
            client.asked();
        }
        follow(client, now.identifier(), now);
    }

    /**
     * Takes over what the table says of a client. Read with the client's lock held: of two changes at a time the later one is not overwritten by the
     * earlier.
     *
     * @param otherwise what counts where this host does not have the entry
     */
    private void follow(ServedClient client, String identifier, ClientState otherwise) {
        synchronized (client) {
            if (client.isClosed()) {
                return;
            }
            ClientState here = table.look(identifier);
            ClientState state = here == null ? otherwise : here;
            if (state == null) {
                return;
            }
            if (state.gateway() != table.gateway()) {
                // It goes on at another gateway, which is told of its silence and its end.
                drop(client, null);
                return;
            }
            String earlier = client.identifier();
            if (!state.identifier().equals(earlier)) {
                ServedClient other = byIdentifier.putIfAbsent(state.identifier(), client);
                if (other != null && other != client) {
                    // It has come here by its next identifier already.
                    drop(client, null);
                    return;
                }
                byIdentifier.remove(earlier, client);
                onLoop(() -> client.send(new Outgoing(Messages.renamed(state.identifier()))));
            }
            move(client, client.address(), state.address());
            client.follow(state);
        }
    }

    private void move(ServedClient client, ClientAddress from, ClientAddress to) {
        if (to != null && !to.equals(from)) {
            byAddress.compute(to, (address, clients) -> {
                Set<ServedClient> set = clients == null ? ConcurrentHashMap.newKeySet() : clients;
                set.add(client);
                return set;
            });
        }
        if (from != null && !from.equals(to)) {
            byAddress.computeIfPresent(from, (address, clients) -> {
                clients.remove(client);
                return clients.isEmpty() ? null : clients;
            });
        }
    }

    /** A client is gone; whoever ended it tells the application. */
    private void drop(ServedClient client) {
        drop(client, new Outgoing(Messages.GONE));
    }

    /** Serves a client no more, with a last word or without. */
    private void drop(ServedClient client, Outgoing last) {
        synchronized (client) {
            byIdentifier.remove(client.lastIdentifier(), client);
            move(client, client.address(), null);
            if (!client.markClosed()) {
                return;
            }
        }
        onLoop(() -> client.end(last));
    }

    CompletableFuture<Boolean> destroy(ServedClient client) {
        return destroy(client, table::end);
    }

    private CompletableFuture<Boolean> destroy(
            ServedClient client, Function<String, CompletableFuture<ClientState>> end) {
        String identifier = client.identifier();
        if (identifier == null) {
            return CompletableFuture.completedFuture(false);
        }
        return end.apply(identifier)
                .thenApply(ended -> {
                    // One that has gone on elsewhere is not gone.
                    boolean elsewhere = ended == null && table.look(identifier) != null;
                    drop(client, elsewhere ? null : new Outgoing(Messages.GONE));
                    if (ended != null) {
                        tellEnd(ended, client);
                    }
                    return ended != null;
                })
                .whenComplete((told, failure) -> {
                    if (failure != null) {
                        // Who has ended it will be known later; it is served no more in any case.
                        ending.put(identifier, client);
                        drop(client);
                    }
                });
    }

    /** Of one that this gateway does not serve the client is null. */
    private void tellEnd(ClientState ended, ServedClient client) {
        if (!telling.add(ended.identifier())) {
            return;
        }
        User user = client == null ? User.named(ended.userName()) : client.formerUser();
        if (client == null) {
            counters.increment(GatewayCounter.TAKEN_OVER);
        }
        try {
            callbacks.execute(() -> {
                try {
                    // It may have waited here for so long that another gateway took this one for silent.
                    if (isMineToTell(ended.identifier())) {
                        destroyHandler.onDestroyClient(user, ended.identifier());
                    }
                } finally {
                    counters.increment(GatewayCounter.DESTROYED);
                    forget(ended.identifier());
                    telling.remove(ended.identifier());
                }
            });
        } catch (RejectedExecutionException e) {
            // Too much waits, or this gateway ends: then its entry says so, and another gateway tells of it.
            telling.remove(ended.identifier());
            table.tellLater(ended.identifier());
        }
    }

    private boolean isMineToTell(String identifier) {
        try {
            return table.isMineToTell(identifier).join();
        } catch (CompletionException relayIsAway) {
            return true;
        }
    }

    private void forget(String identifier) {
        table.ended(identifier).exceptionally(failure -> false);
    }

    // What the gateway's clock calls, each by one thread at a time.

    /** Destroys whom nobody has heard for too long, and ends the clients of gateways of which that is true. */
    void sweepSilent() {
        long now = System.nanoTime();
        long most = settings.clientTimeout().toNanos();
        for (ServedClient client : byIdentifier.values()) {
            if (client.silentNanos(now) > most) {
                destroy(client, table::endOwn)
                        .thenAccept(told -> {
                            if (told) {
                                counters.increment(GatewayCounter.TIMED_OUT);
                            }
                        })
                        .exceptionally(relayIsAway -> null);
            }
        }
        table.sweep(ended -> tellEnd(ended, ending.remove(ended.identifier())));
        ending.keySet().removeIf(identifier -> !table.isUncertain(identifier));
    }

    /** Unbinds whom nobody has heard asking for too long, and follows what other processes have changed. */
    void followTable() {
        long now = System.nanoTime();
        long most = settings.sessionTimeout().toNanos();
        for (ServedClient client : byIdentifier.values()) {
            String identifier = client.identifier();
            if (identifier == null) {
                continue;
            }
            if (client.isBound() && client.idleNanos(now) > most) {
                // Where a later tier is away: the next time.
                table.unbindIdle(identifier, () -> client.idleNanos(System.nanoTime()) > most)
                        .thenAccept(unbound -> {
                            if (unbound) {
                                counters.increment(GatewayCounter.UNBOUND_IDLE);
                            }
                        })
                        .exceptionally(failure -> null);
            } else if (table.look(identifier) != null) {
                follow(client, identifier, null);
            } else if (client.mayAskElsewhere(now)) {
                findElsewhere(client, identifier);
            }
        }
    }

    /** Not here: pushed out, given another identifier by another process, or ended by one. */
    private void findElsewhere(ServedClient client, String identifier) {
        directory
                .findAsync(identifier)
                .thenAccept(state -> {
                    if (state == null) {
                        drop(client);
                    } else {
                        follow(client, state.identifier(), state);
                    }
                })
                .exceptionally(relayIsAway -> null);
    }

    /** The gateway ends: its clients may go on elsewhere. */
    void closeAll() {
        for (ServedClient client : byIdentifier.values()) {
            onLoop(() -> client.end(null));
        }
    }

    private boolean onLoop(Runnable task) {
        try {
            loop.execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            // The gateway has ended.
            return false;
        }
    }
}
