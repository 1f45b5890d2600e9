package org.globalsessions.tier;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.globalsessions.Acknowledgement;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.Version;

/**
 * The tier behind a segment, as a cache sees it.
 *
 * <p>Any thread may call any method; none blocks. Every future completes within the tier's own time-out: with an answer, or
 * exceptionally with {@link org.globalsessions.TierUnavailableException}. Futures may complete on the tier's own threads,
 * which must not be held up by dependants.
 */
public interface NextTier extends AutoCloseable {
    /** Most uses told at a time. */
    int MAX_TOUCHES = 1024;

    /** Most deletes that are told of at a time. */
    int MAX_DELETES = 256;

    /**
     * Begins to connect and to report to the listener. Called once, before anything else.
     *
     * @param listener told of announcements and of the connection's state
     */
    void start(TierListener listener);

    /**
     * Whether the tier can be reached at this moment; a hint, true may already be wrong.
     *
     * @return true while connected
     */
    boolean isConnected();

    /**
     * Asks for one key. Concurrent questions for one key are one question on the wire.
     *
     * @param key    the key's bytes, not changed by the callee
     * @param digest the key's digest
     * @return the answer
     */
    CompletableFuture<TierAnswer> ask(byte[] key, KeyDigest digest);

    /**
     * Publishes one entry.
     *
     * @param entry           the entry as read from the segment
     * @param digest          its key's digest
     * @param epoch           relay epoch that the position belongs to
     * @param appliedPosition position up to which the sender's segment has applied announcements, read before the entry was
     * @param seenTombstone   the key's tombstone in the sender's segment, or {@link Version#NONE}
     * @param level           {@link Acknowledgement#RELAY} or {@link Acknowledgement#RELIEF}
     * @return the receipt; exceptionally with {@link TierBusyException} at once where the send window is full
     */
    CompletableFuture<Receipt> publish(
            SessionEntry entry,
            KeyDigest digest,
            long epoch,
            long appliedPosition,
            Version seenTombstone,
            Acknowledgement level);

    /**
     * Has a conditional save decided: the entry is stored there only over the version expected, in one step with the comparison.
     *
     * @param entry           the entry wanted, with a version of its own; not in the sender's segment. It begins a life, but where the sender's
     *                        segment holds the expected version: then it is of that one's
     * @param digest          its key's digest
     * @param epoch           relay epoch that the position belongs to
     * @param appliedPosition position up to which the sender's segment has applied announcements
     * @param seenTombstone   the key's tombstone in the sender's segment, or {@link Version#NONE}
     * @param expected        version that has to be there; {@link Version#NONE} where no live entry may be
     * @param level           {@link Acknowledgement#RELAY} or {@link Acknowledgement#RELIEF}
     * @return the receipt; exceptionally with {@link TierBusyException} at once where the send window is full
     */
    CompletableFuture<Receipt> publishIf(
            SessionEntry entry,
            KeyDigest digest,
            long epoch,
            long appliedPosition,
            Version seenTombstone,
            Version expected,
            Acknowledgement level);

    /**
     * Publishes one delete.
     *
     * @param digest          the key's digest
     * @param tombstone       the delete's version
     * @param epoch           relay epoch that the position belongs to
     * @param appliedPosition position up to which the sender's segment has applied announcements: of deletes after that it knew nothing
     * @param level           {@link Acknowledgement#RELAY} or {@link Acknowledgement#RELIEF}
     * @return the receipt; exceptionally with {@link TierBusyException} at once where the send window is full
     */
    CompletableFuture<Receipt> delete(
            KeyDigest digest, Version tombstone, long epoch, long appliedPosition, Acknowledgement level);

    /**
     * Subscribes to, or gives up, announcements: only the host's link owner keeps the subscription. Repeated by the tier
     * itself after each reconnect.
     *
     * @param leaseEpoch the link owner's lease epoch, or 0 to give up
     * @param epoch      relay epoch that the host's position belongs to, 0 for none
     * @param position   highest position below which the host has everything
     */
    void subscribe(long leaseEpoch, long epoch, long position);

    /**
     * Says how far this host is, and asks for its lease to be renewed. Only over the connection that has subscribed last.
     *
     * @param leaseEpoch the link owner's lease epoch
     * @param epoch      relay epoch that the position belongs to
     * @param position   highest position below which the host has everything
     * @return the renewal; completes in order with what the listener is told
     */
    CompletableFuture<LeaseRenewal> renew(long leaseEpoch, long epoch, long position);

    /**
     * Tells which sessions were used on this host. Nothing answers; what was on its way when a connection ended may be lost, and is told again
     * on the next one.
     *
     * @param touches the uses, at most {@value #MAX_TOUCHES}
     * @return false where nobody was told: there is no connection, or it takes nothing now
     */
    boolean touch(List<Touch> touches);

    /**
     * Whether this host may publish.
     *
     * @return false where the relay would refuse it; true where there is no connection, as that is not known then
     */
    boolean mayPublish();

    /**
     * Tells a relay that has begun another epoch of deletes from before it. Nothing answers; over the connection that has subscribed last they come
     * before what is published afterwards.
     *
     * @param deletes tombstones, at most {@value #MAX_DELETES}
     * @return false where it was not told: there is no connection, or it takes nothing now
     */
    boolean tellDeletes(List<InventoryItem> deletes);

    /**
     * Waits until no host serves any more what a delete has deleted, which takes as long as the lease of a host that is away.
     *
     * @param digest   the key's digest
     * @param epoch    relay epoch of the position
     * @param position number of the delete, as its receipt has it
     * @return completes when that is so; exceptionally with {@link TierBusyException} at once where too many wait
     */
    CompletableFuture<Void> awaitEverywhere(KeyDigest digest, long epoch, long position);

    /**
     * Has the messages that other processes send to remote clients passed on to this one, or no more; repeated at each new connection.
     *
     * @param wanted whether they are wanted
     */
    default void attend(boolean wanted) {}

    /**
     * Sends a message to all other processes that attend.
     *
     * @param message the message
     * @return whom it reaches
     */
    default CompletableFuture<PushReach> push(PushMessage message) {
        return CompletableFuture.failedFuture(new TierUnavailableException("this tier passes no messages on"));
    }

    /**
     * Finds remote clients.
     *
     * @param query which ones
     * @return the tier's answer; exceptionally {@link TierUnavailableException} where there was none
     */
    default CompletableFuture<FoundClients> findClients(ClientQuery query) {
        return CompletableFuture.failedFuture(new TierUnavailableException("this tier knows no clients"));
    }

    @Override
    void close();
}
