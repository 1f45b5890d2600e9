package org.globalsessions.benchmarks;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CompletionStage;
import org.globalsessions.transport.frame.FrameCodec;

/** Bytes there and back over a blocking socket: what the operating system alone needs. One at a time only. */
final class SocketConversation implements Conversation {
    /** Bytes of the frame that announces an entry of the benchmarks: 32 of position and header, 39 of the entry's, key and value. */
    private static final int ANNOUNCEMENT_LENGTH = 32 + FrameCodec.ENTRY_HEADER_LENGTH + 32 + Workload.VALUE_LENGTH;

    private final SocketChannel channel;
    private final ByteBuffer bytes;

    SocketConversation(Endpoint endpoint) throws IOException {
        channel = SocketChannel.open(endpoint.address());
        if (endpoint.transport() != Endpoint.Transport.UNIX) {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        }
        bytes = ByteBuffer.allocateDirect(ANNOUNCEMENT_LENGTH);
    }

    @Override
    public void get(int entry) throws IOException {
        bytes.clear();
        bytes.putInt(0, entry);
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        bytes.clear();
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw new EOFException("the echo is gone");
            }
        }
        if (bytes.getInt(0) != entry) {
            throw new IllegalStateException("other bytes came back");
        }
    }

    @Override
    public void set(int entry) {
        throw new UnsupportedOperationException("an echo stores nothing");
    }

    @Override
    public CompletionStage<?> getLater(int entry) {
        throw new UnsupportedOperationException("one at a time");
    }

    @Override
    public CompletionStage<?> setLater(int entry) {
        throw new UnsupportedOperationException("an echo stores nothing");
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
