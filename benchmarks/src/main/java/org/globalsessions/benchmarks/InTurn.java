package org.globalsessions.benchmarks;

import java.io.IOException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Asks for entries in turn, whatever entry is drawn: so one that an answer has brought to the relay has lost its place there long before its turn comes again, and relief
 * nodes answer.
 */
final class InTurn implements Conversation {
    private final Conversation conversation;
    private final int first;
    private final int count;
    private final AtomicInteger turns = new AtomicInteger();

    /**
     * A conversation about some entries.
     *
     * @param conversation closed with this
     * @param first        the first of them
     * @param end          the last but one
     */
    InTurn(Conversation conversation, int first, int end) {
        this.conversation = conversation;
        this.first = first;
        this.count = end - first;
    }

    private int next() {
        return first + Math.floorMod(turns.getAndIncrement(), count);
    }

    @Override
    public void get(int entry) throws Exception {
        conversation.get(next());
    }

    @Override
    public void set(int entry) throws Exception {
        conversation.set(next());
    }

    @Override
    public CompletionStage<?> getLater(int entry) {
        return conversation.getLater(next());
    }

    @Override
    public CompletionStage<?> setLater(int entry) {
        return conversation.setLater(next());
    }

    @Override
    public void close() throws IOException {
        conversation.close();
    }
}
