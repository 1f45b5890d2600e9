package org.globalsessions.client;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.globalsessions.Acknowledgement;
import org.globalsessions.TierUnavailableException;

/**
 * The directory's side that faces a gateway: which clients it takes in, goes on with and ends. Applications use {@link ClientDirectory}.
 *
 * <p>Any thread, but {@link #beat} and {@link #sweep}: one at a time.
 */
public final class GatewayClients {
    /** An identifier given up by a rename that was killed on the way counts for so long after the rename was found. */
    private static final Duration FOUND_RENAME_GRACE = Duration.ofMinutes(1);

    /** Followed one after the other without asking anybody. */
    private static final int MOST_RENAMES = 8;

    private static final long FIRST_LOOK_NS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long LONGEST_LOOK_NS = TimeUnit.MILLISECONDS.toNanos(50);

    private final ClientDirectory directory;
    private final ClientSessions sessions;
    private final GatewayPresence presence;
    private final long gateway;

    /** Clients of which this gateway does not know whether it has ended them, as the relay went away meanwhile. */
    private final Set<String> uncertain = ConcurrentHashMap.newKeySet();

    private boolean looked;

    /**
     * A gateway that was just started.
     *
     * @param directory the directory
     * @param silence   how long another gateway has to be silent until this one ends its clients
     */
    public GatewayClients(ClientDirectory directory, Duration silence) {
        this.directory = Objects.requireNonNull(directory, "directory");
        sessions = directory.sessions();
        gateway = new SecureRandom().nextLong();
        presence = new GatewayPresence(directory.cache(), gateway, silence);
    }

    /**
     * This gateway's own random number.
     *
     * @return the number that clients' entries name it by
     */
    public long gateway() {
        return gateway;
    }

    /**
     * Takes a new client in, however many its user has.
     *
     * @param userName whom it acts for
     * @return the client, whose entry stands
     * @throws IllegalArgumentException where the name is empty or too long
     */
    public CompletableFuture<ClientState> accept(String userName) {
        return accept(userName, 0);
    }

    /**
     * Takes a new client in.
     *
     * @param userName   whom it acts for
     * @param mostOfUser most clients that the user may have, wherever they are; 0 for no limit
     * @return the client, whose entry stands; null where the user has too many. Exceptionally where that could not be told
     * @throws IllegalArgumentException where the name is empty or too long
     */
    public CompletableFuture<ClientState> accept(String userName, int mostOfUser) {
        int bytes = userName.getBytes(StandardCharsets.UTF_8).length;
        if (bytes == 0 || bytes > ClientDirectory.MAX_USER_NAME_BYTES) {
            throw new IllegalArgumentException("user name is out of range: bytes=" + bytes + ", limits=1 to "
                    + ClientDirectory.MAX_USER_NAME_BYTES);
        }
        ClientRecord client = ClientRecord.accepted(gateway, userName);
        if (mostOfUser == 0) {
            return sessions.create(sessions.newIdentifier(), client).thenApply(ClientDirectory::state);
        }
        String identifier = sessions.newIdentifier();
        // Counted once it is there itself: of two that come at a time one at least sees both.
        return sessions.create(identifier, client, directory.deciding())
                .thenCompose(found -> directory
                        .countOfAsync(userName)
                        .thenCompose(count -> count <= mostOfUser
                                ? CompletableFuture.completedFuture(ClientDirectory.state(found))
                                // Refused when it counts no longer, so that a device that comes next finds its place.
                                : giveUp(identifier, directory.deciding())))
                // Also where it is not known whether the relay has stored it: nobody would take it away otherwise.
                .exceptionallyCompose(notKnown -> giveUp(identifier, Acknowledgement.LOCAL)
                        .thenCompose(gone -> CompletableFuture.failedFuture(notKnown)));
    }

    private CompletableFuture<ClientState> giveUp(String identifier, Acknowledgement level) {
        return sessions.remove(identifier, level).thenApply(removed -> null);
    }

    /**
     * Goes on with a client that shows its identifier here, whoever served it before.
     *
     * @param identifier as the client has shown it: any text
     * @return the client; null where there is none
     */
    public CompletableFuture<ClientState> resume(String identifier) {
        if (uncertain.contains(identifier)) {
            return CompletableFuture.failedFuture(
                    new TierUnavailableException("not known yet whether the client has ended"));
        }
        return directory.change(identifier, directory.deciding(), record -> record.servedBy(gateway));
    }

