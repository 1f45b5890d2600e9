package org.globalsessions.client;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.tier.ClientChannel;
import org.globalsessions.tier.ClientQuery.By;
import org.globalsessions.tier.PushMessage;

/**
 * The remote clients of a service: what they are bound to, and how messages reach them. Every client is an entry of the path's shared table, so all
 * processes and hosts see the same, and a kill of any of them loses none.
 *
 * <p>Whoever has a client's identifier is the client: take it from the {@link ClientRequest} that is being answered, never from its parameters.
 *
 * <p>Each operation exists twice: one waits, the other, {@code ...Async}, gives a future. The waiting one throws what the future ends with. A
 * {@link org.globalsessions.TierUnavailableException} means that a tier which may know the client could not be asked: nothing was changed then,
 * but for {@link #unbindAddress}.
 *
 * <p>Any thread may call any method. One directory for a cache is enough, and gateways of this process have to have the one that the application uses:
 * messages of another one do not reach them.
 */
public final class ClientDirectory {
    /** Longest user name, in bytes of UTF-8. */
    public static final int MAX_USER_NAME_BYTES = 1_024;

    /** Most authorisation data of a client, in bytes. */
    public static final int MAX_AUTHORISATION_BYTES = 16_384;

    /** Longest parameters of a message, in bytes of UTF-8. */
    public static final int MAX_PARAMS_BYTES = 262_144;

    /** Longest name of a method. */
    public static final int MAX_METHOD_LENGTH = 128;

    private static final Pattern METHOD = Pattern.compile("[A-Za-z0-9_./-]{1," + MAX_METHOD_LENGTH + "}");

    /** A client that renews its identifier again and again while its earlier ones still count. */
    private static final int MAX_RENAMES_FOLLOWED = 8;

    /** Well below what a link to a relay takes at a time, so that others find room there, too. */
    private static final int CHANGES_AT_A_TIME = 256;

    private final SessionCacheManager cache;
    private final ClientSessions sessions;
    private final String role;
    private final List<PushTarget> targets = new CopyOnWriteArrayList<>();
    private final LongAdder unreached = new LongAdder();

    /** Null where no other process can be reached. */
    private final ClientChannel channel;

    /** Always the same object, as the channel knows it by that. */
    private final Consumer<PushMessage> receiver = this::onPush;

    /**
     * The directory of a cache's path, for any role.
     *
     * @param cache the cache; stays the caller's to close
     */
    public ClientDirectory(SessionCacheManager cache) {
        this(cache, null);
    }

    /**
     * The directory of a cache's path, for one role: addresses of another one are refused.
     *
     * @param cache the cache; stays the caller's to close
     * @param role  the role, or null for any
     */
    public ClientDirectory(SessionCacheManager cache, String role) {
        this.cache = Objects.requireNonNull(cache, "cache");
        this.sessions = new ClientSessions(cache);
        this.channel = cache.clientChannel();
        this.role = role == null ? null : ClientAddress.checkRole(role);
    }

    /**
     * Binds a client: keeps authorisation data with its session, and makes it reachable at an address. What it was bound to before is gone at once:
     * nothing that is sent to an earlier address after this has returned reaches it.
     *
     * @param client        the client's identifier
     * @param address       {@code role.name}; may be that of other clients, too: all of them get what is sent there
     * @param authorisation what requests of this client bring along from now on, at most {@value #MAX_AUTHORISATION_BYTES} bytes; may be empty
     * @return false where there is no such client: it is gone, or never was
     * @throws IllegalArgumentException where the address is none or of another role, or the data too long; the message says which
     */
    public boolean bind(String client, String address, byte[] authorisation) {
        return await(bindAsync(client, address, authorisation));
    }

    /**
     * As {@link #bind(String, String, byte[])}, without waiting.
     *
     * @param client        the client's identifier
     * @param address       {@code role.name}
     * @param authorisation what requests of this client bring along
     * @return its result
     */
    public CompletableFuture<Boolean> bindAsync(String client, String address, byte[] authorisation) {
        return bind(client, checked(address), authorisation);
    }

    /**
     * Binds a client without an address: its requests bring the authorisation data along, and no unicast reaches it.
     *
     * @param client        the client's identifier
     * @param authorisation as above
     * @return false where there is no such client
     */
    public boolean bind(String client, byte[] authorisation) {
        return await(bindAsync(client, authorisation));
    }

