package org.globalsessions.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.globalsessions.config.ConfigurationException;
import org.globalsessions.config.ConfigurationProblem;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.config.NodeKind;
import org.globalsessions.config.PathSection;
import org.globalsessions.config.Setting;
import org.globalsessions.relief.extension.ReliefExtensions;
import org.globalsessions.transport.gateway.GatewayNode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code check CONFIG...}: validates, prints what counts and where it comes from. Opens and starts nothing. */
@Command(
        name = "check",
        description = "Validates configurations and prints every effective value with its origin.",
        mixinStandardHelpOptions = true)
final class CheckCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "CONFIG", description = "Files to check.")
    private List<Path> files;

    @Option(names = "--client", description = "Read every file as a client's.")
    private boolean asClient;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        List<ConfigurationProblem> problems = new ArrayList<>();
        List<Object> reports = new ArrayList<>();
        for (Path file : files) {
            try {
                boolean client = asClient || NodeConfig.looksLikeClient(file);
                NodeConfig config = client ? NodeConfig.loadClient(file) : NodeConfig.load(file);
                var unused = ReliefExtensions.of(config);
                GatewayNode.check(config);
                if (json) {
                    reports.add(asMap(config));
                } else {
                    out.println("# " + file + ": " + config.kind().words()
                            + (servesBoth(config) ? "; with --config or --client, a client" : ""));
                    print(config, out);
                }
            } catch (ConfigurationException refused) {
                problems.addAll(refused.problems());
            }
        }
        if (!problems.isEmpty()) {
            throw new ConfigurationException(problems);
        }
        if (json) {
            out.println(Json.of(Map.of("files", reports)));
        }
        return GlobalSessions.DONE;
    }

    /** Whether a file without a role may be meant as a client's as well: it says nothing that only a node has. */
    private static boolean servesBoth(NodeConfig config) {
        if (config.kind() != NodeKind.RELIEF_EXPANSION || config.flag("full_edge")) {
            return false;
        }
        try {
            NodeConfig.loadClient(config.file());
            return true;
        } catch (ConfigurationException onlyANode) {
            return false;
        }
    }

    private static void print(NodeConfig config, PrintWriter out) {
        int width = config.settings().stream()
                .mapToInt(setting -> setting.path().length() + setting.value().length() + 3)
                .max()
                .orElse(0);
        for (Setting setting : config.settings()) {
            String line = setting.path() + " : " + setting.value();
            out.println(line + " ".repeat(Math.max(1, width + 1 - line.length())) + "# " + setting.origin()
                    + (setting.note().isEmpty() ? "" : "; " + setting.note()));
        }
        if (config.paths().size() > 1) {
            for (PathSection path : config.paths()) {
                out.println(
                        "# segment of path " + path.name() + ": " + path.cache().segmentText());
            }
        } else {
            out.println("# segment: " + config.cache().segmentText());
        }
        for (Setting setting : config.missing()) {
            out.println("# run will refuse this file: " + setting.path() + ": " + setting.note());
        }
    }

    private static Map<String, Object> asMap(NodeConfig config) {
        List<Object> settings = new ArrayList<>();
        for (Setting setting : config.settings()) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("key", setting.path());
            line.put("value", setting.value());
            line.put("origin", setting.origin());
            if (!setting.note().isEmpty()) {
                line.put("note", setting.note());
            }
            settings.add(line);
        }
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("file", config.file().toString());
        report.put("kind", config.kind().words());
        report.put("segment", config.cache().isPrivate() ? null : config.cache().segmentText());
        if (config.kind() == NodeKind.RELAY) {
            Map<String, Object> segments = new LinkedHashMap<>();
            config.paths()
                    .forEach(path -> segments.put(path.name(), path.cache().segmentText()));
            report.put("segments", segments);
        }
        report.put("runs", config.missing().isEmpty());
        report.put("settings", settings);
        return report;
    }
}
