package org.globalsessions.tier;

import java.util.Objects;

/**
 * A relay's answer to a {@link ClientQuery}. Its text shows no identifier.
 *
 * @param total       how many there are at this relay, told here or not
 * @param complete    false where the relay has more clients than it can keep an index of: then there may be others
 * @param next        what to ask for the clients behind these with; 0 where these are the last
 * @param identifiers two numbers for each client told, the 16 bytes that its identifier stands for; nobody's to change any more
 */
public record FoundClients(int total, boolean complete, long next, long[] identifiers) {
    /**
     * Refuses what no relay says.
     *
     * @param total       how many there are
     * @param complete    false where there may be others
     * @param next        what to ask for the clients behind these with
     * @param identifiers two numbers for each client told
     */
    public FoundClients {
        Objects.requireNonNull(identifiers, "identifiers");
        if (total < 0 || next < 0 || identifiers.length % 2 != 0) {
            throw new IllegalArgumentException(
                    "answer is out of range: total=" + total + ", next=" + next + ", numbers=" + identifiers.length);
        }
    }

    @Override
    public String toString() {
        return "FoundClients[total=" + total + ", told=" + identifiers.length / 2 + ", complete=" + complete + "]";
    }
}
