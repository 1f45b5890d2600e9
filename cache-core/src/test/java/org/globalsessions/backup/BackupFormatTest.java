package org.globalsessions.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The tables of docs/backup.md against the constants. */
class BackupFormatTest {
    @ParameterizedTest
    @CsvSource({"Header, HEADER_, 64", "Block, BLOCK_, 16", "Entry, ENTRY_, -1", "Tombstone, TOMBSTONE_, 40"})
    void shouldHaveTheOffsetsOfTheTables(String heading, String prefix, int length) throws Exception {
        boolean inside = false;
        int end = 0;
        int rows = 0;
        for (String line : Files.readAllLines(Path.of("../docs/backup.md"))) {
            if (line.startsWith("#")) {
                inside = line.equals("### " + heading);
            } else if (inside && line.matches("\\| \\d+ \\|.*")) {
                String[] cells = line.split("\\|", -1);
                int offset = Integer.parseInt(cells[1].strip());
                String name = cells[3].strip();
                assertThat(offset).as(name).isEqualTo(end);
                if (!name.equals("reserved")) {
                    assertThat(BackupFormat.class
                                    .getField(prefix + name + "_OFFSET")
                                    .getInt(null))
                            .as(name)
                            .isEqualTo(offset);
                }
                end = cells[2].isBlank() ? -1 : offset + Integer.parseInt(cells[2].strip());
                rows++;
            }
        }
        assertThat(rows).isPositive();
        assertThat(end).isEqualTo(length);
    }
}
