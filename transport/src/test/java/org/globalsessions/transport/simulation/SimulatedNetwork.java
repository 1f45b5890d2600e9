package org.globalsessions.transport.simulation;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.globalsessions.simulation.SimulatedProcess;
import org.globalsessions.simulation.VirtualTime;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.FrameHandler;
import org.globalsessions.transport.PeerIdentity;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.FrameException;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.globalsessions.transport.net.LinkSettings;
import org.globalsessions.transport.net.Network;
import org.globalsessions.transport.net.PeerAddress;
import org.globalsessions.transport.net.PipelineSecurity;
import org.globalsessions.transport.net.ReconnectPolicy;

/**
 * Connections between simulated processes: frames arrive whole, encoded as on a wire, in the order in which they were sent, after a random
 * time, or not at all where the connection was cut meanwhile.
 */
public final class SimulatedNetwork {
    private static final long MICRO = 1_000;
    private static final long MILLI = 1_000_000;

    /** After so long without an answer to pings a connection counts as lost. */
    private static final long PING_LIMIT_NS = TimeUnit.SECONDS.toNanos(15);

    private final VirtualTime time;
    private final Map<PeerAddress, Listening> listening = new HashMap<>();
    private final Set<Wire> wires = new LinkedHashSet<>();
    private final Map<String, Long> cutUntilNs = new HashMap<>();
    private final Consumer<String> trace;
    private long connections;

    private record Listening(SimulatedProcess process, FrameHandler handler) {}

    /** A network whose delays come from its time. */
    public SimulatedNetwork(VirtualTime time, Consumer<String> trace) {
        this.time = time;
        this.trace = trace;
    }

    /** Takes connections in, from now on until the process dies. */
    public void listen(PeerAddress address, SimulatedProcess process, FrameHandler handler) {
        listening.put(address, new Listening(process, handler));
    }

    /** The network as one process has it. */
    public Network of(SimulatedProcess process) {
        return new OfProcess(process);
    }

    /** All connections of a process break: it was killed. */
    public void killed(SimulatedProcess process) {
        listening.values().removeIf(each -> each.process == process);
        for (Wire wire : new ArrayList<>(wires)) {
            if (wire.client.process == process || wire.server.process == process) {
                wire.breakUp(time.random().nextBoolean());
            }
        }
    }

    /**
     * Nothing passes between a process, by its name, and an address for a while.
     *
     * @param reset whether connections end at once; otherwise what is sent waits, and arrives late where the cut is short enough
     */
    public void cut(String process, PeerAddress address, long lengthNs, boolean reset) {
        cutUntilNs.merge(process + "/" + address, time.nowNs() + lengthNs, Math::max);
        for (Wire wire : new ArrayList<>(wires)) {
            if (wire.client.process.toString().equals(process) && wire.address.equals(address)) {
                if (reset) {
                    wire.breakUp(false);
                } else if (lengthNs > PING_LIMIT_NS) {
                    time.after(PING_LIMIT_NS, () -> wire.breakUp(false));
                }
            }
        }
    }

    /** Ends all cuts. */
    public void heal() {
        cutUntilNs.clear();
    }

    private long cutUntilNs(SimulatedProcess process, PeerAddress address) {
        return cutUntilNs.getOrDefault(process + "/" + address, 0L);
    }

    /** A wire with its two ends. */
    private final class Wire {
        private final PeerAddress address;
        private final End client;
        private final End server;
        private boolean broken;

        Wire(PeerAddress address, SimulatedProcess from, FrameHandler fromHandler, Listening to) {
            this.address = address;
            client = new End(this, from, fromHandler);
            server = new End(this, to.process, to.handler);
            client.other = server;
            server.other = client;
            wires.add(this);
        }

        void breakUp(boolean deliverSent) {
            if (broken) {
                return;
            }
            broken = true;
            wires.remove(this);
            client.lose(deliverSent);
            server.lose(deliverSent);
        }

        long delayNs() {
            long cutNs = Math.max(0, cutUntilNs(client.process, address) - time.nowNs());
            int kind = time.random().nextInt(100);
            return cutNs + (kind < 90 ? time.between(30 * MICRO, 500 * MICRO) : time.between(500 * MICRO, 40 * MILLI));
        }
    }

