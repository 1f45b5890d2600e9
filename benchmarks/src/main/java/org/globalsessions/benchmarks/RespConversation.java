package org.globalsessions.benchmarks;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/**
 * Redis through the least that a client on Netty can do: a request is written, the answer cut off and the caller woken. Stands in for
 * Lettuce on Unix sockets, which that speaks only with a native library of Netty's.
 */
final class RespConversation implements Conversation {
    private static final byte[] STORED = {};
    private static final int LINE_END = 2;
    private static final int LONGEST_REQUEST = 512;

    private final NettyClient client;

    RespConversation(Endpoint endpoint) {
        client = new NettyClient(endpoint, RespConversation::read);
    }

    /** A line "+OK", or "$" with a length and so many bytes in a line of their own, or "$-1" for none; anything else is an error. */
    private static boolean read(ByteBuf in, CompletableFuture<byte[]> answer) {
        int start = in.readerIndex();
        int lineLength = in.bytesBefore((byte) '\r');
        if (lineLength < 0 || in.readableBytes() < lineLength + LINE_END) {
            return false;
        }
        byte kind = in.getByte(start);
        String line = in.toString(start + 1, lineLength - 1, StandardCharsets.US_ASCII);
        if (kind == '$' && !line.equals("-1")) {
            int length = Integer.parseInt(line);
            if (in.readableBytes() < lineLength + length + 2 * LINE_END) {
                return false;
            }
            byte[] value = ByteBufUtil.getBytes(in, start + lineLength + LINE_END, length);
            in.skipBytes(lineLength + length + 2 * LINE_END);
            answer.complete(value);
            return true;
        }
        in.skipBytes(lineLength + LINE_END);
        if (kind == '+') {
            answer.complete(STORED);
        } else {
            answer.completeExceptionally(new IllegalStateException("Redis: " + (char) kind + line));
        }
        return true;
    }

    @Override
    public void get(int entry) throws Exception {
        getLater(entry).get();
    }

    @Override
    public void set(int entry) throws Exception {
        setLater(entry).get();
    }

    @Override
    public CompletableFuture<Void> getLater(int entry) {
        ByteBuf request = client.newBuffer(LONGEST_REQUEST);
        request.writeCharSequence("*2\r\n$3\r\nGET\r\n", StandardCharsets.US_ASCII);
        append(request, Workload.keyOf(entry).getBytes(StandardCharsets.US_ASCII));
        return client.send(request).thenAccept(value -> Workload.expect(entry, value));
    }

    @Override
    public CompletableFuture<byte[]> setLater(int entry) {
        ByteBuf request = client.newBuffer(LONGEST_REQUEST);
        request.writeCharSequence("*3\r\n$3\r\nSET\r\n", StandardCharsets.US_ASCII);
        append(request, Workload.keyOf(entry).getBytes(StandardCharsets.US_ASCII));
        append(request, Workload.valueOf(entry));
        return client.send(request);
    }

    private static void append(ByteBuf request, byte[] argument) {
        request.writeCharSequence("$" + argument.length + "\r\n", StandardCharsets.US_ASCII);
        request.writeBytes(argument);
        request.writeCharSequence("\r\n", StandardCharsets.US_ASCII);
    }

    @Override
    public void close() {
        client.close();
    }
}
