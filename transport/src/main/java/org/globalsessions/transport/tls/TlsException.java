package org.globalsessions.transport.tls;

/** TLS cannot be set up as configured: a file is absent, unreadable or open to others, or a library is missing. */
public final class TlsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Says what is wrong.
     *
     * @param message which key of the configuration, which file, what to do; never a key or password
     */
    public TlsException(String message) {
        super(message);
    }

    /**
     * Says what is wrong.
     *
     * @param message which key of the configuration, which file, what to do; never a key or password
     * @param cause   what was thrown
     */
    public TlsException(String message, Throwable cause) {
        super(message, cause);
    }
}
