package org.globalsessions.relay;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A class of the tests as a process of its own, with this JVM's flags and class path. */
final class TestProcess implements AutoCloseable {
    private final Process process;
    private final BufferedReader output;

    TestProcess(Class<?> main, Path errors, String... arguments) throws IOException {
        this(List.of(), List.of(), main, errors, arguments);
    }

    /**
     * The same with more around it.
     *
     * @param launcher a command that runs the command behind it in its own place; empty for none
     * @param flags    further flags, which count more than this JVM's
     */
    TestProcess(List<String> launcher, List<String> flags, Class<?> main, Path errors, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(launcher);
        command.addAll(SiblingCommand.resolve(List.of("global-sessions")));
        command.set(command.size() - 1, main.getName());
        command.addAll(command.indexOf("-cp"), flags);
        command.addAll(List.of(arguments));
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(errors.toFile()))
                .start();
        output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** Next line of its standard output; null at its end. */
    String readLine() throws IOException {
        return output.readLine();
    }

    /** Whether it has said something that was not read yet. */
    boolean hasSaidMore() throws IOException {
        return output.ready();
    }

    /** Writes a line to its standard input. */
    void writeLine(String line) throws IOException {
        process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
    }

    long pid() {
        return process.pid();
    }

    /** SIGKILL, and its end awaited. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    /** Its standard input ends, and its own end is awaited: it leaves nothing behind. */
    void end() throws IOException, InterruptedException {
        process.getOutputStream().close();
        process.waitFor();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
