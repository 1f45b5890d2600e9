package org.globalsessions.relay;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.globalsessions.relay.ClientEndPoint.HostId;
import org.globalsessions.segment.SegmentFile;
import org.globalsessions.transport.Scheduler;
import org.globalsessions.transport.frame.SubscribeFrame;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hosts that come from an earlier epoch of this relay: it has lost its segment, and with that what was deleted while such a host was cut off. The relief nodes know that.
 * Until this relay does, no such host is told anything, renews its lease or changes a session; what takes longer than {@value #LIMIT_SECONDS} s is taken to
 * be forgotten, and these hosts have to confirm what they have.
 *
 * <p>On the relay's event loop alone.
 */
final class EarlierHosts {
    /** Well below the time for which tombstones stay at relief nodes. */
    static final int LIMIT_SECONDS = 60;

    private static final Logger LOGGER = LoggerFactory.getLogger(EarlierHosts.class);

    /** What becomes of a subscription. */
    enum Verdict {
        TAKEN,
        /** Deletes from before are not known here yet. */
        WAITS,
        /** It will never be known here what the host has missed. */
        MUST_CONFIRM
    }

    private record Waiting(ClientEndPoint endPoint, SubscribeFrame frame) {}

    private final SegmentFile file;
    private final String pathName;
    private final Map<HostId, Waiting> waiting = new HashMap<>();
    private final Set<HostId> confirming = new HashSet<>();
    private BiConsumer<ClientEndPoint, SubscribeFrame> subscribe = (endPoint, frame) -> {};
    private final boolean isWithoutLease;
    private boolean isOverdue;

    /**
     * Nobody has come yet.
     *
     * @param file     the relay's segment
     * @param pathName for the log
     * @param maxStale how long a host serves what it cannot confirm; zero for no limit
     * @param loop     the event loop
     */
    EarlierHosts(SegmentFile file, String pathName, Duration maxStale, Scheduler loop) {
        this.file = file;
        this.isWithoutLease = maxStale.isZero();
        this.pathName = pathName;
        if (!file.areEarlierDeletesKnown()) {
            loop.schedule(this::giveUp, Duration.ofSeconds(LIMIT_SECONDS));
        }
    }

    /** Has those who wait subscribed once they may be. */
    void whenReady(BiConsumer<ClientEndPoint, SubscribeFrame> again) {
        subscribe = again;
    }

    /** Whether what a host says it has applied is of an earlier epoch. */
    boolean isEarlier(long epoch) {
        return epoch != 0 && epoch != file.relayEpoch();
    }

    /** What becomes of a subscription. */
    Verdict judge(SubscribeFrame frame) {
        if (!isEarlier(frame.epoch())) {
            return Verdict.TAKEN;
        }
        if (frame.position() == 0 || isWithoutLease) {
            // Cut off for too long, or nobody can say for how long.
            return Verdict.MUST_CONFIRM;
        }
        if (file.areEarlierDeletesKnown()) {
            return Verdict.TAKEN;
        }
        return isOverdue ? Verdict.MUST_CONFIRM : Verdict.WAITS;
    }

    /** Keeps a subscription for later. */
    void await(ClientEndPoint endPoint, SubscribeFrame frame) {
        waiting.put(endPoint.host(), new Waiting(endPoint, frame));
    }

    /** A host has been sent to confirm what it has: what it has from before counts where another tier says that it lives. */
    void confirming(HostId host) {
        confirming.add(host);
    }

    boolean isConfirming(HostId host) {
        return confirming.contains(host);
    }

    /** What a host has asked for before counts no more. */
    void subscribesAnew(HostId host) {
        waiting.remove(host);
    }

    /** A connection gives up what it has asked for; another one of its host may have asked since. */
    void leave(ClientEndPoint endPoint) {
        Waiting each = waiting.get(endPoint.host());
        if (each != null && each.endPoint == endPoint) {
            waiting.remove(endPoint.host());
        }
    }

    /** The last connection of a host is gone. */
    void forget(HostId host) {
        waiting.remove(host);
        confirming.remove(host);
    }

    /** A host is told of all changes from now on. */
    void subscribed(HostId host) {
        confirming.remove(host);
    }

    /** All deletes from before that relief nodes know are known here. */
    void deletesKnown() {
        file.noteEarlierDeletesKnown();
        if (!waiting.isEmpty()) {
            LOGGER.info(
                    "What was deleted on path {} before this relay lost its segment is known again, {} hosts are let in",
                    pathName,
                    waiting.size());
        }
        letIn();
    }

    private void giveUp() {
        isOverdue = true;
        if (!waiting.isEmpty()) {
            LOGGER.warn(
                    "Relief nodes that know what was deleted on path {} before this relay lost its segment did not come within {} s: {} hosts confirm what they"
                            + " have",
                    pathName,
                    LIMIT_SECONDS,
                    waiting.size());
        }
        letIn();
    }

    private void letIn() {
        List<Waiting> ready = new ArrayList<>(waiting.values());
        waiting.clear();
        for (Waiting each : ready) {
            if (each.endPoint.connection().isOpen()) {
                subscribe.accept(each.endPoint, each.frame);
            }
        }
    }
}
