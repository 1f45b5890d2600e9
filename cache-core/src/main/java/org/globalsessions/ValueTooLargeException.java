package org.globalsessions;

/** A value, or a key, is larger than the segment's records hold; nothing was stored. */
public final class ValueTooLargeException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    /**
     * Says by how much.
     *
     * @param message digest of the key, size and limit in bytes
     */
    public ValueTooLargeException(String message) {
        super(message);
    }
}
