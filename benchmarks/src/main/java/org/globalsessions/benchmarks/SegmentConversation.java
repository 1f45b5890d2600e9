package org.globalsessions.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Gets from a segment of this process's own: nobody is asked. */
final class SegmentConversation implements Conversation {
    /** 10,000 gets a second: one thread could make millions, and each pause of the scheduler would count as thousands of them. */
    private static final long INTERVAL_NS = 100_000;

    private final Table table;
    private final Table.Client client;
    private final byte[] target;

    SegmentConversation(int entries, Path folder) throws IOException {
        table = Subject.SEGMENT.create(folder, entries);
        client = table.client();
        target = client.newTarget();
        Workload.fill(client, 0, entries);
    }

    @Override
    public void get(int entry) {
        if (client.get(Workload.keyOf(entry), entry, target) != Workload.VALUE_LENGTH) {
            throw new IllegalStateException("wrong answer for entry " + entry);
        }
    }

    @Override
    public void set(int entry) {
        client.set(Workload.keyOf(entry), Workload.valueOf(entry));
    }

    @Override
    public CompletionStage<?> getLater(int entry) {
        get(entry);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<?> setLater(int entry) {
        set(entry);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public long shortestIntervalNs() {
        return INTERVAL_NS;
    }

    @Override
    public void close() {
        table.close();
    }
}
