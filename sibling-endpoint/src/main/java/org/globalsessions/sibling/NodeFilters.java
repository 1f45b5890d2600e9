package org.globalsessions.sibling;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.transport.Scheduler;

/**
 * Gives each relief node that connects a filter of its keys, which is renewed as long as the connection lasts.
 *
 * <p>Memory: for each place of a connected node's segment 2 bytes, and 4 more while its filter is made anew; at most 32 MiB and 64 MiB a node. Belongs to the sibling's event
 * loop: all methods are called there.
 */
final class NodeFilters {
    private final SharedLru segment;
    private final Scheduler scheduler;
    private final ReliefTier tier;
    private final Duration checkInterval;
    private final Duration oldAfter;
    private final Map<ReliefEndPoint, FilterRenewal> renewals = new HashMap<>();
    private boolean closed;

    /**
     * Follows the nodes of a tier from now on.
     *
     * @param segment   the relay's segment
     * @param scheduler the sibling's event loop
     * @param tier      knows the nodes
     * @param checkInterval how often each filter is looked at
     * @param oldAfter  when one is made anew at the latest
     */
    NodeFilters(SharedLru segment, Scheduler scheduler, ReliefTier tier, Duration checkInterval, Duration oldAfter) {
        this.segment = segment;
        this.scheduler = scheduler;
        this.tier = tier;
        this.checkInterval = checkInterval;
        this.oldAfter = oldAfter;
        tier.whenArranged(this::arranged);
    }

    private void arranged() {
        Set<ReliefEndPoint> connected = closed ? Set.of() : new HashSet<>(tier.endPoints());
        renewals.entrySet().removeIf(renewal -> {
            boolean gone = !connected.contains(renewal.getKey());
            if (gone) {
                renewal.getValue().stop();
            }
            return gone;
        });
        for (ReliefEndPoint node : connected) {
            if (!renewals.containsKey(node)) {
                node.filter(new NodeFilter(entry -> segment.encode(entry.key()).digest()));
                renewals.put(node, new FilterRenewal(segment, scheduler, node, checkInterval, oldAfter));
            }
        }
    }

    /** Asks no node any more. */
    void close() {
        closed = true;
        arranged();
    }
}
