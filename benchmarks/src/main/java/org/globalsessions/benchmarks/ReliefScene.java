package org.globalsessions.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.segment.SegmentInspector;
import org.globalsessions.sibling.MemberList;
import org.globalsessions.status.Counter;

/**
 * A relay, its sibling, aging nodes and hosts on TCP, each a process of its own; ended, with their files, when closed. One thread.
 */
final class ReliefScene implements AutoCloseable {
    private final BenchmarkFolder folder = new BenchmarkFolder();
    private final Processes processes;

    /** Segments of the relay and the nodes, whose counters are read. */
    private final Map<String, SegmentInspector> segments = new LinkedHashMap<>();

    /** The sibling, and the nodes in the order in which they joined. */
    private final List<ChildJvm> reliefTier = new ArrayList<>();

    private final ChildJvm relay;
    private final int relayPort;
    private final int siblingPort;
    private int clients;

    /**
     * Starts a relay and a sibling.
     *
     * @param quick        whether it is only tried that everything runs
     * @param relayEntries el_count of the relay
     * @param settings     further ones of the sibling
     */
    ReliefScene(boolean quick, int relayEntries, String settings) throws IOException {
        processes = new Processes(quick);
        try {
            Path path = folder.path();
            relay = node("relay", NodeServer.relay(path, null, relayEntries, "sibling : \"external\""));
            relayPort = Integer.parseInt(relay.line());
            ChildJvm sibling = node("sibling", NodeServer.sibling(path, relayEntries, settings));
            siblingPort = Integer.parseInt(sibling.line());
            reliefTier.add(sibling);
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private ChildJvm node(String name, String configuration) throws IOException {
        Path file = Files.writeString(config(name), configuration);
        ChildJvm node = processes.start(NodeServer.class, true, file.toString());
        node.awaitReady();
        return node;
    }

    private Path config(String name) {
        return folder.path().resolve(name + ".conf");
    }

    private Path segment(String name) {
        return NodeConfig.load(config(name)).cache().segmentFile();
    }

    /** One more aging node, which is connected when this returns. */
    void addNode(int entries) throws IOException {
        String name = "aging-" + reliefTier.size();
        reliefTier.add(node(name, NodeServer.aging(folder.path(), name, entries, siblingPort)));
    }

    /** A host in a process of its own, connected to the relay. */
    ChildJvm client(RelaySubject subject, int entries) throws IOException {
        clients++;
        List<String> arguments = new ArrayList<>();
        arguments.add(subject.name());
        arguments.add(Integer.toString(entries));
        arguments.add(Files.createDirectory(folder.path().resolve("client-" + clients))
                .toString());
        Endpoint endpoint = new Endpoint(Endpoint.Transport.TCP, relayPort, folder.path(), folder.path());
        arguments.addAll(List.of(endpoint.toArguments()));
        ChildJvm client = processes.start(TrafficProcess.class, false, arguments.toArray(new String[0]));
        client.awaitReady();
        return client;
    }

    ChildJvm relayProcess() {
        return relay;
    }

    /** The sibling and the relief nodes. */
    List<ChildJvm> reliefTier() {
        return reliefTier;
    }

    /** What the relay, and the sibling in its segment, have counted. */
    long atRelay(Counter counter) throws IOException {
        return counted("relay", counter);
    }

    private long counted(String name, Counter counter) throws IOException {
        SegmentInspector segment = segments.get(name);
        if (segment == null) {
            segment = SegmentInspector.open(segment(name));
            segments.put(name, segment);
        }
        return segment.counters().get(counter);
    }

    /** Entries that a tier of this scene has lost, by its own account. */
    long lost() throws IOException {
        long lost = atRelay(Counter.LOST_UNPUBLISHED) + atRelay(Counter.LOST_SPILL_FULL);
        for (int i = 1; i < reliefTier.size(); i++) {
            lost += counted("aging-" + i, Counter.LOST_FOR_SPACE);
        }
        return lost;
    }

    /** By how many rings sessions are looked for: by one more from the beginning of a refill to its end. */
    int rings() throws IOException {
        return MemberList.read(segment("relay")).rings();
    }

    @Override
    public void close() throws IOException {
        try {
            processes.close();
        } finally {
            folder.close();
        }
    }
}
