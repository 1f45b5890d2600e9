package org.globalsessions.relief;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.CompareFrame;
import org.globalsessions.transport.frame.ComparedFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FetchFrame;
import org.globalsessions.transport.frame.FetchedFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.InventoriedFrame;
import org.globalsessions.transport.frame.InventoryFrame;

/**
 * What a relief node says of either kind when a sibling copies from it or to it: what it holds, what it lacks of another one's, and whole
 * entries. Changes nothing. Each answer takes about a millisecond at most, as the node's other answers wait for it.
 *
 * <p>One thread at a time: the node's event loop.
 */
final class TransferAnswers {
    /** Bytes of entries from which on one answer takes no more: they are copied twice before they leave. */
    static final int MAX_BYTES = 256 * 1024;

    private final SharedLru segment;
    private final EntrySnapshot snapshot = new EntrySnapshot();

    TransferAnswers(SharedLru segment) {
        this.segment = segment;
    }

    /**
     * Answers a frame of a transfer.
     *
     * @param frame what a sibling sent
     * @return the answer, or null where it is none of a transfer
     */
    Frame answer(Frame frame) {
        if (frame instanceof InventoryFrame inventory) {
            return list(inventory);
        }
        if (frame instanceof CompareFrame compare) {
            return compare(compare);
        }
        return frame instanceof FetchFrame fetch ? fetch(fetch) : null;
    }

    private Frame list(InventoryFrame frame) {
        if (frame.deletesOnly() && !segment.knowsRecentDeletes()) {
            return new ErrorFrame(
                    frame.correlationId(), ErrorCode.REFUSED, "deletes had to make room for others before their time");
        }
        List<InventoryItem> items = new ArrayList<>();
        long next = frame.deletesOnly()
                ? segment.deletesInventory(frame.cursor(), frame.maxItems(), items::add)
                : segment.inventory(frame.cursor(), frame.maxItems(), items::add);
        return new InventoriedFrame(frame.correlationId(), next, items);
    }

    private Frame compare(CompareFrame frame) {
        BitSet lacking = new BitSet(frame.items().size());
        for (int i = 0; i < frame.items().size(); i++) {
            lacking.set(i, segment.lacks(frame.items().get(i)));
        }
        return new ComparedFrame(frame.correlationId(), frame.items().size(), lacking);
    }

    private Frame fetch(FetchFrame frame) {
        List<SessionEntry> entries = new ArrayList<>();
        long bytes = 0;
        int covered = 0;
        for (KeyDigest digest : frame.digests()) {
            if (segment.find(digest, snapshot)) {
                SessionEntry entry = snapshot.toEntry();
                bytes += FrameCodec.entryLength(entry);
                if (covered > 0 && bytes > MAX_BYTES) {
                    break;
                }
                entries.add(entry);
            }
            covered++;
        }
        return new FetchedFrame(frame.correlationId(), covered, entries);
    }
}
