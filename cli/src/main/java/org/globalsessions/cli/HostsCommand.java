package org.globalsessions.cli;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.segment.HostDigest;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.client.RelayLinkSettings;
import org.globalsessions.transport.client.RelayOperator;
import org.globalsessions.transport.frame.AdministeredFrame;
import org.globalsessions.transport.frame.AdministeredFrame.KnownHost;
import org.globalsessions.transport.frame.AdministeredFrame.Outcome;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code hosts}: the hosts that a client's relays remember, and one of them forgotten. */
@Command(
        name = "hosts",
        description =
                "Prints the hosts that the relays of a client remember, those away for longest first, or has one forgotten that will"
                        + " not come back. Needs the right to administer.",
        mixinStandardHelpOptions = true)
final class HostsCommand implements Callable<Integer> {
    @Option(names = "--config", required = true, paramLabel = "CLIENT", description = "A client's configuration.")
    private Path file;

    @Option(
            names = "--forget",
            paramLabel = "ID",
            description =
                    "Forget this host, which has to be away: deletes that should reach all hosts wait for it no longer.")
    private String forgotten;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        NodeConfig config = NodeConfig.loadClient(file);
        NodeLauncher.refuseMissing(List.of(config));
        KeyDigest host = forgotten == null ? null : HostDigest.parse(forgotten);
        if (forgotten != null && host == null) {
            throw new UsageException(
                    "--forget: is no host: expected 32 hexadecimal digits, as this command prints them");
        }
        if (config.relaySections().isEmpty()) {
            throw new UsageException("no relay to ask: " + file + " names none");
        }
        List<Map<String, Object>> relays = new ArrayList<>();
        boolean found = false;
        for (Config section : config.relaySections()) {
            RelayLinkSettings settings = RelayLinkSettings.from(section);
            try (RelayOperator operator = RelayOperator.connect(settings)) {
                AdministeredFrame answer = (host == null ? operator.hosts() : operator.forget(host)).get();
                found |= answer.outcome() == Outcome.DONE;
                relays.add(report(settings, answer));
            }
        }
        if (json) {
            spec.commandLine().getOut().println(Json.of(Map.of("relays", relays)));
        }
        return found ? GlobalSessions.DONE : GlobalSessions.FAILED;
    }

    private Map<String, Object> report(RelayLinkSettings settings, AdministeredFrame answer) {
        String outcome = answer.outcome().name().toLowerCase(Locale.ROOT).replace('_', ' ');
        Map<String, Object> relay = new LinkedHashMap<>();
        relay.put("relay", settings.relay().toString());
        relay.put("path", settings.path());
        relay.put("outcome", outcome);
        relay.put("total", answer.total());
        relay.put("hosts", answer.hosts().stream().map(HostsCommand::asMap).toList());
        if (!json) {
            print(settings, answer, outcome);
        }
        return relay;
    }

    private void print(RelayLinkSettings settings, AdministeredFrame answer, String outcome) {
        var out = spec.commandLine().getOut();
        if (answer.outcome() != Outcome.DONE) {
            spec.commandLine().getErr().println("global-sessions: relay " + settings.relay() + ": " + outcome);
        }
        out.println("relay " + settings.relay() + ", path " + settings.path() + ": " + answer.total() + " hosts");
        for (KnownHost known : answer.hosts()) {
            out.println(HostDigest.text(known.host())
                    + (known.connections() > 0
                            ? "  connected, processes " + known.connections()
                            : "  away for " + known.awayMs() / 1000 + " s"));
        }
        if (answer.hosts().size() < answer.total()) {
            out.println("and " + (answer.total() - answer.hosts().size()) + " more");
        }
    }

    private static Map<String, Object> asMap(KnownHost known) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("host", HostDigest.text(known.host()));
        map.put("connections", known.connections());
        map.put("awaySeconds", known.awayMs() / 1000.0);
        return map;
    }
}
