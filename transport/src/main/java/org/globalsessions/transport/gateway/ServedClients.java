package org.globalsessions.transport.gateway;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
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
        return onLoop(() -> {
                    for (ServedClient client : clients) {
                        // Who was bound to another address meanwhile gets nothing that was sent here.
                        if (address.equals(client.address())) {
                            client.send(message);
                        }
                    }
                })
                ? clients.size()
                : 0;
    }

    @Override
    public int broadcast(String role, String method, String params) {
        if (!role.equals(settings.role())) {
            return 0;
        }
        Outgoing message = new Outgoing(Messages.push(method, params));
        return onLoop(() -> byIdentifier.values().forEach(client -> client.send(message))) ? count() : 0;
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
            client.renewed();
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
            String earlier = client.identifier();
            if (!state.identifier().equals(earlier)) {
                byIdentifier.put(state.identifier(), client);
                byIdentifier.remove(earlier);
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

    /** Serves a client no more; whoever ended it tells the application. */
    private void drop(ServedClient client) {
        synchronized (client) {
            byIdentifier.remove(client.lastIdentifier(), client);
            move(client, client.address(), null);
            if (!client.markClosed()) {
                return;
            }
        }
        onLoop(() -> client.end(new Outgoing(Messages.GONE)));
    }

    CompletableFuture<Boolean> destroy(ServedClient client) {
        String identifier = client.identifier();
        if (identifier == null) {
            return CompletableFuture.completedFuture(false);
        }
        ending.put(identifier, client);
        return table.end(identifier)
                .thenApply(ended -> {
                    drop(client);
                    ending.remove(identifier);
                    if (ended != null) {
                        tellEnd(ended, client);
                    }
                    return ended != null;
                })
                .whenComplete((told, failure) -> {
                    if (failure != null) {
                        // Who has ended it will be known later; it is served no more in any case.
                        drop(client);
                    }
                });
    }

    /** Of one that this gateway does not serve the client is null. */
    private void tellEnd(ClientState ended, ServedClient client) {
        User user = client == null ? User.named(ended.userName()) : client.formerUser();
        if (client == null) {
            counters.increment(GatewayCounter.TAKEN_OVER);
        }
        try {
            callbacks.execute(() -> {
                try {
                    destroyHandler.onDestroyClient(user, ended.identifier());
                } finally {
                    counters.increment(GatewayCounter.DESTROYED);
                    forget(ended.identifier());
                }
            });
        } catch (RejectedExecutionException e) {
            // Too much waits, or this gateway ends: its entry tells that it is ending, and another gateway tells of it.
            counters.increment(GatewayCounter.CALLBACK_FAILURES);
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
                destroy(client)
                        .thenAccept(told -> {
                            if (told) {
                                counters.increment(GatewayCounter.TIMED_OUT);
                            }
                        })
                        .exceptionally(relayIsAway -> null);
            }
        }
        table.sweep().forEach(ended -> tellEnd(ended, ending.remove(ended.identifier())));
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
                counters.increment(GatewayCounter.UNBOUND_IDLE);
                // Where a later tier is away: the next time.
                directory.unbindAsync(identifier).exceptionally(failure -> null);
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
