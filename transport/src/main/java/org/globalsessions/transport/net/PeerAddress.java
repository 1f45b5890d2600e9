package org.globalsessions.transport.net;

import com.typesafe.config.Config;
import java.nio.file.Path;

/**
 * Where a peer is: a host and port, or a Unix socket of this machine.
 *
 * @param host       host name or address, resolved anew for each attempt to connect; null for a Unix socket
 * @param port       TCP port, 1 to 65535; 0 for a Unix socket
 * @param unixSocket the socket's file; null for TCP
 */
public record PeerAddress(String host, int port, Path unixSocket) {
    /**
     * Checks the ranges.
     *
     * @param host       see above
     * @param port       see above
     * @param unixSocket see above
     */
    public PeerAddress {
        if ((host == null) == (unixSocket == null)) {
            throw new IllegalArgumentException(
                    "one of host and unixSocket: host=" + host + ", unixSocket=" + unixSocket);
        }
        if (host != null && (port < 1 || port > 65_535)) {
            throw new IllegalArgumentException("port out of range: port=" + port + ", limit=1..65535");
        }
    }

    /**
     * A TCP port.
     *
     * @param host host name or address
     * @param port 1 to 65535
     * @return the address
     */
    public static PeerAddress tcp(String host, int port) {
        return new PeerAddress(host, port, null);
    }

    /**
     * A Unix socket.
     *
     * @param socket its file
     * @return the address
     */
    public static PeerAddress unix(Path socket) {
        return new PeerAddress(null, 0, socket);
    }

    /**
     * What the section of a relay or sibling names: its Unix socket where it has one, else address and port.
     *
     * @param section validated section
     * @return the address
     */
    public static PeerAddress from(Config section) {
        return section.hasPath("unix_socket")
                ? unix(Path.of(section.getString("unix_socket")))
                : tcp(section.getString("address"), section.getInt("port"));
    }

    @Override
    public String toString() {
        return unixSocket == null ? host + ":" + port : "unix:" + unixSocket;
    }
}
