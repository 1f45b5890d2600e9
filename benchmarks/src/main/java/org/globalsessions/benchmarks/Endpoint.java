package org.globalsessions.benchmarks;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;

/**
 * Where a server of the benchmarks is, and how it is spoken to.
 *
 * @param transport how
 * @param port      on loopback; of no meaning for a Unix socket
 * @param socket    the Unix socket; of no meaning else
 * @param keys      folder of {@link KeyFiles}; of no meaning without TLS
 */
record Endpoint(Transport transport, int port, Path socket, Path keys) {
    /** The name that the servers' certificates are for. */
    static final String HOST = "localhost";

    /** How bytes travel. */
    enum Transport {
        TCP("TCP"),
        UNIX("Unix socket"),
        TLS("TLS");

        private final String label;

        Transport(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }
    }

    String[] toArguments() {
        return new String[] {transport.name(), Integer.toString(port), socket.toString(), keys.toString()};
    }

    static Endpoint of(String... args) {
        return new Endpoint(Transport.valueOf(args[0]), Integer.parseInt(args[1]), Path.of(args[2]), Path.of(args[3]));
    }

    SocketAddress address() {
        return transport == Transport.UNIX
                ? UnixDomainSocketAddress.of(socket)
                : new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }
}
