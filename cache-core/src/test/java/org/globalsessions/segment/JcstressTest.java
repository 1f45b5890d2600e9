package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jcstress.Main;

/**
 * Compiles {@code src/jcstress/java} with jcstress's processor, apart from the module's own classes, and runs it on segments in
 * files. Each test there races two operations and names the outcomes that may not be; those of {@link #BROKEN} leave a step of
 * {@code LAYOUT.md} out and have to be found out.
 */
class JcstressTest {
    private static final Path SOURCES = Path.of("src", "jcstress", "java");
    private static final Set<String> BROKEN = Set.of("BrokenReaderStress", "BrokenThiefStress");
    private static final String PACKAGE = SharedLru.class.getPackageName() + ".";

    /** A segment on a disk would have its pages written back all the time. */
    private static final Path MEMORY = Path.of("/dev/shm");

    /** On JDK 17 each test has this twice, with and without biased locking. */
    private static final int MS = 800;

    private static final int LONG_PARTS = 12;
    private static final int LONG_MS = 20_000;
    private static final long LEAST_STATES = 1_000;

    /** As jcstress prints the result of a test: its verdict and name, then a line for each outcome. */
    private static final Pattern VERDICT = Pattern.compile("\\.* ?\\[([A-Z ]+)] (\\S+)");

    private static final Pattern OUTCOME =
            Pattern.compile(" +(\\S.*?) {2,}([\\d,]+) +[<>]?[\\d.]+% +(Acceptable|Forbidden) .*");

    @TempDir
    Path folder;

    private record Outcomes(String verdict, Map<String, Long> seen) {
        long states() {
            return seen.values().stream().mapToLong(Long::longValue).sum();
        }
    }

    @Test
    @Tag("slow")
    void shouldSeeNothingForbiddenAndFindTheBrokenOut() throws Exception {
        System.out.println(run(MS));
    }

    /** A part is run alone, and a broken-off run taken up, with {@code -Dglobalsessions.part=N}. */
    @ParameterizedTest(name = "part {0}")
    @MethodSource("longParts")
    @Tag("long")
    void shouldSeeNothingForbiddenInEveryPartWhenItRunsForLong(int part) throws Exception {
        System.out.println("long run: part=" + part + " " + run(LONG_MS));
    }

    static IntStream longParts() {
        Integer only = Integer.getInteger("globalsessions.part");
        return only == null ? IntStream.rangeClosed(1, LONG_PARTS) : IntStream.of(only);
    }

    private String run(int ms) throws Exception {
        List<String> tests = compile();
        assertThat(tests).containsAll(BROKEN).hasSizeGreaterThan(BROKEN.size());
        String output = stress(ms);
        Map<String, Outcomes> results = results(output);
        // Each has run: jcstress leaves out without a word what it cannot run.
        assertThat(results.keySet()).as(output).containsExactlyInAnyOrderElementsOf(tests);
        long states = 0;
        for (Map.Entry<String, Outcomes> result : results.entrySet()) {
            Outcomes outcomes = result.getValue();
            boolean broken = BROKEN.contains(result.getKey());
            assertThat(outcomes.verdict())
                    .as("%s: %s%n%s", result.getKey(), outcomes.seen(), output)
                    .isEqualTo(broken ? "FAILED" : "OK");
            assertThat(outcomes.states()).as(result.getKey()).isGreaterThan(LEAST_STATES);
            // Where one outcome is all that was seen the two operations have not met.
            assertThat(outcomes.seen()).as(result.getKey()).hasSizeGreaterThan(1);
            states += broken ? 0 : outcomes.states();
        }
        assertThat(output.toLowerCase(Locale.ROOT)).doesNotContain("warning", "vm error stream");
        int sound = tests.size() - BROKEN.size();
        return "tests=" + sound + " states=" + states + " forbidden=0 brokenFoundOut=" + BROKEN.size();
    }

    /** Returns the names of the tests. */
    private List<String> compile() throws IOException {
        List<Path> sources;
        try (Stream<Path> found = Files.walk(SOURCES)) {
            sources = found.filter(path -> path.toString().endsWith(".java")).toList();
        }
        // Ours without a warning; what the processor adds may have some.
        compile(sources, List.of("-proc:none", "-Xlint:all,-processing", "-Werror"));
        compile(sources, List.of("-processorpath", System.getProperty("java.class.path"), "-nowarn"));
        return sources.stream()
                .map(path -> path.getFileName().toString().replace(".java", ""))
                .filter(name -> name.endsWith("Stress"))
                .toList();
    }

    private void compile(List<Path> sources, List<String> further) throws IOException {
        List<String> options = new ArrayList<>(List.of("-d", folder.toString(), "--release", "17"));
        options.addAll(List.of("-cp", System.getProperty("java.class.path")));
        options.addAll(further);
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            StringWriter messages = new StringWriter();
            boolean compiled = compiler.getTask(
                            messages, files, null, options, null, files.getJavaFileObjectsFromPaths(sources))
                    .call();
            assertThat(compiled).as(messages.toString()).isTrue();
        }
    }

    /** Returns what jcstress prints. */
    private String stress(int ms) throws Exception {
        Path temporary = Files.createTempDirectory(Files.isDirectory(MEMORY) ? MEMORY : folder, "jcstress");
        Path output = folder.resolve("output");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-cp", folder + File.pathSeparator + System.getProperty("java.class.path")));
        command.add(Main.class.getName());
        command.addAll(List.of("-jvmArgs", "-Djava.io.tmpdir=" + temporary));
        // One JVM a test, its threads where the system puts them, and each test in one mode of compilation.
        command.addAll(List.of("-f", "1", "-af", "NONE", "-sc", "false", "-pth", "false", "-hs", "256"));
        // Few states at a time: each has keys of its own in one segment.
        command.addAll(List.of("-strideSize", "32", "-strideCount", "8"));
        command.addAll(List.of("-v", "-r", folder.resolve("report").toString(), "-t", Pattern.quote(PACKAGE)));
        command.addAll(List.of("-iters", "1", "-time", Integer.toString(ms)));
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            process.waitFor();
            return Files.readString(output);
        } finally {
            List<ProcessHandle> tests = process.descendants().toList();
            process.destroyForcibly();
            tests.forEach(ProcessHandle::destroyForcibly);
            FileTree.delete(temporary);
        }
    }

    /** Verdict and outcomes by a test's name, from the summary at the end. */
    private static Map<String, Outcomes> results(String output) {
        int summary = output.indexOf("RUN RESULTS:");
        assertThat(summary).as(output).isNotNegative();
        Map<String, Outcomes> results = new TreeMap<>();
        Outcomes current = null;
        for (String line : output.substring(summary).lines().toList()) {
            Matcher verdict = VERDICT.matcher(line.strip());
            Matcher outcome = OUTCOME.matcher(line);
            if (verdict.matches() && verdict.group(2).startsWith(PACKAGE)) {
                current = new Outcomes(verdict.group(1), new LinkedHashMap<>());
                results.put(verdict.group(2).substring(PACKAGE.length()), current);
            } else if (current != null && outcome.matches()) {
                long count = Long.parseLong(outcome.group(2).replace(",", ""));
                if (count > 0) {
                    current.seen().put(outcome.group(1), count);
                }
            }
        }
        return results;
    }
}
