package org.globalsessions.cli;

import java.io.PrintWriter;
import java.util.Map;

/** Prints what a command has found out: a line a value, or one JSON object. */
final class Report {
    private Report() {}

    static void print(Map<String, Object> values, boolean json, PrintWriter out) {
        if (json) {
            out.println(Json.of(values));
        } else {
            values.forEach((name, value) -> out.printf("%-16s %s%n", name, value));
        }
    }
}
