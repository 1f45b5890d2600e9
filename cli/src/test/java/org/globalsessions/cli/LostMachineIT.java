package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.status.Counter;
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
        nodes = new LaunchedNodes(folder, LaunchedNodes.SHORT_LIVED);
        List<LaunchedProcess> processes = tier.launch(nodes);
        tier.store("host-a", SESSIONS);
        assertThat(held("aging-1") + held("aging-2") + held("aging-3"))
                .as("two copies of each")
                .isEqualTo(2 * SESSIONS);

        lose(processes.get(1), "aging-1");
        assertThat(tier.foundBy("host-b", SESSIONS)).isEqualTo(SESSIONS);
        await().atMost(LaunchedNodes.PATIENCE)
                .untilAsserted(() ->
                        assertThat(List.of(held("aging-2"), held("aging-3"))).containsExactly(SESSIONS, SESSIONS));
        lose(processes.get(2), "aging-2");
        assertThat(tier.foundBy("host-c", SESSIONS)).isEqualTo(SESSIONS);
    }

    /** New sessions go to expansion nodes, which let them go as newer ones come, while the relay has not handed off any. */
    @Tag("slow")
    @Test
    void shouldHaveEverySessionWhenTheMachineOfTheRelayIsLost() throws Exception {
        tier = new TierFolder(
                folder, new TierFolder.Plan(2, 2, 2, SESSIONS * 4, SESSIONS * 2, SESSIONS / 6, RELAY_CAPACITY));
        nodes = new LaunchedNodes(folder, LaunchedNodes.SHORT_LIVED);
        LaunchedProcess relay = tier.launch(nodes).get(0);
        tier.store("host-a", SESSIONS);
        assertThat(tier.counter("relay", Counter.HANDED_OFF)).isZero();
        assertThat(held("expansion-1") + held("expansion-2")).isLessThan(SESSIONS);

        lose(relay, "relay");
        nodes.launch(tier.config("relay")).awaitRunning();
        LaunchedNodes.awaitMembers(NodeConfig.load(tier.config("relay")), 4);
        assertThat(tier.foundBy("host-b", SESSIONS)).isEqualTo(SESSIONS);
    }

    /** How many sessions lie in a node's segment. */
    private int held(String name) throws IOException {
        return (int) tier.inspect(name).visible();
    }

    /** With all that lies beside its segment. */
    private void lose(LaunchedProcess process, String name) throws Exception {
        List<ProcessHandle> children = process.children();
        process.kill();
        for (ProcessHandle child : children) {
            child.onExit().get(LaunchedNodes.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
        Path segment = tier.segmentOf(name);
        try (Stream<Path> files = Files.walk(segment.getParent())) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                if (segment.getParent()
                        .relativize(file)
                        .toString()
                        .startsWith(segment.getFileName().toString())) {
                    Files.delete(file);
                }
            }
        }
        assertThat(segment).doesNotExist();
    }
}
