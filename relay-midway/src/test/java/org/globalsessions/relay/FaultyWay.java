package org.globalsessions.relay;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;

/** One way of one connection of a {@link FaultProxy}: reads, lets wait, writes. The proxy's thread alone. */
final class FaultyWay {
    /** Most bytes that wait here. */
    static final int LIMIT = 256 << 10;

    /** Where nothing is due before a socket is ready. */
    static final long NEVER = Long.MAX_VALUE;

    /** What is wrong with this way of all connections. */
    static final class Faults {
        private final SplittableRandom random;
        boolean cut;
        long latencyNs;
        long jitterNs;
        int dripBytes;
        long dripIntervalNs;

        Faults(SplittableRandom random) {
            this.random = random;
        }

        void heal() {
            cut = false;
            latencyNs = 0;
            jitterNs = 0;
            dripBytes = 0;
            dripIntervalNs = 0;
        }

        private long delayNs() {
            return latencyNs + (jitterNs == 0 ? 0 : random.nextLong(jitterNs));
        }
    }

    private record Piece(ByteBuffer bytes, long dueNs) {}

    private final SocketChannel from;
    private final SocketChannel to;
    private final Faults faults;
    private final Deque<Piece> pieces = new ArrayDeque<>();
    private int waiting;
    private long lastDueNs = Long.MIN_VALUE;
    private long dripDueNs = Long.MIN_VALUE;

    /** The receiver's socket took less than it was given. */
    private boolean full;

    /** The sender has said its end. */
    private boolean ended;

    /** The receiver was told so. */
    private boolean over;

    FaultyWay(SocketChannel from, SocketChannel to, Faults faults) {
        this.from = from;
        this.to = to;
        this.faults = faults;
    }

    /** Reads what there is room for and writes what is due. */
    void pass(ByteBuffer buffer, long nowNs) throws IOException {
        if (faults.cut) {
            // What nobody reads holds the sender back, as a network does that drops everything.
            return;
        }
        read(buffer, nowNs);
        write(nowNs);
        if (ended && !over && pieces.isEmpty()) {
            to.shutdownOutput();
            over = true;
        }
    }

    private void read(ByteBuffer buffer, long nowNs) throws IOException {
        while (!ended && waiting < LIMIT) {
            buffer.clear().limit(Math.min(buffer.capacity(), LIMIT - waiting));
            int count = from.read(buffer);
            if (count <= 0) {
                ended = count < 0;
                return;
            }
            lastDueNs = Math.max(lastDueNs, nowNs + faults.delayNs());
            pieces.add(new Piece(ByteBuffer.allocate(count).put(buffer.flip()).flip(), lastDueNs));
            waiting += count;
        }
    }

    private void write(long nowNs) throws IOException {
        full = false;
        while (!pieces.isEmpty() && !full && delayNs(nowNs) <= 0) {
            ByteBuffer bytes = pieces.peek().bytes;
            int end = bytes.limit();
            if (faults.dripBytes > 0) {
                bytes.limit(Math.min(end, bytes.position() + faults.dripBytes));
                dripDueNs = nowNs + faults.dripIntervalNs;
            }
            waiting -= to.write(bytes);
            full = bytes.hasRemaining();
            bytes.limit(end);
            if (!bytes.hasRemaining()) {
                pieces.remove();
            }
        }
    }

    /** Time until the oldest piece may leave; {@link #NEVER} where there is none, or where a socket has to be ready first. */
    long delayNs(long nowNs) {
        if (pieces.isEmpty() || faults.cut || full) {
            return NEVER;
        }
        // Healed meanwhile: what was slowed down is due at once.
        long latencyNs = faults.latencyNs + faults.jitterNs == 0 ? 0 : pieces.peek().dueNs - nowNs;
        long dripNs = faults.dripBytes == 0 || dripDueNs == Long.MIN_VALUE ? 0 : dripDueNs - nowNs;
        return Math.max(latencyNs, dripNs);
    }

    int readInterest() {
        return ended || faults.cut || waiting >= LIMIT ? 0 : SelectionKey.OP_READ;
    }

    int writeInterest() {
        return full && !faults.cut ? SelectionKey.OP_WRITE : 0;
    }

    boolean isOver() {
        return over;
    }
}
