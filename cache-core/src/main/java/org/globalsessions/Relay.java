package org.globalsessions;

import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.function.LongPredicate;
import org.globalsessions.segment.RelayLease;
import org.globalsessions.segment.RelayPosition;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.NextTier;

/**
 * One of the host's relays, as this process works with it: its link, what is sent there, what it announces, how far that is applied, and
 * the link owner's duty towards it. Nothing of it depends on the other relays, so that one that is down holds up no key of another.
 *
 * <p>Any thread, but for what the duty says.
 */
final class Relay {
    private final NextTier tier;
    private final Publisher publisher;
    private final Announcements announcements;
    private final AppliedPosition applied;
    private final LinkDuty duty;
    private final HostLease lease;

    /** What all relays of a cache have in common. */
    record Shared(
            SharedLru lru,
            ReceiptSignal receipts,
            Failures failures,
            Executor executor,
            Notifier notifier,
            Arrivals arrivals,
            ClientRelays clients,
            ThreadFactory threads) {}

    /**
     * Not yet started.
     *
     * @param tier                the link
     * @param place               how far the relay's announcements are applied in the segment
     * @param relayLease          how long what it has told may be served
     * @param owns                whether a key is this relay's, by the lower half of its digest
     * @param onConnectionChanged told when the link's state has changed
     */
    Relay(
            Shared shared,
            NextTier tier,
            RelayPosition place,
            RelayLease relayLease,
            LongPredicate owns,
            Runnable onConnectionChanged) {
        this.tier = tier;
        lease = new HostLease(shared.lru, relayLease);
        applied = new AppliedPosition(shared.lru.file(), place);
        publisher = new Publisher(
                shared.lru, tier, owns, applied, shared.receipts, shared.failures, shared.executor, shared.threads);
        announcements = new Announcements(
                shared.lru,
                applied,
                lease,
                shared.notifier,
                shared.arrivals,
                shared.clients,
                shared.failures,
                () -> {
                    publisher.onConnectionChanged();
                    onConnectionChanged.run();
                },
                onConnectionChanged);
        duty = new LinkDuty(shared.lru, tier, owns, publisher, applied, announcements, lease);
    }

    /**
     * Begins to connect and to send.
     *
     * @param wake has the duty done now, by the thread that does it
     */
    void start(Runnable wake) {
        publisher.start(() -> {
            if (duty.isStalled()) {
                wake.run();
            }
        });
        tier.start(announcements);
    }

    NextTier tier() {
        return tier;
    }

    Publisher publisher() {
        return publisher;
    }

    HostLease lease() {
        return lease;
    }

    LinkDuty duty() {
        return duty;
    }

    /** How far what the relay announced is applied in the segment. */
    RelayPosition position() {
        return applied.place();
    }
}
