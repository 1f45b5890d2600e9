package org.globalsessions.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.globalsessions.Version;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.segment.SegmentInspector;
import org.globalsessions.sibling.MemberList;
import org.globalsessions.status.Counter;
import org.globalsessions.status.DistinctErrors.DistinctError;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.PeerKind;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Keys, values and secrets are in no log, message, counter, thread or name of a file: every kind of node and of tool runs with all logs on,
 * much goes wrong on the way, and whatever came out is searched for what was planted.
 */
@Tag("slow")
class NothingToldIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String PATH = "planted";

    /** To the launcher. */
    private static final Map<String, String> ALL_LOGS =
            Map.of("GLOBAL_SESSIONS_OPTS", "-Dorg.slf4j.simpleLogger.defaultLogLevel=trace");

    @TempDir
    private Path folder;

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final Map<String, LaunchedProcess> nodes = new LinkedHashMap<>();

    /** All that came out, by what it came out of. */
    private final Map<String, byte[]> told = new LinkedHashMap<>();

    private int relayPort;
    private int siblingPort;

    @AfterEach
    void endProcesses() throws Exception {
        for (int i = opened.size() - 1; i >= 0; i--) {
            opened.get(i).close();
        }
    }

    @Test
    void shouldTellNoKeyValueOrSecretWhateverIsDoneAndWhateverGoesWrong() throws Exception {
        writeConfigurations();
        for (String node : List.of("relay", "aging", "expansion")) {
            start(node);
        }
        awaitMembers();
        Application application = new Application();
        application.order("work");
        useTools();
        sendBadFrames(relayPort, PeerKind.CLIENT);
        sendBadFrames(siblingPort, PeerKind.EXPANSION);
        nodes.get("aging").kill();
        nodes.get("expansion").kill();
        application.order("store more");
        assertThat(counter("relay", Counter.SPILLED)).isPositive();
        assertThat(counter("relay", Counter.HANDED_OFF)).isPositive();
        assertThat(counter("relay", Counter.BAD_FRAMES)).isPositive();
        assertThat(counter("host-a", Counter.EVICTIONS)).isPositive();
        start("aging");
        lookAtThreads(application);
        nodes.get("relay").kill();
        application.order("relay away");
        useToolsWithoutRelay();
        start("relay");
        LaunchedProcess get = tool("get", PlantedApplication.key(0), "--config", config("host-b"));
        application.end();
        lookIntoSegments();
        List<String> names = List.copyOf(nodes.keySet());
        for (String node : List.of("aging", "relay")) {
            assertThat(nodes.get(node).terminate()).isZero();
        }
        assertThat(names).contains("relay", "aging", "expansion");
        collectOutputsBut(get);

        assertThat(Markers.in(Files.readAllBytes(get.outFile())))
                .as("the search finds what is there")
                .containsExactly("value as text");
        List<String> found = new ArrayList<>();
        told.forEach((where, bytes) ->
                Markers.in(bytes).forEach(what -> found.add(what + " in " + where + ": " + Markers.firstLine(bytes))));
        assertThat(found).isEmpty();
    }

    private void writeConfigurations() throws IOException {
        int[] ports = QuickstartFolder.freePorts();
        relayPort = ports[0];
        siblingPort = ports[1];
        Path secret = Files.writeString(folder.resolve("shared.secret"), Markers.SECRET + "\n");
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
        write("relay", """
                edge_supported_relay : true, auth_path : %s, port : %d, max_stale : 1s, spill_limit : 1MiB
                path_types.%1$s {
                  rights : [ { secret : "%s", may : [ publish, read, subscribe ] } ]
                  relay.proc_name : [ "global-sessions", "./sibling.conf" ]
                  cache { token_path : "./relay.token", segment_dir : ".", el_count : 200, unpublished_wait : 2ms }
                }
                """.formatted(PATH, relayPort, Markers.SECRET));
        write("sibling", """
                half_edge : true, auth_path : %s, port : %d
                cache {
                  token_path : "./relay.token", segment_dir : ".", am_initializer : false, el_count : 200, stop_child : true
                }
                """.formatted(PATH, siblingPort));
        write("aging", relief("aging", 2000, "age-out"));
        write("expansion", relief("expansion", 100, "replicating"));
        write("host-a", client("host-a", "secret_file : shared.secret"));
        write("host-b", client("host-b", "secret : \"" + Markers.SECRET + "\""));
        write("stranger", client("stranger", "secret : \"not-" + Markers.SECRET + "\""));
        write("twice", client("twice", "secret_file : shared.secret, secret : \"" + Markers.SECRET + "\""));
        write("broken", client("broken", "secret : \"" + Markers.SECRET));
        write("misspelt", client("misspelt", "secrte : \"" + Markers.SECRET + "\""));
        write("long", client("long", "secret : \"" + Markers.SECRET.repeat(30) + "\""));
    }

    private String relief(String name, int elCount, String kind) {
        return """
                lru.cache { token_path : "./%s.token", segment_dir : ".", el_count : %d }
                message_relay { auth_path : %s, port : %d, age_or_replica : "%s" }
                """.formatted(name, elCount, PATH, siblingPort, kind);
    }

    private String client(String name, String secret) {
        return """
                lru.cache { token_path : "./%s.token", segment_dir : ".", el_count : 160 }
                message_relay { auth_path : %s, port : %d, reconnect_wait : 50ms, %s }
                """.formatted(name, PATH, relayPort, secret);
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(config(name), text);
    }

    private Path config(String name) {
        return folder.resolve(name + ".conf");
    }

    private void start(String node) throws IOException {
        LaunchedProcess process = LaunchedProcess.start(folder, ALL_LOGS, config(node));
        opened.add(process);
        nodes.put(node, process);
        process.awaitRunning();
    }

    private LaunchedProcess tool(Object... args) throws Exception {
        LaunchedProcess process = LaunchedProcess.start(folder, ALL_LOGS, args);
        opened.add(process);
        assertThat(process.awaitEnd(PATIENCE))
                .as("%s: %s", args[0], process.err())
                .isZero();
        return process;
    }

    private Path segment(String name) {
        NodeConfig config =
                name.startsWith("host-") ? NodeConfig.loadClient(config(name)) : NodeConfig.load(config(name));
        return config.cache().segmentFile();
    }

    private long counter(String name, Counter counter) throws IOException {
        return SegmentStat.open(segment(name)).counter(counter);
    }

    private void awaitMembers() {
        await().atMost(PATIENCE)
                .until(() -> MemberList.read(segment("relay")).members().stream()
                        .map(MemberList.Member::kind)
                        .toList()
                        .containsAll(List.of("aging", "expansion")));
    }

    /** Its exit code is of no concern here: what it prints is. */
    private CommandRun run(Object... args) {
        CommandRun run = CommandRun.of(args);
        told.put("command " + told.size() + " " + args[0], (run.out() + run.err()).getBytes(UTF_8));
        return run;
    }

    private void useTools() throws Exception {
        Path b = config("host-b");
        String key = "tool-" + Markers.KEY;
        String value = Markers.VALUE;
        tool("set", key, value, "--config", b);
        run("touch", key, "--config", b);
        run("set", key, value.repeat(10_000), "--config", b);
        run("set", key, value, "--config", b, "--ttl", "400d");
        run("set", key, value, "one-too-many-" + value, "--config", b);
        run("get", key + "-absent", "--config", b);
        run("get", key, key, "--config", b);
        run("get", key, "--config", config("stranger"), "--timeout", "100ms");
        run("delete", key, "--config", b);
        run("delete", key + "-absent", "--config", b, "--json");
        for (String refused : List.of("twice", "broken", "misspelt", "long")) {
            run("get", key, "--config", config(refused));
            run("check", "--client", config(refused));
        }
        run("check", "--client", config("host-b"), config("stranger"));
        for (String name : List.of("relay", "sibling", "aging", "expansion", "host-a", "host-b")) {
            run("check", config(name));
        }
        Path trace = Files.writeString(folder.resolve("trace"), key + "-1\n" + key + "-2\n" + key + "-1\n");
        run("replay", trace, "--config", b);
        for (String name : List.of("relay", "aging", "host-a", "host-b")) {
            for (String tool : List.of("stat", "list", "inspect")) {
                run(tool, "--config", config(name));
                run(tool, "--config", config(name), "--json");
            }
            run("top", "--config", config(name), "--iterations", "1", "--interval", "10ms", "--plain");
        }
        Path backup = folder.resolve("one.backup");
        CommandRun written = run("backup", backup, "--config", config("host-a"));
        assertThat(written.exit()).as(written.err()).isZero();
        assertThat(Markers.in(Files.readAllBytes(backup))).contains("key as text", "value as text");
        byte[] bytes = Files.readAllBytes(backup);
        Path cut = Files.write(folder.resolve("cut.backup"), Arrays.copyOf(bytes, bytes.length / 2));
        write("restored", "lru.cache { token_path : \"./restored.token\", segment_dir : \".\", el_count : 160 }");
        run("restore", cut, "--config", config("restored"));
        run("restore", backup, "--config", config("restored"));
    }

    private void useToolsWithoutRelay() {
        String key = "tool-" + Markers.KEY;
        run("get", key + "-away", "--config", config("host-b"), "--timeout", "100ms");
        run("set", key, Markers.VALUE, "--config", config("host-b"), "--timeout", "100ms");
        run("delete", key, "--config", config("host-b"), "--timeout", "100ms");
    }

    private void sendBadFrames(int port, PeerKind kind) throws IOException {
        byte[] key = Markers.KEY.getBytes(UTF_8);
        byte[] value = Markers.VALUE.getBytes(UTF_8);
        byte[] hello = bytes(new HelloFrame(1, 1, 1, kind, 7, 7, 7, 0, 1, PATH, Markers.SECRET));
        byte[] question = bytes(new NeedSessionFrame(2, key));
        SessionEntry entry = new SessionEntry(key, value, new Version(5, 6), 5, true, 0, 0, 0);
        byte[] answer = bytes(new SessionKnownFrame(3, SessionKnownFrame.Status.FOUND, 1, 1, entry));
        send(port, ("GET /" + Markers.KEY + " HTTP/1.1\r\n\r\n").getBytes(UTF_8));
        send(port, (Markers.KEY + Markers.VALUE + Markers.SECRET).repeat(10).getBytes(UTF_8));
        send(port, question);
        send(port, bytes(new HelloFrame(1, 1, 1, kind, 7, 7, 7, 0, 1, PATH, "not-" + Markers.SECRET)));
        send(port, bytes(new HelloFrame(1, 9, 9, kind, 7, 7, 7, 0, 1, PATH, Markers.SECRET)));
        send(port, bytes(new HelloFrame(1, 1, 1, PeerKind.SIBLING, 7, 7, 7, 0, 1, PATH, Markers.SECRET)));
        // No UTF-8, and a length of the text beyond the end.
        send(port, changed(hello, hello.length - 1, 0xff));
        send(port, changed(hello, hello.length - Markers.SECRET.length() - 2, 200));
        for (byte[] frame : List.of(question, answer)) {
            // As it is, with flags, as another type, of another version, and with a key longer than the frame.
            send(port, hello, frame);
            send(port, hello, changed(frame, 5, 1));
            send(port, hello, changed(frame, 4, 18));
            send(port, hello, changed(frame, 4, 250));
            send(port, hello, changed(frame, 6, 9));
            send(port, hello, changed(frame, frame.length - key.length - 2, 250));
            send(port, hello, changed(Arrays.copyOf(frame, frame.length + 3), 0, frame.length + 3));
        }
        send(port, hello, bytes(new ErrorFrame(4, 9, Markers.KEY + Markers.VALUE)));
        send(port, hello, bytes(new ErrorFrame(0, 9, Markers.KEY + Markers.VALUE)));
    }

    private static byte[] bytes(Frame frame) {
        ByteBuffer buffer = ByteBuffer.allocate(FrameCodec.encodedLength(frame));
        FrameCodec.encode(frame, buffer);
        return buffer.array();
    }

    private static byte[] changed(byte[] frame, int at, int to) {
        byte[] copy = frame.clone();
        copy[at] = (byte) to;
        return copy;
    }

    /** Keeps what is answered until the other side closes. */
    private void send(int port, byte[]... frames) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(2000);
            OutputStream out = socket.getOutputStream();
            for (byte[] frame : frames) {
                out.write(frame);
            }
            socket.shutdownOutput();
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            try {
                socket.getInputStream().transferTo(answer);
            } catch (IOException reset) {
                // What came until then counts.
            }
            told.put("answer " + told.size() + " on port " + port, answer.toByteArray());
        }
    }

    private void lookAtThreads(Application application) throws Exception {
        Map<String, Long> pids = new LinkedHashMap<>();
        for (String node : List.of("relay", "aging")) {
            pids.put(node, nodes.get(node).pid());
        }
        nodes.get("relay").children().forEach(child -> pids.put("sibling", child.pid()));
        pids.put("application", application.process.pid());
        assertThat(pids).hasSize(4);
        for (Map.Entry<String, Long> each : pids.entrySet()) {
            Process dump = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "jcmd")
                                    .toString(),
                            each.getValue().toString(),
                            "Thread.print")
                    .redirectErrorStream(true)
                    .start();
            byte[] threads = dump.getInputStream().readAllBytes();
            assertThat(dump.waitFor()).as(each.getKey()).isZero();
            assertThat(new String(threads, UTF_8)).contains("\"main\"");
            told.put("threads of " + each.getKey(), threads);
            try (Stream<Path> tasks =
                    Files.list(Path.of("/proc", each.getValue().toString(), "task"))) {
                for (Path task : tasks.toList()) {
                    told.put("name of " + task, Files.readAllBytes(task.resolve("comm")));
                }
            }
        }
    }

    /** What errors they have noted, and how the files beside them are called. */
    private void lookIntoSegments() throws IOException {
        for (String name : List.of("relay", "aging", "host-a", "host-b")) {
            StringBuilder errors = new StringBuilder();
            for (DistinctError error : SegmentInspector.open(segment(name)).errors()) {
                errors.append(error.text()).append('\n');
            }
            told.put("errors noted by " + name, errors.toString().getBytes(UTF_8));
        }
        try (Stream<Path> files = Files.walk(folder)) {
            StringBuilder names = new StringBuilder();
            files.forEach(file -> names.append(file).append('\n'));
            told.put("names of files", names.toString().getBytes(UTF_8));
        }
    }

    private void collectOutputsBut(LaunchedProcess asked) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                boolean isOutput = name.endsWith(".out") || name.endsWith(".err") || name.endsWith(".log");
                if (isOutput && !file.equals(asked.outFile())) {
                    told.put(name, Files.readAllBytes(file));
                }
            }
        }
        assertThat(told.keySet()).anyMatch(name -> name.equals("application.err"));
    }

    private final class Application {
        private final Process process;
        private final Path out = folder.resolve("application.out");

        Application() throws IOException {
            process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            PlantedApplication.class.getName(),
                            config("host-a").toString())
                    .redirectOutput(out.toFile())
                    .redirectError(folder.resolve("application.err").toFile())
                    .start();
            opened.add(process::destroyForcibly);
        }

        void order(String order) throws IOException {
            process.getOutputStream().write((order + "\n").getBytes(UTF_8));
            process.getOutputStream().flush();
            await().atMost(PATIENCE).until(() -> {
                assertThat(process.isAlive()).as("the application lives").isTrue();
                return Files.readString(out).contains("done " + order + "\n");
            });
        }

        void end() throws IOException, InterruptedException {
            process.getOutputStream().close();
            assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
        }
    }
}
