package org.globalsessions.transport;

import javax.security.auth.x500.X500Principal;

/**
 * Who is at the other end of a connection, as its carrier has proven it.
 *
 * @param subject subject of the certificate that the peer has shown; null without TLS
 * @param user    user of the process at the other end of a Unix socket; null where there is none, or it is not known
 */
public record PeerIdentity(X500Principal subject, String user) {
    /** Nobody known. */
    public static final PeerIdentity UNKNOWN = new PeerIdentity(null, null);
}
