package org.globalsessions.benchmarks;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.agrona.concurrent.UnsafeBuffer;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.SessionFrame;

/**
 * The relay's side of Aeron IPC as a process of its own, with a media driver as the relay has it: sends without a pause to
 * {@link IpcReceiver}, either bare messages or the frames of entries, each encoded anew.
 */
public final class IpcSender {
    static final String CHANNEL_URI = "aeron:ipc";
    static final int BARE_STREAM = 1;
    static final int FRAME_STREAM = 2;

    /** As a whole record of the segment. */
    private static final int BARE_LENGTH = 384;

    private static final int TERM_LENGTH = 4 << 20;
    private static final int BATCH = 1024;

    private final BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    private final ByteBuf encoded = Unpooled.directBuffer(4096);
    private final UnsafeBuffer message = new UnsafeBuffer(encoded.internalNioBuffer(0, 4096));
    private final SessionEntry[] entries = new SessionEntry[BATCH];
    private long nextId = 1;

    private IpcSender() {
        for (int i = 0; i < entries.length; i++) {
            Version version = new Version(i + 1, 7);
            entries[i] = new SessionEntry(
                    Workload.keyOf(i).getBytes(StandardCharsets.UTF_8),
                    Workload.valueOf(i),
                    version,
                    version.clock(),
                    false,
                    0,
                    0,
                    0);
        }
    }

    /**
     * Runs until standard input ends; a line tells which stream to send on, another one to stop.
     *
     * @param args the media driver's folder
     * @throws IOException where standard input cannot be read
     */
    public static void main(String... args) throws IOException {
        MediaDriver.Context driver = new MediaDriver.Context()
                .aeronDirectoryName(args[0])
                .ipcTermBufferLength(TERM_LENGTH)
                .dirDeleteOnShutdown(true)
                .threadingMode(ThreadingMode.SHARED);
        try (MediaDriver running = MediaDriver.launch(driver);
                Aeron aeron = Aeron.connect(new Aeron.Context().aeronDirectoryName(running.aeronDirectoryName()));
                ExclusivePublication bare = aeron.addExclusivePublication(CHANNEL_URI, BARE_STREAM);
                ExclusivePublication frames = aeron.addExclusivePublication(CHANNEL_URI, FRAME_STREAM)) {
            ChildJvm.tellReady();
            new IpcSender().serve(bare, frames);
        }
    }

    private void serve(ExclusivePublication bare, ExclusivePublication frames) throws IOException {
        String line = input.readLine();
        while (line != null) {
            boolean isBare = RelaySubject.valueOf(line) == RelaySubject.AERON;
            while (!input.ready()) {
                if (isBare) {
                    sendBare(bare);
                } else {
                    sendFrames(frames);
                }
            }
            input.readLine();
            ChildJvm.tellDone();
            line = input.readLine();
        }
    }

    private void sendBare(ExclusivePublication publication) {
        for (int i = 0; i < BATCH; i++) {
            if (!offer(publication, BARE_LENGTH)) {
                return;
            }
        }
    }

    private void sendFrames(ExclusivePublication publication) {
        for (SessionEntry entry : entries) {
            encoded.clear();
            FrameCodec.encode(
                    new SessionFrame(nextId++, Acknowledgement.RELAY, 1, nextId, Version.NONE, entry), encoded);
            if (!offer(publication, encoded.readableBytes())) {
                return;
            }
        }
    }

    /** Waits while back pressure holds it up; false where nobody reads just now. */
    private boolean offer(ExclusivePublication publication, int length) {
        while (publication.offer(message, 0, length) < 0) {
            if (!publication.isConnected()) {
                return false;
            }
            Thread.onSpinWait();
        }
        return true;
    }
}
