package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReportTest {
    private final Map<String, Object> values = new LinkedHashMap<>();

    private String printed(boolean json) {
        StringWriter text = new StringWriter();
        Report.print(values, json, new PrintWriter(text));
        return text.toString();
    }

    @Test
    void shouldAlignTheValuesWhenNamesAreShort() {
        values.put("requests", 12L);
        values.put("hitRatio", 0.5);
        assertThat(printed(false)).isEqualToIgnoringNewLines("requests         12\nhitRatio         0.5\n");
    }

    @Test
    void shouldAlignTheValuesWhenANameIsLong() {
        values.put("ways", 7);
        values.put("occupiedWaysBefore", 8);
        assertThat(printed(false)).isEqualToIgnoringNewLines("ways               7\noccupiedWaysBefore 8\n");
    }

    @Test
    void shouldPrintOneObjectWhenAskedForJson() {
        values.put("ways", 7);
        assertThat(printed(true)).isEqualToIgnoringNewLines("{\"ways\":7}\n");
    }
}
