package org.globalsessions;

/**
 * A tier that could hold the session did not answer, so nobody knows whether the session exists.
 *
 * <p>Never to be taken for "not there": who logs users out on null must not do so on this.
 */
public class TierUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Says which tier is away and why.
     *
     * @param message what happened, where, and what to do; never a key or value
     */
    public TierUnavailableException(String message) {
        super(message);
    }

    /**
     * Says which tier is away and why.
     *
     * @param message what happened, where, and what to do; never a key or value
     * @param cause   what was seen beneath
     */
    public TierUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
