package org.globalsessions.benchmarks;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import java.util.concurrent.CompletionStage;

/** Redis through Lettuce: its synchronous calls one at a time, its asynchronous ones with several in flight. TCP and TLS. */
final class LettuceConversation implements Conversation {
    private final RedisClient client;
    private final StatefulRedisConnection<String, byte[]> connection;

    LettuceConversation(Endpoint endpoint) {
        client = RedisClient.create(uri(endpoint));
        if (endpoint.transport() == Endpoint.Transport.TLS) {
            client.setOptions(ClientOptions.builder()
                    .sslOptions(SslOptions.builder()
                            .jdkSslProvider()
                            .trustManager(
                                    endpoint.keys().resolve(KeyFiles.AUTHORITY).toFile())
                            .keyManager(
                                    endpoint.keys()
                                            .resolve(KeyFiles.CLIENT_CERTIFICATE)
                                            .toFile(),
                                    endpoint.keys().resolve(KeyFiles.CLIENT_KEY).toFile(),
                                    new char[0])
                            .build())
                    .build());
        }
        connection = client.connect(RedisCodec.of(StringCodec.ASCII, ByteArrayCodec.INSTANCE));
    }

    private static RedisURI uri(Endpoint endpoint) {
        return RedisURI.builder()
                .withHost(Endpoint.HOST)
                .withPort(endpoint.port())
                .withSsl(endpoint.transport() == Endpoint.Transport.TLS)
                .build();
    }

    @Override
    public void get(int entry) {
        Workload.expect(entry, connection.sync().get(Workload.keyOf(entry)));
    }

    @Override
    public void set(int entry) {
        expectOk(connection.sync().set(Workload.keyOf(entry), Workload.valueOf(entry)));
    }

    @Override
    public CompletionStage<?> getLater(int entry) {
        RedisFuture<byte[]> answer = connection.async().get(Workload.keyOf(entry));
        return answer.thenAccept(value -> Workload.expect(entry, value));
    }

    @Override
    public CompletionStage<?> setLater(int entry) {
        RedisFuture<String> answer = connection.async().set(Workload.keyOf(entry), Workload.valueOf(entry));
        return answer.thenAccept(LettuceConversation::expectOk);
    }

    private static void expectOk(String answer) {
        if (!answer.equals("OK")) {
            throw new IllegalStateException("Redis did not store: " + answer);
        }
    }

    @Override
    public void beginBatch() {
        connection.setAutoFlushCommands(false);
    }

    @Override
    public void flush() {
        connection.flushCommands();
        connection.setAutoFlushCommands(true);
    }

    @Override
    public void close() {
        connection.close();
        client.shutdown();
    }
}
