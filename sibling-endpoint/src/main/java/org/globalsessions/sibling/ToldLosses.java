package org.globalsessions.sibling;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.globalsessions.Version;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;

/**
 * Which nodes were told that the copy they had let go was the last one. Two that let go their copies at the same moment both ask after both are
 * gone: one of them alone is to count.
 *
 * <p>Not for ever, as the same version may come back from a host and be lost again. Belongs to the sibling's event loop.
 */
final class ToldLosses {
    /** Longer than the question of another node may wait at it while the sibling is there. */
    static final long KEPT_NS = TimeUnit.SECONDS.toNanos(60);

    /** More than nodes have waiting, so that of two copies that went at the same time the second one is asked about while the first is known. */
    static final int CAPACITY = 2 * 65_536;

    private record Told(Version version, long life, NodeId node, long atNs) {}

    /** In the order in which they were told. */
    private final Map<KeyDigest, Told> told = new LinkedHashMap<>();

    /** Whether another node counts this entry, or a newer version of its life, as lost. */
    boolean countsAnother(InventoryItem item, NodeId node, long nowNs) {
        Told before = told.get(item.digest());
        return before != null
                && nowNs - before.atNs < KEPT_NS
                && !before.node.equals(node)
                && before.life == item.life()
                && before.version.compareTo(item.version()) >= 0;
    }

    /** A node is told that it has let the last copy go. */
    void tell(InventoryItem item, NodeId node, long nowNs) {
        told.remove(item.digest());
        told.put(item.digest(), new Told(item.version(), item.life(), node, nowNs));
        for (Iterator<Told> oldest = told.values().iterator(); oldest.hasNext(); ) {
            if (nowNs - oldest.next().atNs < KEPT_NS && told.size() <= CAPACITY) {
                break;
            }
            oldest.remove();
        }
    }

    int size() {
        return told.size();
    }
}
