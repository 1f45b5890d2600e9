package org.globalsessions.tier;

import org.globalsessions.TierUnavailableException;

/** The window of unacknowledged messages is full: keep the mark, try again when a receipt has come. */
public final class TierBusyException extends TierUnavailableException {
    private static final long serialVersionUID = 1L;

    /**
     * Says which window is full.
     *
     * @param message what is full and its limit
     */
    public TierBusyException(String message) {
        super(message);
    }
}
