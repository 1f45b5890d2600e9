package org.globalsessions.placement;

import java.util.Arrays;

/**
 * Chooses the owners of a key among nodes: the nodes with the highest scores for the key, so that a node that joins or leaves
 * moves only the keys that it gains or had.
 *
 * <p>Thaler and Ravishankar, "A Name-Based Mapping Scheme for Rendezvous", 1996, with the weights of Schindelhauer and
 * Schomaker, "Weighted Distributed Hash Tables", 2005, section 4 (logarithmic method): the node wins that has the least
 * {@code -log2(u) / weight}, u being uniform in (0, 1) by key and node. Departures: u is 64 mixed bits of key digest and node
 * id; the logarithm is a chain of 256 chords for each power of two, at most 3e-6 below the true one: a look-up and plain
 * arithmetic, equal on every machine, which {@code StrictMath.log} alone would be too at many times the cost; where all
 * weights are equal the hashes are compared themselves, which gives the same order.
 *
 * <p>Where it is known which nodes share a machine, no two owners of a key are on the same: of each machine its best node, and
 * of these the best, so that a key has at most as many owners as there are machines. That is the greedy choice from a partition matroid, so here,
 * too, a node that joins or leaves changes at most one owner of a key.
 *
 * <p>Owners must be the same in every process of every release, so the formulas never change: test vectors hold them.
 *
 * <p>Immutable and without allocation after construction: any thread.
 */
public final class RendezvousPlacement {
    /** Chords of the logarithm between two powers of two, by the bits after the leading one. */
    private static final int CHORD_BITS = 8;

    /** Of each chord where it begins, and how much it rises by each of the 52 bits of a number that follow its own. */
    private static final double[] CHORDS = chords();

    private final long[] seeds;

    /** One by the weight of each node; null where all are equal. */
    private final double[] inverseWeights;

    /** Of each node its machine's number; null where no two nodes share one. */
    private final int[] machines;

    /**
     * Places among equal nodes.
     *
     * @param idHigh upper halves of the stable node ids
     * @param idLow  lower halves, as many
     */
    public RendezvousPlacement(long[] idHigh, long[] idLow) {
        this(idHigh, idLow, null, null);
    }

    /**
     * Places among nodes.
     *
     * @param idHigh   upper halves of the stable node ids
     * @param idLow    lower halves, as many
     * @param weights  share of each node relative to the others, finite and above 0; null where all are equal
     * @param machines number of the machine that each node is on, any number, equal where two share one; null where none do
     * @throws IllegalArgumentException if the arrays differ in length or a weight is out of range
     */
    public RendezvousPlacement(long[] idHigh, long[] idLow, double[] weights, int[] machines) {
        int nodes = idHigh.length;
        if (idLow.length != nodes
                || (weights != null && weights.length != nodes)
                || (machines != null && machines.length != nodes)) {
            throw new IllegalArgumentException(
                    "as many halves, weights and machines as nodes are needed: idHigh=" + nodes + ", idLow="
                            + idLow.length + ", weights=" + (weights == null ? "none" : weights.length) + ", machines="
                            + (machines == null ? "none" : machines.length));
        }
        seeds = new long[nodes];
        for (int i = 0; i < nodes; i++) {
            seeds[i] = mix(mix(idHigh[i]) ^ idLow[i]);
        }
        this.inverseWeights = allEqual(weights)
                ? null
                : Arrays.stream(weights).map(weight -> 1 / weight).toArray();
        this.machines = allDiffer(machines) ? null : machines.clone();
    }

    private static boolean allEqual(double[] weights) {
        if (weights == null) {
            return true;
        }
        boolean equal = true;
        for (double weight : weights) {
            if (!(weight > 0) || Double.isInfinite(weight)) {
                throw new IllegalArgumentException("weight out of range: weight=" + weight + ", allowed=above 0");
            }
            equal &= weight == weights[0];
        }
        return equal;
    }

