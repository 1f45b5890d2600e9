package org.globalsessions.cli;

import java.util.Map;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.config.NodeConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code touch KEY}: renews a session's idle time on this host. */
@Command(
        name = "touch",
        description =
                "Renews a session's idle time on this host. Exit code 1 where this host's segment does not have it.",
        mixinStandardHelpOptions = true)
final class TouchCommand extends ClientCommand {
    @Parameters(paramLabel = "KEY", description = "The session's key.")
    private String key;

    @Override
    int run(SessionCacheManager cache, NodeConfig config) throws Exception {
        boolean touched = patiently(() -> cache.touch(key));
        if (isJson()) {
            out().println(Json.of(Map.of("touched", touched)));
        } else if (!touched) {
            err().println("global-sessions: not found");
        }
        return touched ? GlobalSessions.DONE : GlobalSessions.FAILED;
    }
}
