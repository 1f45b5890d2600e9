package org.globalsessions.client;

/** A request ends with an error that its client is told: code and message leave the process, nothing else of it does. */
public final class ClientRequestException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int code;

    /**
     * Says what the client is told.
     *
     * @param code    the application's own, 1 or more
     * @param message for the client; one line
     */
    public ClientRequestException(int code, String message) {
        super(message);
        if (code < 1) {
            throw new IllegalArgumentException("code too low: code=" + code + ", limit=1");
        }
        this.code = code;
    }

    /**
     * What the client can decide by.
     *
     * @return 1 or more
     */
    public int code() {
        return code;
    }
}
