package org.globalsessions.relief;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.globalsessions.relief.BoundedCalls.Called;
import org.globalsessions.relief.extension.ReliefCommand;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.Scheduler;
import org.globalsessions.transport.frame.CalledFrame;
import org.globalsessions.transport.frame.CalledFrame.Outcome;
import org.globalsessions.transport.frame.CommandFrame;
import org.globalsessions.transport.frame.FrameCodec;

/** Runs the commands of an extension for an operator: one at a time, each for a second at most. On the node's event loop. */
final class ExtensionCommands implements AutoCloseable {
    /** How long a command may take, its wait for others included. */
    static final Duration LIMIT = Duration.ofSeconds(1);

    /** Most commands that wait for the one that runs. */
    static final int WAITING = 16;

    private static final Pattern NAME = Pattern.compile("[a-z0-9-]{1," + FrameCodec.MAX_COMMAND + "}");

    private final SharedLru segment;
    private final Map<String, ReliefCommand> commands;
    private final BoundedCalls calls;

    /**
     * The commands of an extension.
     *
     * @param segment  for counters and the texts of failures
     * @param loops    the node's event loop
     * @param commands by their names; copied
     * @throws IllegalArgumentException where a name is none that an operator could give
     */
    ExtensionCommands(SharedLru segment, Scheduler loops, Map<String, ReliefCommand> commands) {
        this.segment = segment;
        this.commands = new TreeMap<>(commands);
        for (String name : this.commands.keySet()) {
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException("name of an extension's command out of range: limit=1.."
                        + FrameCodec.MAX_COMMAND + " of the characters a to z, digits and -");
            }
        }
        this.calls = new BoundedCalls(segment, loops, "command", 1, WAITING, LIMIT);
    }

    /**
     * Runs a command.
     *
     * @param frame  which, and with what
     * @param answer given the answer, before this returns or later
     */
    void run(CommandFrame frame, Consumer<CalledFrame> answer) {
        long asked = frame.correlationId();
        if (frame.name().isEmpty()) {
            answer.accept(told(asked, List.copyOf(commands.keySet())));
            return;
        }
        ReliefCommand command = commands.get(frame.name());
        if (command == null) {
            answer.accept(new CalledFrame(asked, Outcome.UNKNOWN_COMMAND));
            return;
        }
        // Read on the command's own thread as well: a list of the application's need not be one.
        calls.run(() -> told(asked, command.run(frame.arguments())), called -> answer.accept(ended(asked, called)));
    }

    private CalledFrame ended(long asked, Called<CalledFrame> called) {
        CalledFrame answer = switch (called.ending()) {
            case DONE -> called.answer();
            case FAILED -> new CalledFrame(asked, Outcome.FAILED);
            case LATE -> new CalledFrame(asked, Outcome.LATE);
            case BUSY -> new CalledFrame(asked, Outcome.BUSY);
        };
        if (answer.outcome() != Outcome.DONE) {
            segment.counters().increment(Counter.COMMANDS_FAILED);
        }
        return answer;
    }

    /** An answer with lines, as far as a frame may carry them. */
    private static CalledFrame told(long asked, List<String> lines) {
        String[] copied = new String[Math.min(lines.size(), FrameCodec.MAX_LINES + 1)];
        for (int i = 0; i < copied.length; i++) {
            copied[i] = lines.get(i);
            boolean isLong = copied[i].length() > FrameCodec.MAX_TEXT
                    || copied[i].getBytes(StandardCharsets.UTF_8).length > FrameCodec.MAX_TEXT;
            if (isLong || i == FrameCodec.MAX_LINES) {
                return new CalledFrame(asked, Outcome.TOO_LONG);
            }
        }
        return new CalledFrame(asked, Outcome.DONE, List.of(copied));
    }

    @Override
    public void close() {
        calls.close();
    }
}