    /**
     * As {@link #bind(String, byte[])}, without waiting.
     *
     * @param client        the client's identifier
     * @param authorisation as above
     * @return its result
     */
    public CompletableFuture<Boolean> bindAsync(String client, byte[] authorisation) {
        return bind(client, (ClientAddress) null, authorisation);
    }

    private CompletableFuture<Boolean> bind(String client, ClientAddress address, byte[] authorisation) {
        if (authorisation.length > MAX_AUTHORISATION_BYTES) {
            throw new IllegalArgumentException("authorisation data is too long: bytes=" + authorisation.length
                    + ", limit=" + MAX_AUTHORISATION_BYTES);
        }
        byte[] copy = authorisation.clone();
        return change(client, record -> record.bound(address, copy)).thenApply(Objects::nonNull);
    }

    /**
     * Takes a client's binding away, address and authorisation data: of this device alone. An unknown client, or one that is not bound, is fine.
     *
     * @param client the client's identifier
     */
    public void unbind(String client) {
        await(unbindAsync(client));
    }

    /**
     * As {@link #unbind}, without waiting.
     *
     * @param client the client's identifier
     * @return ends when it is done
     */
    public CompletableFuture<Void> unbindAsync(String client) {
        return change(client, ClientRecord::unbound).thenApply(changed -> null);
    }

    /**
     * Takes the binding of every client away that has an address: of all devices. An address that nobody has is fine. Where it fails on the way some
     * may be unbound: called again, it goes on with the others.
     *
     * @param address {@code role.name}
     * @return how many were bound to it
     */
    public int unbindAddress(String address) {
        return await(unbindAddressAsync(address));
    }

    /**
     * As {@link #unbindAddress}, without waiting.
     *
     * @param address {@code role.name}
     * @return its result
     */
    public CompletableFuture<Integer> unbindAddressAsync(String address) {
        return unbind(checked(address));
    }

    /**
     * Takes the binding of a client away, of all clients that have an address, or both.
     *
     * @param client  the client's identifier, or null
     * @param address {@code role.name}, or null
     * @return how many were bound to the address, after the client was unbound; 0 without one
     * @throws IllegalArgumentException where both are null, or the address is none
     */
    public int unbind(String client, String address) {
        return await(unbindAsync(client, address));
    }

    /**
     * As {@link #unbind(String, String)}, without waiting.
     *
     * @param client  the client's identifier, or null
     * @param address {@code role.name}, or null
     * @return its result
     */
    public CompletableFuture<Integer> unbindAsync(String client, String address) {
        if (client == null && address == null) {
            throw new IllegalArgumentException("nothing to unbind: neither a client nor an address is given");
        }
        ClientAddress of = address == null ? null : checked(address);
        CompletableFuture<Void> unbound =
                client == null ? CompletableFuture.completedFuture(null) : unbindAsync(client);
        return of == null ? unbound.thenApply(done -> 0) : unbound.thenCompose(done -> unbind(of));
    }

    private CompletableFuture<Integer> unbind(ClientAddress of) {
        return identifiers(By.ADDRESS, of.text(), record -> of.equals(record.address()))
                .thenCompose(clients -> unbind(of, clients));
    }

    private CompletableFuture<Integer> unbind(ClientAddress of, Set<String> clients) {
        // Compared again: one that has moved to another address meanwhile is not meant.
        return new SomeAtATime<>(
                        clients.iterator(),
                        CHANGES_AT_A_TIME,
                        client -> change(client, record -> of.equals(record.address()) ? record.unbound() : null)
                                .thenApply(Objects::nonNull))
                .run();
    }

    /**
     * What is known of a client.
     *
     * @param client its identifier
     * @return the client; null where there is none
     */
    public ClientState find(String client) {
        return await(findAsync(client));
    }

    /**
     * As {@link #find}, without waiting.
     *
     * @param client its identifier
     * @return its result
     */
    public CompletableFuture<ClientState> findAsync(String client) {
        return resolve(client).thenApply(found -> found == null ? null : state(found));
    }

    /**
     * The clients of a user, wherever they are connected.
     *
     * @param userName the user's name
     * @return their identifiers; empty for none
     */
    public List<String> clientsOf(String userName) {
        return await(clientsOfAsync(userName));
    }

