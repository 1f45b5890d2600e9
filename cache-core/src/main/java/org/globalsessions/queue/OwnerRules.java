package org.globalsessions.queue;

import java.time.Duration;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.globalsessions.queue.MessageQueue.Message;
import org.globalsessions.queue.OwnerState.Named;

/** What becomes of an owner's names and queues as they are used: limits, and which of them go. Any thread; each state belongs to one. */
final class OwnerRules {
    private final QueueSettings settings;
    private final InstantSource clock;

    OwnerRules(QueueSettings settings, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
    }

    /** A name is used: it is there from now on. */
    Named use(OwnerState state, String name) {
        Named named = state.find(name);
        if (named == null) {
            // Those that nobody uses any more go first, or others would go for them.
            expire(state);
            named = state.add(name);
            collect(state);
        }
        named.usedMs = clock.millis();
        return named;
    }

    /** Whether a name has to be used in the table too, or would be thought idle: not at each pull. */
    boolean mustBeUsed(Named named) {
        return named == null
                || Math.abs(clock.millis() - named.usedMs)
                        > settings.queueIdle().toMillis() / 4;
    }

    void add(OwnerState state, String name, byte[] message) {
        Named named = use(state, name);
        state.add(named, message);
        trim(state, named);
    }

    /** A message that was taken away and that nobody got comes first again. */
    void putBack(OwnerState state, String name, Message message) {
        Named named = use(state, name);
        state.putBack(named, message);
        trim(state, named);
    }

    void limit(OwnerState state, String name, int limit) {
        Named named = use(state, name);
        named.limit = limit > 0 ? limit : Named.UNLIMITED;
        trim(state, named);
    }

    private void trim(OwnerState state, Named named) {
        if (named.limit != Named.UNLIMITED) {
            state.trim(named, named.limit == Named.DEFAULT_LIMIT ? settings.maxMessages() : named.limit);
        }
        // Else one queue that nobody fetches would fill the entry, and nothing of its owner could change any more.
        state.trimAll(Math.max(settings.maxBytes(), MessageQueue.HEADER_BYTES + OwnerTransaction.MAX_MESSAGE_BYTES));
    }

    /**
     * A name has come: of those whose messages nobody fetches the longest queues go, of equal ones the newest, until there are no more names than there
     * should be; before these the ones that nobody has used for as long as a name without messages would stay. Never one under which somebody's work is kept, whose client still pulls, or that has a limit of its own.
     */
    private void collect(OwnerState state) {
        while (state.all().size() > settings.maxSessions()) {
            Optional<Named> victim = List.copyOf(state.all()).stream()
                    .filter(named -> mayBeCollected(named) && !wasFetchedWithin(settings.backchannelTimeout(), named))
                    // Of equal ones the last in the order in which they came.
                    .reduce((best, next) -> byUse().compare(next, best) >= 0 ? next : best);
            if (victim.isEmpty()) {
                return;
            }
            state.remove(victim.get());
        }
    }

    /** Whether nobody's work is kept under it, but messages. */
    private static boolean mayBeCollected(Named named) {
        return !named.messages().isEmpty()
                && named.limit == Named.DEFAULT_LIMIT
                && named.nonce == null
                && named.memento == null;
    }

    /** Whether somebody has pulled within a time; a client that waits pulls again after the backchannel timeout. */
    private boolean wasFetchedWithin(Duration time, Named named) {
        return PullTicket.beganWithin(time, named.ticket, clock);
    }

    /** Whether a name that a client has chosen is there, or may come without driving out one that is still used. */
    boolean hasRoomFor(OwnerState state, String name) {
        return state.find(name) != null
                || state.all().stream()
                                .filter(named -> !isExpired(named) && !isAbandoned(named))
                                .count()
                        < settings.maxSessions();
    }

    /** Whether nobody has pulled for so long that the name would have gone if nothing waited there; of one that nobody ever pulled, used it. */
    private boolean isAbandoned(Named named) {
        return mayBeCollected(named)
                && (named.ticket == PullTicket.NONE ? isUnused(named) : !wasFetchedWithin(settings.queueIdle(), named));
    }

    private boolean isUnused(Named named) {
        return named.usedMs < clock.millis() - settings.queueIdle().toMillis();
    }

    private Comparator<Named> byUse() {
        return Comparator.comparing(this::isAbandoned)
                .thenComparingInt(named -> named.messages().size());
    }

    /** Names under which nothing is kept and that nobody has used for long go. */
    void expire(OwnerState state) {
        for (Named named : List.copyOf(state.all())) {
            if (isExpired(named)) {
                state.remove(named);
            }
        }
    }

    private boolean isExpired(Named named) {
        return named.isEmpty()
                && named.usedMs < clock.millis() - settings.queueIdle().toMillis();
    }
}