    /** One end of a wire. */
    private final class End implements Connection {
        private final Wire wire;
        private final SimulatedProcess process;
        private final FrameHandler handler;
        private final long id = ++connections;
        private final Queue<Frame> unread = new ArrayDeque<>();
        private End other;
        private boolean open = true;
        private boolean lost;
        private boolean paused;
        private boolean told;
        private long lastArrivalNs;
        private Object attachment;

        End(Wire wire, SimulatedProcess process, FrameHandler handler) {
            this.wire = wire;
            this.process = process;
            this.handler = handler;
        }

        @Override
        public boolean send(Frame frame) {
            if (!open) {
                return false;
            }
            byte[] bytes = encoded(frame);
            passOn(() -> other.arrived(bytes));
            return true;
        }

        /** In the order of the calls, at the other end. */
        private void passOn(Runnable arrival) {
            lastArrivalNs = Math.max(lastArrivalNs + 1, time.nowNs() + wire.delayNs());
            time.after(lastArrivalNs - time.nowNs(), () -> other.process.run(arrival));
        }

        private void arrived(byte[] bytes) {
            if (lost || told) {
                return;
            }
            Frame frame = decoded(bytes);
            if (trace != null) {
                trace.accept(other.process + " > " + process + " " + frame);
            }
            if (paused) {
                unread.add(frame);
            } else if (open) {
                handler.onFrame(this, frame);
            }
        }

        /** The wire is broken: nothing arrives any more, but perhaps what was on its way. */
        void lose(boolean deliverSent) {
            open = false;
            if (!deliverSent) {
                lost = true;
            }
            long soonNs = time.between(10 * MICRO, 5 * MILLI);
            long afterAllNs = deliverSent ? Math.max(0, other.lastArrivalNs + 1 - time.nowNs()) : 0;
            time.after(Math.max(soonNs, afterAllNs), () -> process.run(this::ended));
        }

        private void ended() {
            if (!told) {
                told = true;
                open = false;
                unread.clear();
                handler.onClose(this);
            }
        }

        @Override
        public void probe(Duration limit, Consumer<Boolean> heard) {
            boolean[] over = {!open};
            if (!open) {
                heard.accept(false);
                return;
            }
            Consumer<Boolean> end = answer -> {
                if (!over[0]) {
                    over[0] = true;
                    heard.accept(answer);
                }
            };
            passOn(() -> other.passOn(() -> end.accept(!told)));
            process.schedule(() -> end.accept(false), limit.toNanos());
        }

        @Override
        public void close() {
            if (open) {
                open = false;
                wires.remove(wire);
                passOn(other::ended);
                process.schedule(this::ended, time.between(MICRO, 100 * MICRO));
            }
        }

        @Override
        public void pauseReads() {
            paused = true;
        }

        @Override
        public void resumeReads() {
            paused = false;
            process.execute(() -> {
                while (!paused && !told && !unread.isEmpty()) {
                    handler.onFrame(this, unread.poll());
                }
            });
        }

        @Override
        public long id() {
            return id;
        }

        @Override
        public String remoteAddress() {
            return other.process.toString();
        }

        @Override
        public PeerIdentity peer() {
            return PeerIdentity.UNKNOWN;
        }

        @Override
        public boolean isOpen() {
            return open;
        }

        @Override
        public boolean isWritable() {
            return true;
        }

        @Override
        public long pendingBytes() {
            return 0;
        }

        @Override
        public void execute(Runnable task) {
            process.execute(task);
        }

        @Override
        public boolean inEventLoop() {
            return true;
        }

        @Override
        public <T> T attachment(Class<T> type) {
            return type.cast(attachment);
        }

        @Override
        public void attachment(Object value) {
            attachment = value;
        }
    }

    /** The bytes of a frame. */
    public static byte[] encoded(Frame frame) {
        ByteBuf buffer = Unpooled.buffer(FrameCodec.encodedLength(frame));
        FrameCodec.encode(frame, buffer);
        byte[] bytes = new byte[buffer.readableBytes()];
        buffer.readBytes(bytes);
        return bytes;
    }

