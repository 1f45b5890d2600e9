package org.globalsessions.tier;

import java.util.Objects;

/**
 * A question to a relay: which remote clients are bound to an address, or act for a user. Its text shows neither.
 *
 * @param by    what {@code name} is
 * @param name  the address, {@code role.name}, or the user's name
 * @param after what {@link FoundClients#next} of the answer before said; 0 for the first ones
 * @param most  at most so many are told, 0 to {@value #MOST}: 0 to have them counted
 */
public record ClientQuery(By by, String name, long after, int most) {
    /** Most clients that one answer tells. */
    public static final int MOST = 4_096;

    /** What clients are looked for by. */
    public enum By {
        /** The address that they are bound to. */
        ADDRESS,
        /** The user for whom they act. */
        USER
    }

    /**
     * Refuses what no relay answers.
     *
     * @param by    what {@code name} is
     * @param name  the address or the user's name
     * @param after what the answer before said
     * @param most  at most so many are told
     */
    public ClientQuery {
        Objects.requireNonNull(by, "by");
        Objects.requireNonNull(name, "name");
        if (after < 0 || most < 0 || most > MOST) {
            throw new IllegalArgumentException(
                    "query is out of range: after=" + after + ", most=" + most + ", limit=" + MOST);
        }
    }

    /**
     * The same question for those behind the ones that an answer has told.
     *
     * @param answer an answer that was not the last
     * @return the question for the next ones
     */
    public ClientQuery next(FoundClients answer) {
        return new ClientQuery(by, name, answer.next(), most);
    }

    @Override
    public String toString() {
        return "ClientQuery[by=" + by + ", after=" + after + ", most=" + most + "]";
    }
}
