package org.globalsessions.cli;

import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.config.NodeConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code get KEY}: the value to standard output; exit code 1 where no tier has the key. */
@Command(
        name = "get",
        description = "Prints a session's value. Exit code 1 where every tier has answered that it is not there.",
        mixinStandardHelpOptions = true)
final class GetCommand extends ClientCommand {
    @Parameters(paramLabel = "KEY", description = "The session's key.")
    private String key;

    @Option(names = "--local", description = "Ask only this host's segment.")
    private boolean local;

    @Override
    int run(SessionCacheManager cache, NodeConfig config) throws Exception {
        byte[] value = local ? cache.getLocal(key) : patiently(() -> cache.get(key));
        if (isJson()) {
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("found", value != null);
            if (value != null) {
                report.put("length", value.length);
                report.put("valueBase64", Base64.getEncoder().encodeToString(value));
            }
            out().println(Json.of(report));
        } else if (value == null) {
            err().println("global-sessions: not found");
        } else {
            writeRaw(value);
        }
        return value == null ? GlobalSessions.FAILED : GlobalSessions.DONE;
    }
}
