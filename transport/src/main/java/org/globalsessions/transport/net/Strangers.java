package org.globalsessions.transport.net;

/** Recognises common protocols by their first four bytes, so that the operator reads what knocked at the port. */
final class Strangers {
    private static final String[] HTTP_METHODS = {"GET ", "POST", "HEAD", "PUT ", "DELE", "OPTI", "CONN", "PATC", "TRAC"
    };

    private static final int TLS_HANDSHAKE = 0x16;

    private Strangers() {}

    /**
     * Names a stranger's protocol.
     *
     * @param firstBytes the first four bytes, read as a little-endian int
     * @return what it looks like, or null
     */
    static String recognise(int firstBytes) {
        if ((firstBytes & 0xff) == TLS_HANDSHAKE && ((firstBytes >>> 8) & 0xff) == 3) {
            return "looks like TLS, but this port speaks the plain protocol of global-sessions";
        }
        for (String method : HTTP_METHODS) {
            if (littleEndian(method) == firstBytes) {
                return "looks like HTTP, but this port speaks the protocol of global-sessions";
            }
        }
        return null;
    }

    private static int littleEndian(String four) {
        return four.charAt(0) | four.charAt(1) << 8 | four.charAt(2) << 16 | four.charAt(3) << 24;
    }
}
