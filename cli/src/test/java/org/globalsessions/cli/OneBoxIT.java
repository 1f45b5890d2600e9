package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.util.List;
import org.globalsessions.config.NodeConfig;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both kinds of relief nodes on one box, in one process from two files. */
class OneBoxIT {
    private static final int SESSIONS = 1_000;
    private static final int RELAY_CAPACITY = 100;

    @TempDir
    private Path folder;

    private LaunchedNodes nodes;

    @AfterEach
    void end() {
        if (nodes != null) {
            nodes.close();
        }
    }

    @Tag("slow")
    @Test
    void shouldTakeNewSessionsAndKeepOldOnesWhenBothKindsRunInOneProcess() throws Exception {
        TierFolder tier =
                new TierFolder(folder, new TierFolder.Plan(1, 1, 1, RELAY_CAPACITY, 2 * SESSIONS, 200, RELAY_CAPACITY));
        nodes = new LaunchedNodes(folder);
        nodes.launch(tier.config("relay")).awaitRunning();
        LaunchedProcess both = nodes.launch(tier.config("aging-1"), tier.config("expansion-1"));
        LaunchedNodes.awaitMembers(NodeConfig.load(tier.config("relay")), 2);

        tier.store("host-a", SESSIONS);
        assertThat(tier.inspect("expansion-1").visible())
                .as("new ones, as many as it has room for")
                .isBetween(200L, 400L);
        await().atMost(LaunchedNodes.PATIENCE)
                .untilAsserted(() -> assertThat(tier.inspect("aging-1").visible())
                        .as("those that the relay has handed off")
                        .isBetween(SESSIONS - 2L * RELAY_CAPACITY, (long) SESSIONS));
        assertThat(tier.foundBy("host-b", SESSIONS)).isEqualTo(SESSIONS);
        assertThat(both.terminate()).isZero();
        for (String name : List.of("aging-1", "expansion-1")) {
            assertThat(tier.inspect(name).live()).as(name).isFalse();
        }
    }
}
