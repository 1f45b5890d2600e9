package org.globalsessions.transport.gateway;

import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.globalsessions.client.ClientControl;
import org.globalsessions.client.ClientHandle;
import org.globalsessions.client.ClientHandler;
import org.globalsessions.client.ClientState;
import org.globalsessions.client.GatewayClients;
import org.globalsessions.client.TokenData;
import org.globalsessions.client.User;
import org.globalsessions.transport.Scheduler;

/** Lets clients in: new ones if the application says so, known ones by their identifier. Any thread. */
final class Reception {
    static final String UNKNOWN = "unknown client";
    static final String UNAVAILABLE = "not available, try again later";

    /** Who waits at the door. Told once, on the event loop. */
    interface Visitor {
        void welcome(ServedClient client);

        void refuse(String why);

        /** Whether it has left; any thread. */
        boolean isGone();
    }

    private final GatewaySettings settings;
    private final GatewayClients table;
    private final ClientHandler handler;
    private final ServedClients clients;
    private final Callbacks callbacks;
    private final GatewayCounters counters;
    private final Scheduler loop;

    /** Of new clients, those that the application has not answered yet. */
    private final AtomicInteger waiting = new AtomicInteger();

    Reception(
            GatewaySettings settings,
            GatewayClients table,
            ClientHandler handler,
            ServedClients clients,
            Callbacks callbacks,
            GatewayCounters counters,
            Scheduler loop) {
        this.settings = settings;
        this.table = table;
        this.handler = handler;
        this.clients = clients;
        this.callbacks = callbacks;
        this.counters = counters;
        this.loop = loop;
    }

    /** A client that nobody knows yet. */
    void admit(InetSocketAddress remoteAddress, Map<String, TokenData> tokens, Visitor visitor) {
        if (waiting.incrementAndGet() + clients.count() > settings.maxClients()) {
            waiting.decrementAndGet();
            refuse(visitor, "too many clients, try again later");
            return;
        }
        Handle handle = new Handle(visitor);
        handle.timeout = loop.schedule(handle::timeOut, settings.acceptTimeout());
        try {
            callbacks.execute(() -> {
                boolean returned = false;
                try {
                    handler.onNewClient(remoteAddress, tokens, handle);
                    returned = true;
                } finally {
                    if (!returned) {
                        handle.deny();
                    }
                }
            });
        } catch (RejectedExecutionException e) {
            handle.deny();
        }
    }

    /** A client that shows an identifier. */
    void resume(String identifier, Visitor visitor) {
        ServedClient served = clients.get(identifier);
        if (served != null) {
            welcome(visitor, served);
            return;
        }
        if (clients.count() >= settings.maxClients()) {
            refuse(visitor, "too many clients, try again later");
            return;
        }
        table.resume(identifier)
                .thenAccept(state -> {
                    if (state == null) {
                        refuse(visitor, UNKNOWN);
                    } else {
                        goOn(state, visitor);
                    }
                })
                .exceptionally(relayIsAway -> {
                    refuse(visitor, UNAVAILABLE);
                    return null;
                });
    }

    private void goOn(ClientState state, Visitor visitor) {
        ServedClient served = clients.get(state.identifier());
        if (served != null) {
            welcome(visitor, served);
            return;
        }
        try {
            callbacks.execute(() -> {
                User user = null;
                try {
                    user = handler.onResumedClient(state.userName());
                } finally {
                    if (user == null) {
                        refuse(visitor, UNAVAILABLE);
                    }
                }
                if (user != null) {
                    counters.increment(GatewayCounter.RESUMED);
                    welcome(visitor, clients.serve(state, user));
                }
            });
        } catch (RejectedExecutionException e) {
            refuse(visitor, UNAVAILABLE);
        }
    }

    private void welcome(Visitor visitor, ServedClient client) {
        loop.execute(() -> {
            client.heard();
            visitor.welcome(client);
        });
    }

    private void refuse(Visitor visitor, String why) {
        counters.increment(GatewayCounter.DENIED);
        loop.execute(() -> visitor.refuse(why));
    }

    /** The application's answer to one client. */
    private final class Handle implements ClientHandle {
        private final AtomicReference<Visitor> open;
        private volatile Scheduler.Scheduled timeout;

        Handle(Visitor visitor) {
            open = new AtomicReference<>(visitor);
        }

        @Override
        public ClientControl accept(User user) {
            String name = user.name();
            Visitor visitor = take();
            if (visitor == null) {
                throw new IllegalStateException(
                        "the client was answered before, or the time for that is over: accept_timeout="
                                + settings.acceptTimeout());
            }
            if (visitor.isGone()) {
                throw new IllegalStateException("the client has left");
            }
            ServedClient client;
            try {
                ClientState state =
                        table.accept(name, settings.maxClientsPerUser()).join();
                client = state == null ? null : clients.serve(state, user);
            } catch (CompletionException e) {
                refuse(visitor, UNAVAILABLE);
                throw new IllegalStateException("the client cannot be stored", e.getCause());
            } catch (RuntimeException e) {
                refuse(visitor, UNAVAILABLE);
                throw e;
            }
            if (client == null) {
                refuse(visitor, "too many clients of this user");
                throw new IllegalStateException(
                        "the user has too many clients: max_clients_per_user=" + settings.maxClientsPerUser());
            }
            counters.increment(GatewayCounter.ACCEPTED);
            Reception.this.welcome(visitor, client);
            return client;
        }

        @Override
        public void deny() {
            Visitor visitor = take();
            if (visitor != null) {
                refuse(visitor, "not allowed");
            }
        }

        private void timeOut() {
            Visitor visitor = take();
            if (visitor != null) {
                refuse(visitor, "no answer in time");
            }
        }

        private Visitor take() {
            Visitor visitor = open.getAndSet(null);
            if (visitor != null) {
                waiting.decrementAndGet();
                Scheduler.Scheduled set = timeout;
                if (set != null) {
                    set.cancel();
                }
            }
            return visitor;
        }
    }
}
