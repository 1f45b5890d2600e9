package org.globalsessions.cli;

import com.typesafe.config.Config;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.sibling.MemberList;
import org.globalsessions.tier.HexId;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.client.RelayLinkSettings;
import org.globalsessions.transport.client.RelayOperator;
import org.globalsessions.transport.frame.AdministeredFrame;
import org.globalsessions.transport.frame.AdministeredFrame.KnownHost;
import org.globalsessions.transport.frame.AdministeredFrame.Outcome;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code members}: the relief nodes of a sibling, and one of them drained or forgotten. */
@Command(
        name = "members",
        description =
                "Prints the relief nodes that are members: by the configuration of a relay or sibling from its list, by that of a relief node as the"
                        + " sibling tells. By the latter one can be drained or forgotten.",
        mixinStandardHelpOptions = true)
final class MembersCommand implements Callable<Integer> {
    @Parameters(paramLabel = "CONFIG", description = "Configuration of a relay, a sibling or a relief node.")
    private Path file;

    @Option(
            names = "--auth-path",
            paramLabel = "NAME",
            defaultValue = "",
            description = "Which path, where a relay has several.")
    private String pathName;

    @ArgGroup
    private Change change = new Change();

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    /** At most one of them. */
    private static final class Change {
        @Option(
                names = "--drain",
                paramLabel = "ID",
                description = "This node gets no new sessions, and is gone once others have all that it has.")
        private String drained;

        @Option(
                names = "--forget",
                paramLabel = "ID",
                description = "This node, which has to be away, will not come back: what it alone has is lost.")
        private String forgotten;
    }

    @Override
    public Integer call() throws Exception {
        NodeConfig config = NodeConfig.load(file);
        NodeLauncher.refuseMissing(List.of(config));
        if (config.kind().isRelief()) {
            return ask(config);
        }
        if (change.drained != null || change.forgotten != null) {
            throw new UsageException((change.drained != null ? "--drain" : "--forget")
                    + ": takes the configuration of a relief node, which says where the sibling is: " + file
                    + " is of another kind");
        }
        list(SegmentTarget.cache(config, pathName).segmentFile());
        return GlobalSessions.DONE;
    }

    private void list(Path segment) throws IOException {
        MemberList list = MemberList.read(segment);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Json.of(Map.of(
                    "members",
                    list.members().stream().map(MembersCommand::asMap).toList(),
                    "rings",
                    list.rings())));
            return;
        }
        for (MemberList.Member member : list.members()) {
            out.println(member.id() + "  " + member.kind() + "  " + member.state() + " since "
                    + Instant.ofEpochMilli(member.sinceMs()) + "  weight " + member.weight()
                    + (member.machine().isEmpty() ? "" : "  on " + member.machine()));
        }
        out.println(list.members().size() + " nodes; sessions are looked for by " + list.rings() + " rings");
    }

    private static Map<String, Object> asMap(MemberList.Member member) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("id", member.id());
        map.put("kind", member.kind());
        map.put("state", member.state());
        map.put("weight", member.weight());
        map.put("machine", member.machine());
        map.put("since", Instant.ofEpochMilli(member.sinceMs()).toString());
        return map;
    }

    /** Asks each sibling that a relief node works for. */
    private int ask(NodeConfig config) throws Exception {
        KeyDigest drained = idOf("--drain", change.drained);
        KeyDigest forgotten = idOf("--forget", change.forgotten);
        List<Map<String, Object>> siblings = new ArrayList<>();
        boolean done = false;
        for (Config section : config.relaySections()) {
            RelayLinkSettings settings = RelayLinkSettings.from(section);
            try (RelayOperator operator = RelayOperator.connectToSibling(settings)) {
                AdministeredFrame answer = (drained != null
                                ? operator.drain(drained)
                                : forgotten != null ? operator.forget(forgotten) : operator.hosts())
                        .get();
                done |= answer.outcome() == Outcome.DONE;
                siblings.add(report(settings, answer));
            }
        }
        if (json) {
            spec.commandLine().getOut().println(Json.of(Map.of("siblings", siblings)));
        }
        return done ? GlobalSessions.DONE : GlobalSessions.FAILED;
    }

    /** The id that an option gives, or null without it. */
    static KeyDigest idOf(String option, String text) {
        if (text == null) {
            return null;
        }
        if (!HexId.isId(text)) {
            throw new UsageException(
                    option + ": is no node: expected 32 hexadecimal digits, as this command prints them");
        }
        return new KeyDigest(HexId.high(text), HexId.low(text));
    }

    private Map<String, Object> report(RelayLinkSettings settings, AdministeredFrame answer) {
        String outcome = switch (answer.outcome()) {
            case DONE -> "done";
            case UNKNOWN_HOST -> "no such node is a member";
            case CONNECTED -> "the node is connected: drain it, or end it first";
            case LAST -> "no other node of its kind would be left";
        };
        Map<String, Object> sibling = new LinkedHashMap<>();
        sibling.put("sibling", settings.relay().toString());
        sibling.put("outcome", answer.outcome().name().toLowerCase(Locale.ROOT).replace('_', ' '));
        sibling.put(
                "members", answer.hosts().stream().map(MembersCommand::asMap).toList());
        if (!json) {
            print(settings, answer, outcome);
        }
        return sibling;
    }

    private void print(RelayLinkSettings settings, AdministeredFrame answer, String outcome) {
        PrintWriter out = spec.commandLine().getOut();
        if (answer.outcome() != Outcome.DONE) {
            spec.commandLine().getErr().println("global-sessions: sibling " + settings.relay() + ": " + outcome);
        }
        out.println("sibling " + settings.relay() + ", path " + settings.path() + ": " + answer.total() + " nodes");
        for (KnownHost node : answer.hosts()) {
            out.println(idOf(node)
                    + (node.connections() > 0
                            ? "  connected"
                            : "  away, since " + node.awayMs() / 1000 + " s or less"));
        }
    }

    private static Map<String, Object> asMap(KnownHost node) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("id", idOf(node));
        map.put("connected", node.connections() > 0);
        return map;
    }

    private static String idOf(KnownHost node) {
        return HexId.text(node.host().high(), node.host().low());
    }
}
