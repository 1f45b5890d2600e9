package org.globalsessions.segment;

/** A target with a fault, which Jazzer has to find. */
public final class PlantedFuzzTarget {
    private static final byte[] FAULT = {'g', 's'};

    private PlantedFuzzTarget() {}

    /**
     * Fails on inputs that begin with two letters.
     *
     * @param input anything
     */
    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length > 2 && input[0] == FAULT[0] && input[1] == FAULT[1]) {
            throw new AssertionError("planted");
        }
    }
}