    /** The frame of its bytes. */
    public static Frame decoded(byte[] bytes) {
        try {
            return FrameCodec.decode(Unpooled.wrappedBuffer(bytes));
        } catch (FrameException e) {
            throw new IllegalStateException(e);
        }
    }

    private final class OfProcess implements Network {
        private final SimulatedProcess process;
        private final List<Dialing> dials = new ArrayList<>();

        OfProcess(SimulatedProcess process) {
            this.process = process;
        }

        @Override
        public void execute(Runnable task) {
            process.execute(task);
        }

        @Override
        public Scheduled schedule(Runnable task, Duration delay) {
            boolean[] over = new boolean[1];
            process.schedule(
                    () -> {
                        if (!over[0]) {
                            over[0] = true;
                            task.run();
                        }
                    },
                    delay.toNanos());
            return () -> {
                boolean first = !over[0];
                over[0] = true;
                return first;
            };
        }

        @Override
        public long nanoTime() {
            return time.nowNs();
        }

        @Override
        public Dial connect(
                PeerAddress peer,
                Supplier<Frame> hello,
                ReconnectPolicy policy,
                LinkSettings settings,
                PipelineSecurity security,
                FrameHandler handler) {
            Dialing dial = new Dialing(process, peer, hello, policy, handler);
            dials.add(dial);
            process.execute(dial::attempt);
            return dial;
        }

        @Override
        public void close() {
            dials.forEach(Dialing::close);
        }
    }

    /** Connects, says hello, and connects again after each loss. */
    private final class Dialing implements Network.Dial, FrameHandler {
        private final SimulatedProcess process;
        private final PeerAddress peer;
        private final Supplier<Frame> hello;
        private final ReconnectPolicy policy;
        private final FrameHandler owner;
        private Connection connection;
        private boolean connecting;
        private boolean closed;
        private int failed;

        Dialing(
                SimulatedProcess process,
                PeerAddress peer,
                Supplier<Frame> hello,
                ReconnectPolicy policy,
                FrameHandler owner) {
            this.process = process;
            this.peer = peer;
            this.hello = hello;
            this.policy = policy;
            this.owner = owner;
        }

        void attempt() {
            if (closed) {
                return;
            }
            connecting = true;
            owner.onConnecting();
            process.schedule(this::decide, time.between(50 * MICRO, 2 * MILLI));
        }

        private void decide() {
            Listening there = listening.get(peer);
            if (closed) {
                return;
            }
            if (there == null || !there.process.isAlive() || cutUntilNs(process, peer) > time.nowNs()) {
                failed("nobody there");
                return;
            }
            Wire wire = new Wire(peer, process, this, there);
            connection = wire.client;
            time.after(
                    time.between(MICRO, 50 * MICRO),
                    () -> wire.server.process.run(() -> {
                        if (!wire.server.told && !wire.server.lost) {
                            wire.server.handler.onOpen(wire.server);
                        }
                    }));
            // The hello arrives after that.
            wire.client.lastArrivalNs = time.nowNs() + 51 * MICRO;
            wire.client.send(hello.get());
            owner.onOpen(wire.client);
        }

        private void failed(String reason) {
            connecting = false;
            failed++;
            owner.onConnectFailed(failed, reason, false);
            pause();
        }

        private void pause() {
            process.schedule(
                    this::attempt, policy.pause(failed, false, time.random()).toNanos());
        }

        @Override
        public void onOpen(Connection opened) {
            throw new IllegalStateException("the owner is told by the dialing itself");
        }

        @Override
        public void onFrame(Connection from, Frame frame) {
            if (connecting && frame instanceof WelcomeFrame) {
                connecting = false;
                failed = 0;
            }
            owner.onFrame(from, frame);
        }

        @Override
        public void onBadFrame(Connection from, String what) {
            throw new IllegalStateException(what);
        }

        @Override
        public void onFailure(Connection of, Throwable failure) {
            throw new IllegalStateException(failure);
        }

        @Override
        public void onClose(Connection gone) {
            connection = null;
            owner.onClose(gone);
            if (connecting) {
                failed("closed before it was welcome");
            } else if (!closed) {
                pause();
            }
        }

        @Override
        public void close() {
            closed = true;
            if (connection != null) {
                connection.close();
            }
        }
    }
}
