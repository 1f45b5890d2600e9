package org.globalsessions.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.InstantSource;
import org.globalsessions.queue.OwnerTransaction.Taken;
import org.junit.jupiter.api.Test;

/** Which of two pulls in different processes is the newer one, whichever is committed first. */
class PullTicketTest {
    private static final Instant NOON = Instant.parse("2026-11-30T12:00:00Z");

    private final OwnerRules rules = new OwnerRules(QueueSettings.DEFAULTS, InstantSource.fixed(NOON));
    private final OwnerState state = new OwnerState();

    private static PullTicket begunAt(Instant time) {
        return new PullTicket(InstantSource.fixed(time));
    }

    /** A transaction of a pull over what is there, as it is run or run again. */
    private OwnerTransaction pull(PullTicket pull) {
        OwnerTransaction transaction = new OwnerTransaction(state, rules);
        Taken taken = transaction.takeFirst("phone", false, pull);
        transaction.over();
        assertThat(taken == null || taken.message() != null)
                .as("goes on, or has ended by a newer pull")
                .isEqualTo(transaction.hasChanges());
        return transaction;
    }

    @Test
    void shouldEndTheOlderPullWhenANewerOneIsThere() {
        PullTicket older = begunAt(NOON);
        PullTicket newer = begunAt(NOON.plusMillis(1));
        pull(older).apply(state);
        pull(newer).apply(state);
        assertThat(pull(older).hasChanges()).isFalse();
        assertThat(state.find("phone").ticket).isEqualTo(newer.drawAbove(PullTicket.NONE));
    }

    @Test
    void shouldEndTheOlderPullWhenItsTransactionIsRunAgainAfterTheNewerOnes() {
        PullTicket older = begunAt(NOON);
        PullTicket newer = begunAt(NOON.plusMillis(1));
        assertThat(pull(older).hasChanges()).isTrue();
        // Another process was faster, so that the first one's could not be stored.
        pull(newer).apply(state);
        assertThat(pull(older).hasChanges()).isFalse();
    }

    @Test
    void shouldBeNewerThanWhatIsThereWhenTheOtherHostsClockIsAhead() {
        PullTicket older = begunAt(NOON.plusSeconds(3_600));
        pull(older).apply(state);
        PullTicket newer = begunAt(NOON);
        pull(newer).apply(state);
        assertThat(pull(older).hasChanges()).isFalse();
        assertThat(newer.isBehind(state.find("phone").ticket)).isFalse();
    }

    @Test
    void shouldPutItsTicketBackWhenTheEntryHasLostIt() {
        PullTicket pull = begunAt(NOON);
        pull(pull).apply(state);
        long ticket = state.find("phone").ticket;
        state.remove(state.find("phone"));
        pull(pull).apply(state);
        assertThat(state.find("phone").ticket).isEqualTo(ticket);
    }
}
