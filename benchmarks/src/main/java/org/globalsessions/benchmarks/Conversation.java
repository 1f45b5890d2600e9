package org.globalsessions.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletionStage;

/** One connection to a server, as a load uses it. One thread, but for what the stages' callbacks call. */
interface Conversation extends AutoCloseable {
    /** One in so many entries, the first ones, is never asked for where relief nodes are to answer: it is in use at the relay. */
    int HOT_SHARE = 10;

    /** Asks for an entry and waits for the answer, which is checked. */
    void get(int entry) throws Exception;

    /** Stores an entry and waits for the acknowledgement, which is checked. */
    void set(int entry) throws Exception;

    /** Asks for an entry; the stage fails where the answer is wrong. From any thread. */
    CompletionStage<?> getLater(int entry);

    /** Stores an entry; the stage fails where that was refused. From any thread. */
    CompletionStage<?> setLater(int entry);

    /** The next requests wait for {@link #flush}, where the client has such a thing. */
    default void beginBatch() {}

    /** Ends the batch: all that waits is sent. */
    default void flush() {}

    /** Shortest time between two requests that an application is taken to make, one at a time; 0 where the answer's is longer. */
    default long shortestIntervalNs() {
        return 0;
    }

    @Override
    void close() throws IOException;

    /**
     * Opens one.
     *
     * @param subject  who is spoken to
     * @param endpoint where that is
     * @param entries  entries that it holds
     * @param folder   for files of this process
     */
    static Conversation open(RelaySubject subject, Endpoint endpoint, int entries, Path folder) throws IOException {
        return switch (subject) {
            case RELAY -> new LinkConversation(endpoint, folder);
            case RELIEF -> new InTurn(new LinkConversation(endpoint, folder), entries / HOT_SHARE, entries);
            case LETTUCE -> new LettuceConversation(endpoint);
            case PLAIN_REDIS -> new RespConversation(endpoint);
            case ECHO -> new EchoConversation(endpoint);
            case SOCKET -> new SocketConversation(endpoint);
            case BESIDE_RELAY, BESIDE_STRANGER -> new SegmentConversation(entries, folder);
            default -> throw new IllegalArgumentException("nobody to speak to: " + subject);
        };
    }
}
