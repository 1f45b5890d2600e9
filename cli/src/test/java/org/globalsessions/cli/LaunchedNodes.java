package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.sibling.MemberList;

/** Nodes, each a process of its own, started by the launcher as an operator does it; ended with this, the last first. */
final class LaunchedNodes implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(60);

    /** Variables of processes that live for seconds: they are sooner compiled than compiled well. */
    static final Map<String, String> SHORT_LIVED = Map.of("GLOBAL_SESSIONS_OPTS", "-XX:TieredStopAtLevel=1");

    static final List<String> NAMES = List.of("relay", "aging", "expansion");

    private static final int WINDOW = 256;

    private final Path folder;
    private final Map<String, String> variables;
    private final List<LaunchedProcess> processes = new ArrayList<>();

    /**
     * None runs yet.
     *
     * @param folder of the processes, and of their output
     */
    LaunchedNodes(Path folder) {
        this(folder, Map.of());
    }

    /**
     * None runs yet.
     *
     * @param folder    of the processes, and of their output
     * @param variables of their environment besides those of this process
     */
    LaunchedNodes(Path folder, Map<String, String> variables) {
        this.folder = folder;
        this.variables = variables;
    }

    LaunchedProcess launch(Object... args) throws IOException {
        LaunchedProcess process = LaunchedProcess.start(folder, variables, args);
        processes.add(process);
        return process;
    }

    /** Starts a quickstart's relay, which starts its sibling, and relief nodes; they have met when this returns. */
    void launchAll(QuickstartFolder configs) throws IOException {
        launch(configs.config("relay")).awaitRunning();
        for (String name : QuickstartFolder.RELIEF_NODES) {
            launch(configs.config(name)).awaitRunning();
        }
        awaitMembers(NodeConfig.load(configs.config("relay")), QuickstartFolder.RELIEF_NODES.size());
    }

    /** In the order in which they were started. */
    LaunchedProcess process(int index) {
        return processes.get(index);
    }

    int count() {
        return processes.size();
    }

    static void awaitMembers(NodeConfig relay, int count) {
        await().atMost(PATIENCE)
                .until(() ->
                        MemberList.read(relay.cache().segmentFile()).members().size() == count);
    }

    /** Finds each of these sessions as they were stored, through a client whose segment has none of them. */
    static void readBack(SessionSource source, Path client, int from, int to) throws Exception {
        AtomicInteger verified = new AtomicInteger();
        try (SessionCacheManager cache = SessionCacheManager.open(client)) {
            new Pipeline(WINDOW, PATIENCE, i -> {
                        String key = source.key(from + i);
                        return cache.get(key)
                                .thenAccept(
                                        value -> verified.addAndGet(Arrays.equals(value, source.value(key)) ? 1 : 0));
                    })
                    .run(to - from, done -> {});
        }
        assertThat(verified).hasValue(to - from);
    }

    @Override
    public void close() {
        for (int i = processes.size() - 1; i >= 0; i--) {
            processes.get(i).close();
        }
    }
}
