package org.globalsessions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.globalsessions.tier.Receipt;
import org.junit.jupiter.api.Test;

/** What the caller of a set is told by the next tier's receipt. */
class AwaitedSetTest {
    private static final Version SENT = new Version(100, 3);

    private static CompletableFuture<Version> completedBy(Receipt.Outcome outcome, Version there) {
        CompletableFuture<Version> result = new CompletableFuture<>();
        new AwaitedSet(new byte[] {'k'}, SENT, Acknowledgement.RELAY, result)
                .complete(SENT, new Receipt(outcome, there, 50, false, 1, 1), null);
        return result;
    }

    private static ConditionFailedException.Reason refused(CompletableFuture<Version> result) {
        Throwable thrown = catchThrowable(result::join);
        assertThat(thrown).isInstanceOf(CompletionException.class).hasCauseInstanceOf(ConditionFailedException.class);
        return ((ConditionFailedException) thrown.getCause()).reason();
    }

    @Test
    void shouldCompleteWithTheVersionRaisedWhenItIsStored() {
        assertThat(completedBy(Receipt.Outcome.STORED, new Version(120, 3))).isCompletedWithValue(new Version(120, 3));
    }

    @Test
    void shouldCompleteWhenANewerVersionHasSupersededIt() {
        assertThat(completedBy(Receipt.Outcome.SUPERSEDED, new Version(101, 4))).isCompletedWithValue(SENT);
    }

    @Test
    void shouldFailWhenWhatIsThereIsNotNewer() {
        assertThat(refused(completedBy(Receipt.Outcome.SUPERSEDED, new Version(99, 4))))
                .as("the write is lost: no acknowledgement may say otherwise")
                .isEqualTo(ConditionFailedException.Reason.DELETED);
        assertThat(refused(completedBy(Receipt.Outcome.SUPERSEDED, SENT)))
                .isEqualTo(ConditionFailedException.Reason.DELETED);
    }

    @Test
    void shouldFailWhenATombstoneBeatsIt() {
        assertThat(refused(completedBy(Receipt.Outcome.BEATEN_BY_TOMBSTONE, new Version(200, 4))))
                .isEqualTo(ConditionFailedException.Reason.DELETED);
    }
}
