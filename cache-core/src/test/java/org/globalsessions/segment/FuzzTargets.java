package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Targets of one module, and how Jazzer attacks them: beginning with the corpus kept in {@code src/test/corpus}. What was a finding goes
 * there too, where every build runs it. What a long run has found new lies in {@code target/fuzz/TARGET/corpus}.
 */
public final class FuzzTargets {
    /** What a target does with an input. */
    @FunctionalInterface
    public interface Code {
        /** Anything thrown is a finding, but for a failure of the file system. */
        void run(byte[] input) throws IOException;
    }

    /**
     * One target.
     *
     * @param type      the class that Jazzer runs
     * @param maxLength bytes of the longest input
     * @param code      what it runs
     */
    public record Target(Class<?> type, int maxLength, Code code) {
        private Path corpus() {
            return Path.of("src", "test", "corpus", type.getSimpleName());
        }
    }

    /** As many as the least machine has processors. */
    private static final int AT_A_TIME = 2;

    private static final int LONG_PARTS = 6;
    private static final int LONG_SECONDS = 600;
    private static final int SEED_OF_EVERY_BUILD = 20_261_128;

    private final List<Target> targets;

    public FuzzTargets(Target... targets) {
        this.targets = List.of(targets);
    }

    /** Parts of a long run: one is run alone, and a broken-off run taken up, with {@code -Dglobalsessions.part=N}. */
    public static IntStream longParts() {
        Integer only = Integer.getInteger("globalsessions.part");
        return only == null ? IntStream.rangeClosed(1, LONG_PARTS) : IntStream.of(only);
    }

    /** Runs each target on every input that is kept. */
    public void runKeptCorpus() throws IOException {
        for (Target target : targets) {
            try (Stream<Path> files = Files.list(target.corpus())) {
                List<Path> inputs = files.sorted().toList();
                assertThat(inputs).isNotEmpty();
                for (Path input : inputs) {
                    try {
                        target.code().run(Files.readAllBytes(input));
                    } catch (AssertionError | RuntimeException e) {
                        throw new AssertionError(input.toString(), e);
                    }
                }
            }
        }
    }

    /** A minute a target, with the same seed in every build, which so fails by what it has changed; the long parts have other seeds. */
    public void fuzzInEveryBuild(Path found) throws IOException, InterruptedException {
        fuzz(60, SEED_OF_EVERY_BUILD, found);
    }

    /** Ten minutes a target. */
    public void fuzzLong(int part) throws IOException, InterruptedException {
        List<Long> inputs = fuzz(LONG_SECONDS, part, Path.of("target", "fuzz"));
        for (int i = 0; i < targets.size(); i++) {
            System.out.printf(
                    "long run: part=%d target=%s seconds=%d inputs=%d findings=0%n",
                    part, targets.get(i).type().getSimpleName(), LONG_SECONDS, inputs.get(i));
        }
    }

    private List<Long> fuzz(int seconds, int seed, Path found) throws IOException, InterruptedException {
        System.out.println("seed=" + seed);
        List<Long> inputs = new ArrayList<>();
        for (int first = 0; first < targets.size(); first += AT_A_TIME) {
            List<Fuzzer> fuzzers = new ArrayList<>();
            try {
                for (Target target : targets.subList(first, Math.min(targets.size(), first + AT_A_TIME))) {
                    Path corpus = found.resolve(target.type().getSimpleName()).resolve("corpus");
                    fuzzers.add(new Fuzzer(
                            target.type().getName(), target.maxLength(), seconds, seed, corpus, target.corpus()));
                }
                for (Fuzzer fuzzer : fuzzers) {
                    inputs.add(fuzzer.inputs());
                }
            } finally {
                for (Fuzzer fuzzer : fuzzers) {
                    fuzzer.close();
                }
            }
        }
        System.out.println("inputs=" + inputs);
        return inputs;
    }
}