    /**
     * What the table says of a client, without asking a later tier and without waiting.
     *
     * @param identifier its identifier now, or one before it whose grace is not over
     * @return the client; null where it is not here
     */
    public ClientState look(String identifier) {
        ClientSessions.Found found = sessions.findLocal(identifier);
        for (int renames = 0; renames < MOST_RENAMES && isRenamed(found); renames++) {
            found = sessions.findLocal(found.client().other());
        }
        return found == null || !ClientDirectory.isThere(found.client()) ? null : ClientDirectory.state(found);
    }

    private static boolean isRenamed(ClientSessions.Found found) {
        return found != null && found.client().kind() == ClientRecord.Kind.RENAMED;
    }

    /**
     * Ends a client. Of all who try at a time one is told that it was the one; that one tells the application, and then calls {@link #ended}.
     *
     * @param identifier its identifier
     * @return the client as it was; null where there is none, or another one has ended it
     */
    public CompletableFuture<ClientState> end(String identifier) {
        return end(identifier, record -> true);
    }

    /**
     * As {@link #end}, but not where another gateway has gone on with the client meanwhile: its silence here says nothing.
     *
     * @param identifier its identifier
     * @return the client as it was; null where it is not this gateway's to end
     */
    public CompletableFuture<ClientState> endOwn(String identifier) {
        return end(identifier, record -> record.gateway() == gateway);
    }

    private CompletableFuture<ClientState> end(String identifier, Predicate<ClientRecord> condition) {
        return claim(
                        identifier,
                        directory.changeEntry(
                                identifier,
                                directory.deciding(),
                                record -> condition.test(record) ? record.endedBy(gateway) : null))
                .thenApply(claimed -> {
                    if (claimed != null) {
                        directory.tell(identifier, null);
                        directory.tell(claimed.identifier(), null);
                    }
                    return claimed;
                });
    }

    /**
     * Unbinds a client that has been idle for too long, where this gateway still serves it.
     *
     * @param identifier its identifier
     * @param isIdle     whether it still is; asked again for each attempt
     * @return whether it was unbound
     */
    public CompletableFuture<Boolean> unbindIdle(String identifier, BooleanSupplier isIdle) {
        return directory
                .change(
                        identifier,
                        null,
                        record -> record.gateway() == gateway && isIdle.getAsBoolean() ? record.unbound() : null)
                .thenApply(Objects::nonNull);
    }

    /**
     * Whether a client has ended and this gateway is still the one that tells of it.
     *
     * @param identifier its identifier
     * @return its result; exceptionally where that is not known
     */
    public CompletableFuture<Boolean> isMineToTell(String identifier) {
        return sessions.find(identifier).thenApply(found -> found != null && isEndedHere(found.client()));
    }

    private boolean isEndedHere(ClientRecord client) {
        return client.kind() == ClientRecord.Kind.ENDING && client.gateway() == gateway;
    }

    /**
     * The application could not be told of an end: the next sweep gives it once more.
     *
     * @param identifier the client's identifier
     */
    public void tellLater(String identifier) {
        uncertain.add(identifier);
    }

    /**
     * Whether it is not known who has ended a client, or nobody has been told of it yet.
     *
     * @param identifier the client's identifier
     * @return true until a sweep has found out
     */
    public boolean isUncertain(String identifier) {
        return uncertain.contains(identifier);
    }

    /**
     * The application has been told of the end: nothing of the client stays.
     *
     * @param identifier its identifier
     * @return ends when it is gone
     */
    public CompletableFuture<Boolean> ended(String identifier) {
        return sessions.remove(identifier);
    }

    /**
     * Waits until relays have what stands here of this gateway's clients, so that another host's gateway goes on with all of it. Clients that come
     * meanwhile are not waited for.
     *
     * @param atMost for how long; a relay that is away is not waited for any longer
     * @return whether they have: at once where there is no relay
     */
    public boolean awaitPublished(Duration atMost) {
        long startNs = System.nanoTime();
        long pauseNs = FIRST_LOOK_NS;
        Set<String> waitedFor = unpublished();
        while (!waitedFor.isEmpty()) {
            if (System.nanoTime() - startNs >= atMost.toNanos()
                    || Thread.currentThread().isInterrupted()) {
                return false;
            }
            LockSupport.parkNanos(this, pauseNs);
            // A look goes through the marks of the whole segment.
            pauseNs = Math.min(2 * pauseNs, LONGEST_LOOK_NS);
            waitedFor.retainAll(unpublished());
        }
        return true;
    }

