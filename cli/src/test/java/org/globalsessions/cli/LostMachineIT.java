package org.globalsessions.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.segment.SegmentInspector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * P4 at the level {@code RELIEF}: what was acknowledged survives the loss of a machine, process and segment, and once {@code leave_after} is over that
 * of another one. Nodes are processes of their own.
 */
class LostMachineIT {
    private static final int SESSIONS = 3_000;

    /** Most sessions have to be found at relief nodes. */
    private static final int RELAY_CAPACITY = 200;

    private static final int WINDOW = 128;

    @TempDir
    private Path folder;

    private TierFolder tier;
    private LaunchedNodes nodes;

    @AfterEach
    void end() {
        if (nodes != null) {
            nodes.close();
        }
    }

    @Tag("slow")
    @Test
    void shouldHaveEverySessionWhenOneMachineAndThenAnotherIsLost() throws Exception {
        tier = new TierFolder(
                folder,
                new TierFolder.Plan(2, 3, 0, RELAY_CAPACITY, SESSIONS * 2, 0, RELAY_CAPACITY),
                "leave_after : 2s, anti_entropy_interval : \"off\"");
        nodes = new LaunchedNodes(folder, Map.of("GLOBAL_SESSIONS_OPTS", "-XX:TieredStopAtLevel=1"));
        List<LaunchedProcess> processes = tier.launch(nodes);
        SetOptions relief = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELIEF);
        try (SessionCacheManager host = SessionCacheManager.open(tier.host("host-a"))) {
            new Pipeline(WINDOW, LaunchedNodes.PATIENCE, i -> host.set("s-" + i, value(i), relief))
                    .run(SESSIONS, done -> {});
        }
        assertThat(held("aging-1") + held("aging-2") + held("aging-3"))
                .as("two copies of each")
                .isEqualTo(2 * SESSIONS);

        lose(processes.get(1), "aging-1");
        assertThat(foundBy("host-b")).isEqualTo(SESSIONS);
        await().atMost(LaunchedNodes.PATIENCE)
                .untilAsserted(() ->
                        assertThat(List.of(held("aging-2"), held("aging-3"))).containsExactly(SESSIONS, SESSIONS));
        lose(processes.get(2), "aging-2");
        assertThat(foundBy("host-c")).isEqualTo(SESSIONS);
    }

    private static byte[] value(int i) {
        return ("value of " + i).getBytes(UTF_8);
    }

    private Path segmentOf(String name) {
        return NodeConfig.load(tier.config(name)).cache().segmentFile();
    }

    /** How many sessions lie in a node's segment. */
    private int held(String name) throws IOException {
        return (int) SegmentInspector.open(segmentOf(name)).check().visible();
    }

    private void lose(LaunchedProcess process, String name) throws Exception {
        process.kill();
        Files.delete(segmentOf(name));
    }

    /** How many sessions a host finds as they were stored that has none of them. */
    private int foundBy(String host) throws Exception {
        AtomicInteger found = new AtomicInteger();
        try (SessionCacheManager cache = SessionCacheManager.open(tier.host(host))) {
            new Pipeline(
                            WINDOW,
                            LaunchedNodes.PATIENCE,
                            i -> cache.get("s-" + i)
                                    .thenAccept(value -> found.addAndGet(
                                            value != null && new String(value, UTF_8).equals("value of " + i) ? 1 : 0)))
                    .run(SESSIONS, done -> {});
        }
        return found.get();
    }
}
