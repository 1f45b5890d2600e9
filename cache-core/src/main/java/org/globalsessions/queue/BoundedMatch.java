package org.globalsessions.queue;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Searches names for a pattern, and gives up where that takes too many steps: some expressions take exponentially many. One call of an application; one
 * thread.
 */
final class BoundedMatch {
    /** Characters looked at, over all names of a call: some 20 ms. */
    static final int MAX_STEPS = 2_000_000;

    /** Most times that groups may be wanted again, over all counts of them: where a group takes none of the text the matcher counts on without a step. */
    static final long MAX_REPETITIONS = 10_000;

    /** What a count stands behind that may take none of the text: a group, or a place in it. */
    private static final Pattern COUNT = Pattern.compile("(?:[)^$]|\\\\[bBAGZz])\\{(\\d+)(?:,(\\d*))?\\}");

    private static final Pattern BLANKS = Pattern.compile("\\s+");

    private final Pattern pattern;
    private int stepsLeft = MAX_STEPS;

    /**
     * A search.
     *
     * @throws IllegalArgumentException where the pattern's counts are too high
     */
    BoundedMatch(Pattern pattern) {
        this.pattern = pattern;
        double repetitions = 1;
        // With Pattern.COMMENTS they mean nothing.
        Matcher counts = COUNT.matcher(BLANKS.matcher(pattern.pattern()).replaceAll(""));
        while (counts.find()) {
            String most = counts.group(2) == null || counts.group(2).isEmpty() ? counts.group(1) : counts.group(2);
            repetitions *= Math.max(1, Double.parseDouble(most));
        }
        if (repetitions > MAX_REPETITIONS) {
            throw new IllegalArgumentException("the pattern repeats too often: characters="
                    + pattern.pattern().length() + ", repetitions at most " + MAX_REPETITIONS);
        }
    }

    /** Ends a search from within: the JDK's matcher knows no bound of its own. */
    private static final class TooManySteps extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TooManySteps() {
            super(null, null, false, false);
        }
    }

    private final class Counted implements CharSequence {
        private final CharSequence text;

        Counted(CharSequence text) {
            this.text = text;
        }

        @Override
        public char charAt(int index) {
            stepsLeft--;
            if (stepsLeft < 0) {
                throw new TooManySteps();
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return new Counted(text.subSequence(start, end));
        }

        @Override
        public String toString() {
            return text.toString();
        }
    }

    /**
     * Whether a name has the pattern anywhere.
     *
     * @throws IllegalArgumentException where it cannot be told within the steps
     */
    boolean isIn(String name) {
        try {
            return pattern.matcher(new Counted(name)).find();
        } catch (TooManySteps | StackOverflowError e) {
            throw new IllegalArgumentException(
                    "the pattern takes too long: characters="
                            + pattern.pattern().length() + ", steps=" + MAX_STEPS,
                    e);
        }
    }
}
