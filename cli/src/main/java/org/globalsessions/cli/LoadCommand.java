package org.globalsessions.cli;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.config.NodeConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code load}: gets and sets on a client's segment and the tiers behind it, each timed and each answer checked. */
@Command(
        name = "load",
        description = "Stores sessions, then gets and sets them at random from several threads for a while. "
                + "Prints the rate, the times and what went wrong.",
        mixinStandardHelpOptions = true)
final class LoadCommand extends ClientCommand {
    private static final int MOST_SESSIONS = 16_000_000;
    private static final int MOST_THREADS = 256;
    private static final int FILL_WINDOW = 512;
    private static final Duration FILL_PATIENCE = Duration.ofSeconds(60);

    @Option(
            names = "--sessions",
            paramLabel = "N",
            defaultValue = "10000",
            description = "Different sessions, 1 to 16000000. Default ${DEFAULT-VALUE}.")
    private int sessions;

    @Option(
            names = "--value-size",
            paramLabel = "B",
            defaultValue = "300",
            description = "Bytes of a value, from 0 to the configuration's max_value_size. Default ${DEFAULT-VALUE}.")
    private int valueSize;

    @Option(
            names = "--threads",
            paramLabel = "T",
            defaultValue = "2",
            description = "Threads, 1 to 256, each with one operation at a time. Default ${DEFAULT-VALUE}.")
    private int threads;

    @Option(
            names = "--duration",
            paramLabel = "D",
            converter = DurationOption.class,
            defaultValue = "10s",
            description = "How long, after all sessions are stored. Default ${DEFAULT-VALUE}.")
    private Duration duration;

    @Option(
            names = "--read-ratio",
            paramLabel = "R",
            defaultValue = "0.95",
            description = "Gets among all operations, 0 to 1. Default ${DEFAULT-VALUE}.")
    private double readRatio;

    @Option(
            names = "--ack",
            paramLabel = "LEVEL",
            defaultValue = "local",
            description = "What a set waits for: local, relay or relief. Default ${DEFAULT-VALUE}.")
    private Acknowledgement level;

    @Option(
            names = "--no-fill",
            description = "Do not store all sessions first: a run before it with the same seed has done that.")
    private boolean noFill;

    @Option(names = "--seed", paramLabel = "S", description = "Seed of keys and values. Default: a random one.")
    private Long seed;

    @Override
    int run(SessionCacheManager cache, NodeConfig config) throws Exception {
        checkRange("--sessions", sessions, 1, MOST_SESSIONS);
        checkRange("--threads", threads, 1, MOST_THREADS);
        checkRange("--value-size", valueSize, 0, config.cache().maxValueSize());
        if (!(readRatio >= 0 && readRatio <= 1)) {
            throw new UsageException("--read-ratio is out of range: found " + readRatio + ", allowed is 0 to 1");
        }
        refuseEverywhere(level);
        SetOptions options = SetOptions.DEFAULTS.acknowledgement(levelOr(level, false, config));
        LoadWorker.Mix mix = new LoadWorker.Mix(sessions, valueSize, readRatio, options);
        long chosen = seed == null ? new SecureRandom().nextLong() : seed;
        SessionSource source = new SessionSource(chosen);
        if (!noFill) {
            fill(cache, source, config);
        }

        LoadWorker[] workers = new LoadWorker[threads];
        long startedNs = System.nanoTime();
        for (int i = 0; i < threads; i++) {
            workers[i] = new LoadWorker(cache, source, mix, startedNs + duration.toNanos(), chosen + i);
            workers[i].start();
        }
        for (LoadWorker worker : workers) {
            worker.join();
        }
        return print(workers, (System.nanoTime() - startedNs) / 1e9, chosen);
    }

    /** Every session once; to the relay where there is one, so that gets find also what this segment has no room for. */
    private void fill(SessionCacheManager cache, SessionSource source, NodeConfig config) throws Exception {
        SetOptions options = SetOptions.DEFAULTS.acknowledgement(levelOr(null, false, config));
        Pipeline sets = new Pipeline(FILL_WINDOW, FILL_PATIENCE, n -> {
            String key = source.key(n);
            return cache.set(key, source.value(key, valueSize), options);
        });
        sets.run(sessions, done -> {});
        err().println("global-sessions: " + sessions + " sessions stored");
    }

    private static void checkRange(String option, int value, int least, int most) {
        if (value < least || value > most) {
            throw new UsageException(
                    option + " is out of range: found " + value + ", allowed is " + least + " to " + most);
        }
    }

    private int print(LoadWorker[] workers, double seconds, long chosen) {
        Histogram gets = LoadWorker.newHistogram();
        Histogram sets = LoadWorker.newHistogram();
        long misses = 0;
        long errors = 0;
        long wrong = 0;
        String firstError = null;
        for (LoadWorker worker : workers) {
            gets.add(worker.gets());
            sets.add(worker.sets());
            misses += worker.misses();
            errors += worker.errors();
            wrong += worker.wrong();
            firstError = firstError == null ? worker.firstError() : firstError;
        }
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("opsPerSecond", Math.round((gets.getTotalCount() + sets.getTotalCount()) / seconds));
        report.put("gets", gets.getTotalCount());
        report.put("sets", sets.getTotalCount());
        putTimes(report, "get", gets);
        putTimes(report, "set", sets);
        report.put("misses", misses);
        report.put("errors", errors);
        report.put("wrong", wrong);
        report.put("seconds", seconds);
        report.put("seed", chosen);
        Report.print(report, isJson(), out());
        if (firstError != null) {
            err().println("global-sessions: the first error: " + firstError);
        }
        return errors + wrong == 0 ? GlobalSessions.DONE : GlobalSessions.FAILED;
    }

    private static void putTimes(Map<String, Object> report, String operation, Histogram times) {
        report.put(operation + "P50Ns", times.getValueAtPercentile(50));
        report.put(operation + "P99Ns", times.getValueAtPercentile(99));
        report.put(operation + "P999Ns", times.getValueAtPercentile(99.9));
        report.put(operation + "MaxNs", times.getTotalCount() == 0 ? 0 : times.getMaxValue());
    }
}
