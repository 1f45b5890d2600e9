package org.globalsessions.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;
import net.openhft.chronicle.algo.hashing.LongHashFunction;
import org.globalsessions.segment.SharedLru;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What does the digest of a key of 32 characters cost, beside hashes of 64 bits of a kept library and one of the processor's long products? */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {
            "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
            "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
            "--add-exports=jdk.unsupported/sun.misc=ALL-UNNAMED",
            "--add-opens=java.base/java.lang=ALL-UNNAMED",
            "--add-opens=java.base/java.nio=ALL-UNNAMED",
        })
public class DigestBenchmark {
    private static final int KEYS = 1 << 10;
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final LongHashFunction murmur = LongHashFunction.murmur_3(1);
    private final LongHashFunction city = LongHashFunction.city_1_1(1);
    private final LongHashFunction xx = LongHashFunction.xx_r39(1);
    private final byte[][] keys = new byte[KEYS][];
    private final byte[] own = new byte[64];
    private BenchmarkFolder folder;
    private SharedLru lru;
    private int next;

    /**
     * Draws the keys, few enough for the caches.
     *
     * @throws IOException where there is no room for a segment, which knows the digest's key
     */
    @Setup
    public void draw() throws IOException {
        folder = new BenchmarkFolder();
        lru = SharedLru.open(SegmentTable.settings(folder.path(), 1));
        for (int i = 0; i < KEYS; i++) {
            keys[i] = Workload.keyOf(i).getBytes(UTF_8);
        }
    }

    /** Removes the segment. */
    @TearDown
    public void remove() {
        lru.close();
        folder.close();
    }

    private byte[] next() {
        next = (next + 1) & (KEYS - 1);
        return keys[next];
    }

    /** As the segment does it, the key's bytes are copied first. */
    private byte[] copyOfNext() {
        byte[] key = next();
        System.arraycopy(key, 0, own, 0, key.length);
        return own;
    }

    /**
     * The copy alone.
     *
     * @return the copy
     */
    @Benchmark
    public byte[] copyAlone() {
        return copyOfNext();
    }

    /**
     * The segment's: MurmurHash3 of 128 bits.
     *
     * @return half of it
     */
    @Benchmark
    public long segment() {
        return lru.encode(next()).digestLow();
    }

    /**
     * MurmurHash3 by the library.
     *
     * @return its lower half
     */
    @Benchmark
    public long murmur() {
        return murmur.hashBytes(copyOfNext(), 0, 32);
    }

    /**
     * CityHash64 by the library.
     *
     * @return the hash
     */
    @Benchmark
    public long city() {
        return city.hashBytes(copyOfNext(), 0, 32);
    }

    /**
     * xxHash64 by the library.
     *
     * @return the hash
     */
    @Benchmark
    public long xx() {
        return xx.hashBytes(copyOfNext(), 0, 32);
    }

    /**
     * Products of 128 bits folded to 64, as the floor does.
     *
     * @return the hash
     */
    @Benchmark
    public long products() {
        byte[] key = copyOfNext();
        long a = 0x9E37_79B9_7F4A_7C15L;
        long b = 0xE703_7ED1_A0B4_28DBL;
        for (int i = 0; i < 32; i += 16) {
            a = fold(a ^ (long) LONGS.get(key, i), (long) LONGS.get(key, i + 8) ^ 0x8EBC_6AF0_9C88_C6E3L);
            b = Long.rotateLeft(b, 29) ^ a;
        }
        return fold(a ^ 0x1D8E_4E27_C47D_124FL, b);
    }

    private static long fold(long x, long y) {
        return Math.multiplyHigh(x, y) ^ (x * y);
    }
}