    /**
     * As {@link #clientsOf}, without waiting.
     *
     * @param userName the user's name
     * @return its result; exceptionally {@link org.globalsessions.TierUnavailableException} where a relay that may know some did not answer
     */
    public CompletableFuture<List<String>> clientsOfAsync(String userName) {
        Objects.requireNonNull(userName, "userName");
        return identifiers(By.USER, userName, record -> record.user().equals(userName))
                .thenApply(List::copyOf);
    }

    /**
     * How many clients a user has, wherever they are connected.
     *
     * @param userName the user's name
     * @return their number, as of the call
     */
    public int countOf(String userName) {
        return await(countOfAsync(userName));
    }

    /**
     * As {@link #countOf}, without waiting.
     *
     * @param userName the user's name
     * @return its result; exceptionally {@link org.globalsessions.TierUnavailableException} where a relay that may know some did not answer
     */
    public CompletableFuture<Integer> countOfAsync(String userName) {
        Objects.requireNonNull(userName, "userName");
        Predicate<ClientRecord> which = record -> record.user().equals(userName);
        if (channel == null || !unpublished(which).isEmpty()) {
            // Relays may know some of these, too: counted by name.
            return clientsOfAsync(userName).thenApply(List::size);
        }
        return channel.count(By.USER, userName)
                .thenCompose(found -> found.complete()
                        ? CompletableFuture.completedFuture(found.total())
                        : clientsOfAsync(userName).thenApply(List::size));
    }

    /**
     * Gives a client another identifier, for one that may have become known: on a login. The earlier one leads to the client for a time, so that
     * requests under way are served, and is unknown then. The client is told by the gateway that serves it.
     *
     * @param client its identifier
     * @param grace  how long the earlier identifier counts, from zero to one hour
     * @return its new identifier; null where there is no such client
     */
    public String rename(String client, Duration grace) {
        return await(renameAsync(client, grace));
    }

    /**
     * As {@link #rename}, without waiting.
     *
     * @param client its identifier
     * @param grace  how long the earlier identifier counts
     * @return its result
     */
    public CompletableFuture<String> renameAsync(String client, Duration grace) {
        if (grace.isNegative() || grace.compareTo(ClientRename.MAX_GRACE) > 0) {
            throw new IllegalArgumentException(
                    "grace is out of range: grace=" + grace + ", limit=" + ClientRename.MAX_GRACE);
        }
        return resolve(client).thenCompose(found -> {
            if (found == null) {
                return CompletableFuture.completedFuture(null);
            }
            return new ClientRename(sessions, found.identifier(), grace, deciding())
                    .run()
                    .thenApply(renamed -> {
                        if (renamed == null) {
                            return null;
                        }
                        tell(found.identifier(), state(renamed));
                        return renamed.identifier();
                    });
        });
    }

    /**
     * Sends a message to every client that is bound to an address, wherever it is connected. Messages of one thread arrive in the order in which they
     * were sent. Where nobody can be bound to it that is counted, and no error.
     *
     * @param address {@code role.name}
     * @param method  what it is about: 1 to {@value #MAX_METHOD_LENGTH} of letters, digits, {@code _}, {@code -}, {@code .} and {@code /}
     * @param params  its parameters, for the client to read; mostly JSON; at most {@value #MAX_PARAMS_BYTES} bytes
     * @throws IllegalArgumentException where address or method is none, or the parameters are too long
     */
    public void notify(String address, String method, String params) {
        await(notifyAsync(address, method, params));
    }

    /**
     * As {@link #notify(String, String, String)}, without waiting.
     *
     * @param address {@code role.name}
     * @param method  what it is about
     * @param params  its parameters
     * @return ends when the relay has passed it on; exceptionally {@link org.globalsessions.TierUnavailableException} where that is not known: it has gone
     *     to this process's own clients all the same
     */
    public CompletableFuture<Void> notifyAsync(String address, String method, String params) {
        ClientAddress to = checked(address);
        checkMessage(method, params);
        PushMessage message = new PushMessage(false, address, method, params);
        int reached = 0;
        for (PushTarget target : targets) {
            reached += target.push(to, method, params);
        }
        return pass(message, reached);
    }

