package org.globalsessions.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.globalsessions.config.NodeConfig;

/** The temporary folders of one quickstart: configurations and logs in one, segments in another one that is memory if it can be. */
final class QuickstartFolder implements AutoCloseable {
    /** Names of the relief nodes, two of each kind: each session is kept by both. */
    static final List<String> RELIEF_NODES = List.of("aging-1", "expansion-1", "aging-2", "expansion-2");

    private static final Path SHARED_MEMORY = Path.of("/dev/shm");
    private static final long SPARE_BYTES = 512L << 20;

    private final Path configs;
    private final Path segments;

    private QuickstartFolder(Path configs, Path segments) {
        this.configs = configs;
        this.segments = segments;
    }

    /**
     * Makes the folders and all configurations.
     *
     * @param plan sizes
     * @return the folders
     * @throws IOException where they cannot be made
     */
    static QuickstartFolder create(Plan plan) throws IOException {
        var owner = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        String name = "global-sessions-quickstart-";
        Path configs = Files.createTempDirectory(name, owner);
        boolean roomy = Files.isWritable(SHARED_MEMORY)
                && Files.getFileStore(SHARED_MEMORY).getUsableSpace() > plan.segmentBytes() + SPARE_BYTES;
        Path segments = roomy ? Files.createTempDirectory(SHARED_MEMORY, name, owner) : configs.resolve("segments");
        QuickstartFolder folder = new QuickstartFolder(configs, segments);
        folder.write(plan);
        return folder;
    }

    /**
     * Sizes of a quickstart.
     *
     * @param sessions      sessions stored
     * @param frontCapacity el_count of a host's segment
     * @param relayCapacity el_count of the relay's segment
     */
    record Plan(int sessions, int frontCapacity, int relayCapacity) {
        /** El_count of an aging node: all sessions, as both keep each of them. */
        int agingCapacity() {
            return sessions + sessions / 10 + 1000;
        }

        /** Bytes of all segments together, roughly. */
        long segmentBytes() {
            return (2L * frontCapacity + 3L * relayCapacity + 2L * agingCapacity()) * 384 * 5 / 4;
        }
    }

    Path configs() {
        return configs;
    }

    Path config(String name) {
        return configs.resolve(name + ".conf");
    }

    /** The segment that a node's configuration names. */
    Path nodeSegment(String name) {
        return NodeConfig.load(config(name)).cache().segmentFile();
    }

    /** Removes everything. */
    @Override
    public void close() throws IOException {
        delete(segments);
        delete(configs);
    }

    private void write(Plan plan) throws IOException {
        int[] ports = freePorts();
        int relayPort = ports[0];
        int siblingPort = ports[1];
        write("relay", """
                edge_supported_relay : true
                auth_path : "quickstart"
                address : "localhost"
                port : %d
                path_types.quickstart {
                    relay.proc_name : [ "global-sessions", "./sibling.conf" ]
                    cache { token_path : "./relay.token", segment_dir : "%s", el_count : %d }
                }
                """.formatted(relayPort, segments, plan.relayCapacity()));
        write("sibling", """
                half_edge : true
                auth_path : "quickstart"
                address : "localhost"
                port : %d
                replicas : 2
                cache {
                    token_path : "./relay.token", segment_dir : "%s", am_initializer : false
                    el_count : %d, stop_child : true
                }
                """.formatted(siblingPort, segments, plan.relayCapacity()));
        for (String node : RELIEF_NODES) {
            boolean aging = node.startsWith("aging");
            write(node, """
                    lru.cache { token_path : "./%s.token", segment_dir : "%s", el_count : %d }
                    message_relay { auth_path : "quickstart", port : %d, age_or_replica : "%s" }
                    """.formatted(
                            node,
                            segments,
                            aging ? plan.agingCapacity() : plan.relayCapacity(),
                            siblingPort,
                            aging ? "age-out" : "replicating"));
        }
        for (String host : new String[] {"host-a", "host-b"}) {
            write(host, """
                    lru.cache { token_path : "./%s.token", segment_dir : "%s", el_count : %d }
                    message_relay { auth_path : "quickstart", port : %d }
                    """.formatted(host, segments, plan.frontCapacity(), relayPort));
        }
    }

    /** Two ports of the loopback interface that nobody listens on. */
    static int[] freePorts() throws IOException {
        // Both are held open until both are known, so that they differ.
        try (ServerSocket first = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ServerSocket second = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return new int[] {first.getLocalPort(), second.getLocalPort()};
        }
    }

    private void write(String name, String content) throws IOException {
        Files.writeString(config(name), content);
    }

    /** Removes a file, or a folder with everything in it; nothing where it is absent. */
    static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                // Nodes that end at this moment take files of theirs along.
                if (failure instanceof java.nio.file.NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw failure;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, IOException failure) throws IOException {
                Files.deleteIfExists(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
