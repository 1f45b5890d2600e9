package org.globalsessions.relay;

import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.NanoClock;
import org.globalsessions.Version;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Touch;
import org.globalsessions.transport.SharedMemoryIdle;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.InventoriedFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owns what leaves the process towards the sibling: publishes, deletes, hand-offs and questions, all over Aeron IPC; and the
 * sweep of the relay's segment. One thread runs the duty cycle, or a test turns it by hand.
 *
 * <p>{@link #publish}, {@link #delete}, {@link #makeRoom} and {@link #ask} are for any thread: they queue and wake the agent,
 * and never wait.
 */
final class RelayAgent implements Agent {
    /** Most changes, and most hand-offs, sent and not acknowledged. */
    static final int CHANGE_WINDOW = 1024;

    /** Most questions asked and not answered. */
    static final int QUESTION_WINDOW = 4096;

    private static final Logger LOGGER = LoggerFactory.getLogger(RelayAgent.class);
    private static final int LIMIT_A_CYCLE = 64;
    /** Above the sibling's 1 s and below a host's 2 s: who asks must not give up before the answer can have come. */
    private static final long TIMEOUT_NS = TimeUnit.MILLISECONDS.toNanos(1_500);

    private static final long TIMEOUT_CHECK_NS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long REOPEN_PAUSE_NS = TimeUnit.SECONDS.toNanos(1);
    /** So long after the sibling went away, or before it came, questions wait for it instead of failing at once. */
    private static final long GRACE_NS = TimeUnit.MILLISECONDS.toNanos(1500);

    private static final long PARK_NS = TimeUnit.MILLISECONDS.toNanos(20);

    private final String pathName;
    private final NanoClock clock;
    private final SiblingLink link;
    private final RelayErrors errors;
    private final Publishes publishes;
    private final HandOffs handOffs;
    private final Questions questions;
    private final ReliefTouches touches;
    private final DeleteCollection collection;
    private final RelaySweep sweep;
    private boolean present;
    private long awaySinceNs;
    private long nextTimeoutCheckNs;
    private long nextReopenNs;
    private volatile boolean siblingDied;
    private volatile boolean parked;
    private volatile Thread thread;

    /**
     * An agent that has not begun.
     *
     * @param lru        the relay's table
     * @param spill      the spill file, or null for none
     * @param linkMaker  makes the link from the receiver of its frames, or null where no sibling is configured
     * @param errors     told of errors
     * @param pathName   the path that the sibling has to serve
     * @param clock      counts nanoseconds
     * @param loop       runs something on the clients' event loop
     * @param clientSide told there of what happened
     */
    RelayAgent(
            SharedLru lru,
            SpillFile spill,
            LinkMaker linkMaker,
            RelayErrors errors,
            String pathName,
            NanoClock clock,
            Executor loop,
            ClientSide clientSide) {
        this.errors = errors;
        this.pathName = pathName;
        this.clock = clock;
        long nowNs = clock.nanoTime();
        this.publishes = new Publishes(lru, loop, clientSide, CHANGE_WINDOW, TIMEOUT_NS);
        this.handOffs = new HandOffs(lru, spill, loop, clientSide, CHANGE_WINDOW, TIMEOUT_NS, nowNs);
        this.questions = new Questions(loop, QUESTION_WINDOW, TIMEOUT_NS);
        this.touches = new ReliefTouches(lru, TIMEOUT_NS, nowNs);
        this.collection = new DeleteCollection(lru.file(), loop, clientSide, this::wake, TIMEOUT_NS, nowNs);
        this.sweep = new RelaySweep(lru, publishes, handOffs, nowNs);
        this.awaySinceNs = nowNs;
        this.nextTimeoutCheckNs = nowNs;
        this.nextReopenNs = nowNs;
        this.link = linkMaker == null ? null : linkMaker.make(this::onFrame);
    }

    /** Makes the link to the sibling. */
    interface LinkMaker {
        /**
         * Makes it.
         *
         * @param receiver sees each frame
         * @return the link, not open
         */
        SiblingLink make(Consumer<Frame> receiver);
    }

    /** Whether there is, by configuration, a tier behind this relay. */
    boolean hasSibling() {
        return link != null;
    }

    /**
     * Passes an entry on that was just stored.
     *
     * @param way     where it is
     * @param version its version
     * @param waiter  told of the relief tier's acknowledgement, or null
     * @return false where the queue is full: the sweep sends it, the waiter is not told
     */
    boolean publish(int way, Version version, ClientSide.Waiter waiter) {
        return queued(publishes.offer(way, version, waiter));
    }

    /**
     * Passes a delete on that was just applied.
     *
     * @param digest   digest of the key
     * @param version  the tombstone's version
     * @param position its position
     * @param waiter   told of the relief tier's acknowledgement, or null
     * @return false where the queue is full: the sweep sends it, the waiter is not told
     */
    boolean delete(KeyDigest digest, Version version, long position, ClientSide.Waiter waiter) {
        return queued(publishes.offerDelete(digest, version, position, waiter));
    }

    /**
     * Hands off from a bucket until it has takeable ways.
     *
     * @param bucket its number
     */
    void makeRoom(int bucket) {
        queued(handOffs.offer(bucket));
    }

    /**
     * Asks for a key.
     *
     * @param key   its bytes
     * @param asker told the answer
     * @return false where the queue is full: the asker is not told
     */
    boolean ask(byte[] key, ClientSide.Asker asker) {
        boolean taken = questions.offer(key, clock.nanoTime(), asker);
        wake();
        return taken;
    }

    /**
     * Tells the relief tier of uses of sessions that the segment does not hold.
     *
     * @param uses the uses, at most {@link org.globalsessions.tier.NextTier#MAX_TOUCHES}, not changed any more
     */
    void touch(List<Touch> uses) {
        touches.offer(uses);
        wake();
    }

    /** The sibling's process has ended: what was sent to it counts as failed. */
    void siblingDied() {
        siblingDied = true;
        wake();
    }

    private boolean queued(boolean taken) {
        if (!taken) {
            sweep.soon();
        }
        wake();
        return taken;
    }

    private void wake() {
        // Pairs with the parking thread: it sets the flag, then looks at the queues. Either it sees what was queued
        // before
        // this read, or this read sees the flag.
        if (parked) {
            LockSupport.unpark(thread);
        }
    }

    @Override
    public void onStart() {
        thread = Thread.currentThread();
    }

    @Override
    public int doWork() {
        int work = turn(clock.nanoTime());
        questions.deliver();
        return work;
    }

    private int turn(long nowNs) {
        int work = sweep.expire(nowNs);
        if (link == null) {
            return work;
        }
        if (link.isLost()) {
            return work + reopen(nowNs);
        }
        work += link.flush() + link.poll();
        checkPresence(nowNs);
        if (present) {
            work += questions.send(link, LIMIT_A_CYCLE, nowNs)
                    + publishes.send(link, LIMIT_A_CYCLE, nowNs)
                    + handOffs.send(link, LIMIT_A_CYCLE, nowNs)
                    + touches.step(link, nowNs)
                    + collection.step(link, nowNs)
                    + sweep.step(link, nowNs);
        } else {
            work += dropQueued(nowNs);
        }
        if (nextTimeoutCheckNs - nowNs <= 0) {
            nextTimeoutCheckNs = nowNs + TIMEOUT_CHECK_NS;
            work += expire(nowNs);
        }
        return work;
    }

    private int dropQueued(long nowNs) {
        boolean longAway = nowNs - awaySinceNs > GRACE_NS;
        return questions.drop(LIMIT_A_CYCLE, longAway, nowNs)
                + publishes.drop(LIMIT_A_CYCLE)
                + handOffs.drop(LIMIT_A_CYCLE)
                + touches.dropQueued();
    }

    private int expire(long nowNs) {
        int expired = publishes.expire(nowNs) + handOffs.expire(nowNs);
        if (expired > 0) {
            sweep.soon();
        }
        return expired + questions.expire(nowNs) + touches.expire(nowNs) + collection.expire(nowNs);
    }

    private int reopen(long nowNs) {
        leave(nowNs);
        int work = dropQueued(nowNs) + expire(nowNs);
        if (nextReopenNs - nowNs > 0) {
            return work;
        }
        nextReopenNs = nowNs + REOPEN_PAUSE_NS;
        if (!link.isDriverActive()) {
            return work;
        }
        LOGGER.warn("The connection to the media driver is lost, a new one is opened");
        link.close();
        link.open();
        return work + 1;
    }

    private void checkPresence(long nowNs) {
        if (siblingDied) {
            siblingDied = false;
            leave(nowNs);
        } else if (present && !link.isConnected()) {
            leave(nowNs);
        }
    }

    private void leave(long nowNs) {
        if (!present) {
            return;
        }
        present = false;
        awaySinceNs = nowNs;
        restartAll(nowNs);
        LOGGER.warn("The sibling is away");
    }

    private void restartAll(long nowNs) {
        publishes.restart();
        handOffs.restart(nowNs);
        questions.restart();
        touches.restart();
        collection.restart(nowNs);
    }

    private void onFrame(Frame frame) {
        long nowNs = clock.nanoTime();
        if (frame instanceof SessionReceivedFrame received) {
            switch (InFlightTable.kindOf(received.correlationId())) {
                case Publishes.KIND -> publishes.onReceipt(received.correlationId(), received.receipt());
                case HandOffs.KIND -> handOffs.onReceipt(received.correlationId(), received.receipt());
                case ReliefTouches.KIND -> touches.onReceipt(received.correlationId());
                default -> errors.record("acknowledgement of something that was no change");
            }
        } else if (frame instanceof SessionKnownFrame known) {
            questions.onAnswer(known.correlationId(), known.status(), known.entry());
        } else if (frame instanceof InventoriedFrame inventoried) {
            collection.onAnswer(inventoried);
        } else if (frame instanceof ErrorFrame refused) {
            onRefused(refused.correlationId(), nowNs);
        } else if (frame instanceof HelloFrame hello) {
            onHello(hello, nowNs);
        } else {
            errors.record("unexpected frame from the sibling");
        }
    }

    private void onRefused(long correlationId, long nowNs) {
        switch (InFlightTable.kindOf(correlationId)) {
            case Publishes.KIND -> publishes.onRefused(correlationId);
            case HandOffs.KIND -> handOffs.onRefused(correlationId, nowNs);
            case Questions.KIND -> questions.onAnswer(correlationId, SessionKnownFrame.Status.UNAVAILABLE, null);
            case ReliefTouches.KIND -> {
                touches.onRefused(correlationId);
                return;
            }
            case DeleteCollection.KIND -> {
                collection.onRefused(correlationId, nowNs);
                return;
            }
            default -> errors.record("the sibling refused what was never sent");
        }
        sweep.soon();
    }

    private void onHello(HelloFrame hello, long nowNs) {
        if (!hello.path().equals(pathName)) {
            errors.record("a sibling of another path");
            LOGGER.warn("A sibling of another path was ignored: auth_path={}, expected={}", hello.path(), pathName);
            return;
        }
        restartAll(nowNs);
        sweep.restart(nowNs);
        siblingDied = false;
        present = true;
        LOGGER.info("The sibling is there");
    }

    /** Whether a sibling is there; for the agent's thread and for tests that turn the crank. */
    boolean isPresent() {
        return present;
    }

    private boolean hasQueued() {
        return publishes.hasQueued()
                || handOffs.hasQueued()
                || questions.hasQueued()
                || touches.hasQueued()
                || siblingDied;
    }

    private boolean hasInFlight() {
        return publishes.inFlight()
                                + handOffs.inFlight()
                                + questions.inFlight()
                                + touches.inFlight()
                                + collection.inFlight()
                        > 0
                || (link != null && !link.isReady());
    }

    /** Idles as long as nothing is to be done: with answers open it looks for them, else it parks until it is woken. */
    IdleStrategy idleStrategy() {
        return new AgentIdle();
    }

    private final class AgentIdle implements IdleStrategy {
        private final SharedMemoryIdle inFlight = new SharedMemoryIdle(TimeUnit.MICROSECONDS.toNanos(500));

        @Override
        public void idle(int workCount) {
            if (workCount > 0) {
                inFlight.reset();
            } else {
                idle();
            }
        }

        @Override
        public void idle() {
            if (hasInFlight()) {
                // The answer arrives in shared memory, and nobody unparks a thread for it; nor for what is asked
                // meanwhile, as to wake a thread costs more than these waits are long.
                inFlight.idle();
                return;
            }
            parked = true;
            try {
                if (!hasQueued() || !present) {
                    LockSupport.parkNanos(this, PARK_NS);
                }
            } finally {
                parked = false;
            }
        }

        @Override
        public void reset() {
            inFlight.reset();
        }
    }

    @Override
    public void onClose() {
        if (link != null) {
            link.close();
        }
    }

    @Override
    public String roleName() {
        return "relay-agent";
    }
}
