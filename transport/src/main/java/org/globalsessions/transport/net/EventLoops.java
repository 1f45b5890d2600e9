package org.globalsessions.transport.net;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.globalsessions.transport.FrameHandler;
import org.globalsessions.transport.frame.Frame;

/**
 * The threads that own connections; each connection stays with one. They are daemons.
 *
 * <p>Any thread may call any method.
 */
public final class EventLoops implements Network {
    private static final System.Logger LOG = System.getLogger(EventLoops.class.getName());

    private static final long CLOSE_TIMEOUT_MS = 2_000;

    private final MultiThreadIoEventLoopGroup group;
    private final EventLoop first;
    private final Consumer<Throwable> onFailure;

    /** Connections that are closed but may still have something to send. */
    private final Set<Channel> closing = ConcurrentHashMap.newKeySet();

    private EventLoops(String threadName, int threads, Consumer<Throwable> onFailure) {
        this.group = new MultiThreadIoEventLoopGroup(
                threads, new DefaultThreadFactory(threadName, true), NioIoHandler.newFactory());
        this.first = group.next();
        this.onFailure = onFailure;
    }

    /**
     * Starts threads. What a task throws is logged as an error.
     *
     * @param threadName name of the threads, a running number is appended
     * @param threads    how many, 1 or more
     * @return the running loops
     */
    public static EventLoops start(String threadName, int threads) {
        return start(
                threadName, threads, failure -> LOG.log(System.Logger.Level.ERROR, "task of " + threadName, failure));
    }

    /**
     * Starts threads.
     *
     * @param threadName name of the threads, a running number is appended
     * @param threads    how many, 1 or more
     * @param onFailure  is given what a task throws, on the thread where it was thrown; the thread goes on
     * @return the running loops
     */
    public static EventLoops start(String threadName, int threads, Consumer<Throwable> onFailure) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads too few: threads=" + threads + ", limit=1");
        }
        return new EventLoops(threadName, threads, onFailure);
    }

    /** Runs something on the first loop. */
    @Override
    public void execute(Runnable task) {
        first.execute(guarded(task));
    }

    /**
     * Runs something on the first loop and waits for its end.
     *
     * @param task  what to run; must not block
     * @param limit longest time to wait
     * @return whether it has ended; false where the limit came first or the caller was interrupted, which stays set
     */
    public boolean executeAndWait(Runnable task, Duration limit) {
        CountDownLatch ended = new CountDownLatch(1);
        execute(() -> {
            try {
                task.run();
            } finally {
                ended.countDown();
            }
        });
        try {
            return ended.await(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Runs something on the first loop, once, later. */
    @Override
    public Scheduled schedule(Runnable task, Duration delay) {
        Future<?> future = first.schedule(guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS);
        return () -> future.cancel(false);
    }

    /**
     * Whether the caller is on the first loop.
     *
     * @return true on that thread
     */
    public boolean inFirstLoop() {
        return first.inEventLoop();
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public Connector connect(
            PeerAddress peer,
            Supplier<Frame> hello,
            ReconnectPolicy policy,
            LinkSettings settings,
            PipelineSecurity security,
            FrameHandler handler) {
        return Connector.start(this, peer, hello, policy, settings, security, handler);
    }

    /**
     * Ends the threads. Listeners, connectors and connections should be closed before: what a closed connection has still to
     * send may leave, for which at most 1 s is waited, then 2 s at most for the threads.
     */
    @Override
    public void close() {
        boolean fromWithin = false;
        for (var loop : group) {
            fromWithin |= loop.inEventLoop();
        }
        if (!fromWithin) {
            awaitClosing();
        }
        Future<?> ended = group.shutdownGracefully(0, CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        // A thread that waited for its own end would wait for nothing.
        if (!fromWithin && !ended.awaitUninterruptibly(CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS)) {
            LOG.log(System.Logger.Level.WARNING, "event loops did not end within {0} ms", CLOSE_TIMEOUT_MS);
        }
    }

    /** A loop that ends closes its channels before it runs its tasks, so a last word would be lost. */
    private void awaitClosing() {
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ChannelConnection.CLOSE_DELAY_MS);
        for (Channel channel : closing) {
            long leftNs = deadlineNs - System.nanoTime();
            if (leftNs <= 0 || !channel.closeFuture().awaitUninterruptibly(leftNs, TimeUnit.NANOSECONDS)) {
                return;
            }
        }
    }

    void closing(Channel channel) {
        closing.add(channel);
        channel.closeFuture().addListener(closed -> closing.remove(channel));
    }

    /**
     * The threads themselves, for servers of other protocols than frames.
     *
     * @return the group, which {@link #close} ends
     */
    public MultiThreadIoEventLoopGroup group() {
        return group;
    }

    Runnable guarded(Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (RuntimeException | Error e) {
                onFailure.accept(e);
            }
        };
    }
}
