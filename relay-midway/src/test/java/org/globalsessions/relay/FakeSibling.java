package org.globalsessions.relay;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.FragmentAssembler;
import io.aeron.Subscription;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.stream.Stream;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.Touch;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.IpcNote;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.FrameException;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.InventoriedFrame;
import org.globalsessions.transport.frame.InventoryFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.PeerKind;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.TouchFrame;

/** The other side of Aeron IPC with an endless relief tier in memory: in a thread of the test, or as a process of its own. */
final class FakeSibling implements AutoCloseable {
    final Map<KeyDigest, SessionEntry> published;
    final Map<KeyDigest, SessionEntry> handedOff;
    final Map<KeyDigest, Version> deleted;

    /** When each session was used last, by System.nanoTime, as the relay has told. */
    final Map<KeyDigest, Long> usedAtNs = new ConcurrentHashMap<>();

    final AtomicInteger questions = new AtomicInteger();

    /** Entries that a delete has beaten. */
    final AtomicInteger beaten = new AtomicInteger();

    /** Hand-offs and publishes are refused, questions unanswerable. */
    volatile boolean refusing;

    /** Nothing is answered. */
    volatile boolean silent;

    /** It cannot say which deletes relief nodes know. */
    volatile boolean listsNoDeletes;

    /** Questions are answered from what was handed off alone. */
    volatile boolean agingOnly;

    /** Every aging node has what was handed off, and answers say so. */
    volatile boolean keeping;

    /** Answers to questions are made as these come, and sent once this is false again. */
    volatile boolean holdingAnswers;

    private final Queue<Frame> heldAnswers = new ConcurrentLinkedQueue<>();
    private final Function<byte[], KeyDigest> digests;
    private final Aeron aeron;
    private final ExclusivePublication publication;
    private final Subscription subscription;
    private final Thread thread;
    private volatile boolean running = true;

    FakeSibling(String note, String pathName, Function<byte[], KeyDigest> digests) {
        this(note, pathName, digests, null);
    }

    /** A sibling that finds the relief tier as an earlier one has left it. */
    FakeSibling(String note, String pathName, Function<byte[], KeyDigest> digests, FakeSibling earlier) {
        IpcNote place = IpcNote.parse(note);
        this.digests = digests;
        published = earlier == null ? new ConcurrentHashMap<>() : earlier.published;
        handedOff = earlier == null ? new ConcurrentHashMap<>() : earlier.handedOff;
        deleted = earlier == null ? new ConcurrentHashMap<>() : earlier.deleted;
        aeron = Aeron.connect(new Aeron.Context()
                .aeronDirectoryName(place.aeronDir())
                .errorHandler(failure -> System.err.println("fake sibling: " + failure)));
        subscription = aeron.addSubscription(AeronLink.AERON_CHANNEL_URI, place.stream());
        publication = aeron.addExclusivePublication(AeronLink.AERON_CHANNEL_URI, place.streamToRelay());
        thread = new Thread(() -> run(pathName), "fake-sibling");
        thread.setDaemon(true);
        thread.start();
    }

    private void run(String pathName) {
        FragmentAssembler assembler =
                new FragmentAssembler((buffer, offset, length, header) -> onMessage(buffer, offset, length));
        while (running && !publication.isConnected()) {
            LockSupport.parkNanos(1_000_000);
        }
        send(new HelloFrame(1, 1, 1, PeerKind.SIBLING, 0, 0, 0, 0, 0, pathName, ""));
        while (running && !subscription.isClosed()) {
            while (!holdingAnswers && !heldAnswers.isEmpty()) {
                send(heldAnswers.poll());
            }
            if (subscription.poll(assembler, 64) == 0) {
                LockSupport.parkNanos(100_000);
            }
        }
    }

    private void onMessage(DirectBuffer buffer, int offset, int length) {
        byte[] bytes = new byte[length];
        buffer.getBytes(offset, bytes);
        try {
            Frame answer = silent ? null : answer(FrameCodec.decode(Unpooled.wrappedBuffer(bytes)));
            if (answer != null) {
                send(answer);
            }
        } catch (FrameException e) {
            throw new IllegalStateException(e);
        }
    }

