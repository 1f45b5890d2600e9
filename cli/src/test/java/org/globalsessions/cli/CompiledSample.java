package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/** A sample in Java, compiled against the distribution as its page says. */
final class CompiledSample {
    private static final Path SAMPLES =
            Path.of("..", "samples").toAbsolutePath().normalize();

    private CompiledSample() {}

    /** A file or folder of a sample. */
    static Path path(String sample, String name) {
        return SAMPLES.resolve(sample).resolve(name);
    }

    /**
     * Compiles it.
     *
     * @return the environment of a process that finds it
     */
    static Map<String, String> variables(String sample, String source, Path classes) throws IOException {
        Path services = Files.createDirectories(classes.resolve("META-INF/services"));
        for (Path service : list(path(sample, "META-INF/services"))) {
            Files.copy(service, services.resolve(service.getFileName()));
        }
        // The compiler's launcher knows "lib/*", the compiler itself does not.
        String classPath = list(Path.of(System.getProperty("globalsessions.dist"), "lib")).stream()
                .map(Path::toString)
                .collect(Collectors.joining(File.pathSeparator));
        int compiled = ToolProvider.getSystemJavaCompiler()
                .run(
                        null,
                        null,
                        null,
                        "-cp",
                        classPath,
                        "-d",
                        classes.toString(),
                        path(sample, source).toString());
        assertThat(compiled).isZero();
        return Map.of("GLOBAL_SESSIONS_CLASSPATH", classes.toString());
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
