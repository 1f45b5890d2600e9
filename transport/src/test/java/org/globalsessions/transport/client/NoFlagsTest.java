package org.globalsessions.transport.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An application needs no JVM flag and sees no warning, with every JDK of this machine. */
class NoFlagsTest {
    private static final Path INSTALLED = Path.of("/usr/lib/jvm");

    @Test
    void shouldPrintNothingOnStandardErrorWhenStartedWithoutFlags(@TempDir Path folder) throws Exception {
        assertQuiet(folder);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bcjsse", "jdk"})
    void shouldPrintNothingOnStandardErrorWhenStartedWithoutFlagsAndWithTls(String provider, @TempDir Path folder)
            throws Exception {
        assertQuiet(folder, folder.resolve("keys").toString(), provider);
    }

    private static void assertQuiet(Path folder, String... args) throws Exception {
        Set<Path> jdks = jdks();
        assumeThat(jdks).isNotEmpty();
        for (Path java : jdks) {
            Path out = folder.resolve("out");
            Path err = folder.resolve("err");
            List<String> command = new ArrayList<>(List.of(
                    java.toString(),
                    "-cp",
                    System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                    QuietProcess.class.getName()));
            command.addAll(List.of(args));
            Process process = new ProcessBuilder(command)
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile())
                    .start();
            try {
                assertThat(process.waitFor(60, TimeUnit.SECONDS))
                        .as(java.toString())
                        .isTrue();
            } finally {
                process.destroyForcibly();
            }
            assertThat(Files.readString(err)).as(java.toString()).isEmpty();
            assertThat(Files.readString(out).trim()).as(java.toString()).isEqualTo("missing=true");
            assertThat(process.exitValue()).isZero();
        }
    }

    private static Set<Path> jdks() throws IOException {
        List<Path> candidates = new ArrayList<>();
        candidates.add(Path.of(System.getProperty("java.home")));
        if (Files.isDirectory(INSTALLED)) {
            try (DirectoryStream<Path> folders = Files.newDirectoryStream(INSTALLED)) {
                folders.forEach(candidates::add);
            }
        }
        Set<Path> javas = new LinkedHashSet<>();
        for (Path candidate : candidates) {
            Path java = candidate.resolve("bin/java");
            if (Files.isExecutable(java)) {
                javas.add(java.toRealPath());
            }
        }
        return javas;
    }
}