    /**
     * Sends a message to every client that a gateway of a role serves, bound or not.
     *
     * @param toRole the role
     * @param method as above
     * @param params as above
     * @throws IllegalArgumentException where role or method is none
     */
    public void broadcast(String toRole, String method, String params) {
        await(broadcastAsync(toRole, method, params));
    }

    /**
     * As {@link #broadcast}, without waiting.
     *
     * @param toRole the role
     * @param method as above
     * @param params as above
     * @return as {@link #notifyAsync}
     */
    public CompletableFuture<Void> broadcastAsync(String toRole, String method, String params) {
        ClientAddress.checkRole(toRole);
        checkMessage(method, params);
        PushMessage message = new PushMessage(true, toRole, method, params);
        int reached = 0;
        for (PushTarget target : targets) {
            reached += target.broadcast(toRole, method, params);
        }
        return pass(message, reached);
    }

    private CompletableFuture<Void> pass(PushMessage message, int reachedHere) {
        if (channel == null) {
            countUnreached(reachedHere > 0);
            return CompletableFuture.completedFuture(null);
        }
        return channel.push(message).thenAccept(reach -> countUnreached(reachedHere > 0 || reach.mayReachSomebody()));
    }

    private void countUnreached(boolean reached) {
        if (!reached) {
            unreached.increment();
        }
    }

    /** Another process has sent it; on a link's thread, in the order of its sender. */
    private void onPush(PushMessage message) {
        if (message.toRole()) {
            targets.forEach(target -> target.broadcast(message.to(), message.method(), message.params()));
            return;
        }
        ClientAddress to;
        try {
            to = ClientAddress.parse(message.to());
        } catch (IllegalArgumentException e) {
            // Whoever has sent it has not checked it; nobody is bound to it.
            unreached.increment();
            return;
        }
        targets.forEach(target -> target.push(to, message.method(), message.params()));
    }

    /**
     * How many messages of this directory were for an address that nobody was bound to, or for a role that nobody serves.
     *
     * @return the count since the start
     */
    public long unreached() {
        return unreached.sum();
    }

    /**
     * Adds a gateway of this process, by which clients are reached from now on.
     *
     * @param target the gateway
     */
    public void attach(PushTarget target) {
        synchronized (receiver) {
            targets.add(Objects.requireNonNull(target, "target"));
            if (channel != null && targets.size() == 1) {
                channel.attend(receiver);
            }
        }
    }

    /**
     * Takes a gateway away.
     *
     * @param target the gateway
     */
    public void detach(PushTarget target) {
        synchronized (receiver) {
            if (targets.remove(target) && channel != null && targets.isEmpty()) {
                channel.leave(receiver);
            }
        }
    }

    SessionCacheManager cache() {
        return cache;
    }

    ClientSessions sessions() {
        return sessions;
    }

    /** The client behind an identifier, also behind one that a rename has given up; null where there is none, or it is gone. */
    CompletableFuture<ClientSessions.Found> resolve(String client) {
        Objects.requireNonNull(client, "client");
        return resolve(client, MAX_RENAMES_FOLLOWED);
    }

    private CompletableFuture<ClientSessions.Found> resolve(String client, int hops) {
        return sessions.find(client).thenCompose(found -> {
            if (found == null) {
                return CompletableFuture.completedFuture(null);
            }
            return switch (found.client().kind()) {
                case ACTIVE, NEXT -> CompletableFuture.completedFuture(found);
                case RENAMED ->
                    hops == 0
                            ? CompletableFuture.completedFuture(null)
                            : resolve(found.client().other(), hops - 1);
                case ENDING -> CompletableFuture.completedFuture(null);
            };
        });
    }

    /** Who decides between changes that several hosts make of a client at a time. */
    Acknowledgement deciding() {
        return channel != null ? Acknowledgement.RELAY : Acknowledgement.LOCAL;
    }

    private CompletableFuture<ClientState> change(String client, UnaryOperator<ClientRecord> change) {
        return change(client, null, change);
    }

    /**
     * Changes a client that is there, and tells gateways of this process before the future ends.
     *
     * @param level who decides; null for this host where the client is served here, as others leave it alone then
     */
    CompletableFuture<ClientState> change(String client, Acknowledgement level, UnaryOperator<ClientRecord> change) {
        return changeEntry(client, level, change).thenApply(changed -> {
            ClientState now = changed == null ? null : state(changed);
            if (now != null) {
                tell(client, now);
            }
            return now;
        });
    }

