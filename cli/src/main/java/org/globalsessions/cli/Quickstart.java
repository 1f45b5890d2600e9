package org.globalsessions.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.globalsessions.cli.QuickstartFolder.Plan;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.sibling.MemberList;
import org.globalsessions.status.Counter;

/**
 * One quickstart from start to end: nodes, writer, kill, reader, report. Leaves no process and no file behind, also when it
 * fails or is stopped.
 *
 * <p>Used by one thread; the JVM's shutdown may close it meanwhile.
 */
final class Quickstart implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final Duration WORK_LIMIT = Duration.ofMinutes(10);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(10);
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final Plan plan;
    private final long seed;
    private final PrintWriter err;
    private final QuickstartFolder folder;
    private final Thread hook = new Thread(this::cleanUp, "quickstart-clean-up");
    private final List<ChildProcess> nodes = new ArrayList<>();
    private final List<Map<String, Object>> processes = new ArrayList<>();
    private final List<Map<String, Object>> killed = new ArrayList<>();
    private final long startedNs = System.nanoTime();
    private boolean cleaned;

    /**
     * Makes the folders.
     *
     * @param plan sizes
     * @param seed seed of keys and values
     * @param err  where progress goes
     * @throws IOException where the folders cannot be made
     */
    Quickstart(Plan plan, long seed, PrintWriter err) throws IOException {
        this.plan = plan;
        this.seed = seed;
        this.err = err;
        this.folder = QuickstartFolder.create(plan);
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /**
     * Runs it all.
     *
     * @return the report
     * @throws Exception where a process does not do what it should, with the last words of its log
     */
    Map<String, Object> run() throws Exception {
        say("seed " + seed + ", folder " + folder.configs());
        ChildProcess relay = startNode("relay");
        NodeConfig relayConfig = NodeConfig.load(folder.config("relay"));
        await("the relay listens", START_LIMIT, () -> listens(relayConfig.port()));
        for (String node : QuickstartFolder.RELIEF_NODES) {
            startNode(node);
        }
        long siblingPid = await("the sibling runs", START_LIMIT, () -> siblingOf(relay, 0));
        processes.add(process("sibling", siblingPid));
        Path segment = folder.nodeSegment("relay");
        await(
                "the relief nodes have joined",
                START_LIMIT,
                () -> MemberList.read(segment).members().size() == QuickstartFolder.RELIEF_NODES.size()
                        ? Boolean.TRUE
                        : null);

        JsonNode written = write(relay, siblingPid);
        JsonNode read = read();
        SegmentStat stat = SegmentStat.open(folder.nodeSegment("relay"));
        return report(written, read, stat);
    }

    @Override
    public void close() {
        cleanUp();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException shuttingDown) {
            // The hook runs at this moment and has waited for, or done, the same.
            hook.interrupt();
        }
    }

    private JsonNode write(ChildProcess relay, long siblingPid) throws Exception {
        AtomicReference<JsonNode> result = new AtomicReference<>();
        ChildProcess writer = start("writer", line -> take(line, result), application("quickstart-writer", "host-a"));
        SegmentStat stat = SegmentStat.open(folder.nodeSegment("relay"));
        awaitHandOffs(stat, 1, writer, result);
        ProcessHandle.of(siblingPid)
                .orElseThrow(() -> new IOException("the sibling ended by itself" + relay.lastWords()))
                .destroyForcibly();
        noteKilled("sibling", siblingPid, stat);
        long next = await("the sibling runs again", START_LIMIT, () -> siblingOf(relay, siblingPid));
        processes.add(process("sibling", next));
        awaitHandOffs(stat, 2, writer, result);
        killAndRestart("aging-1", stat);
        awaitHandOffs(stat, 3, writer, result);
        killAndRestart("expansion-1", stat);
        finish(writer);
        return result(writer, result);
    }

    /** Waits for some fifths of the hand-offs that there will be. */
    private void awaitHandOffs(SegmentStat stat, int fifths, ChildProcess writer, AtomicReference<JsonNode> result)
            throws Exception {
        long before = Math.max(1, (plan.sessions() - plan.relayCapacity()) / 5L * fifths);
        await("hand-offs are under way", WORK_LIMIT, () -> {
            failIfEnded(writer, result);
            return stat.counter(Counter.HANDED_OFF) >= before ? Boolean.TRUE : null;
        });
    }

    /** As whoever looks after a relief node's process does. */
    private void killAndRestart(String name, SegmentStat stat) throws IOException, InterruptedException {
        ChildProcess node = nodes.stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
        synchronized (this) {
            nodes.remove(node);
        }
        node.kill();
        noteKilled(name, node.pid(), stat);
        startNode(name);
    }

    private void noteKilled(String name, long pid, SegmentStat stat) {
        Map<String, Object> kill = process(name, pid);
        long handedOff = stat.counter(Counter.HANDED_OFF);
        kill.put("handedOffBefore", handedOff);
        killed.add(kill);
        say(name + " " + pid + " killed after " + handedOff + " hand-offs");
    }

    private JsonNode read() throws Exception {
        AtomicReference<JsonNode> result = new AtomicReference<>();
        ChildProcess reader = start("reader", line -> take(line, result), application("quickstart-reader", "host-b"));
        finish(reader);
        return result(reader, result);
    }

    private Map<String, Object> report(JsonNode written, JsonNode read, SegmentStat relay) {
        long lost = read.path("lost").asLong();
        long torn = read.path("torn").asLong();
        long resurrected =
                read.path("resurrected").asLong() + written.path("resurrected").asLong();
        long verified = read.path("verified").asLong();
        long deleted = written.path("deleted").asLong();
        long live = plan.sessions() - deleted;
        Map<String, Object> report = new LinkedHashMap<>();
        report.put(
                "passed",
                lost == 0
                        && torn == 0
                        && resurrected == 0
                        && verified == live
                        && read.path("gone").asLong() == deleted);
        report.put("sessions", plan.sessions());
        report.put("valueLength", SessionSource.VALUE_LENGTH);
        report.put("frontCapacity", plan.frontCapacity());
        report.put("relayCapacity", plan.relayCapacity());
        report.put("verified", verified);
        report.put("lost", lost);
        report.put("torn", torn);
        report.put("resurrected", resurrected);
        report.put("deleted", deleted);
        report.put("deletedConfirmedGone", read.path("gone").asLong());
        report.put("localHits", read.path("localHits").asLong());
        report.put("processes", processes);
        report.put("killed", killed);
        report.put("seconds", Math.round((System.nanoTime() - startedNs) / 1e8) / 10.0);
        report.put("writeSeconds", written.path("seconds").asDouble());
        report.put("readSeconds", read.path("seconds").asDouble());
        report.put(
                "triedAgain",
                written.path("retries").asLong() + read.path("retries").asLong());
        report.put("seed", seed);
        Map<String, Object> counters = new LinkedHashMap<>();
        for (Counter counter : List.of(
                Counter.IPC_SENT,
                Counter.IPC_RECEIVED,
                Counter.IPC_BACK_PRESSURE,
                Counter.HANDED_OFF,
                Counter.SPILLED,
                Counter.UNSPILLED,
                Counter.LOST_SPILL_FULL,
                Counter.QUESTIONS,
                Counter.TIER_HITS,
                Counter.SIBLING_RESTARTS,
                Counter.ERRORS)) {
            counters.put(SegmentStat.camelCase(counter), relay.counter(counter));
        }
        report.put("relayCounters", counters);
        return report;
    }

    private List<String> application(String command, String host) {
        return List.of(
                command,
                "--config",
                folder.config(host).toString(),
                "--sessions",
                Integer.toString(plan.sessions()),
                "--seed",
                Long.toString(seed));
    }

    private ChildProcess startNode(String name) throws IOException {
        return start(name, line -> {}, List.of("run", folder.config(name).toString()));
    }

    private synchronized ChildProcess start(String name, java.util.function.Consumer<String> lines, List<String> args)
            throws IOException {
        if (cleaned) {
            throw new IOException("stopped");
        }
        ChildProcess node = ChildProcess.start(name, folder.configs(), lines, args);
        nodes.add(node);
        processes.add(process(name, node.pid()));
        say(name + " started, pid " + node.pid());
        return node;
    }

    private void finish(ChildProcess application) throws IOException, InterruptedException {
        int exit = application.await(WORK_LIMIT);
        if (exit != GlobalSessions.DONE) {
            throw new IOException(
                    application.name() + " ended with " + exit + application.lastWords() + wordsOfNodes());
        }
    }

    private String wordsOfNodes() {
        StringBuilder words = new StringBuilder();
        for (ChildProcess node : nodes) {
            if (!node.name().equals("writer") && !node.name().equals("reader")) {
                words.append(System.lineSeparator())
                        .append("--- ")
                        .append(node.name())
                        .append(node.lastWords());
            }
        }
        return words.toString();
    }

    /** Lines that begin with a brace are the result, others are progress. */
    private void take(String line, AtomicReference<JsonNode> result) {
        if (!line.startsWith("{")) {
            if (!line.isBlank()) {
                say(line);
            }
            return;
        }
        try {
            result.set(MAPPER.readTree(line));
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            say("unreadable: " + e.getOriginalMessage());
        }
    }

    private static JsonNode result(ChildProcess application, AtomicReference<JsonNode> result) throws IOException {
        if (result.get() == null) {
            throw new IOException(application.name() + " ended without a result" + application.lastWords());
        }
        return result.get();
    }

    private static void failIfEnded(ChildProcess application, AtomicReference<JsonNode> result) throws IOException {
        if (!application.isAlive()) {
            throw new IOException(application.name() + " ended before all that should be killed was, result "
                    + result.get() + application.lastWords());
        }
    }

    private static Long siblingOf(ChildProcess relay, long before) throws IOException {
        if (!relay.isAlive()) {
            throw new IOException("the relay has ended" + relay.lastWords());
        }
        return relay.children().stream()
                .map(ProcessHandle::pid)
                .filter(pid -> pid != before)
                .findFirst()
                .orElse(null);
    }

    private static Boolean listens(int port) {
        try (Socket probe = new Socket()) {
            probe.connect(new InetSocketAddress("localhost", port), 500);
            return Boolean.TRUE;
        } catch (IOException notYet) {
            return null;
        }
    }

    /** Waits until there is an answer, and watches that the nodes live. */
    private <T> T await(String what, Duration limit, Callable<T> condition) throws Exception {
        long deadlineNs = System.nanoTime() + limit.toNanos();
        while (true) {
            T answer = condition.call();
            if (answer != null) {
                return answer;
            }
            for (ChildProcess node : nodes) {
                if (!node.isAlive() && !node.name().equals("writer")) {
                    throw new IOException(node.name() + " has ended" + node.lastWords());
                }
            }
            if (deadlineNs - System.nanoTime() < 0) {
                throw new IOException("not within " + limit.toSeconds() + " s: " + what + wordsOfNodes());
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }

    private static Map<String, Object> process(String name, long pid) {
        Map<String, Object> process = new LinkedHashMap<>();
        process.put("name", name);
        process.put("pid", pid);
        return process;
    }

    private synchronized void cleanUp() {
        if (cleaned) {
            return;
        }
        cleaned = true;
        // Whoever started first is needed longest.
        for (int i = nodes.size() - 1; i >= 0; i--) {
            try {
                nodes.get(i).stop(STOP_LIMIT);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        try {
            folder.close();
        } catch (IOException e) {
            say("cannot remove " + folder.configs() + ": " + e);
        }
    }

    private void say(String line) {
        err.printf("%6.1f s  %s%n", (System.nanoTime() - startedNs) / 1e9, line);
        err.flush();
    }
}
