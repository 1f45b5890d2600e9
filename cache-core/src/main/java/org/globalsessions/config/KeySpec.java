package org.globalsessions.config;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** One key of the schema: type, unit, default, range, meaning. Immutable once the schema stands. */
public final class KeySpec {
    private final String name;
    private final KeyType type;
    private final String doc;
    private String unit = "";
    private String defaultText = "";
    private long min = Long.MIN_VALUE;
    private long max = Long.MAX_VALUE;
    private double minDecimal;
    private double maxDecimal = Double.MAX_VALUE;
    private List<String> choices = List.of();
    private Set<NodeKind> kinds = EnumSet.allOf(NodeKind.class);
    private Effect effect = Effect.FULL;
    private String effectNote = "";
    private SectionSpec section;
    private boolean always;
    private boolean secret;

    KeySpec(String name, KeyType type, String doc) {
        this.name = name;
        this.type = type;
        this.doc = doc;
    }

    /** Unit of a bare number; for a duration ms, s or min. */
    KeySpec unit(String value) {
        unit = value;
        return this;
    }

    /** Default as a file would have it; empty where there is none. */
    KeySpec byDefault(String value) {
        defaultText = value;
        return this;
    }

    /** Range of a whole number, of a duration in milliseconds, or of a size in bytes. */
    KeySpec range(long from, long to) {
        min = from;
        max = to;
        return this;
    }

    KeySpec decimals(double from, double to) {
        minDecimal = from;
        maxDecimal = to;
        return this;
    }

    /** Words that are allowed; for a duration, words besides a time span. */
    KeySpec choices(String... words) {
        choices = List.of(words);
        return this;
    }

    KeySpec only(NodeKind first, NodeKind... more) {
        kinds = EnumSet.of(first, more);
        return this;
    }

    KeySpec effect(Effect value, String note) {
        effect = value;
        effectNote = note;
        return this;
    }

    KeySpec section(SectionSpec value) {
        section = value;
        return this;
    }

    /** Its value is shown nowhere. */
    KeySpec secret() {
        secret = true;
        return this;
    }

    boolean isSecret() {
        return secret;
    }

    /** For a section: its defaults count even where the file does not have it. */
    KeySpec always() {
        always = true;
        return this;
    }

    boolean isAlways() {
        return always;
    }

    /**
     * The key's name, snake_case.
     *
     * @return without the sections around it
     */
    public String name() {
        return name;
    }

    /**
     * What the value is.
     *
     * @return the type
     */
    public KeyType type() {
        return type;
    }

    /**
     * Meaning of the key.
     *
     * @return one or two sentences
     */
    public String doc() {
        return doc;
    }

    /**
     * Unit of a bare number.
     *
     * @return the unit, empty where there is none
     */
    public String unit() {
        return unit;
    }

    /**
     * The value that counts where the file has none.
     *
     * @return as a file would have it, empty where there is none
     */
    public String defaultText() {
        return defaultText;
    }

    /**
     * Kinds of node or client in whose files the key has a meaning.
     *
     * @return the kinds
     */
    public Set<NodeKind> kinds() {
        return EnumSet.copyOf(kinds);
    }

    /**
     * What the key brings about in this version.
     *
     * @return the effect
     */
    public Effect effect() {
        return effect;
    }

    /**
     * What is missing where the effect is not full.
     *
     * @return a sentence, or empty
     */
    public String effectNote() {
        return effectNote;
    }

    /**
     * The keys within, for a key that is a section.
     *
     * @return the section, or null
     */
    public SectionSpec section() {
        return section;
    }

    /**
     * The allowed range in words.
     *
     * @return such as "1 to 65535", empty where anything goes
     */
    public String rangeText() {
        return switch (type) {
            case CHOICE -> "one of " + String.join(", ", choices);
            case WORDS -> choices.isEmpty() ? "" : "some of " + String.join(", ", choices);
            case FLAG -> "true or false";
            case DECIMAL -> plain(minDecimal) + " to " + plain(maxDecimal);
            case DURATION ->
                Units.durationText(min) + " to " + Units.durationText(max)
                        + (choices.isEmpty() ? "" : ", or " + String.join(", ", choices));
            case SIZE -> Units.sizeText(min) + " to " + Units.sizeText(max);
            case INTEGER -> max == Long.MAX_VALUE && min == Long.MIN_VALUE ? "any whole number" : min + " to " + max;
            default -> "";
        };
    }

    long min() {
        return min;
    }

    long max() {
        return max;
    }

    double minDecimal() {
        return minDecimal;
    }

    double maxDecimal() {
        return maxDecimal;
    }

    List<String> choices() {
        return choices;
    }

    private static String plain(double number) {
        return number == Math.rint(number) ? Long.toString((long) number) : Double.toString(number);
    }
}