    private Frame answer(Frame frame) {
        if (frame instanceof NeedSessionFrame question) {
            Frame known = answer(question);
            boolean held = holdingAnswers && heldAnswers.add(known);
            questions.incrementAndGet();
            return held ? null : known;
        }
        if (refusing) {
            return new ErrorFrame(frame.correlationId(), ErrorCode.UNAVAILABLE, "the owner is away");
        }
        if (frame instanceof SessionFrame session) {
            return take(frame, published, session.entry());
        }
        if (frame instanceof SessionBackupFrame backup) {
            return take(frame, handedOff, backup.entry());
        }
        if (frame instanceof InventoryFrame inventory) {
            return listsNoDeletes
                    ? new ErrorFrame(frame.correlationId(), ErrorCode.UNAVAILABLE, "nodes are away")
                    : list(inventory);
        }
        if (frame instanceof TouchFrame touch) {
            touch.touches().forEach(this::renew);
            return received(frame, Version.NONE);
        }
        if (frame instanceof DeleteFrame delete) {
            deleted.put(delete.digest(), delete.tombstone());
            boolean wasPublished = published.remove(delete.digest()) != null;
            boolean held = handedOff.remove(delete.digest()) != null || wasPublished;
            Receipt receipt = new Receipt(Receipt.Outcome.STORED, delete.tombstone(), 0, held, 0, 0);
            return new SessionReceivedFrame(frame.correlationId(), receipt);
        }
        return null;
    }

    /** A delete at a time. */
    private Frame list(InventoryFrame inventory) {
        List<InventoryItem> all = deleted.entrySet().stream()
                .map(each -> InventoryItem.tombstone(each.getKey(), each.getValue()))
                .sorted(Comparator.comparing(InventoryItem::version))
                .toList();
        int at = (int) inventory.cursor();
        long next = at + 1 < all.size() ? at + 1 : 0;
        return new InventoriedFrame(inventory.correlationId(), next, all.isEmpty() ? all : List.of(all.get(at)));
    }

    private void renew(Touch touch) {
        usedAtNs.merge(touch.digest(), System.nanoTime() - touch.idleTicks() * 10_000_000L, Math::max);
    }

    private Frame take(Frame frame, Map<KeyDigest, SessionEntry> tier, SessionEntry entry) {
        KeyDigest digest = digests.apply(entry.key());
        Version tombstone = deleted.getOrDefault(digest, Version.NONE);
        if (entry.life() <= tombstone.clock()) {
            beaten.incrementAndGet();
            Receipt receipt = new Receipt(Receipt.Outcome.BEATEN_BY_TOMBSTONE, tombstone, 0, false, 0, 0);
            return new SessionReceivedFrame(frame.correlationId(), receipt);
        }
        tier.merge(digest, entry, (there, other) -> there.version().compareTo(other.version()) >= 0 ? there : other);
        for (SessionEntry there : Stream.of(published.get(digest), handedOff.get(digest))
                .filter(Objects::nonNull)
                .toList()) {
            if (there.version().compareTo(entry.version()) > 0) {
                Receipt receipt = new Receipt(Receipt.Outcome.SUPERSEDED, there.version(), there.life(), false, 0, 0);
                return new SessionReceivedFrame(frame.correlationId(), receipt);
            }
        }
        return received(frame, entry.version());
    }

    private static Frame received(Frame frame, Version version) {
        Receipt receipt = new Receipt(Receipt.Outcome.STORED, version, version.clock(), false, 0, 0);
        return new SessionReceivedFrame(frame.correlationId(), receipt);
    }

    private Frame answer(NeedSessionFrame question) {
        KeyDigest digest = digests.apply(question.key());
        SessionEntry entry = handedOff.getOrDefault(digest, agingOnly ? null : published.get(digest));
        SessionKnownFrame.Status status = entry != null
                ? keeping && handedOff.containsKey(digest)
                        ? SessionKnownFrame.Status.FOUND_KEPT
                        : SessionKnownFrame.Status.FOUND
                : refusing ? SessionKnownFrame.Status.UNAVAILABLE : SessionKnownFrame.Status.MISSING;
        return new SessionKnownFrame(question.correlationId(), status, 0, 0, entry);
    }

    private void send(Frame frame) {
        ByteBuf encoded = Unpooled.buffer();
        FrameCodec.encode(frame, encoded);
        UnsafeBuffer buffer = new UnsafeBuffer(ByteBuffer.allocateDirect(encoded.readableBytes()));
        buffer.putBytes(0, encoded.array(), encoded.arrayOffset(), encoded.readableBytes());
        while (running && publication.offer(buffer) < 0) {
            LockSupport.parkNanos(100_000);
        }
    }

    @Override
    public void close() {
        running = false;
        try {
            thread.join(5000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        aeron.close();
    }

    /**
     * Runs as a process until its standard input ends.
     *
     * @param arguments segment file, el_count, path
     */
    public static void main(String[] arguments) throws IOException {
        SegmentSettings settings = new SegmentSettings(Path.of(arguments[0]))
                .elCount(Integer.parseInt(arguments[1]))
                .pathName(arguments[2])
                .role(SegmentSettings.Role.RELAY)
                .initializer(false);
        try (SharedLru lru = SharedLru.open(settings);
                FakeSibling sibling = new FakeSibling(
                        lru.file().note(), arguments[2], key -> lru.encode(key).digest())) {
            System.out.println("fake sibling of " + sibling.published.size());
            while (System.in.read() >= 0) {
                // Only its end counts.
            }
        }
    }
}
