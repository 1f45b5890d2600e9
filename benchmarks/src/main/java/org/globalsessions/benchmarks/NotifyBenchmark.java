package org.globalsessions.benchmarks;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.queue.OwnerDirectory;
import org.globalsessions.queue.OwnerTransaction;
import org.globalsessions.queue.QueueOwner;
import org.globalsessions.queue.QueueSettings;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** How many messages does a process send in a second into the queues of 10,000 owners? At least 100,000; and what of it the messages cost that wait already. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
public class NotifyBenchmark {
    private static final int OWNERS = 10_000;
    private static final int MESSAGE_LENGTH = 100;
    private static final double OVERFLOW_SHARE = 0.9;
    private static final int RECORDS_AN_OWNER = 2;

    /** How many messages wait in each queue: as many as may, so that each one that comes drops the oldest. */
    @Param({"1", "10", "100"})
    public int waiting;

    private final String message = "x".repeat(MESSAGE_LENGTH);
    private final QueueOwner[] owners = new QueueOwner[OWNERS];
    private BenchmarkFolder folder;
    private SessionCacheManager cache;
    private OwnerDirectory directory;
    private int next;

    /**
     * Fills the queues.
     *
     * @throws IOException where there is no room for them
     */
    @Setup(Level.Trial)
    public void fill() throws IOException {
        folder = new BenchmarkFolder();
        cache = SessionCacheManager.open(ConfigFactory.parseMap(Map.of(
                "lru.cache.token_path",
                folder.path().resolve("token").toString(),
                "lru.cache.segment_dir",
                folder.path().toString(),
                "lru.cache.overflow_share",
                OVERFLOW_SHARE,
                "lru.cache.record_size",
                1024,
                "lru.cache.el_count",
                RECORDS_AN_OWNER * OWNERS)));
        directory = new OwnerDirectory(cache, QueueSettings.DEFAULTS.maxMessages(waiting));
        for (int i = 0; i < OWNERS; i++) {
            owners[i] = directory.owner("owner-" + i);
            for (int j = 0; j < waiting; j++) {
                send(owners[i]);
            }
        }
    }

    private Object send(QueueOwner to) {
        return to.transact(transaction -> {
            transaction.notify(message, OwnerTransaction.DEFAULT_NAME);
            return null;
        });
    }

    /** Lets them go. */
    @TearDown(Level.Trial)
    public void close() {
        directory.close();
        cache.close();
        folder.close();
    }

    /**
     * Sends a message to the next owner.
     *
     * @return nothing of interest
     */
    @Benchmark
    public Object notifyOwner() {
        next = next + 1 == OWNERS ? 0 : next + 1;
        return send(owners[next]);
    }
}
