package org.globalsessions.cli;

import com.typesafe.config.ConfigException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;
import org.globalsessions.config.ConfigurationException;
import org.globalsessions.config.ConfigurationProblem;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command {@code global-sessions}.
 *
 * <p>Exit codes: 0 done, 1 failed or not found, 2 bad usage or configuration. Results go to standard output, everything else
 * to standard error.
 */
@Command(
        name = "global-sessions",
        description = "A session cache for Java services that run as several processes on several machines.",
        synopsisHeading = "Usage: ",
        customSynopsis = {"global-sessions CONFIG...", "       global-sessions COMMAND [ARGUMENT...]"},
        mixinStandardHelpOptions = true,
        version = "global-sessions 0.1.0-SNAPSHOT",
        subcommands = {
            RunCommand.class,
            CheckCommand.class,
            GetCommand.class,
            SetCommand.class,
            DeleteCommand.class,
            TouchCommand.class,
            StatCommand.class,
            TopCommand.class,
            ListCommand.class,
            InspectCommand.class,
            HostsCommand.class,
            MembersCommand.class,
            CallCommand.class,
            BackupCommand.class,
            RestoreCommand.class,
            LoadCommand.class,
            ReplayCommand.class,
            KeygenCommand.class,
            QuickstartCommand.class,
            QuickstartWriterCommand.class,
            QuickstartReaderCommand.class,
        })
public final class GlobalSessions implements Runnable {
    /** Done. */
    public static final int DONE = 0;

    /** Failed, or not found. */
    public static final int FAILED = 1;

    /** Bad usage or configuration. */
    public static final int BAD_USAGE = 2;

    /** What nobody takes for a key. */
    private static final Pattern OPTION = Pattern.compile("-[a-zA-Z]|--[a-z]+(-[a-z]+)*");

    @Spec
    private CommandSpec spec;

    private GlobalSessions() {}

    /**
     * Runs one command and ends the process with its exit code.
     *
     * @param args the command line
     */
    public static void main(String[] args) {
        System.exit(execute(args, writer(System.out), writer(System.err)));
    }

    /**
     * Runs one command.
     *
     * @param args the command line
     * @param out  where results go
     * @param err  where errors and progress go
     * @return the exit code
     */
    public static int execute(String[] args, PrintWriter out, PrintWriter err) {
        CommandLine line = new CommandLine(new GlobalSessions())
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((refused, given) -> refuse(refused))
                .setExecutionExceptionHandler((failure, command, parsed) -> report(failure, err));
        return line.execute(withCommand(args, line));
    }

    private static PrintWriter writer(OutputStream stream) {
        return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
    }

    /** A command line that begins with a file means {@code run}. */
    private static String[] withCommand(String[] args, CommandLine line) {
        if (args.length == 0 || args[0].startsWith("-") || line.getSubcommands().containsKey(args[0])) {
            return args;
        }
        String[] withRun = new String[args.length + 1];
        withRun[0] = "run";
        System.arraycopy(args, 0, withRun, 1, args.length);
        return withRun;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Missing: a configuration or a command");
    }

    /** Picocli would say what the words are that it has no use for: keys and values, where one is too many. */
    private static int refuse(ParameterException refused) {
        CommandLine command = refused.getCommandLine();
        PrintWriter err = command.getErr();
        err.println(
                refused instanceof UnmatchedArgumentException unmatched
                        ? describe(unmatched.getUnmatched())
                        : refused.getMessage());
        if (!UnmatchedArgumentException.printSuggestions(refused, err)) {
            command.usage(err);
        }
        return command.getCommandSpec().exitCodeOnInvalidInput();
    }

    private static String describe(List<String> unmatched) {
        return unmatched.stream()
                .filter(word -> OPTION.matcher(word).matches())
                .findFirst()
                .map(option -> "Unknown option: " + option)
                .orElse("Too many arguments: " + unmatched.size() + " of them have no meaning here");
    }

    /** Says in one line what went wrong, or in one line for each problem of a configuration. */
    private static int report(Exception failure, PrintWriter err) {
        if (failure instanceof ConfigurationException refused) {
            for (ConfigurationProblem problem : refused.problems()) {
                err.println("global-sessions: " + problem);
            }
            return BAD_USAGE;
        }
        if (failure instanceof UsageException) {
            err.println("global-sessions: " + failure.getMessage());
            return BAD_USAGE;
        }
        Throwable cause = failure;
        while ((cause instanceof ExecutionException || isPlainWrapper(cause)) && cause.getCause() != null) {
            cause = cause.getCause();
        }
        err.println("global-sessions: " + describe(cause));
        if (isUnexpected(cause)) {
            cause.printStackTrace(err);
        }
        return FAILED;
    }

    private static boolean isPlainWrapper(Throwable cause) {
        return cause.getClass() == RuntimeException.class
                || cause instanceof java.util.concurrent.CompletionException
                || cause instanceof java.io.UncheckedIOException;
    }

    private static String describe(Throwable cause) {
        String text = cause.getMessage();
        if (text == null || text.isBlank()) {
            return cause.getClass().getSimpleName();
        }
        // Such exceptions have a bare path or word as their text.
        boolean bare = cause instanceof java.nio.file.FileSystemException || !text.contains(" ");
        return (bare ? cause.getClass().getSimpleName() + ": " : "")
                + text.lines().findFirst().orElse(text);
    }

    /** Failures that the product foresees carry a text that says all; of others the trace is needed. */
    private static boolean isUnexpected(Throwable cause) {
        List<Class<? extends Throwable>> programming = Arrays.asList(
                NullPointerException.class,
                IndexOutOfBoundsException.class,
                ClassCastException.class,
                UnsupportedOperationException.class,
                ConfigException.class,
                Error.class);
        return !(cause instanceof IOException) && programming.stream().anyMatch(type -> type.isInstance(cause));
    }
}
