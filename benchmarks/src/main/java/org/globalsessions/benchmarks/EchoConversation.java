package org.globalsessions.benchmarks;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Asks {@link EchoServer} by a Netty client: bytes there and back, and nothing done with them. */
final class EchoConversation implements Conversation {
    private static final byte[] NOTHING = {};

    private final NettyClient client;

    EchoConversation(Endpoint endpoint) {
        client = new NettyClient(endpoint, EchoConversation::read);
    }

    private static boolean read(ByteBuf in, CompletableFuture<byte[]> answer) {
        if (in.readableBytes() < EchoServer.MESSAGE_LENGTH) {
            return false;
        }
        in.skipBytes(EchoServer.MESSAGE_LENGTH);
        answer.complete(NOTHING);
        return true;
    }

    @Override
    public void get(int entry) throws Exception {
        getLater(entry).get();
    }

    @Override
    public CompletableFuture<byte[]> getLater(int entry) {
        return client.send(client.newBuffer(EchoServer.MESSAGE_LENGTH).writeZero(EchoServer.MESSAGE_LENGTH));
    }

    @Override
    public void set(int entry) {
        throw new UnsupportedOperationException("an echo stores nothing");
    }

    @Override
    public CompletionStage<?> setLater(int entry) {
        throw new UnsupportedOperationException("an echo stores nothing");
    }

    @Override
    public void close() {
        client.close();
    }
}
