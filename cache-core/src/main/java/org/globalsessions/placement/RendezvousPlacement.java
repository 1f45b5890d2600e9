package org.globalsessions.placement;

/**
 * Chooses the owners of a key among nodes: the nodes with the highest scores for the key, so that a node that joins or leaves
 * moves only the keys that it gains or had.
 *
 * <p>Thaler and Ravishankar, "A Name-Based Mapping Scheme for Rendezvous", 1996, with the weights of Schindelhauer and
 * Schomaker, "Weighted Distributed Hash Tables", 2005, section 4 (logarithmic method): the score of a node is
 * {@code weight / -ln(u)}, u being uniform in (0, 1) by key and node. Departures: u comes from 64 mixed bits of key digest
 * and node id, of which 53 are used; {@code StrictMath.log} makes scores equal on every machine; where all weights are equal
 * the hashes are compared themselves, which gives the same order without a logarithm.
 *
 * <p>Owners must be the same in every process of every release, so the formulas never change: test vectors hold them.
 *
 * <p>Immutable and without allocation after construction: any thread.
 */
public final class RendezvousPlacement {
    private static final double UNIT = 0x1.0p-53;
    private static final int[] NONE_TAKEN = {};

    private final long[] seeds;

    /** Null where all are equal. */
    private final double[] weights;

    /**
     * Places among equal nodes.
     *
     * @param idHigh upper halves of the stable node ids
     * @param idLow  lower halves, as many
     */
    public RendezvousPlacement(long[] idHigh, long[] idLow) {
        this(idHigh, idLow, null);
    }

    /**
     * Places among nodes.
     *
     * @param idHigh  upper halves of the stable node ids
     * @param idLow   lower halves, as many
     * @param weights share of each node relative to the others, finite and above 0; null where all are equal
     * @throws IllegalArgumentException if the arrays differ in length or a weight is out of range
     */
    public RendezvousPlacement(long[] idHigh, long[] idLow, double[] weights) {
        if (idHigh.length != idLow.length || (weights != null && weights.length != idHigh.length)) {
            throw new IllegalArgumentException("as many halves and weights as nodes are needed: idHigh=" + idHigh.length
                    + ", idLow=" + idLow.length + ", weights=" + (weights == null ? "none" : weights.length));
        }
        seeds = new long[idHigh.length];
        for (int i = 0; i < seeds.length; i++) {
            seeds[i] = mix(mix(idHigh[i]) ^ idLow[i]);
        }
        this.weights = allEqual(weights) ? null : weights.clone();
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
        return best(digestLow, NONE_TAKEN, 0);
    }

    /**
     * The owners of a key, best first. Takes time in proportion to nodes times k.
     *
     * @param digestLow lower half of the key's digest
     * @param k         how many owners are wanted, 1 or more
     * @param out       takes the indices of the owners in the order of the constructor's arrays; at least min(k, nodes) long
     * @return how many were written: min(k, nodes)
     */
    public int owners(long digestLow, int k, int[] out) {
        int wanted = Math.min(k, seeds.length);
        for (int rank = 0; rank < wanted; rank++) {
            out[rank] = best(digestLow, out, rank);
        }
        return wanted;
    }

    /** The best node that is not among the first {@code taken} of {@code out}. */
    private int best(long digestLow, int[] out, int taken) {
        int best = -1;
        long bestHash = 0;
        double bestScore = 0;
        for (int node = 0; node < seeds.length; node++) {
            if (contains(out, taken, node)) {
                continue;
            }
            long hash = mix(seeds[node] ^ digestLow);
            if (weights == null) {
                // Two nodes can only tie if they have one seed: the order of the seeds then decides nothing, the first
                // wins.
                if (best < 0 || Long.compareUnsigned(hash, bestHash) > 0) {
                    best = node;
                    bestHash = hash;
                }
            } else {
                double score = weights[node] / -StrictMath.log(((hash >>> 11) + 0.5) * UNIT);
                if (best < 0 || score > bestScore) {
                    best = node;
                    bestScore = score;
                }
            }
        }
        return best;
    }

    private static boolean contains(int[] out, int taken, int node) {
        for (int i = 0; i < taken; i++) {
            if (out[i] == node) {
                return true;
            }
        }
        return false;
    }

    /** Finaliser of Stafford's variant 13, as in {@code java.util.SplittableRandom}: every input bit moves every output bit. */
    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
