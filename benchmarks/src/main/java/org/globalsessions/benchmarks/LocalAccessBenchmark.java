package org.globalsessions.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does a local access cost beside the mere copy of a record at a random place of a mapped file?
 *
 * <p>Keys of 32 characters, values of 300 bytes, records of 384, uniform keys.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class LocalAccessBenchmark {
    private static final int RECORD = 384;
    private static final int VALUE = 300;

    /** Sessions in the table. */
    @Param({"20000", "1000000"})
    public int sessions;

    private final SplittableRandom random = new SplittableRandom(42);
    private final byte[] target = new byte[RECORD];
    private final byte[] value = new byte[VALUE];
    private final WriteOutcome outcome = new WriteOutcome();
    private Path folder;
    private String[] keys;
    private SharedLru lru;
    private ByteBuffer floor;
    private int next;

    /**
     * Fills a segment and a plain mapped file.
     *
     * @throws IOException where there is no room in the temporary folder
     */
    @Setup(Level.Trial)
    public void fill() throws IOException {
        folder = Files.createTempDirectory("local-access");
        lru = SharedLru.open(new SegmentSettings(folder.resolve("segment")).elCount(sessions));
        keys = new String[sessions];
        for (int i = 0; i < sessions; i++) {
            keys[i] = String.format("%016x%016x", random.nextLong(), random.nextLong());
            lru.set(lru.encode(keys[i]), value, 0, VALUE, 0, null, false, outcome);
        }
        Path file = folder.resolve("floor");
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            floor = channel.map(FileChannel.MapMode.READ_WRITE, 0, (long) sessions * RECORD);
        }
        for (int i = 0; i < floor.capacity(); i += 4096) {
            floor.put(i, (byte) 1);
        }
    }

    /**
     * Removes both.
     *
     * @throws IOException where the temporary folder cannot be removed
     */
    @TearDown(Level.Trial)
    public void remove() throws IOException {
        lru.close();
        try (var files = Files.walk(folder)) {
            for (Path path : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    /**
     * The floor: one record at a random place.
     *
     * @return a byte of it
     */
    @Benchmark
    public byte copyOfARecord() {
        floor.get(random.nextInt(sessions) * RECORD, target);
        return target[0];
    }

    /**
     * A hit into the caller's buffer.
     *
     * @return the value's length
     */
    @Benchmark
    public int getIntoBuffer() {
        return lru.getInto(lru.encode(keys[random.nextInt(sessions)]), target, 0);
    }

    /**
     * A miss.
     *
     * @return -1
     */
    @Benchmark
    public int getAbsent() {
        return lru.getInto(lru.encode("absent-" + next++), target, 0);
    }

    /**
     * An overwrite.
     *
     * @return how it ended
     */
    @Benchmark
    public WriteOutcome.Status overwrite() {
        lru.set(lru.encode(keys[random.nextInt(sessions)]), value, 0, VALUE, 0, null, false, outcome);
        return outcome.status();
    }

    /**
     * A new key in a full table.
     *
     * @return how it ended
     */
    @Benchmark
    public WriteOutcome.Status insertThatEvicts() {
        lru.set(lru.encode("new-session-of-a-new-visitor-" + next++), value, 0, VALUE, 0, null, false, outcome);
        return outcome.status();
    }
}
