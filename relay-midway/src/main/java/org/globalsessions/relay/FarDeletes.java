package org.globalsessions.relay;

import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.Scheduler;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.EverywhereFrame;
import org.globalsessions.transport.frame.NeedEverywhereFrame;

/**
 * Tells those who wait for it when a delete has reached every host, and an owner in the relief tier where there is one. On the relay's event
 * loop alone.
 */
final class FarDeletes {
    /** Most deletes that one connection waits for. */
    static final int WINDOW = 1024;

    /** After a host has said how far it is, so that of many that do so at once one look serves all. */
    private static final Duration SOON = Duration.ofMillis(1);

    /** For what nobody tells: the end of a lease, the receipt of an owner. */
    private static final Duration LATER = Duration.ofMillis(50);

    private final SharedLru lru;
    private final HostLeases leases;
    private final Scheduler loop;
    private final Map<ClientEndPoint, Map<Long, NeedEverywhereFrame>> waiting = new LinkedHashMap<>();
    private boolean lookingSoon;
    private boolean lookingLater;

    FarDeletes(SharedLru lru, HostLeases leases, Scheduler loop) {
        this.lru = lru;
        this.leases = leases;
        this.loop = loop;
    }

    /** A host waits for a delete to be everywhere. */
    void onNeedEverywhere(ClientEndPoint endPoint, NeedEverywhereFrame frame) {
        if (frame.epoch() != lru.file().relayEpoch()) {
            endPoint.send(new ErrorFrame(
                    frame.correlationId(),
                    ErrorCode.UNAVAILABLE,
                    "a number of another epoch: whom that delete had reached is not known here"));
            return;
        }
        Map<Long, NeedEverywhereFrame> own = waiting.computeIfAbsent(endPoint, unused -> new LinkedHashMap<>());
        if (own.size() >= WINDOW) {
            endPoint.send(new ErrorFrame(
                    frame.correlationId(), ErrorCode.BUSY, "too many deletes wait to be everywhere: limit=" + WINDOW));
            return;
        }
        own.put(frame.correlationId(), frame);
        look();
        lookLater();
    }

    /** A host has said how far it is. */
    void lookSoon() {
        if (!lookingSoon && !waiting.isEmpty()) {
            lookingSoon = true;
            loop.schedule(
                    () -> {
                        lookingSoon = false;
                        look();
                    },
                    SOON);
        }
    }

    private void lookLater() {
        if (!lookingLater && !waiting.isEmpty()) {
            lookingLater = true;
            loop.schedule(
                    () -> {
                        lookingLater = false;
                        look();
                        lookLater();
                    },
                    LATER);
        }
    }

    private void look() {
        for (Iterator<Map.Entry<ClientEndPoint, Map<Long, NeedEverywhereFrame>>> all =
                        waiting.entrySet().iterator();
                all.hasNext(); ) {
            Map.Entry<ClientEndPoint, Map<Long, NeedEverywhereFrame>> each = all.next();
            ClientEndPoint endPoint = each.getKey();
            long reached = leases.reachedByAllBut(endPoint.host());
            for (Iterator<NeedEverywhereFrame> own = each.getValue().values().iterator(); own.hasNext(); ) {
                NeedEverywhereFrame frame = own.next();
                if (frame.position() <= reached && !lru.awaitsDeleteReceipt(frame.digest())) {
                    own.remove();
                    endPoint.send(new EverywhereFrame(frame.correlationId(), frame.position()));
                }
            }
            if (each.getValue().isEmpty()) {
                all.remove();
            }
        }
    }

    /** A connection is gone, and those who wait with it. */
    void onClose(ClientEndPoint endPoint) {
        waiting.remove(endPoint);
    }
}
