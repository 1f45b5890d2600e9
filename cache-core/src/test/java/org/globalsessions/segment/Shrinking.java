package org.globalsessions.segment;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Makes a list of operations that fails as short as it gets by leaving parts out: first halves, then ever smaller pieces, until
 * no single one can go (after Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input, 2002, without its tests
 * of the parts alone).
 */
final class Shrinking {
    private Shrinking() {}

    /**
     * Shortens a list.
     *
     * @param failing a list for which {@code fails} is true
     * @param fails   runs a list from the beginning; true where it still fails
     * @return a part of the list, in its order, that fails and of which nothing can be left out
     */
    static <T> List<T> shortest(List<T> failing, Predicate<List<T>> fails) {
        List<T> rest = List.copyOf(failing);
        int piece = Math.max(1, rest.size() / 2);
        while (true) {
            boolean shorter = false;
            for (int from = 0; from < rest.size(); ) {
                List<T> without = new ArrayList<>(rest.subList(0, from));
                without.addAll(rest.subList(Math.min(rest.size(), from + piece), rest.size()));
                if (!without.isEmpty() && fails.test(without)) {
                    rest = without;
                    shorter = true;
                } else {
                    from += piece;
                }
            }
            if (piece == 1 && !shorter) {
                return rest;
            }
            piece = Math.max(1, shorter ? Math.min(piece, rest.size() / 2) : piece / 2);
        }
    }
}
