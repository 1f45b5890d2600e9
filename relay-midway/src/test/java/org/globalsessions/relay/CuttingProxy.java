package org.globalsessions.relay;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Passes bytes on between a host and a relay; keeps what the relay says to itself, and cuts connections, when told to. */
final class CuttingProxy implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();

    /** Whether what the relay says is lost. */
    volatile boolean swallows;

    CuttingProxy(int relayPort) throws IOException {
        start(() -> {
            while (true) {
                Socket host = listener.accept();
                Socket relay = new Socket(InetAddress.getLoopbackAddress(), relayPort);
                sockets.add(host);
                sockets.add(relay);
                start(() -> pass(host, relay, false));
                start(() -> pass(relay, host, true));
            }
        });
    }

    int port() {
        return listener.getLocalPort();
    }

    /** Ends all connections; new ones are taken. */
    void cut() {
        for (Socket socket : sockets) {
            close(socket);
        }
        sockets.clear();
    }

    private void pass(Socket from, Socket to, boolean fromRelay) throws IOException {
        byte[] buffer = new byte[8192];
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            if (!fromRelay || !swallows) {
                out.write(buffer, 0, count);
            }
        }
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void start(Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (IOException e) {
                        // Its socket was closed: the end of this thread.
                    }
                },
                "cutting-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        cut();
    }
}
