package org.globalsessions.queue;

import java.util.Objects;

/**
 * What a pull ended with. The text shows no message.
 *
 * @param end     why it ended
 * @param message the message; null unless one came
 * @param number  the message's number in its queue, for {@link QueueOwner#acknowledge}; 0 unless one came
 */
public record Pulled(End end, String message, long number) {
    /** Why a pull ended. */
    public enum End {
        /** A message came. */
        MESSAGE,
        /** None came in time: pull again. */
        TIMED_OUT,
        /** A newer pull of the same name has taken over. */
        TAKEN_OVER,
        /** This process no longer serves pulls: pull again, at another one. */
        CLOSED
    }

    /**
     * Checks that a message is there where one came.
     *
     * @param end     why it ended
     * @param message the message, or null
     * @param number  its number, or 0
     */
    public Pulled {
        if (Objects.requireNonNull(end, "end") == End.MESSAGE) {
            Objects.requireNonNull(message, "message");
        }
    }

    static Pulled without(End end) {
        return new Pulled(end, null, 0);
    }

    @Override
    public String toString() {
        return "Pulled[end=" + end + ", number=" + number + "]";
    }
}
