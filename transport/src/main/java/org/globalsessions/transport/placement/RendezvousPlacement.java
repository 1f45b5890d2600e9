package org.globalsessions.transport.placement;

/**
 * Chooses the owners of a key among nodes by weighted rendezvous hashing: the nodes with the highest scores for the key.
 *
 * <p>Immutable and without allocation after construction: any thread.
 */
public final class RendezvousPlacement {
    private final long[] seeds;
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
     * @param weights share of each node relative to the others, above 0; null where all are equal
     */
    public RendezvousPlacement(long[] idHigh, long[] idLow, double[] weights) {
        this.seeds = new long[idHigh.length];
        this.weights = weights == null ? new double[idLow.length] : weights.clone();
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
     * The owners of a key, best first.
     *
     * @param digestLow lower half of the key's digest
     * @param k         how many owners are wanted, 1 or more
     * @param out       takes the indices of the owners in the order of the constructor's arrays; at least min(k, nodes) long
     * @return how many were written: min(k, nodes)
     */
    public int owners(long digestLow, int k, int[] out) {
        throw new UnsupportedOperationException(weights.length + " " + k + digestLow + out.length);
    }
}
