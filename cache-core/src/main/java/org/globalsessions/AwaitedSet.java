package org.globalsessions;

import java.util.concurrent.CompletableFuture;
import org.globalsessions.tier.Receipt;

/**
 * A set whose caller waits for the next tier.
 *
 * @param key     the key's bytes
 * @param version the version that the write got here
 * @param level   how far the caller waits
 * @param result  the caller's future
 */
record AwaitedSet(byte[] key, Version version, Acknowledgement level, CompletableFuture<Version> result) {
    /** The same write, by the version that it has got since. */
    AwaitedSet of(Version now) {
        return new AwaitedSet(key, now, level, result);
    }

    /**
     * Tells the caller.
     *
     * @param published the version that was sent: the caller's, or a newer one of this host
     * @param receipt   what the tier said, null where it failed
     * @param failure   why it failed, else null
     */
    void complete(Version published, Receipt receipt, Throwable failure) {
        if (failure != null) {
            fail(Failures.unavailable("stored on this host, the relay did not acknowledge it", failure));
            return;
        }
        switch (receipt.outcome()) {
            // The relay may have raised the version above a tombstone: that is the one to expect later.
            case STORED -> result.complete(published.equals(version) ? receipt.version() : version);
            case SUPERSEDED -> {
                if (receipt.supersedes(published)) {
                    result.complete(version);
                } else {
                    fail(deleted(
                            "the session has ended at the relay: it is gone there, or another one has begun since"));
                }
            }
            case BEATEN_BY_TOMBSTONE -> fail(deleted("the session was deleted meanwhile"));
            case CONDITION_FAILED ->
                fail(new ConditionFailedException(
                        "another version is at the relay", ConditionFailedException.Reason.NEWER_VERSION));
        }
    }

    private static ConditionFailedException deleted(String what) {
        return new ConditionFailedException(what, ConditionFailedException.Reason.DELETED);
    }

    void fail(RuntimeException failure) {
        result.completeExceptionally(failure);
    }
}
