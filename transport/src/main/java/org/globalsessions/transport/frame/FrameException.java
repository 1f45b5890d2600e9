package org.globalsessions.transport.frame;

/** Bytes that are no frame. Its message says what and where, shows no payload, and is fit to be told to the peer. */
public final class FrameException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Code of the error frame that tells the peer. */
    private final int code;

    /**
     * Says what is wrong. No stack trace is filled in: a stranger could cause millions of them.
     *
     * @param code    one of {@link org.globalsessions.transport.ErrorCode}
     * @param message what is wrong, with field, value and limit
     */
    public FrameException(int code, String message) {
        super(message, null, false, false);
        this.code = code;
    }

    /**
     * The code for the error frame.
     *
     * @return one of {@link org.globalsessions.transport.ErrorCode}
     */
    public int code() {
        return code;
    }
}