    private static boolean allDiffer(int[] machines) {
        return machines == null || Arrays.stream(machines).distinct().count() == machines.length;
    }

    /**
     * How many nodes there are.
     *
     * @return 0 or more
     */
    public int nodes() {
        return seeds.length;
    }

    /**
     * The best owner of a key.
     *
     * @param digestLow lower half of the key's digest
     * @return its index in the order of the constructor's arrays; -1 where there are no nodes
     */
    public int owner(long digestLow) {
        int best = -1;
        long least = 0;
        for (int node = 0; node < seeds.length; node++) {
            long cost = cost(node, digestLow);
            if (best < 0 || cost < least) {
                best = node;
                least = cost;
            }
        }
        return best;
    }

    /**
     * The owners of a key, the best first, each on a machine of its own.
     *
     * @param digestLow lower half of the key's digest
     * @param k         how many owners are wanted, 1 or more
     * @param out       takes the indices of the owners in the order of the constructor's arrays; at least k long
     * @param costs     room for this to work in, at least k long
     * @return how many were written: min(k, machines)
     */
    public int owners(long digestLow, int k, int[] out, long[] costs) {
        int wanted = Math.min(k, seeds.length);
        int found = 0;
        for (int node = 0; node < seeds.length; node++) {
            long cost = cost(node, digestLow);
            if (found < wanted || cost < costs[found - 1]) {
                found = insert(node, cost, found, wanted, out, costs);
            }
        }
        return found;
    }

    /** Puts a node in its place among those found; of those on its machine the better one stays. Returns how many there are. */
    private int insert(int node, long cost, int found, int wanted, int[] out, long[] costs) {
        int given = machines == null ? -1 : indexOfMachine(machines[node], out, found);
        if (given >= 0 && costs[given] <= cost) {
            return found;
        }
        int place = given >= 0 ? given : Math.min(found, wanted - 1);
        for (; place > 0 && costs[place - 1] > cost; place--) {
            out[place] = out[place - 1];
            costs[place] = costs[place - 1];
        }
        out[place] = node;
        costs[place] = cost;
        return given >= 0 ? found : Math.min(found + 1, wanted);
    }

    private int indexOfMachine(int machine, int[] out, int found) {
        for (int i = 0; i < found; i++) {
            if (machines[out[i]] == machine) {
                return i;
            }
        }
        return -1;
    }

    /** The less, the better; where two are equal, the first one wins. */
    private long cost(int node, long digestLow) {
        long hash = mix(seeds[node] ^ digestLow);
        return inverseWeights == null
                ? hash ^ Long.MAX_VALUE // the highest unsigned first
                : Double.doubleToRawLongBits(minusLog2(hash) * inverseWeights[node]); // not negative: in the same order
    }

    /** The binary logarithm of 2^64 by the hash, 0 or more; 0 counts as 1. */
    static double minusLog2(long hash) {
        int zeros = Long.numberOfLeadingZeros(hash | 1);
        long fraction = (hash | 1) << zeros << 1;
        int chord = (int) (fraction >>> (Long.SIZE - CHORD_BITS)) << 1;
        long offset = fraction << CHORD_BITS >>> (Long.SIZE - 52);
        return zeros + 1 - (CHORDS[chord] + CHORDS[chord + 1] * offset);
    }

    private static double[] chords() {
        int count = 1 << CHORD_BITS;
        double[] chords = new double[2 * count];
        for (int i = 0; i < count; i++) {
            chords[2 * i] = log2(1 + (double) i / count);
            chords[2 * i + 1] = (log2(1 + (double) (i + 1) / count) - chords[2 * i]) * 0x1.0p-52;
        }
        return chords;
    }

    private static double log2(double value) {
        return StrictMath.log(value) / StrictMath.log(2);
    }

    /** Finaliser of Stafford's variant 13, as in {@code java.util.SplittableRandom}: every input bit moves every output bit. */
    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
