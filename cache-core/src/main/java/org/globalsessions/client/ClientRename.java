package org.globalsessions.client;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.globalsessions.Acknowledgement;

/**
 * Moves a client to another identifier. A kill between any two steps leaves one client, and an identifier that leads to it:
 *
 * <ol>
 *   <li>The next entry is stored, as the next one of this client. Nobody knows its identifier.
 *   <li>The earlier entry is replaced by one that leads there: from here on the next entry is the client.
 *   <li>The next entry becomes a client like any other.
 *   <li>The earlier entry gets its lifetime.
 * </ol>
 *
 * <p>Whoever finds a client between the second and the third step may do the others; one between the first and the second is not led to, and goes
 * with the gateway that it names.
 */
final class ClientRename {
    static final Duration MAX_GRACE = Duration.ofHours(1);

    /** The shortest lifetime that an entry can have. */
    private static final Duration LEAST_LIFETIME = Duration.ofMillis(10);

    private final ClientSessions sessions;
    private final String earlier;
    private final String next;
    private final Duration grace;
    private final Acknowledgement deciding;

    /** Where several hosts may change the client at a time the relay decides. */
    ClientRename(ClientSessions sessions, String earlier, Duration grace, Acknowledgement deciding) {
        this.sessions = sessions;
        this.deciding = deciding;
        this.earlier = earlier;
        this.next = sessions.newIdentifier();
        this.grace = grace.compareTo(LEAST_LIFETIME) < 0 ? LEAST_LIFETIME : grace;
    }

    /** The client as it is then; null where it is gone. */
    CompletableFuture<ClientSessions.Found> run() {
        return sessions.find(earlier).thenCompose(found -> {
            ClientRecord from = found == null ? null : found.client();
            if (from == null || !ClientDirectory.isThere(from)) {
                return CompletableFuture.completedFuture(null);
            }
            if (from.kind() == ClientRecord.Kind.NEXT) {
                // Of a rename that was killed on the way.
                return finish(sessions, from.other(), earlier, grace).thenCompose(finished -> run());
            }
            return sessions.create(next, from.as(ClientRecord.Kind.NEXT, earlier))
                    .thenCompose(created -> sessions.change(
                            earlier,
                            // Only as it was copied: what was bound meanwhile must not be lost.
                            now -> now.equals(from)
                                    ? now.as(ClientRecord.Kind.RENAMED, next).unbound()
                                    : null,
                            Acknowledgement.LOCAL))
                    .thenCompose(replaced -> replaced == null ? again() : finish());
        });
    }

    private CompletableFuture<ClientSessions.Found> again() {
        return sessions.remove(next).thenCompose(removed -> new ClientRename(sessions, earlier, grace, deciding).run());
    }

    private CompletableFuture<ClientSessions.Found> finish() {
        return finish(sessions, earlier, next, grace);
    }

    /** The third and the fourth step. */
    static CompletableFuture<ClientSessions.Found> finish(
            ClientSessions sessions, String earlier, String next, Duration grace) {
        return sessions.change(
                        next,
                        record -> record.kind() == ClientRecord.Kind.NEXT
                                ? record.as(ClientRecord.Kind.ACTIVE, "")
                                : record,
                        Acknowledgement.LOCAL)
                .thenCompose(client -> sessions.expire(earlier, grace).thenApply(expiring -> client));
    }
}
