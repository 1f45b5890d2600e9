package org.globalsessions.relay;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.globalsessions.relay.ClientEndPoint.HostId;
import org.globalsessions.segment.HostDigest;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.AdministerFrame;
import org.globalsessions.transport.frame.AdministeredFrame;
import org.globalsessions.transport.frame.AdministeredFrame.KnownHost;
import org.globalsessions.transport.frame.AdministeredFrame.Outcome;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FrameCodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells an operator which hosts a path remembers, and forgets one on his word. On the relay's event loop alone. */
final class HostAdministration {
    private static final Logger LOGGER = LoggerFactory.getLogger(HostAdministration.class);

    private record Known(HostId id, KnownHost told) {}

    private final KeyDigest pathKey;
    private final HostLeases leases;
    private final FarDeletes farDeletes;

    HostAdministration(KeyDigest pathKey, HostLeases leases, FarDeletes farDeletes) {
        this.pathKey = pathKey;
        this.leases = leases;
        this.farDeletes = farDeletes;
    }

    /** An operator asks; that he may was seen to before. */
    void onAdminister(ClientEndPoint endPoint, AdministerFrame frame) {
        if (frame.action() == AdministerFrame.Action.DRAIN) {
            endPoint.send(new ErrorFrame(
                    frame.correlationId(), ErrorCode.REFUSED, "a relay has no relief nodes to drain: ask its sibling"));
            return;
        }
        List<Known> known = known();
        Outcome outcome = Outcome.DONE;
        if (frame.action() == AdministerFrame.Action.FORGET) {
            outcome = forget(known, frame.host(), endPoint.connection().remoteAddress());
        }
        if (outcome == null) {
            endPoint.send(
                    new ErrorFrame(
                            frame.correlationId(),
                            ErrorCode.INTERNAL,
                            "nothing is forgotten, the relay cannot write its memory of hosts: its log says why; ask again then"));
            return;
        }
        List<KnownHost> longestAway = known.stream()
                .map(Known::told)
                .sorted(Comparator.comparingLong(KnownHost::awayMs).reversed())
                .limit(FrameCodec.MAX_HOSTS_TOLD)
                .toList();
        endPoint.send(new AdministeredFrame(frame.correlationId(), outcome, known.size(), longestAway));
    }

    private List<Known> known() {
        List<Known> known = new ArrayList<>();
        leases.forEach((id, connections, awayMs) -> known.add(
                new Known(id, new KnownHost(HostDigest.of(pathKey, id.high(), id.low()), connections, awayMs))));
        return known;
    }

    /** Null where that failed. */
    private Outcome forget(List<Known> known, KeyDigest host, String operator) {
        Known found = known.stream()
                .filter(each -> each.told.host().equals(host))
                .findFirst()
                .orElse(null);
        if (found == null) {
            return Outcome.UNKNOWN_HOST;
        }
        if (found.told.connections() > 0) {
            return Outcome.CONNECTED;
        }
        if (!leases.forget(found.id)) {
            return null;
        }
        known.remove(found);
        LOGGER.warn(
                "A host is forgotten as an operator asks for it, no delete waits for it any more: host={}, away={} s, operator={}",
                HostDigest.text(host),
                found.told.awayMs() / 1000,
                operator);
        farDeletes.lookSoon();
        return Outcome.DONE;
    }
}
