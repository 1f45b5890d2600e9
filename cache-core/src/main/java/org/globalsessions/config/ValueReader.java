package org.globalsessions.config;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import java.math.BigDecimal;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.globalsessions.config.SchemaReader.ValueException;

/** Reads single values: checks type and range, gives the form that the rest of the product reads. */
final class ValueReader {
    /** Characters of a number with its unit, beyond which it is none that could count. */
    private static final int LONGEST_NUMBER = 64;

    /** A power of ten of three digits or more. */
    private static final Pattern HUGE = Pattern.compile("\\d\\.?[eE]\\+?\\d{3}");

    private static final int SHOWN_LENGTH = 60;

    private final Path folder;

    ValueReader(Path folder) {
        this.folder = folder;
    }

    Object readDefault(KeySpec key) {
        return read(key, ConfigValueFactory.fromAnyRef(key.defaultText()));
    }

    Object read(KeySpec key, ConfigValue value) {
        if (key.isSecret() && value.valueType() != ConfigValueType.STRING) {
            // Not by way of the general message, which quotes what was found.
            throw new ValueException("wrong type: expected text in quotes");
        }
        if (value.valueType() == ConfigValueType.OBJECT
                || (value.valueType() == ConfigValueType.LIST && key.type() != KeyType.WORDS)) {
            throw wrongType(key, value);
        }
        return switch (key.type()) {
            case TEXT -> text(value);
            case PATH -> path(key, value);
            case FLAG -> flag(key, value);
            case INTEGER -> integer(key, value);
            case DECIMAL -> decimal(key, value);
            case DURATION -> duration(key, value);
            case SIZE -> size(key, value);
            case CHOICE -> choice(key, value);
            case WORDS -> words(key, value);
            default -> throw wrongType(key, value);
        };
    }

    /** The value as the file has it, on one line. */
    String shown(ConfigValue value) {
        return value.render(ConfigRenderOptions.concise());
    }

    /** What was found, for a message; shortened. */
    static String found(ConfigValue value) {
        String text = value.render(ConfigRenderOptions.concise());
        return "found " + (text.length() > SHOWN_LENGTH ? text.substring(0, SHOWN_LENGTH) + "..." : text);
    }

    private String text(ConfigValue value) {
        String text = String.valueOf(value.unwrapped()).trim();
        if (text.isEmpty()) {
            throw new ValueException("must not be empty");
        }
        if (text.indexOf('\0') >= 0) {
            // No name of a file, no argument of a process and no name of a path can have one.
            throw new ValueException("must not have the character with the code 0");
        }
        return text;
    }

    private String path(KeySpec key, ConfigValue value) {
        if (value.valueType() != ConfigValueType.STRING) {
            throw wrongType(key, value);
        }
        return resolved(text(value));
    }

    /** A path that is relative starts at the file's folder. */
    private String resolved(String path) {
        try {
            return folder.resolve(path).normalize().toString();
        } catch (InvalidPathException e) {
            throw new ValueException("not a path: " + e.getReason());
        }
    }

    private boolean flag(KeySpec key, ConfigValue value) {
        try {
            return value.atKey("v").getBoolean("v");
        } catch (ConfigException e) {
            throw wrongType(key, value);
        }
    }

    private long integer(KeySpec key, ConfigValue value) {
        BigDecimal number = number(value);
        if (number == null || number.stripTrailingZeros().scale() > 0) {
            throw wrongType(key, value);
        }
        if (number.compareTo(BigDecimal.valueOf(key.min())) < 0
                || number.compareTo(BigDecimal.valueOf(key.max())) > 0) {
            throw outOfRange(key, value);
        }
        return number.longValueExact();
    }

    private double decimal(KeySpec key, ConfigValue value) {
        BigDecimal number = number(value);
        if (number == null) {
            throw wrongType(key, value);
        }
        double result = number.doubleValue();
        if (result < key.minDecimal() || result > key.maxDecimal()) {
            throw outOfRange(key, value);
        }
        return result;
    }

