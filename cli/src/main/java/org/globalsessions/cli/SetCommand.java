package org.globalsessions.cli;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.Version;
import org.globalsessions.config.NodeConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code set KEY VALUE}: stores a session. */
@Command(name = "set", description = "Stores a session.", mixinStandardHelpOptions = true)
final class SetCommand extends ClientCommand {
    @Parameters(index = "0", paramLabel = "KEY", description = "The session's key.")
    private String key;

    @Parameters(index = "1", paramLabel = "VALUE", description = "The value, or - for standard input.")
    private String value;

    @Option(names = "--ttl", paramLabel = "D", converter = DurationOption.class, description = "Lifetime, such as 30m.")
    private Duration ttl;

    @Option(names = "--local", description = "End when this host's segment has it; another process has to publish it.")
    private boolean local;

    @Option(
            names = "--ack",
            paramLabel = "LEVEL",
            description =
                    "Who has to have it: ${COMPLETION-CANDIDATES}. Default: relay where the configuration names one.")
    private Acknowledgement level;

    @Override
    int run(SessionCacheManager cache, NodeConfig config) throws Exception {
        byte[] bytes = value.equals("-") ? System.in.readAllBytes() : value.getBytes(StandardCharsets.UTF_8);
        Acknowledgement wanted = levelOr(level, local, config);
        refuseEverywhere(wanted);
        SetOptions plain = SetOptions.DEFAULTS.acknowledgement(wanted);
        SetOptions options = ttl == null ? plain : plain.ttl(ttl);
        Version version = patiently(() -> cache.set(key, bytes, options));
        if (isJson()) {
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("stored", true);
            report.put("length", bytes.length);
            report.put("acknowledged", wanted.name().toLowerCase(Locale.ROOT));
            report.put("versionClock", version.clock());
            report.put("versionOrigin", Integer.toUnsignedLong(version.origin()));
            out().println(Json.of(report));
        }
        return GlobalSessions.DONE;
    }
}
