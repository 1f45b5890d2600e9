package org.globalsessions.relay;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Two network namespaces with a cable between them, which can be pulled. Wants root and the command {@code ip}; touches no address or device
 * of the machine itself.
 */
final class NetworkNamespaces implements AutoCloseable {
    /** Address of the first one, as the second one sees it. */
    static final String ADDRESS = "10.213.57.1";

    private static final String FURTHER_ADDRESS = "10.213.57.2";
    private static final String CABLE = "gs-cable";
    private static final long LIMIT_SECONDS = 20;

    private final String first = "gs-" + ProcessHandle.current().pid() + "-1";
    private final String second = "gs-" + ProcessHandle.current().pid() + "-2";

    private NetworkNamespaces() {}

    /** Makes both. */
    static NetworkNamespaces open() throws IOException {
        NetworkNamespaces made = new NetworkNamespaces();
        try {
            made.make();
            return made;
        } catch (IOException | RuntimeException e) {
            made.close();
            throw e;
        }
    }

    private void make() throws IOException {
        for (String name : List.of(first, second)) {
            ip("netns", "add", name);
            ip("-n", name, "link", "set", "lo", "up");
        }
        ip("link", "add", CABLE, "netns", first, "type", "veth", "peer", "name", CABLE, "netns", second);
        ip("-n", first, "address", "add", ADDRESS + "/30", "dev", CABLE);
        ip("-n", second, "address", "add", FURTHER_ADDRESS + "/30", "dev", CABLE);
        ip("-n", first, "link", "set", CABLE, "up");
        ip("-n", second, "link", "set", CABLE, "up");
    }

    /** Why there can be none here, or null. */
    static String whyNot() {
        String probe = "gs-" + ProcessHandle.current().pid() + "-probe";
        try {
            ip("netns", "add", probe);
            ip("netns", "delete", probe);
            return null;
        } catch (IOException e) {
            return e.getMessage();
        }
    }

    /** What runs a command in the first one. */
    List<String> inFirst() {
        return List.of("ip", "netns", "exec", first);
    }

    /** What runs a command in the second one. */
    List<String> inSecond() {
        return List.of("ip", "netns", "exec", second);
    }

    void pullCable() throws IOException {
        ip("-n", first, "link", "set", CABLE, "down");
    }

    void plugCable() throws IOException {
        ip("-n", first, "link", "set", CABLE, "up");
    }

    private static void ip(String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(words));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        // A line or two at most: they fit the pipe.
        try {
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("did not end: " + String.join(" ", command));
            }
        } catch (InterruptedException e) {
            throw new InterruptedIOException("interrupted: " + String.join(" ", command));
        }
        if (process.exitValue() != 0) {
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            throw new IOException(String.join(" ", command) + ": " + said.strip());
        }
    }

    /** The cable goes with them. */
    @Override
    public void close() throws IOException {
        for (String name : List.of(first, second)) {
            try {
                ip("netns", "delete", name);
            } catch (IOException e) {
                // It was not made. One that is left behind harms nobody: its name is this process's.
                System.err.println(e.getMessage());
            }
        }
    }
}
