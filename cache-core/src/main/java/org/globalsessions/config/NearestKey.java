package org.globalsessions.config;

import java.util.Collection;

/**
 * Finds the known key that somebody probably meant.
 *
 * <p>Distance is Damerau's in its restricted form (one step for a letter too many, too few, wrong, or two swapped): Boytsov,
 * "Indexing methods for approximate dictionary searching", section 2.
 */
final class NearestKey {
    private NearestKey() {}

    /** The nearest of the candidates, or an empty text where none is near enough to be worth naming. */
    static String of(String unknown, Collection<String> candidates) {
        String best = "";
        int bestDistance = Math.max(2, unknown.length() / 2) + 1;
        for (String candidate : candidates) {
            int distance = distance(unknown, candidate);
            if (distance < bestDistance) {
                bestDistance = distance;
                best = candidate;
            }
        }
        return best;
    }

    static int distance(String left, String right) {
        int[][] table = new int[left.length() + 1][right.length() + 1];
        for (int i = 0; i <= left.length(); i++) {
            table[i][0] = i;
        }
        for (int j = 0; j <= right.length(); j++) {
            table[0][j] = j;
        }
        for (int i = 1; i <= left.length(); i++) {
            for (int j = 1; j <= right.length(); j++) {
                int change = left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1;
                int least = Math.min(Math.min(table[i - 1][j], table[i][j - 1]) + 1, table[i - 1][j - 1] + change);
                boolean swapped = i > 1
                        && j > 1
                        && left.charAt(i - 1) == right.charAt(j - 2)
                        && left.charAt(i - 2) == right.charAt(j - 1);
                table[i][j] = swapped ? Math.min(least, table[i - 2][j - 2] + 1) : least;
            }
        }
        return table[left.length()][right.length()];
    }
}
