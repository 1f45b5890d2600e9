package org.globalsessions.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;

/** Words that occur nowhere else, planted in keys, values and secrets, and a search for them in any form that output has. */
final class Markers {
    /** In every key. */
    static final String KEY = "Kz7QpVx3NwR9";

    /** In every value. */
    static final String VALUE = "Vt5LmYc8HsJ2";

    /** In every secret. */
    static final String SECRET = "Sd4GfBq6TnW1";

    /** What to look for, and what it is. */
    private static final Map<String, String> FORMS = forms();

    private Markers() {}

    private static Map<String, String> forms() {
        Map<String, String> forms = new TreeMap<>();
        Map.of("key", KEY, "value", VALUE, "secret", SECRET).forEach((what, marker) -> {
            byte[] bytes = marker.getBytes(US_ASCII);
            forms.put(marker, what + " as text");
            forms.put(HexFormat.of().formatHex(bytes), what + " in hexadecimal");
            forms.put(HexFormat.of().withUpperCase().formatHex(bytes), what + " in hexadecimal");
            StringJoiner numbers = new StringJoiner(", ");
            for (byte each : bytes) {
                numbers.add(Byte.toString(each));
            }
            forms.put(numbers.toString(), what + " as numbers");
            for (int offset = 0; offset < 3; offset++) {
                forms.put(base64(bytes, offset), what + " in base64");
            }
        });
        return forms;
    }

    /** What stays the same in base64, whatever stands before and after, where so many bytes of a group of three stand before. */
    private static String base64(byte[] bytes, int offset) {
        byte[] shifted = new byte[offset + bytes.length];
        System.arraycopy(bytes, 0, shifted, offset, bytes.length);
        String encoded = Base64.getEncoder().withoutPadding().encodeToString(shifted);
        return encoded.substring((offset * 8 + 5) / 6, shifted.length * 8 / 6);
    }

    /** What of the planted a text has; empty where nothing. */
    static List<String> in(String text) {
        // The alphabet for addresses has two other letters.
        String addressed = text.replace('-', '+').replace('_', '/');
        List<String> found = new ArrayList<>();
        FORMS.forEach((form, what) -> {
            if (text.contains(form) || addressed.contains(form)) {
                found.add(what);
            }
        });
        return found;
    }

    /** The first line that has something planted, for whoever looks for the place; empty where none has. */
    static String firstLine(byte[] bytes) {
        return new String(bytes, ISO_8859_1)
                .lines()
                .filter(line -> !in(line).isEmpty())
                .findFirst()
                .map(line -> line.substring(0, Math.min(line.length(), 300)))
                .orElse("");
    }

    /** The same for bytes of any kind. */
    static List<String> in(byte[] bytes) {
        return in(new String(bytes, ISO_8859_1));
    }
}
