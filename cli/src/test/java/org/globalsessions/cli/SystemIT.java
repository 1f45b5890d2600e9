package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.cli.QuickstartFolder.Plan;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.status.Counter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every node a process of its own, started by the launcher as an operator does it. */
@Tag("slow")
class SystemIT {
    private static final Duration PATIENCE = LaunchedNodes.PATIENCE;
    private static final SetOptions TO_RELAY = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);

    /** What a client has to have where the relay speaks TLS: there is no file of the earlier system for that. */
    private static final String CLIENT_TLS =
            "{ client_key : keys/cl_ec_key.pem, client_cert : keys/cl_ec_crt.crt," + " server_cert : keys/ec_crt.crt }";

    private final SessionSource source = new SessionSource(20_261_122);

    @TempDir
    private Path folder;

    private LaunchedNodes nodes;

    @BeforeEach
    void prepare() {
        nodes = new LaunchedNodes(folder);
    }

    @AfterEach
    void endProcesses() {
        nodes.close();
    }

    @Test
    void shouldCarrySessionsToTheAgingNodeAndBackWhenTheSamplesRunTogether() throws Exception {
        Path samples = Path.of("..", "config-samples");
        int[] ports = QuickstartFolder.freePorts();
        for (String name : List.of("relay", "sibling", "aging", "expansion", "client")) {
            String text = Files.readString(samples.resolve(name + ".conf"))
                    .replace("port : 7878", "port : " + ports[0])
                    .replace("port : 7880", "port : " + ports[1])
                    .replace("# segment_dir : \"/dev/shm\"", "segment_dir : \"" + folder + "\"");
            String small = text.replaceAll("(?m)^( *)el_count : 20000$", "$1el_count : 500");
            Files.writeString(folder.resolve(name + ".conf"), small);
        }
        startNodes();
        LaunchedProcess set = nodes.launch("set", source.key(0), "first", "--config", folder.resolve("client.conf"));
        assertThat(set.awaitEnd(PATIENCE)).as(set.err()).isZero();

        storeAndReadBack("client.conf", "second.conf", 1, 4000, 4000);

        LaunchedProcess get = nodes.launch("get", source.key(0), "--config", folder.resolve("second.conf"));
        assertThat(get.awaitEnd(PATIENCE)).as(get.err()).isZero();
        assertThat(get.out()).isEqualTo("first");
        endNodesCleanly();
    }

    @Test
    void shouldCarrySessionsToTheAgingNodeAndBackWhenTheEarlierSystemsFilesRun() throws Exception {
        Path shared = Path.of(System.getProperty("globalsessions.shared", "../../shared"), "succeeded-configs");
        assumeTrue(Files.isDirectory(shared), () -> "no folder " + shared + ": the earlier system's files are not run");
        int[] ports = QuickstartFolder.freePorts();
        List<Path> segments = new ArrayList<>();
        try {
            for (String name : List.of("relay", "sibling", "aging", "expansion", "client")) {
                Path file = folder.resolve(name + ".conf");
                Files.writeString(
                        file,
                        Files.readString(shared.resolve(name + ".conf"))
                                .replace("7878", Integer.toString(ports[0]))
                                .replace("7880", Integer.toString(ports[1])));
                assertThat(CommandRun.of("check", file).exit()).isZero();
                NodeConfig config = name.equals("client") ? NodeConfig.loadClient(file) : NodeConfig.load(file);
                segments.add(config.cache().segmentFile());
            }
            startNodes();
            // More than relay and expansion node hold together with their spare ways: the first are only at the aging
            // node.
            storeAndReadBack("client.conf", "second.conf", 0, 34_000, 500);
            segments.add(
                    NodeConfig.loadClient(folder.resolve("second.conf")).cache().segmentFile());
            endNodesCleanly();
        } finally {
            nodes.close();
            for (Path segment : segments) {
                removeSegment(segment);
            }
        }
    }

    @Test
    void shouldCarrySessionsToTheReliefNodeAndBackWhenTheEarlierSystemsFilesForTlsRun() throws Exception {
        Path shared = Path.of(System.getProperty("globalsessions.shared", "../../shared"), "succeeded-configs");
        assumeTrue(Files.isDirectory(shared), () -> "no folder " + shared + ": the earlier system's files are not run");
        assumeTrue(makeKeysAsBefore(), "no command openssl on the PATH: the earlier system's keys are not made");
        int[] ports = QuickstartFolder.freePorts();
        List<Path> segments = new ArrayList<>();
        try {
            for (String name : List.of("relay-tls", "sibling-tls", "relief-tls", "client")) {
                Path file = folder.resolve(name + ".conf");
                String text = Files.readString(shared.resolve(name + ".conf"))
                        .replace("7878", Integer.toString(ports[0]))
                        .replace("7880", Integer.toString(ports[1]));
                if (name.equals("client")) {
                    text = text.replace("\"auth_path\"", "\"tls\" : " + CLIENT_TLS + ",\n\"auth_path\"");
                }
                Files.writeString(file, text);
                assertThat(CommandRun.of("check", file).exit()).isZero();
                NodeConfig config = name.equals("client") ? NodeConfig.loadClient(file) : NodeConfig.load(file);
                segments.add(config.cache().segmentFile());
            }
            for (String node : List.of("relay-tls", "relief-tls")) {
                nodes.launch(folder.resolve(node + ".conf")).awaitRunning();
            }
            LaunchedNodes.awaitMembers(NodeConfig.load(folder.resolve("relay-tls.conf")), 1);

            Path second = folder.resolve("second.conf");
            String client = Files.readString(folder.resolve("client.conf"));
            Files.writeString(second, client.replace("\"cache\" : {", "\"cache\" : { \"token_path\" : \"./second\","));
            segments.add(NodeConfig.loadClient(second).cache().segmentFile());
            try (SessionCacheManager cache = SessionCacheManager.open(folder.resolve("client.conf"))) {
                for (int i = 0; i < 50; i++) {
                    String key = source.key(i);
                    SetOptions toRelief = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELIEF);
                    cache.set(key, source.value(key), toRelief).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                }
            }
            LaunchedNodes.readBack(source, second, 0, 50);
            for (LaunchedProcess node : List.of(nodes.process(1), nodes.process(0))) {
                assertThat(node.terminate()).as(node.err()).isZero();
                assertThat(node.err()).doesNotContain("ERROR", "Exception");
            }
        } finally {
            nodes.close();
            for (Path segment : segments) {
                removeSegment(segment);
            }
        }
    }

    /** The keys that the earlier system's documentation has one make; false without openssl. */
    private boolean makeKeysAsBefore() throws Exception {
        Path keys = Files.createDirectory(folder.resolve("keys"));
        for (List<String> side : List.of(List.of("ec", "localhost"), List.of("cl_ec", "client"))) {
            String key = side.get(0) + "_key.pem";
            String certificate = side.get(0) + "_crt.crt";
            List<List<String>> commands = List.of(
                    List.of("openssl", "ecparam", "-name", "secp384r1", "-genkey", "-out", key),
                    List.of(
                            "openssl",
                            "req",
                            "-new",
                            "-x509",
                            "-key",
                            key,
                            "-out",
                            certificate,
                            "-days",
                            "2",
                            "-subj",
                            "/CN=" + side.get(1)));
            for (List<String> command : commands) {
                try {
                    Process process = new ProcessBuilder(command)
                            .directory(keys.toFile())
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
                    assertThat(process.waitFor()).as(command.toString()).isZero();
                } catch (IOException absent) {
                    return false;
                }
            }
            Files.setPosixFilePermissions(keys.resolve(key), PosixFilePermissions.fromString("rw-------"));
        }
        return true;
    }

    @Test
    void shouldLoseNothingWhenTheRelayIsKilledWhileItHandsOff() throws Exception {
        int count = 6000;
        try (QuickstartFolder configs = QuickstartFolder.create(new Plan(count, 600, 600))) {
            nodes.launchAll(configs);
            SegmentStat stat = SegmentStat.open(configs.nodeSegment("relay"));
            LaunchedProcess relay = nodes.process(0);
            AtomicInteger stored = new AtomicInteger();
            try (SessionCacheManager cache = SessionCacheManager.open(configs.config("host-a"))) {
                Thread killer = new Thread(() -> {
                    await().atMost(PATIENCE).until(() -> stat.counter(Counter.HANDED_OFF) > count / 4);
                    killAndRestart(relay, configs);
                });
                killer.start();
                new Pipeline(64, PATIENCE, n -> cache.set(source.key(n), source.value(source.key(n)), TO_RELAY))
                        .run(count, stored::set);
                killer.join();
            }
            assertThat(nodes.count()).isEqualTo(6);
            LaunchedNodes.readBack(source, configs.config("host-b"), 0, count);
            nodes.process(5).terminate();
        }
    }

    @Test
    void shouldPassAndCleanUpWhenQuickstartRuns() throws Exception {
        LaunchedProcess run = nodes.launch("quickstart", "--sessions", "10000", "--json");

        int exit = run.awaitEnd(Duration.ofMinutes(4));

        assertThat(exit).as(run.err()).isZero();
        JsonNode report = new ObjectMapper().readTree(run.out());
        assertThat(report.get("sessions").asInt()).isEqualTo(10_000);
        assertThat(report.get("frontCapacity").asInt()).isEqualTo(1000);
        assertThat(report.get("verified").asInt()).isEqualTo(9500);
        assertThat(report.get("deleted").asInt()).isEqualTo(500);
        for (String bad : List.of("lost", "torn", "resurrected")) {
            assertThat(report.get(bad).asInt()).as(bad).isZero();
        }
        assertThat(report.get("killed").findValuesAsText("name")).containsExactly("sibling", "aging-1", "expansion-1");
        assertThat(report.get("relayCounters").get("ipcSent").asLong()).isPositive();
        for (JsonNode process : report.get("processes")) {
            assertThat(ProcessHandle.of(process.get("pid").asLong()).filter(ProcessHandle::isAlive))
                    .as(process.toString())
                    .isEmpty();
        }
        Path configs = Path.of(run.err().lines().findFirst().orElseThrow().replaceFirst(".*folder ", ""));
        assertThat(configs).doesNotExist();
    }

    private void startNodes() throws IOException {
        for (String node : LaunchedNodes.NAMES) {
            nodes.launch(folder.resolve(node + ".conf")).awaitRunning();
        }
        LaunchedNodes.awaitMembers(NodeConfig.load(folder.resolve("relay.conf")), 2);
    }

    private void killAndRestart(LaunchedProcess relay, QuickstartFolder configs) {
        try {
            relay.kill();
            nodes.launch(configs.config("relay")).awaitRunning();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void storeAndReadBack(String client, String second, int from, int to, int readTo) throws Exception {
        Path file = folder.resolve(client);
        try (SessionCacheManager cache = SessionCacheManager.open(file)) {
            new Pipeline(256, PATIENCE, i -> {
                        String key = source.key(from + i);
                        return cache.set(key, source.value(key), TO_RELAY);
                    })
                    .run(to - from, done -> {});
        }
        Path aging = NodeConfig.load(folder.resolve("aging.conf")).cache().segmentFile();
        assertThat(SegmentStat.open(aging).occupiedWays()).isPositive();
        // Another token path: a second host as far as the relay can tell.
        String text = Files.readString(file).replace("./client.token", "./second.token");
        LaunchedNodes.readBack(source, Files.writeString(folder.resolve(second), text), from, readTo);
    }

    private void endNodesCleanly() throws Exception {
        for (int i = LaunchedNodes.NAMES.size() - 1; i >= 0; i--) {
            LaunchedProcess node = nodes.process(i);
            assertThat(node.terminate()).as(node.err()).isZero();
        }
    }

    private static void removeSegment(Path segment) throws IOException {
        String name = segment.getFileName().toString();
        if (Files.isDirectory(segment.getParent())) {
            try (var files = Files.list(segment.getParent())) {
                for (Path file : files.filter(
                                each -> each.getFileName().toString().startsWith(name))
                        .toList()) {
                    QuickstartFolder.delete(file);
                }
            }
        }
    }
}
