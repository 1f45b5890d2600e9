package org.globalsessions.transport.net;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Locale;

/** Where a server listens, and why it cannot. */
public final class ListenAddress {
    private static final int HIGHEST_PORT = 65_535;

    private ListenAddress() {}

    /**
     * Looks an address up.
     *
     * @param address host name or address to listen on
     * @param port    TCP port, 0 for a free one
     * @return the address
     * @throws IOException if it is none; the message says what to do
     */
    public static InetSocketAddress resolve(String address, int port) throws IOException {
        if (port < 0 || port > HIGHEST_PORT) {
            throw new IOException("cannot listen on " + address + ":" + port + ": port out of range, port=" + port
                    + ", allowed=0.." + HIGHEST_PORT);
        }
        InetSocketAddress socketAddress = new InetSocketAddress(address, port);
        if (socketAddress.isUnresolved()) {
            throw new IOException("cannot listen on " + address + ":" + port
                    + ": the host name is not known; write an address of this machine, or 0.0.0.0 for all");
        }
        return socketAddress;
    }

    /**
     * Says why a server does not listen.
     *
     * @param address host name or address to listen on
     * @param port    TCP port
     * @param cause   what binding has ended with
     * @return names the address and says what to do
     */
    public static IOException explained(String address, int port, Throwable cause) {
        String reason = String.valueOf(cause.getMessage());
        String lower = reason.toLowerCase(Locale.ROOT);
        String what;
        if (lower.contains("already in use") || lower.contains("already bound")) {
            what = "address already in use; end the process that listens there or choose another port";
        } else if (lower.contains("cannot assign")) {
            what = "not an address of this machine; write one of its own, or 0.0.0.0 for all";
        } else if (lower.contains("permission denied")) {
            what = "not allowed for this user; choose a port of 1024 or above";
        } else {
            what = reason;
        }
        return new IOException("cannot listen on " + address + ":" + port + ": " + what, cause);
    }
}
