package org.globalsessions;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.LeaseRenewal;
import org.globalsessions.tier.NextTier;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.TierAnswer;
import org.globalsessions.tier.TierListener;
import org.globalsessions.tier.Touch;

/** A tier whose connection never stands: what is written in front of it stays unpublished. */
class AwayTier implements NextTier {
    @Override
    public void start(TierListener listener) {}

    @Override
    public boolean isConnected() {
        return false;
    }

    @Override
    public CompletableFuture<TierAnswer> ask(byte[] key, KeyDigest digest) {
        return CompletableFuture.failedFuture(new TierUnavailableException("away"));
    }

    @Override
    public CompletableFuture<Receipt> publish(
            SessionEntry entry,
            KeyDigest digest,
            long epoch,
            long appliedPosition,
            Version seenTombstone,
            Acknowledgement level) {
        return CompletableFuture.failedFuture(new TierUnavailableException("away"));
    }

    @Override
    public CompletableFuture<Receipt> publishIf(
            SessionEntry entry,
            KeyDigest digest,
            long epoch,
            long appliedPosition,
            Version seenTombstone,
            Version expected,
            Acknowledgement level) {
        return CompletableFuture.failedFuture(new TierUnavailableException("away"));
    }

    @Override
    public CompletableFuture<Receipt> delete(
            KeyDigest digest, Version tombstone, long claimEpoch, long appliedPosition, Acknowledgement level) {
        return CompletableFuture.failedFuture(new TierUnavailableException("away"));
    }

    @Override
    public void subscribe(long leaseEpoch, long epoch, long position) {}

    @Override
    public CompletableFuture<LeaseRenewal> renew(long leaseEpoch, long epoch, long position) {
        return CompletableFuture.failedFuture(new TierUnavailableException("away"));
    }

    @Override
    public boolean touch(List<Touch> touches) {
        return false;
    }

    @Override
    public boolean mayPublish() {
        return false;
    }

    @Override
    public boolean tellDeletes(List<InventoryItem> deletes) {
        return false;
    }

    @Override
    public CompletableFuture<Void> awaitEverywhere(KeyDigest digest, long epoch, long position) {
        return CompletableFuture.failedFuture(new TierUnavailableException("away"));
    }

    @Override
    public void close() {}
}
