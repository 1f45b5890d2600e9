package org.globalsessions.cli;

import java.io.PrintWriter;
import java.util.Map;

/** Prints what a command has found out: a line a value, or one JSON object. */
final class Report {
    /** Columns of the names, where none is longer. */
    private static final int LEAST_WIDTH = 16;

    private Report() {}

    static void print(Map<String, Object> values, boolean json, PrintWriter out) {
        if (json) {
            out.println(Json.of(values));
        } else {
            int width = values.keySet().stream().mapToInt(String::length).reduce(LEAST_WIDTH, Math::max);
            values.forEach((name, value) -> out.println(name + " ".repeat(width - name.length()) + " " + value));
        }
    }
}