    private Set<String> unpublished() {
        return directory.unpublished(client -> client.gateway() == gateway);
    }

    /** Tells the other gateways that this one is there. */
    public void beat() {
        presence.beat();
    }

    /**
     * Ends the clients of gateways that were silent for too long, and finds out about those of which that was not known.
     *
     * @param told given each client that this gateway has ended, once: the caller tells the application as of its own
     */
    public void sweep(Consumer<ClientState> told) {
        for (String identifier : List.copyOf(uncertain)) {
            if (!give(told, makeCertain(identifier))) {
                return;
            }
        }
        Set<Long> silent = presence.silent();
        if (silent.isEmpty() && looked) {
            return;
        }
        // Once also without a silent one: the list may have been lost, and the clients name their gateways.
        looked = true;
        List<ClientSessions.Found> left = new ArrayList<>();
        Set<Long> named = new HashSet<>();
        sessions.forEach(found -> {
            if (silent.contains(found.client().gateway())) {
                left.add(found);
            }
            if (found.client().kind() != ClientRecord.Kind.RENAMED) {
                named.add(found.client().gateway());
            }
        });
        named.forEach(presence::seen);
        // What a killed rename has left first, while the entry that it was to replace still tells how far it had come.
        for (ClientSessions.Found found : left) {
            if (found.client().kind() == ClientRecord.Kind.NEXT && !isDone(tidy(found))) {
                return;
            }
        }
        for (ClientSessions.Found found : left) {
            if (!give(told, claimOf(found, silent))) {
                return;
            }
        }
        silent.removeAll(named);
        presence.forget(silent);
    }

    /** One to which the entry before it leads is a client; one to which it does not was never anybody's. */
    private CompletableFuture<Boolean> tidy(ClientSessions.Found next) {
        String earlier = next.client().other();
        return sessions.find(earlier).thenCompose(before -> {
            boolean leads = before != null
                    && before.client().kind() == ClientRecord.Kind.RENAMED
                    && before.client().other().equals(next.identifier());
            return leads
                    ? ClientRename.finish(sessions, earlier, next.identifier(), FOUND_RENAME_GRACE)
                            .thenApply(Objects::nonNull)
                    : sessions.remove(next.identifier());
        });
    }

    private CompletableFuture<ClientState> claimOf(ClientSessions.Found found, Set<Long> silent) {
        // Compared again: it may have gone on elsewhere meanwhile, or another one tells of its end already.
        return claim(
                found.identifier(),
                record -> silent.contains(record.gateway()) && record.kind() != ClientRecord.Kind.RENAMED);
    }

    private CompletableFuture<ClientState> makeCertain(String identifier) {
        return sessions.find(identifier).thenCompose(found -> {
            uncertain.remove(identifier);
            if (found == null) {
                return CompletableFuture.completedFuture(null);
            }
            if (found.client().kind() == ClientRecord.Kind.RENAMED) {
                return makeCertain(found.client().other());
            }
            return isEndedHere(found.client())
                    ? CompletableFuture.completedFuture(ClientDirectory.state(found))
                    : claim(identifier, record -> ClientDirectory.isThere(record) && record.gateway() == gateway);
        });
    }

    private CompletableFuture<ClientState> claim(String identifier, Predicate<ClientRecord> condition) {
        // Several hosts' gateways may claim one client at a time: the relay knows who was first.
        return claim(
                identifier,
                sessions.change(
                        identifier,
                        record -> condition.test(record) ? record.endedBy(gateway) : null,
                        directory.deciding()));
    }

    /** Where it is not known whether the claim stands, that is found out by the next sweep. */
    private CompletableFuture<ClientState> claim(String identifier, CompletableFuture<ClientSessions.Found> claim) {
        return claim.thenApply(changed -> changed == null ? null : ClientDirectory.state(changed))
                .whenComplete((claimed, failure) -> {
                    if (failure != null) {
                        uncertain.add(identifier);
                    }
                });
    }

    /** Hands a claim on that has succeeded; false where the relay is away, so that the others are better tried with the next sweep. */
    private boolean give(Consumer<ClientState> told, CompletableFuture<ClientState> claim) {
        if (!isDone(claim)) {
            return false;
        }
        ClientState claimed = claim.join();
        if (claimed != null) {
            directory.tell(claimed.identifier(), null);
            told.accept(claimed);
        }
        return true;
    }

    private static boolean isDone(CompletableFuture<?> future) {
        try {
            future.join();
            return true;
        } catch (CompletionException relayIsAway) {
            return false;
        }
    }
}
