package org.globalsessions.benchmarks;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Which way to bring 300 bytes of a mapped record to an array costs least? */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED")
public class CopyBenchmark {
    private static final int SEQUENCE = 1 << 20;
    private static final VarHandle FROM = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle TO = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /** How many records there are: so few that the caches hold them, or so many that they do not. */
    @Param({"1000", "1000000"})
    public int entries;

    private final byte[] target = new byte[MappedRecords.LENGTH];
    private BenchmarkFolder folder;
    private MappedRecords records;
    private UnsafeBuffer buffer;
    private int[] sequence;
    private int next;

    /**
     * Writes the records and draws which ones are copied.
     *
     * @throws IOException where there is no room for them
     */
    @Setup
    public void fill() throws IOException {
        folder = new BenchmarkFolder();
        records = new MappedRecords(folder.path().resolve("records"), entries);
        for (int record = 0; record < entries; record++) {
            records.chunk(record).put(records.offset(record), target);
        }
        buffer = new UnsafeBuffer(records.chunk(0));
        sequence = new SplittableRandom(1).ints(SEQUENCE, 0, entries).toArray();
    }

    /** Removes the file. */
    @TearDown
    public void remove() {
        folder.close();
    }

    private int next() {
        next = (next + 1) & (SEQUENCE - 1);
        return records.offset(sequence[next]);
    }

    /**
     * By the buffer's own copy, as the segment does.
     *
     * @return what it was copied to
     */
    @Benchmark
    public byte[] bulk() {
        records.chunk(0).get(next(), target, 0, Workload.VALUE_LENGTH);
        return target;
    }

    /**
     * By a loop over longs.
     *
     * @return what it was copied to
     */
    @Benchmark
    public byte[] longs() {
        ByteBuffer from = records.chunk(0);
        int at = next();
        for (int i = 0; i < Workload.VALUE_LENGTH; i += Long.BYTES) {
            TO.set(target, i, (long) FROM.get(from, at + i));
        }
        return target;
    }

    /**
     * By Agrona's buffer, which wants a flag of the JVM.
     *
     * @return what it was copied to
     */
    @Benchmark
    public byte[] agrona() {
        buffer.getBytes(next(), target, 0, Workload.VALUE_LENGTH);
        return target;
    }
}
