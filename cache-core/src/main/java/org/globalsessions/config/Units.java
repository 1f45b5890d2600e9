package org.globalsessions.config;

/** Time spans and sizes as people write them. */
final class Units {
    private static final long[] MILLIS = {86_400_000L, 3_600_000L, 60_000L, 1000L, 1L};
    private static final String[] MILLIS_UNITS = {"d", "h", "m", "s", "ms"};
    private static final long[] BYTES = {1L << 40, 1L << 30, 1L << 20, 1L << 10, 1L};
    private static final String[] BYTES_UNITS = {"TiB", "GiB", "MiB", "KiB", ""};

    private Units() {}

    /** Milliseconds in the largest unit that divides them. */
    static String durationText(long millis) {
        return text(millis, MILLIS, MILLIS_UNITS);
    }

    /** Bytes in the largest unit that divides them. */
    static String sizeText(long bytes) {
        return text(bytes, BYTES, BYTES_UNITS);
    }

    private static String text(long amount, long[] sizes, String[] names) {
        if (amount == 0) {
            return "0";
        }
        for (int i = 0; i < sizes.length; i++) {
            if (amount % sizes[i] == 0) {
                return amount / sizes[i] + names[i];
            }
        }
        return Long.toString(amount);
    }
}
