package org.globalsessions;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.LeaseRenewal;
import org.globalsessions.tier.NextTier;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.TierAnswer;
import org.globalsessions.tier.TierBusyException;
import org.globalsessions.tier.TierHost;
import org.globalsessions.tier.TierListener;
import org.globalsessions.tier.Touch;

/**
 * A relay within the test's process: a segment of its own and one thread that accepts, numbers, announces and answers, as a
 * relay's event loop does. Links can be cut, and receipts and answers held back.
 */
final class MemoryRelay implements AutoCloseable {
    static final String PATH = "auths";

    private final SharedLru lru;
    private volatile long epoch = 4711;
    private final ExecutorService loop = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "memory-relay");
        thread.setDaemon(true);
        return thread;
    });
    private final List<Link> links = new CopyOnWriteArrayList<>();
    final AtomicInteger questions = new AtomicInteger();
    final AtomicInteger publishes = new AtomicInteger();
    final AtomicInteger deletes = new AtomicInteger();

    /** By the version with which a delete came: one that comes again is known. */
    private final Map<Version, Receipt> deleteReceipts = new ConcurrentHashMap<>();

    /** Who waits for a delete to be everywhere: completed by the test. */
    final Queue<CompletableFuture<Void>> farDeletes = new ConcurrentLinkedQueue<>();

    final Queue<Long> farDeletePositions = new ConcurrentLinkedQueue<>();

    /** Uses that hosts have told of, in order. */
    final List<Touch> told = new CopyOnWriteArrayList<>();

    /** Changes so far, for links that subscribe late; touched by the loop only. */
    private final List<Change> changes = new ArrayList<>();

    /** What would be answered, while answers are held back; touched by the loop only. */
    private final Queue<Runnable> heldBack = new ArrayDeque<>();

    private boolean holdsBack;

    /** Whether hosts are told of versions alone. */
    volatile boolean invalidates;

    /** Deletes that hosts have told of after a change of epoch, in order. */
    final List<InventoryItem> toldDeletes = new CopyOnWriteArrayList<>();

    /** Whether they get lost on their way, and nothing behind them arrives either. */
    volatile boolean losesDeletes;

    /** How many got lost. */
    final AtomicInteger lostDeletes = new AtomicInteger();

    /** Whether it takes such deletes. */
    volatile boolean takesDeletes = true;

    /** How long its hosts may serve what they cannot confirm; zero for no limit. */
    volatile Duration maxStale = Duration.ZERO;

    /** Hosts that have applied less must confirm what they have. */
    volatile long horizon;

    /** Highest position that a publish has claimed. */
    final AtomicLong highestClaim = new AtomicLong();

    /** Whether a link's connection stands as soon as it is started. */
    volatile boolean connectsAtOnce = true;

    private record Change(long position, long identity, Consumer<TierListener> tell) {}

    MemoryRelay(Path folder) throws IOException {
        lru = SharedLru.open(new SegmentSettings(folder.resolve("relay.segment"))
                .elCount(50_000)
                .pathName(PATH)
                .role(Role.RELIEF));
        lru.file().position(epoch, 0);
    }

    SharedLru lru() {
        return lru;
    }

    Link link(TierHost host) {
        Link link = new Link(host);
        links.add(link);
        return link;
    }

    Link lastLink() {
        return links.get(links.size() - 1);
    }

    /** Begins a new epoch, as a relay without its file of changes does: what hosts change from now on is all that it can tell. */
    void beginEpoch() {
        onLoop(() -> {
            epoch = lru.file().relayEpoch() + 1;
            changes.clear();
            lru.file().position(epoch, 0);
            return null;
        });
    }

    /** Loses all that it has. */
    void loseEntries() {
        onLoop(() -> {
            lru.scan(0, lru.bucketCount(), 0, lru::discard);
            return null;
        });
    }

    KeyDigest digest(String key) {
        return onLoop(() -> lru.encode(key).digest());
    }

    boolean holds(String key) {
        return onLoop(() -> lru.find(lru.encode(key), new EntrySnapshot()));
    }

    /** Holds back answers and receipts from now on. */
    void holdBack() {
        onLoop(() -> {
            holdsBack = true;
            return null;
        });
    }

    /** Gives what was held back, and holds nothing back any more. */
    void letGo() {
        onLoop(() -> {
            holdsBack = false;
            heldBack.forEach(Runnable::run);
            heldBack.clear();
            return null;
        });
    }

    /** Gives further answers and receipts at once, before those that are held back. */
    void overtakeHeldBack() {
        onLoop(() -> {
            holdsBack = false;
            return null;
        });
    }

    int heldBackCount() {
        return onLoop(heldBack::size);
    }

    /** Does something on the relay's thread, and waits for it. */
    <T> T onLoop(Supplier<T> what) {
        return CompletableFuture.supplyAsync(what, loop)
                .orTimeout(30, TimeUnit.SECONDS)
                .join();
    }

    @Override
    public void close() {
        loop.shutdown();
        lru.close();
    }

    private <T> void complete(Link link, CompletableFuture<T> future, T value) {
        Runnable answer = () -> {
            if (link.connected) {
                future.complete(value);
            } else {
                future.completeExceptionally(new TierUnavailableException("cut"));
            }
        };
        if (holdsBack) {
            heldBack.add(answer);
        } else {
            answer.run();
        }
    }

    private void announce(TierHost origin, long position, Consumer<TierListener> tell) {
        announceToOthers(origin.identityHigh(), position, tell);
    }

    private void announceToOthers(long identity, long position, Consumer<TierListener> tell) {
        changes.add(new Change(position, identity, tell));
        for (Link link : links) {
            if (link.connected && link.subscribed && !link.deaf && link.host.identityHigh() != identity) {
                tell.accept(link.listener);
            }
        }
    }

    /** One host's connection. */
    final class Link implements NextTier {
        private final TierHost host;
        private final AtomicInteger inFlight = new AtomicInteger();
        private TierListener listener;
        private volatile boolean connected;
        private boolean subscribed;
        private long welcomedAt;
        volatile int window = 256;
        volatile long leaseEpoch;

        /** Whether it gets no announcements although it subscribes. */
        volatile boolean deaf;

        /** Whether a subscription is answered before the call returns. */
        volatile boolean answersSubscriptionsAtOnce;

        /** Position that its answers carry, -1 for the true one. */
        volatile long answerPosition = -1;

        Link(TierHost host) {
            this.host = host;
        }

        @Override
        public void start(TierListener wanted) {
            listener = wanted;
            if (connectsAtOnce) {
                connect();
            }
        }

        void connect() {
            onLoop(() -> {
                connected = true;
                welcomedAt = lru.file().position();
                listener.onConnected(
                        epoch, welcomedAt, maxStale, Duration.ZERO, lru.file().wallClockMicros());
                return null;
            });
        }

        void cut() {
            onLoop(() -> {
                connected = false;
                subscribed = false;
                listener.onDisconnected();
                return null;
            });
        }

        @Override
        public boolean isConnected() {
            return connected;
        }

        @Override
        public CompletableFuture<TierAnswer> ask(byte[] key, KeyDigest digest) {
            questions.incrementAndGet();
            return send(answer -> {
                long position =
                        answerPosition >= 0 ? answerPosition : lru.file().position();
                EntrySnapshot snapshot = new EntrySnapshot();
                boolean found = lru.find(lru.encode(key), snapshot);
                if (found && !snapshot.toEntry().isIdle()) {
                    lru.touch(lru.encode(key));
                }
                complete(this, answer, new TierAnswer(found ? snapshot.toEntry() : null, epoch, position));
            });
        }

        @Override
        public CompletableFuture<Receipt> publish(
                SessionEntry entry,
                KeyDigest digest,
                long claimedEpoch,
                long appliedPosition,
                Version seenTombstone,
                Acknowledgement level) {
            return take(entry, digest, claimedEpoch, appliedPosition, seenTombstone, null);
        }

        @Override
        public CompletableFuture<Receipt> publishIf(
                SessionEntry entry,
                KeyDigest digest,
                long claimedEpoch,
                long appliedPosition,
                Version seenTombstone,
                Version expected,
                Acknowledgement level) {
            return take(entry, digest, claimedEpoch, appliedPosition, seenTombstone, expected);
        }

        private CompletableFuture<Receipt> take(
                SessionEntry entry,
                KeyDigest digest,
                long claimedEpoch,
                long appliedPosition,
                Version seenTombstone,
                Version expected) {
            return sendInWindow(answer -> {
                publishes.incrementAndGet();
                long known = claimedEpoch == epoch ? appliedPosition : 0;
                highestClaim.accumulateAndGet(known, Math::max);
                WriteOutcome outcome = new WriteOutcome();
                if (expected == null) {
                    lru.accept(lru.encode(entry.key()), entry, known, seenTombstone, outcome);
                } else {
                    lru.acceptIf(lru.encode(entry.key()), entry, known, seenTombstone, expected, null, outcome);
                }
                Receipt.Outcome told = switch (outcome.status()) {
                    case STORED -> Receipt.Outcome.STORED;
                    case SUPERSEDED -> Receipt.Outcome.SUPERSEDED;
                    case OTHER_VERSION, ABSENT -> Receipt.Outcome.CONDITION_FAILED;
                    case BEATEN_BY_TOMBSTONE -> Receipt.Outcome.BEATEN_BY_TOMBSTONE;
                    default -> throw new IllegalStateException(String.valueOf(outcome.status()));
                };
                long position = lru.file().nextPosition();
                if (told == Receipt.Outcome.STORED) {
                    SessionEntry stored = new SessionEntry(
                            entry.key(),
                            entry.value(),
                            outcome.version(),
                            outcome.life(),
                            false,
                            entry.idleTicks(),
                            entry.idleLimitTicks(),
                            entry.lifetimeTicks());
                    // The host of a conditional save is told too, as a relay does.
                    announceToOthers(expected == null ? host.identityHigh() : 0, position, to -> {
                        if (invalidates) {
                            to.onInvalidated(digest, stored.version(), epoch, position);
                        } else {
                            to.onAnnounced(stored, epoch, position);
                        }
                    });
                }
                complete(
                        this,
                        answer,
                        new Receipt(told, outcome.version(), outcome.life(), outcome.held(), epoch, position));
            });
        }

        @Override
        public CompletableFuture<Receipt> delete(
                KeyDigest digest, Version tombstone, long claimEpoch, long appliedPosition, Acknowledgement level) {
            return sendInWindow(answer -> {
                deletes.incrementAndGet();
                Receipt given = deleteReceipts.get(tombstone);
                if (given != null) {
                    complete(this, answer, given);
                    return;
                }
                WriteOutcome outcome = new WriteOutcome();
                lru.acceptDelete(digest, tombstone, claimEpoch == epoch ? appliedPosition : 0, false, 0, outcome);
                Version version = outcome.version();
                long position = outcome.position() != 0
                        ? outcome.position()
                        : lru.file().nextPosition();
                announce(host, position, to -> to.onDeleted(digest, version, epoch, position));
                Receipt.Outcome told = outcome.status() == WriteOutcome.Status.STORED
                        ? Receipt.Outcome.STORED
                        : Receipt.Outcome.SUPERSEDED;
                Receipt receipt = new Receipt(told, version, 0, outcome.held(), epoch, position);
                lru.numberDelete(digest, version, position);
                deleteReceipts.put(tombstone, receipt);
                complete(this, answer, receipt);
            });
        }

        @Override
        public void subscribe(long lease, long claimedEpoch, long position) {
            if (answersSubscriptionsAtOnce) {
                onLoop(() -> {
                    take(lease, claimedEpoch, position);
                    return null;
                });
            } else {
                loop.execute(() -> take(lease, claimedEpoch, position));
            }
        }

        private void take(long lease, long claimedEpoch, long position) {
            leaseEpoch = lease;
            subscribed = lease != 0;
            long ofAnother = claimedEpoch == 0 ? welcomedAt : 0;
            long from = claimedEpoch == epoch ? position : ofAnother;
            boolean cannotBeTold = claimedEpoch != 0 && claimedEpoch != epoch && position == 0;
            if (subscribed && (from < horizon || cannotBeTold)) {
                subscribed = false;
                listener.onMustConfirm();
                return;
            }
            if (subscribed && !deaf) {
                changes.stream()
                        .filter(change -> change.position > from && change.identity != host.identityHigh())
                        .forEach(change -> change.tell.accept(listener));
            }
        }

        @Override
        public CompletableFuture<LeaseRenewal> renew(long lease, long claimedEpoch, long position) {
            boolean isLost = losesDeletes && lostDeletes.get() > 0;
            return send(answer -> {
                if (isLost) {
                    return;
                }
                if (subscribed && !deaf) {
                    answer.complete(new LeaseRenewal(epoch, lru.file().position()));
                } else {
                    answer.completeExceptionally(new TierUnavailableException("not subscribed"));
                }
            });
        }

        @Override
        public boolean touch(List<Touch> touches) {
            if (!connected) {
                return false;
            }
            loop.execute(() -> {
                told.addAll(touches);
                touches.forEach(touch -> lru.renew(touch.digest(), touch.life(), touch.idleTicks()));
            });
            return true;
        }

        @Override
        public boolean mayPublish() {
            return connected;
        }

        @Override
        public boolean tellDeletes(List<InventoryItem> deletes) {
            if (!connected || !takesDeletes) {
                return false;
            }
            if (losesDeletes) {
                lostDeletes.incrementAndGet();
            } else {
                loop.execute(() -> toldDeletes.addAll(deletes));
            }
            return true;
        }

        @Override
        public CompletableFuture<Void> awaitEverywhere(KeyDigest digest, long claimedEpoch, long position) {
            return send(answer -> {
                farDeletes.add(answer);
                farDeletePositions.add(position);
            });
        }

        @Override
        public void close() {
            onLoop(() -> {
                connected = false;
                subscribed = false;
                return null;
            });
        }

        private <T> CompletableFuture<T> sendInWindow(Consumer<CompletableFuture<T>> work) {
            if (inFlight.incrementAndGet() > window) {
                inFlight.decrementAndGet();
                return CompletableFuture.failedFuture(new TierBusyException("window is full: limit=" + window));
            }
            CompletableFuture<T> answer = send(work);
            var unused = answer.whenComplete((value, failure) -> inFlight.decrementAndGet());
            return answer;
        }

        private <T> CompletableFuture<T> send(Consumer<CompletableFuture<T>> work) {
            CompletableFuture<T> answer = new CompletableFuture<>();
            if (!connected) {
                answer.completeExceptionally(new TierUnavailableException("cut"));
            } else {
                loop.execute(() -> {
                    try {
                        work.accept(answer);
                    } catch (RuntimeException e) {
                        answer.completeExceptionally(e);
                    }
                });
            }
            return answer;
        }
    }
}
