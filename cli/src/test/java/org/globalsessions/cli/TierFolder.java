package org.globalsessions.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.segment.SegmentInspector;
import org.globalsessions.segment.SegmentReport;
import org.globalsessions.status.Counter;

/** Configurations of a relay, its sibling, any number of relief nodes of both kinds, and hosts; their segments lie beside them. */
final class TierFolder {
    private static final String PATH = "tier";
    private static final int RECORD_SIZE = 192;

    /** Most operations of a host at a time. */
    private static final int WINDOW = 128;

    /**
     * How many nodes, and how much each holds.
     *
     * @param replicas          nodes of a kind that keep each session
     * @param aging             aging nodes
     * @param expansion         expansion nodes
     * @param relayCapacity     el_count of the relay
     * @param agingCapacity     el_count of each aging node
     * @param expansionCapacity el_count of each expansion node
     * @param frontCapacity     el_count of each host
     */
    record Plan(
            int replicas,
            int aging,
            int expansion,
            int relayCapacity,
            int agingCapacity,
            int expansionCapacity,
            int frontCapacity) {}

    private final Path folder;
    private final Plan plan;
    private final int relayPort;
    private final int siblingPort;

    /** Writes the configurations of the relay and the sibling, and of all relief nodes. */
    TierFolder(Path folder, Plan plan) throws IOException {
        this(folder, plan, "");
    }

    /** The same, with further lines for the sibling. */
    TierFolder(Path folder, Plan plan, String siblingLines) throws IOException {
        this.folder = folder;
        this.plan = plan;
        int[] ports = QuickstartFolder.freePorts();
        relayPort = ports[0];
        siblingPort = ports[1];
        write("relay", """
                edge_supported_relay : true
                auth_path : "%s"
                address : "localhost"
                port : %d
                path_types.%s {
                    relay.proc_name : [ "global-sessions", "./sibling.conf" ]
                    cache { %s }
                }
                """.formatted(PATH, relayPort, PATH, cache("relay", plan.relayCapacity())));
        write("sibling", """
                half_edge : true
                auth_path : "%s"
                address : "localhost"
                port : %d
                replicas : %d
                cache { %s, am_initializer : false, stop_child : true }
                %s
                """.formatted(
                        PATH, siblingPort, plan.replicas(), cache("relay", plan.relayCapacity()), siblingLines));
        for (String name : reliefNodes()) {
            writeReliefNode(name, siblingPort, "");
        }
    }

    /**
     * Writes the configuration of a relief node, again where it was written before.
     *
     * @param name  {@code aging-N} or {@code expansion-N}
     * @param port  where it finds the sibling
     * @param lines further lines
     */
    Path writeReliefNode(String name, int port, String lines) throws IOException {
        boolean aging = name.startsWith("aging");
        return write(name, """
                lru.cache { %s }
                message_relay { auth_path : "%s", port : %d, age_or_replica : "%s", reconnect_wait : 100ms }
                %s
                """.formatted(
                        cache(name, aging ? plan.agingCapacity() : plan.expansionCapacity()),
                        PATH,
                        port,
                        aging ? "age-out" : "replicating",
                        lines));
    }

    /** The configuration of a host with a segment of its own. */
    Path host(String name) throws IOException {
        return write(name, """
                lru.cache { %s }
                message_relay { auth_path : "%s", port : %d, reconnect_wait : 50ms }
                """.formatted(cache(name, plan.frontCapacity()), PATH, relayPort));
    }

    private String cache(String name, int elCount) {
        return "token_path : \"./%s.token\", segment_dir : \"%s\", record_size : %d, el_count : %d"
                .formatted(name, folder, RECORD_SIZE, elCount);
    }

    private Path write(String name, String content) throws IOException {
        return Files.writeString(config(name), content);
    }

    Path config(String name) {
        return folder.resolve(name + ".conf");
    }

    int siblingPort() {
        return siblingPort;
    }

    /** Aging nodes first. */
    List<String> reliefNodes() {
        return Stream.concat(names("aging-", plan.aging()), names("expansion-", plan.expansion()))
                .toList();
    }

    /** All whose segments a session may be in, front to back; of hosts the first one's. */
    List<String> segments() {
        return Stream.concat(Stream.of("host-a", "relay"), reliefNodes().stream())
                .toList();
    }

    private static Stream<String> names(String prefix, int count) {
        return IntStream.rangeClosed(1, count).mapToObj(i -> prefix + i);
    }

    /** Starts the relay, which starts its sibling, and all relief nodes; those follow the relay in their order. They have met when this returns. */
    List<LaunchedProcess> launch(LaunchedNodes nodes) throws IOException {
        List<LaunchedProcess> launched = new ArrayList<>();
        launched.add(nodes.launch(config("relay")).awaitRunning());
        for (String name : reliefNodes()) {
            launched.add(nodes.launch(config(name)));
        }
        launched.forEach(LaunchedProcess::awaitRunning);
        LaunchedNodes.awaitMembers(
                NodeConfig.load(config("relay")), reliefNodes().size());
        return launched;
    }

    /** Has a host store so many sessions, each acknowledged by relief nodes. */
    void store(String host, int sessions) throws Exception {
        SetOptions relief = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELIEF);
        try (SessionCacheManager cache = SessionCacheManager.open(host(host))) {
            new Pipeline(WINDOW, LaunchedNodes.PATIENCE, i -> cache.set("s-" + i, value(i), relief))
                    .run(sessions, done -> {});
        }
    }

    /** How many of these a host finds as they were stored that has none of them. */
    int foundBy(String host, int sessions) throws Exception {
        AtomicInteger found = new AtomicInteger();
        try (SessionCacheManager cache = SessionCacheManager.open(host(host))) {
            new Pipeline(
                            WINDOW,
                            LaunchedNodes.PATIENCE,
                            i -> cache.get("s-" + i)
                                    .thenAccept(value -> found.addAndGet(Arrays.equals(value, value(i)) ? 1 : 0)))
                    .run(sessions, done -> {});
        }
        return found.get();
    }

    private static byte[] value(int i) {
        return ("value of " + i).getBytes(UTF_8);
    }

    /** The segment file of a node. */
    Path segmentOf(String name) {
        return NodeConfig.load(config(name)).cache().segmentFile();
    }

    /** What lies in a node's segment. */
    SegmentReport inspect(String name) throws IOException {
        return SegmentInspector.open(segmentOf(name)).check();
    }

    /** What a node has counted. */
    long counter(String name, Counter counter) throws IOException {
        return SegmentStat.open(segmentOf(name)).counter(counter);
    }
}
