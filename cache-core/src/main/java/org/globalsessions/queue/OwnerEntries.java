package org.globalsessions.queue;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.Version;
import org.globalsessions.VersionedValue;

/** The owners' entries in the shared table: read, and replaced by comparing versions, so that no change is lost whoever else makes one. Any thread. */
final class OwnerEntries {
    /** No client's message can hold it. */
    private static final String KEY_PREFIX = "\u0001q";

    /** As long as the table keeps anything: an owner's entry ends by no time of its own. */
    private static final Duration LIFETIME = Duration.ofDays(240);

    private final SessionCacheManager cache;
    private final Acknowledgement level;

    /**
     * The entries of a cache's path.
     *
     * @param level who decides between changes at a time; null for the relay where there is one, else this host
     */
    OwnerEntries(SessionCacheManager cache, Acknowledgement level) {
        this.cache = cache;
        this.level =
                level != null ? level : cache.clientChannel() == null ? Acknowledgement.LOCAL : Acknowledgement.RELAY;
    }

    /** An entry as it was read; without a value where there is none. */
    record Read(byte[] value, Version version) {
        OwnerState state() {
            return value == null ? new OwnerState() : OwnerState.decode(value);
        }
    }

    CompletableFuture<Read> read(String owner) {
        return cache.getVersioned(keyOf(owner)).thenApply(OwnerEntries::read);
    }

    private static Read read(VersionedValue found) {
        return found == null ? new Read(null, Version.NONE) : new Read(found.value(), found.version());
    }

    /** As it is on this host; null also where only a later tier has it. */
    OwnerState here(String owner) {
        byte[] value = cache.getLocal(keyOf(owner));
        return value == null ? null : OwnerState.decode(value);
    }

    /** Stores an owner's entry over what was read; exceptionally where another one is there by now. */
    CompletableFuture<Version> replace(String owner, Read read, byte[] value) {
        SetOptions options =
                SetOptions.DEFAULTS.ttl(LIFETIME).acknowledgement(level).expectedVersion(read.version());
        return cache.set(keyOf(owner), value, options);
    }

    /**
     * Whether what was read may be older than what counts: of an entry of this host's segment another host may have made a newer one that has not come
     * here yet. What is not here was asked for.
     */
    boolean mayBeOld(Read read) {
        return level != Acknowledgement.LOCAL && read.value() != null;
    }

    private static String keyOf(String owner) {
        return KEY_PREFIX + owner;
    }

    /** The owner whose entry a key is; null for another key. */
    static String ownerOf(String key) {
        return key.startsWith(KEY_PREFIX) ? key.substring(KEY_PREFIX.length()) : null;
    }
}