    private String duration(KeySpec key, ConfigValue value) {
        if (key.choices().contains(String.valueOf(value.unwrapped()))) {
            return String.valueOf(value.unwrapped());
        }
        BigDecimal number = number(value);
        Duration span;
        try {
            span = number != null
                    ? Duration.ofNanos(number.multiply(BigDecimal.valueOf(nanosOf(key.unit())))
                            .longValueExact())
                    : value.atKey("v").getDuration("v");
        } catch (ConfigException | ArithmeticException e) {
            throw number == null ? wrongType(key, value) : outOfRange(key, value);
        }
        if (span.isNegative()
                || span.compareTo(Duration.ofMillis(key.min())) < 0
                || span.compareTo(Duration.ofMillis(key.max())) > 0) {
            throw outOfRange(key, value);
        }
        return span.toNanos() + "ns";
    }

    private long size(KeySpec key, ConfigValue value) {
        BigDecimal number = number(value);
        if (number != null) {
            return integer(key, value);
        }
        String text = String.valueOf(value.unwrapped()).trim();
        if (text.length() > LONGEST_NUMBER || HUGE.matcher(text).find()) {
            // The library would write all digits out first, for hours.
            throw outOfRange(key, value);
        }
        long bytes;
        try {
            bytes = value.atKey("v").getBytes("v");
        } catch (ConfigException e) {
            throw wrongType(key, value);
        }
        if (bytes < key.min() || bytes > key.max()) {
            throw outOfRange(key, value);
        }
        return bytes;
    }

    private String choice(KeySpec key, ConfigValue value) {
        String word = String.valueOf(value.unwrapped());
        requireChoice(key, word, value);
        return word;
    }

    private static void requireChoice(KeySpec key, String word, ConfigValue value) {
        if (!key.choices().contains(word)) {
            String nearest = NearestKey.of(word.toLowerCase(Locale.ROOT), key.choices());
            throw new ValueException("out of range: " + found(value) + ", allowed is " + key.rangeText()
                    + (nearest.isEmpty() ? "" : " (nearest: " + nearest + ")"));
        }
    }

    private List<String> words(KeySpec key, ConfigValue value) {
        List<String> words = new ArrayList<>();
        if (value instanceof ConfigList list) {
            for (ConfigValue element : list) {
                if (element.valueType() == ConfigValueType.OBJECT || element.valueType() == ConfigValueType.LIST) {
                    throw wrongType(key, value);
                }
                words.add(text(element));
            }
        } else {
            words.add(text(value));
        }
        if (words.isEmpty()) {
            throw new ValueException("must not be empty");
        }
        if (!key.choices().isEmpty()) {
            for (String word : words) {
                requireChoice(key, word, value);
            }
            return words;
        }
        for (int i = 1; i < words.size(); i++) {
            if (words.get(i).startsWith("./") || words.get(i).startsWith("../")) {
                words.set(i, resolved(words.get(i)));
            }
        }
        return words;
    }

    private static BigDecimal number(ConfigValue value) {
        if (value.valueType() != ConfigValueType.NUMBER && value.valueType() != ConfigValueType.STRING) {
            return null;
        }
        String text = String.valueOf(value.unwrapped()).trim();
        try {
            return text.length() > LONGEST_NUMBER ? null : new BigDecimal(text);
        } catch (NumberFormatException notANumber) {
            return null;
        }
    }

    private static long nanosOf(String unit) {
        return switch (unit) {
            case "ms" -> 1_000_000L;
            case "s" -> 1_000_000_000L;
            default -> throw new IllegalStateException("no such unit of a duration: " + unit);
        };
    }

    private static ValueException wrongType(KeySpec key, ConfigValue value) {
        String range = key.rangeText();
        String unit = key.unit().isEmpty() ? "" : " (a bare number counts " + key.unit() + ")";
        return new ValueException(
                "wrong type: " + found(value) + ", expected " + key.type().words() + unit
                        + (range.isEmpty() || key.type() == KeyType.FLAG ? "" : ", allowed is " + range));
    }

    private static ValueException outOfRange(KeySpec key, ConfigValue value) {
        String unit = key.unit().isEmpty() ? "" : " (a bare number counts " + key.unit() + ")";
        return new ValueException("out of range: " + found(value) + unit + ", allowed is " + key.rangeText());
    }
}
