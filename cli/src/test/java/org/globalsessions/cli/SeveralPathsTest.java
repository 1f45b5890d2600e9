package org.globalsessions.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.config.NodeConfig;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The earlier system's files with further paths in the relay's: one with a sibling as a child, one with a sibling in the same
 * process, one without; and the tools that tell them apart.
 */
class SeveralPathsTest {
    private static final String KEY = "one-key-of-all-paths";

    @TempDir
    private Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final int[] ports = new int[3];

    @AfterEach
    void close() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    @Test
    void shouldServeEachPathThroughItsOwnTiersWhenTheRelaysFileHasSeveral() throws Exception {
        writeFiles();
        List<NodeConfig> nodes = new ArrayList<>();
        for (String name : List.of("relay", "sibling-forum", "expansion", "expansion-forum")) {
            nodes.add(NodeConfig.load(folder.resolve(name + ".conf")));
        }
        open.add(NodeLauncher.launch(nodes, () -> {}));

        storeThrough("auths", Acknowledgement.RELIEF);
        storeThrough("forum", Acknowledgement.RELIEF);
        storeThrough("plain", Acknowledgement.RELAY);
        for (String path : List.of("auths", "forum", "plain")) {
            try (SessionCacheManager reader = client(path, "reader")) {
                assertThat(new String(reader.get(KEY).get(20, TimeUnit.SECONDS), UTF_8))
                        .isEqualTo("of " + path);
                assertThat(reader.get("missing").get(20, TimeUnit.SECONDS)).isNull();
            }
        }
        for (String name : List.of("expansion", "expansion-forum")) {
            Path segment =
                    NodeConfig.load(folder.resolve(name + ".conf")).cache().segmentFile();
            assertThat(SegmentStat.open(segment).occupiedWays()).as(name).isEqualTo(1);
        }
    }

    @Test
    void shouldTellPathsApartWhenAToolIsGivenTheRelaysFile() throws Exception {
        writeFiles();
        Path file = folder.resolve("relay.conf");
        CommandRun check = CommandRun.of("check", file);
        assertThat(check.exit()).as(check.err()).isZero();
        assertThat(check.out())
                .contains("# segment of path auths: ", "# segment of path forum: ", "# segment of path plain: ");
        CommandRun json = CommandRun.of("check", "--json", file);
        assertThat(new ObjectMapper().readTree(json.out()).at("/files/0/segments"))
                .hasSize(3);

        for (String tool : List.of("stat", "list", "inspect", "top")) {
            CommandRun unnamed = CommandRun.of(tool, "--config", file, "--json");
            assertThat(unnamed.exit()).isEqualTo(GlobalSessions.BAD_USAGE);
            assertThat(unnamed.err())
                    .contains("--auth-path: is missing: " + file + " has several paths: auths, forum, plain");
        }
        CommandRun unknown = CommandRun.of("stat", "--config", file, "--auth-path", "forums");
        assertThat(unknown.exit()).isEqualTo(GlobalSessions.BAD_USAGE);
        assertThat(unknown.err()).contains("found forums, there is auths, forum, plain");

        NodeConfig config = NodeConfig.load(file);
        CommandRun absent = CommandRun.of("stat", "--config", file, "--auth-path", "forum");
        assertThat(absent.exit()).isEqualTo(GlobalSessions.FAILED);
        assertThat(absent.err())
                .contains(
                        "no such segment: file=" + config.paths().get(1).cache().segmentFile());
    }

    private void writeFiles() throws IOException {
        Path shared = Path.of(System.getProperty("globalsessions.shared", "../../shared"), "succeeded-configs");
        assumeTrue(Files.isDirectory(shared), () -> "no folder " + shared + ": the earlier system's files are not run");
        for (int i = 0; i < ports.length; i++) {
            try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                ports[i] = socket.getLocalPort();
            }
        }
        String place = "\"segment_dir\" : \"" + folder + "\", \"seed\"";
        for (String name : List.of("relay", "sibling", "expansion")) {
            String text = Files.readString(shared.resolve(name + ".conf"))
                    .replace("7878", Integer.toString(ports[0]))
                    .replace("\"seed\"", place)
                    .replace(": 20000", ": 1000");
            String forum = text.replace("auths", "forum")
                    .replace("./ml_relay.conf", "./forum")
                    .replace("./replicator.conf", "./forum-replicator");
            if (name.equals("relay")) {
                text = text.replace("\"path_types\" : {", """
                        "path_types" : {
                            "forum" : {
                                "relay" : { "sibling" : "external" },
                                "cache" : { "token_path" : "./forum", %1$s : 9849381, "record_size" : 384, "el_count" : 1000 }
                            },
                            "plain" : { "cache" : { %1$s : 1, "el_count" : 100 } },
                        """.formatted(place));
            } else {
                Files.writeString(
                        folder.resolve(name + "-forum.conf"), forum.replace("7880", Integer.toString(ports[2])));
            }
            Files.writeString(folder.resolve(name + ".conf"), text.replace("7880", Integer.toString(ports[1])));
        }
    }

    private void storeThrough(String path, Acknowledgement level) throws Exception {
        try (SessionCacheManager writer = client(path, "writer")) {
            SetOptions options = SetOptions.DEFAULTS.acknowledgement(level);
            await().pollDelay(Duration.ZERO).atMost(Duration.ofSeconds(60)).until(() -> {
                try {
                    writer.set(KEY, ("of " + path).getBytes(UTF_8), options).get(20, TimeUnit.SECONDS);
                    return true;
                } catch (ExecutionException e) {
                    // The sibling is a process that starts, and relief nodes connect to it then.
                    assertThat(e).hasCauseInstanceOf(TierUnavailableException.class);
                    return false;
                }
            });
        }
    }

    private SessionCacheManager client(String path, String name) throws IOException {
        Path file =
                Files.writeString(folder.resolve(name + "-" + path + ".conf"), """
                lru.cache { segment_dir : "%s", el_count : 100 }
                message_relay { auth_path : %s, address : localhost, port : %d }
                """.formatted(folder, path, ports[0]));
        return SessionCacheManager.open(file);
    }
}
