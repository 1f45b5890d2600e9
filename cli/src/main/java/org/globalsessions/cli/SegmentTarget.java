package org.globalsessions.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.globalsessions.config.CacheSection;
import org.globalsessions.config.ConfigurationException;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.config.NodeKind;
import org.globalsessions.config.PathSection;
import org.globalsessions.segment.SegmentException;
import org.globalsessions.segment.SegmentInspector;
import org.globalsessions.segment.SegmentSettings;
import picocli.CommandLine.Option;

/** Which segment a tool works on: by a configuration, or by its file. */
final class SegmentTarget {
    @Option(names = "--config", paramLabel = "FILE", description = "Configuration of the node or client.")
    private Path config;

    @Option(names = "--segment", paramLabel = "FILE", description = "The segment's file.")
    private Path segment;

    /** The configuration, or null where the file was given. */
    NodeConfig configuration() throws IOException {
        if (config == null) {
            return null;
        }
        if (NodeConfig.looksLikeClient(config)) {
            return NodeConfig.loadClient(config);
        }
        NodeConfig node;
        try {
            node = NodeConfig.load(config);
        } catch (ConfigurationException refused) {
            // What only a client has in its section of the relay, such as a secret, no node takes.
            NodeConfig client = asClient();
            if (client == null) {
                throw refused;
            }
            return client;
        }
        NodeConfig client = mayBeClients(node) ? asClient() : null;
        return client != null && isOfClient(client.cache().segmentFile()) ? client : node;
    }

    private static boolean mayBeClients(NodeConfig node) {
        return node.kind() == NodeKind.RELIEF_EXPANSION && !node.flag("full_edge");
    }

    /** A file without a role may be meant as a client's as well. */
    private NodeConfig asClient() {
        try {
            return NodeConfig.loadClient(config);
        } catch (ConfigurationException onlyANode) {
            return null;
        }
    }

    /** The segment says whose it is; one that is absent is a client's, as a node creates its own. */
    private static boolean isOfClient(Path file) throws IOException {
        if (!Files.exists(file)) {
            return true;
        }
        try {
            SegmentSettings.Role role = SegmentInspector.open(file).role();
            return role == SegmentSettings.Role.HOST || role == SegmentSettings.Role.STANDALONE;
        } catch (SegmentException damaged) {
            // Whoever is asked next says what is wrong with it; its place is the same.
            return true;
        }
    }

    /**
     * The segment of a node or client.
     *
     * @param config   its configuration
     * @param pathName the path, empty where there is one alone
     */
    static CacheSection cache(NodeConfig config, String pathName) {
        if (pathName.isEmpty() && config.paths().size() > 1) {
            throw new UsageException(
                    "--auth-path: is missing: " + config.file() + " has several paths: " + names(config));
        }
        if (pathName.isEmpty() || (config.paths().isEmpty() && pathName.equals(config.authPath()))) {
            return config.cache();
        }
        return config.paths().stream()
                .filter(path -> path.name().equals(pathName))
                .findFirst()
                .orElseThrow(() -> new UsageException("--auth-path: no such path in " + config.file() + ": found "
                        + pathName + ", there is " + names(config)))
                .cache();
    }

    /** The file of a segment that processes share. */
    static Path fileOf(CacheSection cache) {
        if (cache.isPrivate()) {
            throw new UsageException(
                    "the segment is its process's alone (lru.private_segment) and has no file that another process could open");
        }
        return cache.segmentFile();
    }

    private static String names(NodeConfig config) {
        return config.paths().isEmpty()
                ? config.authPath()
                : config.paths().stream().map(PathSection::name).collect(Collectors.joining(", "));
    }

    /**
     * The segment's file.
     *
     * @param pathName the path, empty where there is one alone
     */
    Path existingFile(String pathName) throws IOException {
        Path file = segment != null ? segment : fileOf(cache(configuration(), pathName));
        if (!Files.exists(file)) {
            throw new SegmentException("no such segment: file=" + file);
        }
        return file;
    }
}
