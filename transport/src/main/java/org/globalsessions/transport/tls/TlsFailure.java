package org.globalsessions.transport.tls;

import java.io.EOFException;
import java.security.cert.CertificateException;

/** Puts into one line why a handshake failed: class and reason, without any byte that the peer sent. Static, no state. */
public final class TlsFailure {
    private static final int MAX_LENGTH = 300;
    private static final int MAX_CAUSES = 8;

    private TlsFailure() {}

    /**
     * Describes a failure.
     *
     * @param failure what a handler or an engine threw
     * @return fit for a log line
     */
    public static String describe(Throwable failure) {
        Throwable told = failure;
        Throwable cause = failure;
        for (int i = 0; i < MAX_CAUSES && cause != null; i++) {
            // The last one that says something is the nearest to what happened; a certificate's is the clearest.
            if (cause.getMessage() != null) {
                told = cause;
            }
            if (cause instanceof CertificateException) {
                break;
            }
            cause = cause.getCause();
        }
        if (told instanceof EOFException || told.getMessage() == null) {
            return "TLS: " + told.getClass().getSimpleName();
        }
        return "TLS: " + told.getClass().getSimpleName() + ": " + printable(told.getMessage());
    }

    /** A peer chooses the names in its certificate: they must not begin lines of a log. */
    static String printable(String text) {
        StringBuilder printable = new StringBuilder(Math.min(text.length(), MAX_LENGTH));
        for (int i = 0; i < text.length() && i < MAX_LENGTH; i++) {
            char c = text.charAt(i);
            printable.append(c < ' ' || (c > '~' && c < 0xa0) || c == '\u2028' || c == '\u2029' ? '?' : c);
        }
        return printable.append(text.length() > MAX_LENGTH ? "..." : "").toString();
    }
}