    /** As above, and tells nobody. */
    CompletableFuture<ClientSessions.Found> changeEntry(
            String client, Acknowledgement level, UnaryOperator<ClientRecord> change) {
        return resolve(client).thenCompose(found -> {
            if (found == null) {
                return CompletableFuture.completedFuture(null);
            }
            Acknowledgement by =
                    level != null ? level : isServedHere(found.client()) ? Acknowledgement.LOCAL : deciding();
            AtomicBoolean renamed = new AtomicBoolean();
            return sessions.change(
                            found,
                            record -> {
                                renamed.set(record.kind() == ClientRecord.Kind.RENAMED);
                                return isThere(record) ? change.apply(record) : null;
                            },
                            by)
                    // Renamed between the look and the change: the client is the next entry now.
                    .thenCompose(changed -> renamed.get()
                            ? changeEntry(found.identifier(), level, change)
                            : CompletableFuture.completedFuture(changed));
        });
    }

    private boolean isServedHere(ClientRecord client) {
        for (PushTarget target : targets) {
            if (target.gateway() == client.gateway()) {
                return true;
            }
        }
        return false;
    }

    void tell(String client, ClientState now) {
        for (PushTarget target : targets) {
            target.onChanged(client, now);
        }
    }

    static boolean isThere(ClientRecord record) {
        return record.kind() == ClientRecord.Kind.ACTIVE || record.kind() == ClientRecord.Kind.NEXT;
    }

    static ClientState state(ClientSessions.Found found) {
        ClientRecord client = found.client();
        return new ClientState(
                found.identifier(), client.gateway(), client.user(), client.address(), client.authorisation());
    }

    /**
     * Those that the relays know, and what they cannot know yet. Without a relay, and where one has more clients than it knows, what this host has.
     *
     * @param which the same by an entry
     */
    private CompletableFuture<Set<String>> identifiers(By by, String name, Predicate<ClientRecord> which) {
        if (channel == null) {
            Set<String> here = new LinkedHashSet<>();
            sessions.forEach(adding(here, which));
            return CompletableFuture.completedFuture(here);
        }
        // First: what the relay has taken meanwhile, it knows.
        Set<String> identifiers = unpublished(which);
        return channel.find(by, name).thenApply(found -> {
            ClientSessions.addIdentifiers(found.identifiers(), identifiers);
            if (!found.complete()) {
                sessions.forEach(adding(identifiers, which));
            }
            return identifiers;
        });
    }

    /** Clients of which relays do not know the last yet; none where there is no relay. */
    Set<String> unpublished(Predicate<ClientRecord> which) {
        Set<String> identifiers = new LinkedHashSet<>();
        if (channel != null) {
            sessions.forEachUnpublished(channel, adding(identifiers, which));
        }
        return identifiers;
    }

    private static Consumer<ClientSessions.Found> adding(Set<String> identifiers, Predicate<ClientRecord> which) {
        return found -> {
            if (isThere(found.client()) && which.test(found.client())) {
                identifiers.add(found.identifier());
            }
        };
    }

    private ClientAddress checked(String address) {
        ClientAddress parsed = ClientAddress.parse(address);
        if (role != null && !parsed.role().equals(role)) {
            throw new IllegalArgumentException(
                    "address is of another role: role=" + parsed.role() + ", served=" + role);
        }
        return parsed;
    }

    private static void checkMessage(String method, String params) {
        if (!isMethod(method)) {
            throw new IllegalArgumentException("method is none: characters=" + method.length() + ", expected=1 to "
                    + MAX_METHOD_LENGTH + " of letters, digits, _, -, . and /");
        }
        int bytes = params.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > MAX_PARAMS_BYTES) {
            throw new IllegalArgumentException("params are too long: bytes=" + bytes + ", limit=" + MAX_PARAMS_BYTES);
        }
    }

    /**
     * Whether a text may name a method.
     *
     * @param text the text
     * @return true for 1 to {@value #MAX_METHOD_LENGTH} of letters, digits, {@code _}, {@code -}, {@code .} and {@code /}
     */
    public static boolean isMethod(String text) {
        return METHOD.matcher(text).matches();
    }

    static <T> T await(CompletableFuture<T> future) {
        try {
            return future.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }
}
