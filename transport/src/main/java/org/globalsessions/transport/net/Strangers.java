package org.globalsessions.transport.net;

import org.globalsessions.transport.frame.FrameType;

/** Recognises common protocols by their first four bytes, so that the operator reads what knocked at the port. */
final class Strangers {
    private static final String[] HTTP_METHODS = {"GET ", "POST", "HEAD", "PUT ", "DELE", "OPTI", "CONN", "PATC", "TRAC"
    };

    private static final int TLS_ALERT = 0x15;

    private static final int TLS_HANDSHAKE = 0x16;

    /** Bytes by which {@link #isTls} and {@link #atTlsPort} decide. */
    static final int BYTES_TO_RECOGNISE = 5;

    private Strangers() {}

    /**
     * Names a stranger's protocol.
     *
     * @param firstBytes the first four bytes, read as a little-endian int
     * @return what it looks like, or null
     */
    static String recognise(int firstBytes) {
        if (isTls(firstBytes)) {
            return "looks like TLS, but this port speaks the plain protocol of global-sessions";
        }
        for (String method : HTTP_METHODS) {
            if (littleEndian(method) == firstBytes) {
                return "looks like HTTP, but this port speaks the protocol of global-sessions";
            }
        }
        return null;
    }

    /**
     * Whether a TLS record begins so.
     *
     * @param firstBytes the first four bytes, read as a little-endian int
     * @return true for a handshake or an alert
     */
    static boolean isTls(int firstBytes) {
        int type = firstBytes & 0xff;
        return (type == TLS_HANDSHAKE || type == TLS_ALERT) && ((firstBytes >>> 8) & 0xff) == 3;
    }

    /**
     * Names what came to a port that speaks TLS and is none.
     *
     * @param firstBytes the first four bytes, read as a little-endian int
     * @param fifthByte  the next one
     * @return what it looks like; nothing of it is quoted, as a plain peer sends sessions
     */
    static String atTlsPort(int firstBytes, int fifthByte) {
        if (FrameType.of(fifthByte) == FrameType.HELLO) {
            return "looks like the plain protocol of global-sessions, but this port speaks TLS: the peer has no tls section";
        }
        String http = recognise(firstBytes);
        return http == null ? "is no TLS, but this port speaks TLS" : "looks like HTTP, but this port speaks TLS";
    }

    private static int littleEndian(String four) {
        return four.charAt(0) | four.charAt(1) << 8 | four.charAt(2) << 16 | four.charAt(3) << 24;
    }
}
