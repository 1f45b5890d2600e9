package org.globalsessions.client;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.globalsessions.Acknowledgement;
import org.globalsessions.ConditionFailedException;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.Version;
import org.globalsessions.VersionedValue;
import org.globalsessions.tier.ClientChannel;

/** The directory's entries in the shared table: read, and replaced by comparing versions, so that no change is lost whoever else makes one. Any thread. */
final class ClientSessions {
    /** No header, cookie or URL can hold it: what a client sends is never taken for the key of an entry. */
    private static final String KEY_PREFIX = "\u0001c";

    private static final int IDENTIFIER_BYTES = 16;

    /** Characters of an identifier. */
    private static final int IDENTIFIER_LENGTH = 22;

    /** Each attempt that fails means that another one has succeeded meanwhile; so many in a row are a fault. */
    private static final int ATTEMPTS = 1_000;

    private final SessionCacheManager sessions;
    private final SecureRandom random = new SecureRandom();

    ClientSessions(SessionCacheManager sessions) {
        this.sessions = sessions;
    }

    /** An entry as it was read. */
    record Found(String identifier, ClientRecord client, Version version) {
        @Override
        public String toString() {
            return "Found[" + client + "]";
        }
    }

    String newIdentifier() {
        byte[] bytes = new byte[IDENTIFIER_BYTES];
        random.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** Whether a text may be an identifier: what is none is not looked for. */
    static boolean isIdentifier(String text) {
        if (text.length() != IDENTIFIER_LENGTH) {
            return false;
        }
        for (int i = 0; i < IDENTIFIER_LENGTH; i++) {
            char c = text.charAt(i);
            if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_')) {
                return false;
            }
        }
        return true;
    }

    /** Whether the bytes of a key are those of a client's. */
    static boolean isKey(byte[] key) {
        return key.length == KEY_PREFIX.length() + IDENTIFIER_LENGTH
                && key[0] == KEY_PREFIX.charAt(0)
                && key[1] == KEY_PREFIX.charAt(1)
                && isIdentifier(new String(key, KEY_PREFIX.length(), IDENTIFIER_LENGTH, StandardCharsets.ISO_8859_1));
    }

