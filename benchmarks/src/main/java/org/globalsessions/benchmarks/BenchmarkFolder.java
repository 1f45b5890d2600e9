package org.globalsessions.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;

/**
 * A folder for the files of one table, on /dev/shm unless the property {@code globalsessions.benchmarks.folder} names another
 * place. Removed when closed, or else when the JVM ends.
 */
final class BenchmarkFolder implements AutoCloseable {
    static final String PROPERTY = "globalsessions.benchmarks.folder";

    private final Path path;
    private final Thread atExit = new Thread(this::remove, "remove the benchmark's files");

    BenchmarkFolder() throws IOException {
        Path shared = Path.of(System.getProperty(PROPERTY, "/dev/shm"));
        Path parent = Files.isDirectory(shared) ? shared : Path.of(System.getProperty("java.io.tmpdir"));
        path = Files.createTempDirectory(parent, "global-sessions-benchmark-");
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    Path path() {
        return path;
    }

    @Override
    public void close() {
        remove();
        Runtime.getRuntime().removeShutdownHook(atExit);
    }

    private void remove() {
        if (!Files.exists(path)) {
            return;
        }
        try (var files = Files.walk(path)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
