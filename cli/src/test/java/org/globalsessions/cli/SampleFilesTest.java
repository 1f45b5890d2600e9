package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.globalsessions.config.KeySpec;
import org.globalsessions.config.KeyType;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.config.NodeKind;
import org.globalsessions.config.Schema;
import org.globalsessions.config.SectionSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SampleFilesTest {
    private static final Path SAMPLES = Path.of("..", "config-samples");

    @ParameterizedTest
    @CsvSource({
        "relay.conf, RELAY",
        "sibling.conf, SIBLING",
        "aging.conf, RELIEF_AGING",
        "expansion.conf, RELIEF_EXPANSION",
        "client.conf, CLIENT",
    })
    void shouldLoadAndExplainEveryKeyWhenItIsASample(String name, NodeKind kind) throws IOException {
        Path file = SAMPLES.resolve(name);
        NodeConfig config = kind == NodeKind.CLIENT ? NodeConfig.loadClient(file) : NodeConfig.load(file);
        assertThat(config.kind()).isEqualTo(kind);
        assertThat(config.missing()).isEmpty();
        assertThat(config.authPath()).isEqualTo("sessions");

        // Comments wrap: one line of words without marks is what sentences are looked for in.
        String text =
                String.join(" ", Files.readAllLines(file)).replace('#', ' ').replaceAll("\\s+", " ");
        List<String> missing = new ArrayList<>();
        collect(Schema.top(), kind, text, missing);
        assertThat(missing).isEmpty();
    }

    @Test
    void shouldPassCheckWhenItIsASample() {
        for (String name : List.of("relay.conf", "sibling.conf", "aging.conf", "expansion.conf", "client.conf")) {
            CommandRun run = CommandRun.of("check", SAMPLES.resolve(name));
            assertThat(run.exit()).as(run.err()).isZero();
            assertThat(run.out()).contains("el_count : ").contains("# default");
        }
    }

    private static void collect(SectionSpec section, NodeKind kind, String text, List<String> missing) {
        for (KeySpec key : section.keys()) {
            if (!key.kinds().contains(kind)) {
                continue;
            }
            if (key.section() != null) {
                collect(key.section(), kind, text, missing);
            }
            String unit = key.unit().isEmpty() ? "" : ", a bare number counts " + key.unit();
            String range =
                    key.rangeText().isEmpty() || key.type() == KeyType.FLAG ? "" : " Range: " + key.rangeText() + ".";
            String facts = key.section() != null
                    ? key.name() + " {"
                    : "Type: " + key.type().words() + unit + ". Default: "
                            + (key.defaultText().isEmpty() ? "none" : key.defaultText()) + "." + range + " "
                            + key.name() + " :";
            for (String sentence : List.of(key.doc(), facts, key.effectNote())) {
                if (!text.contains(sentence.strip())) {
                    missing.add(key.name() + ": " + sentence);
                }
            }
        }
    }
}
