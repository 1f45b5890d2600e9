package org.globalsessions.segment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder with all that is in it. */
final class FileTree {
    private FileTree() {}

    static void delete(Path folder) throws IOException {
        empty(folder);
        Files.delete(folder);
    }

    static void empty(Path folder) throws IOException {
        List<Path> all;
        try (Stream<Path> files = Files.walk(folder)) {
            all = files.filter(each -> !each.equals(folder))
                    .sorted(Comparator.reverseOrder())
                    .toList();
        }
        for (Path each : all) {
            Files.deleteIfExists(each);
        }
    }
}
