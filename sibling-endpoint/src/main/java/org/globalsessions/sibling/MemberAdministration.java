package org.globalsessions.sibling;

import java.io.IOException;
import java.util.List;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.Membership.Member;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.AdministerFrame;
import org.globalsessions.transport.frame.AdministeredFrame;
import org.globalsessions.transport.frame.AdministeredFrame.KnownHost;
import org.globalsessions.transport.frame.AdministeredFrame.Outcome;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells an operator which relief nodes are members, and drains or forgets one on his word. On the sibling's event loop alone. */
final class MemberAdministration {
    private static final Logger LOG = LoggerFactory.getLogger(MemberAdministration.class);

    private final SharedLru segment;
    private final Membership membership;
    private final ReliefTier tier;

    MemberAdministration(SharedLru segment, Membership membership, ReliefTier tier) {
        this.segment = segment;
        this.membership = membership;
        this.tier = tier;
    }

    /**
     * Does what an operator asks for.
     *
     * @param frame    what he asks for
     * @param operator his address, for the log
     * @return what became of it
     */
    Frame answer(AdministerFrame frame, String operator) {
        if (frame.action() == AdministerFrame.Action.CHECK_CLIENTS) {
            return new ErrorFrame(
                    frame.correlationId(), ErrorCode.REFUSED, "a sibling knows no remote clients: ask its relay");
        }
        NodeId id = new NodeId(frame.host().high(), frame.host().low());
        Outcome outcome;
        try {
            outcome = switch (frame.action()) {
                case LIST -> Outcome.DONE;
                case FORGET -> forget(id);
                case DRAIN -> drain(id);
                case CHECK_CLIENTS -> throw new IllegalStateException("refused above");
            };
        } catch (IOException e) {
            segment.file().recordError("the list of members cannot be written for an operator", e);
            return new ErrorFrame(
                    frame.correlationId(),
                    ErrorCode.INTERNAL,
                    "nothing has changed, the sibling cannot write its list of members: its segment's errors say why");
        }
        if (frame.action() != AdministerFrame.Action.LIST) {
            LOG.warn("an operator asks: {} {}: {}, operator={}", frame.action(), id, outcome, operator);
        }
        List<KnownHost> told = membership.members().stream()
                .filter(member -> !member.isGone())
                .map(this::told)
                .toList();
        return new AdministeredFrame(frame.correlationId(), outcome, told.size(), told);
    }

    private KnownHost told(Member member) {
        KeyDigest id = new KeyDigest(member.id().high(), member.id().low());
        long nowMs = segment.file().wallClockMicros() / 1000;
        return tier.isConnected(member.id())
                ? new KnownHost(id, 1, 0)
                : new KnownHost(id, 0, Math.max(0, nowMs - member.sinceMs()));
    }

    private Outcome forget(NodeId id) throws IOException {
        if (!isMember(id)) {
            return Outcome.UNKNOWN_HOST;
        }
        if (tier.isConnected(id)) {
            return Outcome.CONNECTED;
        }
        membership.forget(id);
        tier.membersChanged();
        return Outcome.DONE;
    }

    private Outcome drain(NodeId id) throws IOException {
        if (!isMember(id)) {
            return Outcome.UNKNOWN_HOST;
        }
        Member drained = membership.find(id);
        if (membership.ring(drained.kind()).only(other -> !other.equals(id)).isEmpty()) {
            return Outcome.LAST;
        }
        if (drained.isPlaced()) {
            membership.drain(id);
            tier.membersChanged();
        }
        return Outcome.DONE;
    }

    private boolean isMember(NodeId id) {
        Member member = membership.find(id);
        return member != null && !member.isGone();
    }
}
