package org.globalsessions.queue;

import java.util.Objects;

/**
 * A named session that was begun: from now on it alone counts under its name. The text shows neither part.
 *
 * @param nonce   what its client has to show from now on
 * @param memento what was last remembered, where the session before it was not ended; else null
 */
public record Begun(String nonce, String memento) {
    /**
     * Checks that there is a nonce.
     *
     * @param nonce   what its client has to show from now on
     * @param memento what was last remembered, or null
     */
    public Begun {
        Objects.requireNonNull(nonce, "nonce");
    }

    @Override
    public String toString() {
        return "Begun[resumed=" + (memento != null) + "]";
    }
}
