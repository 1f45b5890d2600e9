package org.globalsessions.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.config.NodeConfig;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What the commands have in common that work as a client does: one process more that shares the client's segment. */
abstract class ClientCommand implements Callable<Integer> {
    private static final long MARGIN_NS = TimeUnit.SECONDS.toNanos(10);
    private static final long RETRY_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(50);

    @Option(names = "--config", required = true, paramLabel = "CLIENT", description = "The client's configuration.")
    private Path file;

    @Option(
            names = "--timeout",
            paramLabel = "D",
            converter = DurationOption.class,
            defaultValue = "5s",
            description = "How long to try while a tier is away, such as 5s. Default ${DEFAULT-VALUE}.")
    private Duration timeout;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        NodeConfig config = NodeConfig.loadClient(file);
        NodeLauncher.refuseMissing(java.util.List.of(config));
        try (SessionCacheManager cache = SessionCacheManager.open(file)) {
            return run(cache, config);
        }
    }

    abstract int run(SessionCacheManager cache, NodeConfig config) throws Exception;

    PrintWriter out() {
        return spec.commandLine().getOut();
    }

    PrintWriter err() {
        return spec.commandLine().getErr();
    }

    boolean isJson() {
        return json;
    }

    /** How far a change goes before the command ends: to the relay where there is one, as nobody may be left to send it on. */
    static Acknowledgement levelOr(Acknowledgement asked, boolean local, NodeConfig config) {
        if (local || config.relaySections().isEmpty()) {
            if (asked != null && asked != Acknowledgement.LOCAL) {
                throw new UsageException("--ack " + asked.name().toLowerCase(java.util.Locale.ROOT)
                        + " needs a relay, but " + (local ? "--local was given" : config.file() + " names none"));
            }
            return Acknowledgement.LOCAL;
        }
        return asked == null ? Acknowledgement.RELAY : asked;
    }

    /** Refuses for sets what only deletes can wait for. */
    static void refuseEverywhere(Acknowledgement level) {
        if (level == Acknowledgement.EVERYWHERE) {
            throw new UsageException("--ack everywhere is for deletes: a set ends at relay or relief");
        }
    }

    /**
     * Tries until a tier has answered, as the link may just be coming up.
     *
     * @throws TierUnavailableException where none did in time
     */
    <T> T patiently(Supplier<CompletableFuture<T>> action) throws Exception {
        long deadlineNs = System.nanoTime() + timeout.toNanos();
        while (true) {
            try {
                // A tier ends every future within its own time-out; the margin only guards against one that does not.
                long leftNs = Math.max(0, deadlineNs - System.nanoTime());
                return action.get().get(leftNs + MARGIN_NS, TimeUnit.NANOSECONDS);
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof TierUnavailableException) || deadlineNs - System.nanoTime() < 0) {
                    throw e;
                }
            } catch (TimeoutException e) {
                throw new TierUnavailableException("no tier has answered within " + timeout.toMillis() + " ms", e);
            }
            LockSupport.parkNanos(RETRY_PAUSE_NS);
        }
    }

    /** Bytes to standard output as they are, so that what was set from a file comes back as that file. */
    void writeRaw(byte[] value) throws IOException {
        out().flush();
        System.out.write(value);
        System.out.flush();
    }
}
