package org.globalsessions.segment;

import java.util.List;

/**
 * A line of the code that is a numbered step of {@code LAYOUT.md}, found by its comment.
 *
 * @param className the class whose source has the line
 * @param line      number of the line, from 1
 * @param code      what stands there, without the comment
 * @param steps     the steps, such as "set 9"; one line may be a step of several operations
 */
record StepMarker(String className, int line, String code, List<String> steps) {
    boolean is(String step) {
        return steps.contains(step);
    }

    @Override
    public String toString() {
        return String.join(", ", steps) + " (" + className.substring(className.lastIndexOf('.') + 1) + ":" + line + ")";
    }
}
