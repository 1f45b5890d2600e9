package org.globalsessions.cli;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.globalsessions.config.ConfigurationException;
import org.globalsessions.config.ConfigurationProblem;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.config.Setting;
import org.globalsessions.relay.MidwayRelay;
import org.globalsessions.relay.RelayContext;
import org.globalsessions.relief.ReliefContext;
import org.globalsessions.relief.ReliefNode;
import org.globalsessions.sibling.SiblingContext;
import org.globalsessions.sibling.SiblingEndpoint;
import org.globalsessions.transport.gateway.GatewayNode;

/**
 * Starts the nodes that configurations describe, in one process, and closes them in reverse order.
 *
 * <p>Used by one thread.
 */
final class NodeLauncher implements AutoCloseable {
    private final Deque<AutoCloseable> nodes = new ArrayDeque<>();
    private final Runnable onEnd;

    private NodeLauncher(Runnable onEnd) {
        this.onEnd = onEnd;
    }

    /**
     * Starts one node after the other.
     *
     * @param configs what to start
     * @param onEnd   called, on any thread, when a node ends by itself: a sibling whose relay is gone
     * @return the running nodes
     * @throws Exception where one does not start; those started before are closed
     */
    static NodeLauncher launch(List<NodeConfig> configs, Runnable onEnd) throws Exception {
        refuseMissing(configs);
        NodeLauncher launcher = new NodeLauncher(onEnd);
        try {
            for (NodeConfig config : configs) {
                launcher.start(config);
            }
            return launcher;
        } catch (Exception | Error failure) {
            try {
                launcher.close();
            } catch (IOException second) {
                failure.addSuppressed(second);
            }
            throw failure;
        }
    }

    /** How many nodes run. */
    int count() {
        return nodes.size();
    }

    /** Says of every feature that a file asks for and this version lacks what it is, before anything is opened. */
    static void refuseMissing(List<NodeConfig> configs) {
        List<ConfigurationProblem> problems = new ArrayList<>();
        for (NodeConfig config : configs) {
            for (Setting setting : config.missing()) {
                problems.add(
                        new ConfigurationProblem(setting.origin(), 0, setting.path(), "cannot run: " + setting.note()));
            }
        }
        if (!problems.isEmpty()) {
            throw new ConfigurationException(problems);
        }
    }

    @Override
    public void close() throws IOException {
        IOException failure = null;
        while (!nodes.isEmpty()) {
            try {
                nodes.pop().close();
            } catch (Exception e) {
                IOException named = new IOException("a node could not be closed: " + e, e);
                if (failure == null) {
                    failure = named;
                } else {
                    failure.addSuppressed(named);
                }
                if (e instanceof InterruptedException) {
                    Thread.currentThread().interrupt();
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private void start(NodeConfig config) throws Exception {
        switch (config.kind()) {
            case RELAY -> nodes.push(MidwayRelay.launch(RelayContext.from(config)));
            case SIBLING -> {
                SiblingEndpoint sibling = SiblingEndpoint.launch(SiblingContext.from(config));
                nodes.push(sibling);
                watch(sibling);
            }
            case RELIEF_AGING, RELIEF_EXPANSION -> nodes.push(ReliefNode.launch(ReliefContext.from(config)));
            case CLIENT -> nodes.push(GatewayNode.launch(config));
        }
    }

    private void watch(SiblingEndpoint sibling) {
        Thread watcher = new Thread(
                () -> {
                    try {
                        sibling.awaitClose();
                        onEnd.run();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "run-sibling-watch");
        watcher.setDaemon(true);
        watcher.start();
    }
}