    /** Puts the bytes that a client's key stands for into an array, as two numbers. */
    static void copyIdentifier(byte[] key, long[] to, int at) {
        byte[] identifier = Arrays.copyOfRange(key, KEY_PREFIX.length(), key.length);
        ByteBuffer bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(identifier));
        to[at] = bytes.getLong();
        to[at + 1] = bytes.getLong();
    }

    /** The identifier of which an array has the bytes, as two numbers. */
    static String identifier(long[] from, int at) {
        byte[] bytes = ByteBuffer.allocate(IDENTIFIER_BYTES)
                .putLong(from[at])
                .putLong(from[at + 1])
                .array();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** The identifier that a key of the table stands for; null for an application's key. */
    static String identifierOf(String key) {
        return key.startsWith(KEY_PREFIX) ? key.substring(KEY_PREFIX.length()) : null;
    }

    private static String keyOf(String identifier) {
        return KEY_PREFIX + identifier;
    }

    /** Stores what must not be there yet. */
    CompletableFuture<Found> create(String identifier, ClientRecord client) {
        return create(identifier, client, Acknowledgement.LOCAL);
    }

    CompletableFuture<Found> create(String identifier, ClientRecord client, Acknowledgement level) {
        return store(new Found(identifier, client, Version.NONE), Duration.ZERO, level);
    }

    /** Null where there is none. */
    CompletableFuture<Found> find(String identifier) {
        if (!isIdentifier(identifier)) {
            return CompletableFuture.completedFuture(null);
        }
        return sessions.getVersioned(keyOf(identifier)).thenApply(value -> read(identifier, value));
    }

    private static Found read(String identifier, VersionedValue value) {
        ClientRecord client = value == null ? null : ClientRecord.decode(value.value());
        return client == null ? null : new Found(identifier, client, value.version());
    }

    /** As it is here; null also where only a later tier has it. */
    Found findLocal(String identifier) {
        byte[] value = isIdentifier(identifier) ? sessions.getLocal(keyOf(identifier)) : null;
        return value == null ? null : read(identifier, new VersionedValue(value, Version.NONE));
    }

    /** Every entry that this host has. */
    void forEach(Consumer<Found> visitor) {
        sessions.forEach((key, value) -> {
            show(key, value, visitor);
            return true;
        });
    }

    /** Every entry that this host has and no relay has acknowledged yet. */
    void forEachUnpublished(ClientChannel channel, Consumer<Found> visitor) {
        channel.forEachUnpublished((key, value) -> show(key, new VersionedValue(value, Version.NONE), visitor));
    }

    private static void show(String key, VersionedValue value, Consumer<Found> visitor) {
        String identifier = identifierOf(key);
        Found found = identifier == null ? null : read(identifier, value);
        if (found != null) {
            visitor.accept(found);
        }
    }

    /** Adds the identifiers that a relay has told. */
    static void addIdentifiers(long[] told, Set<String> to) {
        for (int i = 0; i < told.length; i += 2) {
            to.add(identifier(told, i));
        }
    }

    /** Lets an entry that a rename has left go by itself after a time. */
    CompletableFuture<Found> expire(String identifier, Duration lifetime) {
        return find(identifier).thenCompose(found -> {
            if (found == null || found.client().kind() != ClientRecord.Kind.RENAMED) {
                return CompletableFuture.completedFuture(null);
            }
            // Where another one came first it has done the same.
            return store(found, lifetime, Acknowledgement.LOCAL).exceptionally(failure -> null);
        });
    }

    /**
     * Replaces an entry.
     *
     * @param change gives what is to stand there, the same for no change, or null to leave it and end with null
     * @param level  who decides
     * @return what stands there then; null where there is none, or the change said so
     */
    CompletableFuture<Found> change(String identifier, UnaryOperator<ClientRecord> change, Acknowledgement level) {
        return find(identifier).thenCompose(found -> change(found, change, level));
    }

    /** As above, of an entry that was just read; null for none. */
    CompletableFuture<Found> change(Found found, UnaryOperator<ClientRecord> change, Acknowledgement level) {
        return change(found, change, level, ATTEMPTS);
    }

    private CompletableFuture<Found> change(
            Found found, UnaryOperator<ClientRecord> change, Acknowledgement level, int attempts) {
        ClientRecord next = found == null ? null : change.apply(found.client());
        if (next == null || next.equals(found.client())) {
            return CompletableFuture.completedFuture(next == null ? null : found);
        }
        return store(new Found(found.identifier(), next, found.version()), Duration.ZERO, level)
                .exceptionallyCompose(failure -> isLost(failure) && attempts > 1
                        ? find(found.identifier()).thenCompose(now -> change(now, change, level, attempts - 1))
                        : CompletableFuture.failedFuture(failure));
    }

    private CompletableFuture<Found> store(Found over, Duration lifetime, Acknowledgement level) {
        SetOptions options =
                SetOptions.DEFAULTS.ttl(lifetime).acknowledgement(level).expectedVersion(over.version());
        return sessions.set(keyOf(over.identifier()), over.client().encode(), options)
                .thenApply(version -> new Found(over.identifier(), over.client(), version));
    }

    private static boolean isLost(Throwable failure) {
        return failure instanceof ConditionFailedException
                || (failure instanceof CompletionException && failure.getCause() instanceof ConditionFailedException);
    }

    CompletableFuture<Boolean> remove(String identifier) {
        return remove(identifier, Acknowledgement.LOCAL);
    }

    /** As above; ends when it is gone as far as is asked for. */
    CompletableFuture<Boolean> remove(String identifier, Acknowledgement level) {
        return sessions.delete(keyOf(identifier), level);
    }
}
