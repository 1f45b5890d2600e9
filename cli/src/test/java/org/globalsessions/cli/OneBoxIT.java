package org.globalsessions.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.util.List;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.segment.SegmentInspector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both kinds of relief nodes on one box, in one process from two files. */
class OneBoxIT {
    private static final int SESSIONS = 1_000;
    private static final int RELAY_CAPACITY = 100;
    private static final int WINDOW = 64;

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

        SetOptions relief = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELIEF);
        try (SessionCacheManager host = SessionCacheManager.open(tier.host("host-a"))) {
            new Pipeline(WINDOW, LaunchedNodes.PATIENCE, i -> host.set("s-" + i, value(i), relief))
                    .run(SESSIONS, done -> {});
        }
        assertThat(held(tier, "expansion-1"))
                .as("new ones, as many as it has room for")
                .isBetween(200L, 400L);
        await().atMost(LaunchedNodes.PATIENCE)
                .untilAsserted(() -> assertThat(held(tier, "aging-1"))
                        .as("those that the relay has handed off")
                        .isBetween(SESSIONS - 2L * RELAY_CAPACITY, (long) SESSIONS));
        try (SessionCacheManager stranger = SessionCacheManager.open(tier.host("host-b"))) {
            new Pipeline(
                            WINDOW,
                            LaunchedNodes.PATIENCE,
                            i -> stranger.get("s-" + i)
                                    .thenAccept(found -> assertThat(found).isEqualTo(value(i))))
                    .run(SESSIONS, done -> {});
        }
        assertThat(both.terminate()).isZero();
        for (String name : List.of("aging-1", "expansion-1")) {
            assertThat(inspector(tier, name).check().live()).as(name).isFalse();
        }
    }

    private static byte[] value(int i) {
        return ("value of " + i).getBytes(UTF_8);
    }

    private static SegmentInspector inspector(TierFolder tier, String name) throws Exception {
        return SegmentInspector.open(NodeConfig.load(tier.config(name)).cache().segmentFile());
    }

    private static long held(TierFolder tier, String name) throws Exception {
        return inspector(tier, name).check().visible();
    }
}
