package org.globalsessions.relay;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The network between hosts, or relief nodes, and a relay or sibling, on loopback, with faults that a test switches on and off. It loses bytes only together with their
 * connection: what may not pass waits, as TCP waits behind a network that drops, at most {@link FaultyWay#LIMIT} bytes here beside what the
 * sockets hold; then the sender is held back.
 *
 * <p>One thread moves all bytes. Any thread may call any method; a fault counts once the call returns.
 */
public final class FaultProxy implements AutoCloseable {
    /** Most connections at a time; further ones are reset. */
    static final int MAX_CONNECTIONS = 64;

    private static final int BACKLOG = 64;
    private static final int COMMANDS = 16;
    private static final int PIECE_LENGTH = 16 << 10;
    private static final int CONNECT_TIMEOUT_MS = 2_000;
    private static final Duration LIMIT = Duration.ofSeconds(20);

    /** Which way bytes go. */
    public enum Way {
        TO_RELAY,
        TO_HOSTS
    }

    private final InetSocketAddress relay;
    private final int port;
    private final Selector selector = Selector.open();
    private final Queue<FutureTask<?>> commands = new ArrayBlockingQueue<>(COMMANDS);
    private final Thread thread = new Thread(this::run, "fault-proxy");

    /** Keeps the port while nobody listens: it is bound to it and never used. */
    private final SocketChannel keeper = SocketChannel.open();

    // The thread's alone from here on.
    private final List<Passage> passages = new ArrayList<>();
    private final FaultyWay.Faults toRelay;
    private final FaultyWay.Faults toHosts;
    private final ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_LENGTH);
    private ServerSocketChannel listener;
    private boolean closing;

    /** What ended the thread, written before it ends. */
    private volatile Throwable failure;

    /**
     * A proxy without a fault.
     *
     * @param relayPort where the relay listens, on loopback
     * @param seed      of the jitter
     */
    public FaultProxy(int relayPort, long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        toRelay = new FaultyWay.Faults(random.split());
        toHosts = new FaultyWay.Faults(random.split());
        relay = new InetSocketAddress(InetAddress.getLoopbackAddress(), relayPort);
        keeper.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        keeper.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        port = ((InetSocketAddress) keeper.getLocalAddress()).getPort();
        listen();
        thread.setDaemon(true);
        thread.start();
    }

    public int port() {
        return port;
    }

    /** Nothing passes either way, and nobody is told: connections stay half-open until {@link #heal}, also those that begin meanwhile. */
    public void cut() {
        cut(Way.TO_RELAY, Way.TO_HOSTS);
    }

    /** As {@link #cut()}, for the ways given alone. */
    public void cut(Way... ways) {
        command(() -> {
            for (Way way : ways) {
                faults(way).cut = true;
            }
        });
    }

    /** Every byte is under way for so long, both ways, and for up to the jitter longer; none overtakes another. */
    public void delay(Duration latency, Duration jitter) {
        command(() -> {
            for (Way way : Way.values()) {
                faults(way).latencyNs = latency.toNanos();
                faults(way).jitterNs = jitter.toNanos();
            }
        });
    }

    /** So many bytes pass an interval, each way. */
    public void drip(int bytes, Duration interval) {
        command(() -> {
            for (Way way : Way.values()) {
                faults(way).dripBytes = bytes;
                faults(way).dripIntervalNs = interval.toNanos();
            }
        });
    }

    /** Nobody listens any more; connections that stand go on. */
    public void refuse() {
        command(this::stopListening);
    }

    /** Ends all connections with RST on both sides; what was under way is lost. New ones are taken. */
    public void reset() {
        command(() -> {
            passages.forEach(Passage::reset);
            passages.clear();
        });
    }

    /** Ends every fault: what waited passes now. */
    public void heal() {
        command(() -> {
            for (Way way : Way.values()) {
                faults(way).heal();
            }
            listen();
        });
    }

    /** Connections that stand as far as the proxy can know. */
    public int connections() {
        int[] count = new int[1];
        command(() -> count[0] = passages.size());
        return count[0];
    }

    private FaultyWay.Faults faults(Way way) {
        return way == Way.TO_RELAY ? toRelay : toHosts;
    }

    private interface Command {
        void run() throws IOException;
    }

    /** Has the thread do something, and waits for that. */
    private void command(Command work) {
        FutureTask<Void> task = new FutureTask<>(() -> {
            work.run();
            return null;
        });
        if (!commands.offer(task)) {
            throw new IllegalStateException("too many commands at a time: limit=" + COMMANDS);
        }
        selector.wakeup();
        try {
            task.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new IllegalStateException("the proxy did not do it, its thread ended with " + failure, e);
        }
    }

    private void listen() throws IOException {
        if (listener == null) {
            listener = ServerSocketChannel.open();
            listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), BACKLOG);
            listener.configureBlocking(false);
            listener.register(selector, SelectionKey.OP_ACCEPT);
        }
    }

    private void stopListening() throws IOException {
        if (listener != null) {
            listener.close();
            listener = null;
            // Only the selector's next turn gives the port up.
            selector.selectNow();
        }
    }

    private void run() {
        try {
            while (!closing) {
                select();
                for (FutureTask<?> command = commands.poll(); command != null; command = commands.poll()) {
                    command.run();
                }
                accept();
                long nowNs = System.nanoTime();
                passages.removeIf(passage -> !passage.pass(piece, nowNs));
            }
            passages.forEach(Passage::reset);
            stopListening();
        } catch (IOException | RuntimeException | Error e) {
            failure = e;
        }
    }

    /** Until a socket is ready, a byte is due, or somebody calls. */
    private void select() throws IOException {
        long nowNs = System.nanoTime();
        long nextNs = passages.stream()
                .mapToLong(passage -> passage.delayNs(nowNs))
                .min()
                .orElse(FaultyWay.NEVER);
        if (nextNs <= 0) {
            selector.selectNow();
        } else {
            selector.select(nextNs == FaultyWay.NEVER ? 0 : TimeUnit.NANOSECONDS.toMillis(nextNs) + 1);
        }
        selector.selectedKeys().clear();
    }

    private void accept() throws IOException {
        SocketChannel host = listener == null ? null : listener.accept();
        while (host != null) {
            SocketChannel behind = SocketChannel.open();
            Passage passage = new Passage(host, behind);
            try {
                if (passages.size() == MAX_CONNECTIONS) {
                    throw new IOException("too many connections");
                }
                behind.socket().connect(relay, CONNECT_TIMEOUT_MS);
                passage.open();
                passages.add(passage);
            } catch (IOException e) {
                passage.reset();
            }
            host = listener.accept();
        }
    }

    /** One connection of a host and the one to the relay that goes with it. */
    private final class Passage {
        private final SocketChannel host;
        private final SocketChannel behind;
        private final FaultyWay there;
        private final FaultyWay back;

        Passage(SocketChannel host, SocketChannel behind) {
            this.host = host;
            this.behind = behind;
            there = new FaultyWay(host, behind, toRelay);
            back = new FaultyWay(behind, host, toHosts);
        }

        void open() throws IOException {
            for (SocketChannel channel : List.of(host, behind)) {
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                channel.configureBlocking(false);
                channel.register(selector, 0);
            }
        }

        /** Moves what may be moved; false where the connection has ended. */
        boolean pass(ByteBuffer buffer, long nowNs) {
            try {
                there.pass(buffer, nowNs);
                back.pass(buffer, nowNs);
                if (there.isOver() && back.isOver()) {
                    host.close();
                    behind.close();
                    return false;
                }
                host.keyFor(selector).interestOps(there.readInterest() | back.writeInterest());
                behind.keyFor(selector).interestOps(back.readInterest() | there.writeInterest());
                return true;
            } catch (IOException e) {
                // One side is gone, so the other one's connection ends likewise.
                reset();
                return false;
            }
        }

        long delayNs(long nowNs) {
            return Math.min(there.delayNs(nowNs), back.delayNs(nowNs));
        }

        void reset() {
            for (SocketChannel channel : List.of(host, behind)) {
                try {
                    // One whose attempt to connect has failed is closed by then.
                    if (channel.isOpen()) {
                        channel.setOption(StandardSocketOptions.SO_LINGER, 0);
                        channel.close();
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        if (thread.isAlive()) {
            command(() -> closing = true);
        }
        try {
            thread.join(LIMIT.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        selector.close();
        keeper.close();
        if (failure != null) {
            throw new IllegalStateException("the proxy's thread has failed", failure);
        }
    }
}
