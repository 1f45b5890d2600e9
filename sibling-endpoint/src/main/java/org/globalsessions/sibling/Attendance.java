package org.globalsessions.sibling;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Which members are there: those that are connected, and those that have not been for so short a time only that nobody stands in
 * for them yet. A reset connection or a sibling that starts again moves nothing so.
 *
 * <p>Belongs to the sibling's event loop. Times are by the segment's clock.
 */
final class Attendance {
    /** Time to come back after a reset: a node's first pauses between attempts to connect, and some more. */
    static final long RESET_NS = TimeUnit.SECONDS.toNanos(1);

    /** Time to come back after the sibling's start: a node's longest pause between attempts to connect. */
    static final long START_NS = TimeUnit.SECONDS.toNanos(5);

    private final Map<NodeId, ReliefEndPoint> connected = new HashMap<>();

    /** Members that are not connected and that nobody stands in for yet, with the time at which that ends. */
    private final Map<NodeId, Long> awaitedUntilNs = new HashMap<>();

    /**
     * Nobody is connected yet.
     *
     * @param members   who is waited for
     * @param startedNs time of the sibling's start
     */
    Attendance(Collection<Membership.Member> members, long startedNs) {
        members.forEach(member -> awaitedUntilNs.put(member.id(), startedNs + START_NS));
    }

    /** A node has connected: returns the connection that it had before, or null. */
    ReliefEndPoint arrived(ReliefEndPoint endPoint) {
        awaitedUntilNs.remove(endPoint.id());
        return connected.put(endPoint.id(), endPoint);
    }

    /** A connection has ended: returns false if its node has another one since. */
    boolean left(ReliefEndPoint endPoint, long nowNs) {
        boolean wasThere = connected.remove(endPoint.id(), endPoint);
        if (wasThere) {
            awaitedUntilNs.put(endPoint.id(), nowNs + RESET_NS);
        }
        return wasThere;
    }

    /** Those whom it is no use to wait for any longer; each is named once. */
    List<NodeId> takeMissed(long nowNs) {
        List<NodeId> missed = awaitedUntilNs.entrySet().stream()
                .filter(awaited -> awaited.getValue() - nowNs < 0)
                .map(Map.Entry::getKey)
                .toList();
        missed.forEach(awaitedUntilNs::remove);
        return missed;
    }

    /** Whether a member is there, so that nobody stands in for it. */
    boolean isThere(NodeId id) {
        return connected.containsKey(id) || awaitedUntilNs.containsKey(id);
    }

    /** The connection of a node, or null. */
    ReliefEndPoint connectionOf(NodeId id) {
        return connected.get(id);
    }

    /** All connections. */
    Collection<ReliefEndPoint> connected() {
        return connected.values();
    }
}
