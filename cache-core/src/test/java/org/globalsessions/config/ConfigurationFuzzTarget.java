package org.globalsessions.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Any text as a configuration: accepted, and then every value can be asked for, or refused by a {@link ConfigurationException}
 * whose problems each name the file. The first byte says whether it is a node's or a client's.
 */
public final class ConfigurationFuzzTarget {
    private static Path file;

    private ConfigurationFuzzTarget() {}

    /**
     * One input; anything thrown is a finding.
     *
     * @param input one byte, then the text
     * @throws IOException where the file system fails
     */
    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        String text = new String(input, StandardCharsets.UTF_8);
        if (input.length == 0 || text.contains("include")) {
            // Of what a file includes the parser reads any file and any address there is.
            return;
        }
        if (file == null) {
            file = Files.createTempDirectory("fuzz").toRealPath().resolve("node.conf");
        }
        Files.write(file, Arrays.copyOfRange(input, 1, input.length));
        try {
            NodeConfig.looksLikeClient(file);
            NodeConfig config = (input[0] & 1) == 0 ? NodeConfig.load(file) : NodeConfig.loadClient(file);
            use(config);
        } catch (ConfigurationException e) {
            for (ConfigurationProblem problem : e.problems()) {
                if (!problem.toString().startsWith(file.toString())
                        || problem.text().isBlank()) {
                    throw new AssertionError("a problem does not say where and what: " + problem, e);
                }
            }
            if (e.problems().isEmpty()) {
                throw new AssertionError("refused without a problem", e);
            }
        }
    }

    private static void use(NodeConfig config) {
        for (Setting setting : config.settings()) {
            if (setting.toString().isEmpty()) {
                throw new AssertionError("a setting without a text");
            }
        }
        config.missing();
        config.authPath();
        config.paths().forEach(PathSection::siblingCommand);
        config.relaySections().forEach(relay -> relay.getInt("port"));
        CacheSection cache = config.cache();
        cache.evictions();
        cache.stopChild();
        cache.unpublishedWait();
        cache.segmentFile();
        cache.initializer();
        config.kind().words();
    }
}
