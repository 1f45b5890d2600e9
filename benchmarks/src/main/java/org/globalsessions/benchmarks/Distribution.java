package org.globalsessions.benchmarks;

import java.util.SplittableRandom;

/** Which entries the operations ask for. */
public enum Distribution {
    /** Each equally often. */
    UNIFORM {
        @Override
        int[] sequence(int entries, int length, SplittableRandom random) {
            int[] sequence = new int[length];
            for (int i = 0; i < length; i++) {
                sequence[i] = random.nextInt(entries);
            }
            return sequence;
        }
    },
    /**
     * Zipf with exponent 0.99, drawn as in Gray et al., Quickly Generating Billion-Record Synthetic Databases, SIGMOD 1994,
     * section 3. The ranks are spread over the entries, so that neighbours in rank are none in the fill's order.
     */
    ZIPF {
        @Override
        int[] sequence(int entries, int length, SplittableRandom random) {
            double zeta = 0;
            for (int i = 1; i <= entries; i++) {
                zeta += 1 / Math.pow(i, EXPONENT);
            }
            double second = Math.pow(0.5, EXPONENT);
            double eta = (1 - Math.pow(2.0 / entries, 1 - EXPONENT)) / (1 - (1 + second) / zeta);
            int[] sequence = new int[length];
            for (int i = 0; i < length; i++) {
                double u = random.nextDouble();
                double uz = u * zeta;
                long rank;
                if (uz < 1) {
                    rank = 0;
                } else if (uz < 1 + second) {
                    rank = 1;
                } else {
                    rank = Math.min(entries - 1, (long) (entries * Math.pow(eta * u - eta + 1, 1 / (1 - EXPONENT))));
                }
                // A prime that divides no number of entries in use, so this is a permutation.
                sequence[i] = (int) (rank * 2_147_483_629L % entries);
            }
            return sequence;
        }
    };

    private static final double EXPONENT = 0.99;

    /**
     * Draws entries.
     *
     * @param entries how many there are, at least 2
     * @param length  how many to draw
     * @param random  where chance comes from
     * @return numbers of entries, 0 or more
     */
    abstract int[] sequence(int entries, int length, SplittableRandom random);
}
