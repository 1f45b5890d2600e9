package org.globalsessions.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.client.ClientDirectory;
import org.globalsessions.client.GatewayClients;

/** A host whose clients another process's gateway serves: each bind is decided by the relay, 64 at a time. Ends where its standard input does. */
public final class BindingProcess {
    private static final int AUTHORISATION_LENGTH = 64;
    private static final int IN_FLIGHT = 64;
    /** A prime number: each time around every client gets another one, as binding again to the same one changes nothing. */
    private static final int ADDRESSES = 1_021;

    private final AtomicInteger next = new AtomicInteger();
    private final byte[] authorisation = new byte[AUTHORISATION_LENGTH];
    private final LongAdder done = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final ClientDirectory directory;
    private final String[] identifiers;

    private BindingProcess(ClientDirectory directory, int clients) {
        this.directory = directory;
        this.identifiers = new String[clients];
    }

    /**
     * Runs; a line tells how many ms to measure, the answer is the binds in a second.
     *
     * @param args a folder for the segment, the relay's port, how many clients
     * @throws Exception where it cannot start
     */
    public static void main(String... args) throws Exception {
        int clients = Integer.parseInt(args[2]);
        try (SessionCacheManager cache = RelayedHost.open(args[0], "binding", Integer.parseInt(args[1]), 2 * clients)) {
            BindingProcess process = new BindingProcess(new ClientDirectory(cache, "user"), clients);
            process.accept();
            ChildJvm.tellReady();
            process.serve();
        }
    }

    private void accept() {
        GatewayClients gateway = new GatewayClients(directory, Duration.ofMinutes(1));
        for (int i = 0; i < identifiers.length; i++) {
            identifiers[i] = gateway.accept("user-" + i).join().identifier();
        }
    }

    private void serve() throws IOException, InterruptedException {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(Integer.parseInt(line));
            done.reset();
            long begunNs = System.nanoTime();
            CountDownLatch chains = new CountDownLatch(IN_FLIGHT);
            for (int i = 0; i < IN_FLIGHT; i++) {
                bind(endNs, chains);
            }
            chains.await();
            double seconds = (System.nanoTime() - begunNs) / 1e9;
            if (failed.sum() > 0) {
                throw new IOException("binds have failed: count=" + failed.sum());
            }
            ChildJvm.tell(Double.toString(done.sum() / seconds));
            ChildJvm.tellDone();
        }
    }

    /** One after the other, the next from the callback of the one before, until the time is over. */
    private void bind(long endNs, CountDownLatch chains) {
        int number = next.getAndIncrement();
        CompletableFuture<Boolean> bound = directory.bindAsync(
                identifiers[number % identifiers.length], "user.number-" + number % ADDRESSES, authorisation);
        var unused = bound.whenComplete((isThere, failure) -> {
            (failure == null && isThere ? done : failed).increment();
            if (System.nanoTime() - endNs < 0) {
                bind(endNs, chains);
            } else {
                chains.countDown();
            }
        });
    }
}
