package org.globalsessions.cli;

import com.typesafe.config.Config;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.globalsessions.config.ConfigurationException;
import org.globalsessions.config.ConfigurationProblem;
import org.globalsessions.config.NodeConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code run CONFIG...}: the nodes described, in this process, until SIGTERM or Ctrl-C. */
@Command(
        name = "run",
        description = "Runs the nodes described, in one process, until SIGTERM or Ctrl-C.",
        mixinStandardHelpOptions = true)
final class RunCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "CONFIG", description = "Files, each of one node.")
    private List<Path> files;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        List<NodeConfig> configs = load(files);
        NodeLauncher.refuseMissing(configs);
        StopSignal stop = StopSignal.install();
        boolean clean = false;
        try {
            run(configs, stop);
            clean = true;
        } finally {
            stop.ended(clean);
        }
        return GlobalSessions.DONE;
    }

    private void run(List<NodeConfig> configs, StopSignal stop) throws Exception {
        PrintWriter err = spec.commandLine().getErr();
        try (NodeLauncher nodes = NodeLauncher.launch(configs, stop::ask)) {
            for (NodeConfig config : configs) {
                err.println("global-sessions: running: " + config.kind().words() + " " + config.file()
                        + segments(config) + where(config));
            }
            stop.await();
            err.println("global-sessions: stopping " + nodes.count() + " node(s)");
        }
    }

    private static List<NodeConfig> load(List<Path> files) {
        List<NodeConfig> configs = new ArrayList<>();
        List<ConfigurationProblem> problems = new ArrayList<>();
        for (Path file : files) {
            try {
                configs.add(NodeConfig.load(file));
            } catch (ConfigurationException refused) {
                problems.addAll(refused.problems());
            }
        }
        if (!problems.isEmpty()) {
            throw new ConfigurationException(problems);
        }
        return configs;
    }

    private static String segments(NodeConfig config) {
        if (config.paths().size() < 2) {
            return ", segment " + config.cache().segmentText();
        }
        return config.paths().stream()
                .map(path ->
                        ", path " + path.name() + " in segment " + path.cache().segmentText())
                .collect(Collectors.joining());
    }

    private static String where(NodeConfig config) {
        if (config.kind().isRelief()) {
            return "";
        }
        Config gateway = config.gateway();
        if (gateway != null) {
            return ", gateway on " + (gateway.hasPath("tls") ? "https://" : "http://") + gateway.getString("address")
                    + ":" + gateway.getInt("port");
        }
        return ", listening on " + config.address() + ":" + config.port()
                + (config.unixSocket() == null ? "" : " and unix:" + config.unixSocket());
    }

    /**
     * Turns SIGTERM and Ctrl-C into an orderly end: the JVM's shutdown waits until the nodes are closed, and the process ends
     * with 0 then, as it did what it was asked to, or with 1 where a node could not be closed.
     */
    private static final class StopSignal {
        private final CountDownLatch asked = new CountDownLatch(1);
        private final CountDownLatch closed = new CountDownLatch(1);
        private volatile boolean clean;

        static StopSignal install() {
            StopSignal signal = new StopSignal();
            Runtime.getRuntime().addShutdownHook(new Thread(signal::stop, "run-stop"));
            return signal;
        }

        void ask() {
            asked.countDown();
        }

        void await() throws InterruptedException {
            asked.await();
        }

        void ended(boolean isClean) {
            clean = isClean;
            closed.countDown();
        }

        private void stop() {
            boolean signalled = closed.getCount() > 0;
            asked.countDown();
            try {
                closed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            if (signalled) {
                Runtime.getRuntime().halt(clean ? GlobalSessions.DONE : GlobalSessions.FAILED);
            }
        }
    }
}
