package org.globalsessions.benchmarks;

import io.aeron.Aeron;
import io.aeron.FragmentAssembler;
import io.aeron.Subscription;
import io.aeron.logbuffer.FragmentHandler;
import io.aeron.logbuffer.Header;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.agrona.DirectBuffer;
import org.globalsessions.placement.RendezvousPlacement;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.FrameException;
import org.globalsessions.transport.frame.SessionFrame;

/**
 * The sibling's side of Aeron IPC as a process of its own: counts bare messages; or decodes frames, checks all their fields, digests
 * the key and chooses two owners among eight nodes, as the sibling does before it sends anything on.
 */
public final class IpcReceiver {
    private static final int FRAGMENT_LIMIT = 64;
    private static final int NODES = 8;
    private static final int REPLICAS = 2;
    private static final int LONGEST_FRAME = 4096;
    private static final long ARRIVAL_LIMIT_NS = TimeUnit.SECONDS.toNanos(10);

    private final SharedLru lru;
    private final RendezvousPlacement placement;
    private final int[] owners = new int[REPLICAS];
    private final long[] costs = new long[REPLICAS];
    private final byte[] incoming = new byte[LONGEST_FRAME];

    /** What was counted; a sum of the owners chosen, so that the choice cannot be left out. */
    private long received;

    private long chosen;

    private IpcReceiver(SharedLru lru) {
        this.lru = lru;
        SplittableRandom random = new SplittableRandom(8);
        long[] high = random.longs(NODES).toArray();
        long[] low = random.longs(NODES).toArray();
        placement = new RendezvousPlacement(high, low);
    }

    /**
     * Runs until standard input ends; a line tells the stream and how many ms to count.
     *
     * @param args the media driver's folder, a folder for files
     * @throws IOException where the segment cannot be made
     */
    public static void main(String... args) throws IOException {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        SegmentSettings settings = new SegmentSettings(Path.of(args[1]).resolve("sibling"))
                .elCount(1_000)
                .pathName(NodeServer.PATH_NAME);
        try (SharedLru lru = SharedLru.open(settings);
                Aeron aeron = Aeron.connect(new Aeron.Context().aeronDirectoryName(args[0]))) {
            IpcReceiver receiver = new IpcReceiver(lru);
            ChildJvm.tellReady();
            String line = input.readLine();
            while (line != null) {
                String[] words = line.split(" ", -1);
                boolean isBare = RelaySubject.valueOf(words[0]) == RelaySubject.AERON;
                int stream = isBare ? IpcSender.BARE_STREAM : IpcSender.FRAME_STREAM;
                FragmentHandler handler = isBare ? receiver::count : new FragmentAssembler(receiver::take);
                try (Subscription subscription = aeron.addSubscription(IpcSender.CHANNEL_URI, stream)) {
                    long windowNs = TimeUnit.MILLISECONDS.toNanos(Integer.parseInt(words[1]));
                    ChildJvm.tell(Double.toString(receiver.millionASecond(subscription, handler, windowNs)));
                }
                ChildJvm.tellDone();
                line = input.readLine();
            }
        }
    }

    private double millionASecond(Subscription subscription, FragmentHandler handler, long windowNs) {
        received = 0;
        long deadlineNs = System.nanoTime() + ARRIVAL_LIMIT_NS;
        while (received == 0) {
            poll(subscription, handler, windowNs / 4);
            if (System.nanoTime() - deadlineNs > 0) {
                throw new IllegalStateException("nothing arrived: chosen=" + chosen);
            }
        }
        // In the first round the compiler's.
        poll(subscription, handler, windowNs / 4);
        received = 0;
        long tookNs = poll(subscription, handler, windowNs);
        return received * 1e3 / tookNs;
    }

    private static long poll(Subscription subscription, FragmentHandler handler, long windowNs) {
        long started = System.nanoTime();
        long took = 0;
        while (took < windowNs) {
            if (subscription.poll(handler, FRAGMENT_LIMIT) == 0) {
                Thread.onSpinWait();
            }
            took = System.nanoTime() - started;
        }
        return took;
    }

    private void count(DirectBuffer buffer, int offset, int length, Header header) {
        received++;
    }

    private void take(DirectBuffer buffer, int offset, int length, Header header) {
        buffer.getBytes(offset, incoming, 0, length);
        Frame frame;
        try {
            frame = FrameCodec.decode(ByteBuffer.wrap(incoming, 0, length));
        } catch (FrameException e) {
            throw new IllegalStateException("a frame was damaged on its way", e);
        }
        if (!(frame instanceof SessionFrame session)) {
            throw new IllegalStateException("another frame than was sent: " + frame.type());
        }
        placement.owners(lru.encode(session.entry().key()).digest().low(), REPLICAS, owners, costs);
        chosen += owners[0] + owners[1];
        received++;
    }
}
