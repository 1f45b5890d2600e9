package org.globalsessions.tier;

/**
 * Whom a message to remote clients reaches by a relay.
 *
 * @param processes to how many other processes it was passed on, 0 or more
 * @param clients   how many clients are bound to its address as far as relays know; {@link #UNKNOWN} for a message to a role, and where they have more clients
 *                  than they can keep an index of
 */
public record PushReach(int processes, int clients) {
    /** Stands for a number of clients that nobody knows. */
    public static final int UNKNOWN = -1;

    /**
     * Refuses what no relay says.
     *
     * @param processes to how many other processes it was passed on
     * @param clients   how many clients are bound to its address
     */
    public PushReach {
        if (processes < 0 || clients < UNKNOWN) {
            throw new IllegalArgumentException(
                    "reach is out of range: processes=" + processes + ", clients=" + clients);
        }
    }

    /**
     * Whether there may be somebody for whom it is.
     *
     * @return false where nobody is bound to the address, or, where that is not known, no process attends
     */
    public boolean mayReachSomebody() {
        return clients == UNKNOWN ? processes > 0 : clients > 0;
    }
}
