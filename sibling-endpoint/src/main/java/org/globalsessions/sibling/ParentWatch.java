package org.globalsessions.sibling;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Notices that the process which started this one is gone: the pipe that it holds as this one's standard input ends, whatever
 * it died of.
 */
final class ParentWatch {
    private ParentWatch() {}

    /**
     * Whether somebody holds the other end of standard input. A terminal, a file or {@code /dev/null} is nobody: a sibling
     * started by hand or by an init system does not end because there is nothing to read.
     */
    static boolean hasParent() {
        Path standardInput = Path.of("/proc/self/fd/0");
        try {
            String target = Files.readSymbolicLink(standardInput).toString();
            return target.startsWith("pipe:") || target.startsWith("socket:");
        } catch (IOException e) {
            // No such file system here, or no standard input: whoever asked for the watch gets it.
            return true;
        }
    }

    /**
     * Watches until the input ends.
     *
     * @param input what the parent holds the other end of
     * @param onEnd called once, on a thread of the watch
     */
    static void start(InputStream input, Runnable onEnd) {
        Thread thread = new Thread(
                () -> {
                    awaitEnd(input);
                    onEnd.run();
                },
                "sibling-parent-watch");
        thread.setDaemon(true);
        thread.start();
    }

    private static void awaitEnd(InputStream input) {
        byte[] ignored = new byte[256];
        try {
            while (input.read(ignored) >= 0) {
                // What a parent writes has no meaning; only the end has.
            }
        } catch (IOException e) {
            // An input that cannot be read is at its end as well.
            return;
        }
    }
}
