package org.globalsessions.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What was measured, and how it compares with its bars. Prints both as Markdown. One thread. */
final class Figures {
    /**
     * One subject at one work.
     *
     * @param work    what was done, with sizes
     * @param unit    of the figure
     * @param subject who did it
     */
    record Key(String work, String unit, Contender subject) {}

    private record Comparison(String work, String ours, String against, double ratio, String bar, boolean reached) {}

    private final Map<Key, List<Double>> samples = new LinkedHashMap<>();
    private final List<Comparison> comparisons = new ArrayList<>();

    void add(Key key, List<Double> values) {
        samples.computeIfAbsent(key, any -> new ArrayList<>()).addAll(values);
    }

    double median(Key key) {
        List<Double> values = samples.get(key);
        if (values == null || values.isEmpty()) {
            throw new IllegalStateException("not measured: " + key);
        }
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    /** A ratio of two medians that may be as high as the bar. */
    void atMost(String work, String unit, Contender ours, Contender theirs, double bar) {
        double ratio = ratio(work, unit, ours, theirs);
        compare(work, unit, ours, theirs, ratio, "at most " + number(bar), ratio <= bar);
    }

    /** A ratio of two medians that may be as low as the bar. */
    void atLeast(String work, String unit, Contender ours, Contender theirs, double bar) {
        double ratio = ratio(work, unit, ours, theirs);
        compare(work, unit, ours, theirs, ratio, "at least " + number(bar), ratio >= bar);
    }

    /** A figure that may be as high as a bar of its own. */
    void limit(String work, double figure, String unit, double bar) {
        alone(work, figure, unit, "at most " + number(bar), figure <= bar);
    }

    /** A figure that may be as low as a bar of its own. */
    void floor(String work, double figure, String unit, double bar) {
        alone(work, figure, unit, "at least " + number(bar), figure >= bar);
    }

    private void alone(String work, double figure, String unit, String bar, boolean reached) {
        comparisons.add(new Comparison(work, number(figure) + " " + unit, "", Double.NaN, bar + " " + unit, reached));
    }

    /** A ratio of two figures of the segment itself. */
    void gain(String work, double figure, double base, String unit, double bar) {
        comparisons.add(new Comparison(
                work,
                number(figure) + " " + unit,
                number(base) + " " + unit,
                figure / base,
                "at least " + number(bar),
                figure / base >= bar));
    }

    private double ratio(String work, String unit, Contender ours, Contender theirs) {
        return median(new Key(work, unit, ours)) / median(new Key(work, unit, theirs));
    }

    private void compare(
            String work, String unit, Contender ours, Contender theirs, double ratio, String bar, boolean reached) {
        comparisons.add(new Comparison(
                work,
                ours.label() + " " + number(median(new Key(work, unit, ours))) + " " + unit,
                theirs.label() + " " + number(median(new Key(work, unit, theirs))) + " " + unit,
                ratio,
                bar,
                reached));
    }

    String ratios() {
        StringBuilder text =
                new StringBuilder("| work | measured | against | ratio | bar | reached |\n|---|---|---|---|---|---|\n");
        for (Comparison row : comparisons) {
            text.append("| ").append(row.work);
            text.append(" | ").append(row.ours);
            text.append(" | ").append(row.against);
            text.append(" | ").append(Double.isNaN(row.ratio) ? "" : String.format(Locale.ROOT, "%.2f", row.ratio));
            text.append(" | ").append(row.bar);
            text.append(" | ").append(row.reached ? "yes" : "**no**").append(" |\n");
        }
        return text.toString();
    }

    String absolutes() {
        StringBuilder text =
                new StringBuilder("| work | subject | median | lowest | highest | unit |\n|---|---|---|---|---|---|\n");
        samples.forEach((key, values) -> {
            text.append("| ").append(key.work);
            text.append(" | ").append(key.subject.label());
            text.append(" | ").append(number(median(key)));
            text.append(" | ")
                    .append(number(values.stream()
                            .mapToDouble(Double::doubleValue)
                            .min()
                            .orElseThrow()));
            text.append(" | ")
                    .append(number(values.stream()
                            .mapToDouble(Double::doubleValue)
                            .max()
                            .orElseThrow()));
            text.append(" | ").append(key.unit).append(" |\n");
        });
        return text.toString();
    }

    /** Three or more digits that count, and none that do not. */
    private static String number(double value) {
        String format = value == Math.rint(value) || Math.abs(value) >= 100 ? "%,.0f" : "%.2f";
        return String.format(Locale.ROOT, format, value);
    }
}
