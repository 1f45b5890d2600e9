package org.globalsessions.relay;

import java.util.List;
import org.globalsessions.Version;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.frame.SessionKnownFrame;

/** What the agent tells the relay's client side; always called on the event loop that owns the clients. */
interface ClientSide {
    /** Hand-offs were acknowledged: there are places again. Several acknowledgements may be one call. */
    void onHandOffProgress();

    /**
     * A relief node holds a tombstone that beats an entry of ours.
     *
     * @param digest    digest of the key
     * @param tombstone the tombstone's version
     */
    void onBeaten(KeyDigest digest, Version tombstone);

    /**
     * A relief node holds a higher version than the one that it was sent.
     *
     * @param key   the key
     * @param newer what it holds
     */
    void onSuperseded(byte[] key, Version newer);

    /**
     * Relief nodes know of deletes from before this relay's epoch.
     *
     * @param deletes some of them
     * @param areLast whether these are the last ones
     */
    void onEarlierDeletes(List<InventoryItem> deletes, boolean areLast);

    /** Waits for the relief tier's acknowledgement of one change. */
    interface Waiter {
        /**
         * The wait is over.
         *
         * @param receipt the acknowledgement, or null where none came
         */
        void done(Receipt receipt);
    }

    /** Waits for the relief tier's answer to one question. */
    interface Asker {
        /**
         * The answer.
         *
         * @param status what is known
         * @param entry  the entry where found, else null
         */
        void answered(SessionKnownFrame.Status status, SessionEntry entry);
    }
}
