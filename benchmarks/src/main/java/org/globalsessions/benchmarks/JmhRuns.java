package org.globalsessions.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs one benchmark with one set of parameters in a JVM of its own. One thread. */
final class JmhRuns {
    private final List<String> jvmFlags;
    private final int iterations;
    private final int warmUps;
    private final int iterationMs;

    JmhRuns(List<String> jvmFlags, int iterations, int warmUps, int iterationMs) {
        this.jvmFlags = jvmFlags;
        this.iterations = iterations;
        this.warmUps = warmUps;
        this.iterationMs = iterationMs;
    }

    /** The score of each iteration, in the benchmark's unit. */
    List<Double> scores(Class<?> benchmark, String method, Map<String, Object> parameters) throws RunnerException {
        List<Double> scores = new ArrayList<>();
        for (IterationResult iteration : run(benchmark, method, parameters, false)) {
            scores.add(iteration.getPrimaryResult().getScore());
        }
        return scores;
    }

    /** Bytes that one operation allocates, by iteration. */
    List<Double> allocation(Class<?> benchmark, String method, Map<String, Object> parameters) throws RunnerException {
        List<Double> bytes = new ArrayList<>();
        for (IterationResult iteration : run(benchmark, method, parameters, true)) {
            for (Result<?> result : iteration.getSecondaryResults().values()) {
                if (result.getLabel().endsWith("gc.alloc.rate.norm")) {
                    bytes.add(result.getScore());
                }
            }
        }
        return bytes;
    }

    private List<IterationResult> run(
            Class<?> benchmark, String method, Map<String, Object> parameters, boolean allocation)
            throws RunnerException {
        OptionsBuilder options = new OptionsBuilder();
        options.include("^" + benchmark.getName().replace(".", "\\.") + "\\." + method + "$")
                .warmupIterations(warmUps)
                .warmupTime(TimeValue.milliseconds(iterationMs))
                .measurementIterations(iterations)
                .measurementTime(TimeValue.milliseconds(iterationMs))
                .forks(1)
                .jvmArgsAppend(jvmFlags.toArray(new String[0]))
                .verbosity(VerboseMode.SILENT)
                .shouldFailOnError(true);
        if (allocation) {
            options.addProfiler(GCProfiler.class);
        }
        parameters.forEach((name, value) -> options.param(name, value.toString()));
        List<IterationResult> found = new ArrayList<>();
        for (RunResult run : new Runner(options.build()).run()) {
            for (BenchmarkResult fork : run.getBenchmarkResults()) {
                found.addAll(fork.getIterationResults());
            }
        }
        return found;
    }
}
