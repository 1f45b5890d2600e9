package org.globalsessions.benchmarks;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.globalsessions.placement.RendezvousPlacement;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What does it cost to choose the owners of a key among relief nodes? At most 100 ns of 8 nodes and 400 ns of 32, without allocation. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class PlacementBenchmark {
    private static final int KEYS = 1 << 14;

    /** How many nodes there are. */
    @Param({"8", "32"})
    public int nodes;

    /** How many owners are chosen. */
    @Param({"1", "2"})
    public int replicas;

    /** Whether all nodes are alike, have weights, or weights and two of them one machine each. */
    @Param({"equal", "weighted", "machines"})
    public String kind;

    private final long[] digests = new long[KEYS];
    private RendezvousPlacement placement;
    private int[] owners;
    private long[] costs;
    private int next;

    /** Draws nodes and keys, the same ones in each run. */
    @Setup
    public void draw() {
        SplittableRandom random = new SplittableRandom(1);
        long[] high = new long[nodes];
        long[] low = new long[nodes];
        double[] weights = new double[nodes];
        int[] machines = new int[nodes];
        for (int i = 0; i < nodes; i++) {
            high[i] = random.nextLong();
            low[i] = random.nextLong();
            weights[i] = 1 + i % 4;
            machines[i] = i / 2;
        }
        for (int i = 0; i < KEYS; i++) {
            digests[i] = random.nextLong();
        }
        placement = new RendezvousPlacement(
                high, low, kind.equals("equal") ? null : weights, kind.equals("machines") ? machines : null);
        owners = new int[replicas];
        costs = new long[replicas];
    }

    /**
     * The owners of one key.
     *
     * @return the best one
     */
    @Benchmark
    public int owners() {
        next = (next + 1) & (KEYS - 1);
        placement.owners(digests[next], replicas, owners, costs);
        return owners[0];
    }
}
