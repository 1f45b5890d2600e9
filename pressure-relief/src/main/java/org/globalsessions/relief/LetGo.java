package org.globalsessions.relief;

import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.frame.FrameCodec;

/** An entry that a node has let go for space, until it is known who else keeps it. */
final class LetGo {
    private static final long NEVER = Long.MAX_VALUE;

    private final InventoryItem item;

    /** As it was when it went; null at a node that hands nothing back. */
    private final SessionEntry entry;

    private final long wentTick;
    private final long endsTick;
    private boolean settled;
    private int tries;
    private long dueNs;

    /**
     * An entry that has just gone.
     *
     * @param digest digest of its key
     * @param copy   the entry
     * @param tick   segment time
     * @param whole  whether it may have to be handed back
     */
    LetGo(KeyDigest digest, EntrySnapshot copy, long tick, boolean whole) {
        SessionEntry went = copy.toEntry();
        this.item = InventoryItem.entry(digest, went.version(), went.life());
        this.entry = whole ? went : null;
        this.wentTick = tick;
        long lifetime = went.lifetimeTicks() == 0 ? NEVER : went.lifetimeTicks();
        // As long as relief nodes keep an idle entry.
        long idle = went.idleLimitTicks() == 0 ? NEVER : went.idleLimitTicks() * 5L / 4 - went.idleTicks();
        long left = Math.min(lifetime, idle);
        this.endsTick = left == NEVER ? NEVER : tick + left;
    }

    InventoryItem item() {
        return item;
    }

    /** Whether its time is over at a tick. */
    boolean hasEnded(long tick) {
        return endsTick <= tick;
    }

    /** Whether it may be handed back. */
    boolean isWhole() {
        return entry != null;
    }

    /** Bytes that it holds up beyond its digest. */
    long bytes() {
        return entry == null ? 0 : FrameCodec.entryLength(entry);
    }

    /** The entry with the ages that it has by now. */
    SessionEntry entryAt(long tick) {
        return entry.agedBy(Math.max(0, tick - wentTick));
    }

    boolean isSettled() {
        return settled;
    }

    /** It is known what became of it, or something newer stands for it. */
    void settle() {
        settled = true;
    }

    /** How often it was asked about without an answer that settles it. */
    int tries() {
        return tries;
    }

    /** To be asked about again, not before a time by the node's clock. */
    void again(long dueAtNs) {
        tries++;
        dueNs = dueAtNs;
    }

    long dueNs() {
        return dueNs;
    }
}
