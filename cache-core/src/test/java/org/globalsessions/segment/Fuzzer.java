package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Jazzer (libFuzzer for the JVM) at work on one target, in a JVM of its own: what it crashes is that one. An input that is a
 * finding is put into {@code target/fuzz}.
 */
final class Fuzzer implements AutoCloseable {
    private static final Pattern RUNS = Pattern.compile("stat::number_of_executed_units: (\\d+)");
    private static final int SHOWN_LENGTH = 6_000;
    private static final int INPUT_TIMEOUT_SECONDS = 20;

    private final String target;
    private final int kept;
    private final int seed;
    private final Path output;
    private final Path temporary;
    private final Process process;

    /**
     * @param target    class name of the target
     * @param maxLength bytes of the longest input
     * @param found     folder for inputs that reach something new
     * @param corpus    folder with the inputs to begin with
     */
    Fuzzer(String target, int maxLength, int seconds, int seed, Path found, Path corpus) throws IOException {
        this.target = target;
        this.seed = seed;
        try (Stream<Path> inputs = Files.list(corpus)) {
            kept = (int) inputs.count();
        }
        Path findings = Files.createDirectories(findings());
        Files.createDirectories(found);
        output = Files.createTempFile("fuzz", ".out");
        // Segments in memory, as in life: a disk would be what is measured.
        Path memory = Path.of("/dev/shm");
        temporary = Files.isDirectory(memory)
                ? Files.createTempDirectory(memory, "fuzz")
                : Files.createTempDirectory("fuzz");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx512m", "-Djava.io.tmpdir=" + temporary));
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.add("com.code_intelligence.jazzer.Jazzer");
        command.add("--target_class=" + target);
        command.add("--instrumentation_includes=org.globalsessions.**");
        // A comparison each for 16,384 counters, and for every known key: a call of the fuzzer's each would be most of
        // the time.
        command.add(
                "--instrumentation_excludes=org.globalsessions.segment.SlotCheck:org.globalsessions.config.NearestKey");
        // Jazzer's own hook on Unsafe fails in Netty's queues.
        command.add("--custom_hook_excludes=io.netty.**");
        command.add("--reproducer_path=" + findings);
        command.add("-artifact_prefix=" + findings + File.separator);
        command.addAll(List.of("-max_total_time=" + seconds, "-timeout=" + INPUT_TIMEOUT_SECONDS));
        command.addAll(List.of("-max_len=" + maxLength, "-seed=" + seed, "-print_final_stats=1"));
        command.add(found.toAbsolutePath().toString());
        command.add(corpus.toAbsolutePath().toString());
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().remove("JAVA_TOOL_OPTIONS");
        process = builder.start();
    }

    private Path findings() {
        return Path.of("target", "fuzz", target.substring(target.lastIndexOf('.') + 1))
                .toAbsolutePath();
    }

    /** Waits until the time is over. Returns how many inputs were run; fails where there is a finding, or no run at all. */
    long inputs() throws IOException, InterruptedException {
        int exit = process.waitFor();
        String text = Files.readString(output);
        String context = target + ", seed=" + seed + ", findings in " + findings() + ": "
                + text.substring(Math.max(0, text.length() - SHOWN_LENGTH));
        return inputs(exit, text, kept, context);
    }

    /** @param kept inputs that it had to begin with */
    static long inputs(int exit, String text, int kept, String context) {
        assertThat(exit).as("Jazzer's exit code: %s", context).isZero();
        Matcher runs = RUNS.matcher(text);
        assertThat(runs.find()).as("Jazzer ran: %s", context).isTrue();
        long inputs = Long.parseLong(runs.group(1));
        assertThat(inputs).as("inputs: %s", context).isGreaterThan(kept);
        return inputs;
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly().onExit().join();
        Files.delete(output);
        FileTree.delete(temporary);
    }
}
