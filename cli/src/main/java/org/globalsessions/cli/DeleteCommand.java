package org.globalsessions.cli;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.config.NodeConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code delete KEY}: deletes a session in every tier. */
@Command(
        name = "delete",
        description = "Deletes a session in every tier. Exit code 1 where none that had answered by then held it.",
        mixinStandardHelpOptions = true)
final class DeleteCommand extends ClientCommand {
    @Parameters(paramLabel = "KEY", description = "The session's key.")
    private String key;

    @Option(names = "--local", description = "End when this host's segment has it; another process has to publish it.")
    private boolean local;

    @Option(
            names = "--ack",
            paramLabel = "LEVEL",
            description =
                    "Who has to know it: ${COMPLETION-CANDIDATES}. Default: relay where the configuration names one.")
    private Acknowledgement level;

    @Override
    int run(SessionCacheManager cache, NodeConfig config) throws Exception {
        Acknowledgement wanted = levelOr(level, local, config);
        boolean held = patiently(() -> cache.delete(key, wanted));
        if (isJson()) {
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("held", held);
            report.put("acknowledged", wanted.name().toLowerCase(Locale.ROOT));
            out().println(Json.of(report));
        } else if (!held) {
            err().println("global-sessions: not found");
        }
        return held ? GlobalSessions.DONE : GlobalSessions.FAILED;
    }
}
