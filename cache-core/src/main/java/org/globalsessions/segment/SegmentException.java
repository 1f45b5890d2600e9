package org.globalsessions.segment;

/** A segment was refused: another geometry, version, byte order or seed, or not a segment. It was not touched. */
public final class SegmentException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Says what was refused.
     *
     * @param message what, where, both values, what to do
     */
    public SegmentException(String message) {
        super(message);
    }
}
