package org.globalsessions.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.IntConsumer;
import org.globalsessions.SessionCacheManager;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** An application in a quickstart: a process of its own that knows nothing but the public interface, a configuration and a seed. */
abstract class QuickstartApplication implements Callable<Integer> {
    /** Futures open at a time. */
    static final int WINDOW = 256;

    /** How long one session is tried while a tier is away. */
    static final Duration PATIENCE = Duration.ofSeconds(60);

    @Option(names = "--config", required = true)
    private Path config;

    @Option(names = "--sessions", required = true)
    private int sessions;

    @Option(names = "--seed", required = true)
    private long seed;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        long startedNs = System.nanoTime();
        PrintWriter out = spec.commandLine().getOut();
        try (SessionCacheManager cache = SessionCacheManager.open(config)) {
            Map<String, Object> result = run(cache, new SessionSource(seed), sessions);
            result.put("seconds", Math.round((System.nanoTime() - startedNs) / 1e7) / 100.0);
            out.println(Json.of(result));
        }
        return GlobalSessions.DONE;
    }

    abstract Map<String, Object> run(SessionCacheManager cache, SessionSource source, int count) throws Exception;

    /** Tells the parent, ten times in a run. */
    IntConsumer progress(String what, int count) {
        int[] told = {-1};
        return done -> {
            int tenth = (int) (10L * done / Math.max(1, count));
            if (tenth > told[0]) {
                told[0] = tenth;
                spec.commandLine().getOut().println(what + " " + done + " of " + count);
            }
        };
    }
}
