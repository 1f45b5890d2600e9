package org.globalsessions.cli;

import com.typesafe.config.Config;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.client.RelayLinkSettings;
import org.globalsessions.transport.client.RelayOperator;
import org.globalsessions.transport.frame.CalledFrame;
import org.globalsessions.transport.frame.CalledFrame.Outcome;
import org.globalsessions.transport.frame.FrameCodec;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code call}: a command of the extension that an application runs at a relief node. */
@Command(
        name = "call",
        description =
                "Has a command run by the extension of a relief node, by way of the sibling that the configuration names, and prints what it"
                        + " answers. Without a command, prints those that there are.",
        mixinStandardHelpOptions = true)
final class CallCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "CONFIG", description = "Configuration of a relief node of the same sibling.")
    private Path file;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "COMMAND",
            defaultValue = "",
            description = "Which command of the extension.")
    private String name;

    @Parameters(index = "2..*", paramLabel = "ARGUMENT", description = "What the command is given.")
    private List<String> arguments = List.of();

    @Option(names = "--node", paramLabel = "ID", required = true, description = "At which node, as members prints it.")
    private String node;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        NodeConfig config = NodeConfig.load(file);
        NodeLauncher.refuseMissing(List.of(config));
        if (!config.kind().isRelief()) {
            throw new UsageException("call: takes the configuration of a relief node, which says where the sibling is: "
                    + file + " is of another kind");
        }
        checkLimits();
        KeyDigest id = MembersCommand.idOf("--node", node);
        RelayLinkSettings asked = null;
        CalledFrame answer = null;
        for (Config section : config.relaySections()) {
            // Of several siblings one at most has the node run it: what they serve is the same extension.
            asked = RelayLinkSettings.from(section);
            try (RelayOperator operator = RelayOperator.connectToSibling(asked)) {
                answer = operator.call(id, name, arguments).get();
            }
            if (answer.outcome() != Outcome.NO_NODE) {
                break;
            }
        }
        report(asked, answer);
        return answer.outcome() == Outcome.DONE ? GlobalSessions.DONE : GlobalSessions.FAILED;
    }

    /** Without the words themselves: one may be a session's key. */
    private void checkLimits() {
        if (length(name) > FrameCodec.MAX_COMMAND) {
            throw new UsageException("COMMAND: too long: limit=" + FrameCodec.MAX_COMMAND + " bytes");
        }
        if (arguments.size() > FrameCodec.MAX_ARGUMENTS
                || arguments.stream().anyMatch(argument -> length(argument) > FrameCodec.MAX_TEXT)) {
            throw new UsageException("ARGUMENT: too many or too long: limit=" + FrameCodec.MAX_ARGUMENTS + " of "
                    + FrameCodec.MAX_TEXT + " bytes");
        }
    }

    private static int length(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private void report(RelayLinkSettings sibling, CalledFrame answer) {
        PrintWriter out = spec.commandLine().getOut();
        if (answer.outcome() != Outcome.DONE) {
            spec.commandLine().getErr().println("global-sessions: sibling " + sibling.relay() + ": " + words(answer));
        }
        if (json) {
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("sibling", sibling.relay().toString());
            report.put(
                    "outcome", answer.outcome().name().toLowerCase(Locale.ROOT).replace('_', ' '));
            report.put("lines", answer.lines());
            out.println(Json.of(report));
        } else {
            // What another machine's code says must not steer this terminal.
            answer.lines().forEach(line -> out.println(line.replaceAll("[\\p{Cntrl}&&[^\t]]", "?")));
        }
    }

    private static String words(CalledFrame answer) {
        return switch (answer.outcome()) {
            case DONE -> "done";
            case NO_NODE -> "no such node is connected";
            case UNKNOWN_COMMAND -> "the node has no such command";
            case FAILED -> "the command failed: the errors of the node's segment name the exception";
            case LATE -> "the command has not ended in time, and may still end";
            case BUSY -> "too many commands wait at the node: this one was not run";
            case TOO_LONG -> "the command was run, but its answer is too long";
        };
    }
}
