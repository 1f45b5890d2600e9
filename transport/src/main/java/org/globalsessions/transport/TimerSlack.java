package org.globalsessions.transport;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How late Linux may end a thread's waits, so that it wakes the processor for several at a time: 50 µs unless told otherwise. Static, no state. */
final class TimerSlack {
    private static final Path THIS_THREAD = Path.of("/proc/thread-self");

    private TimerSlack() {}

    /**
     * Sets that of the calling thread; nothing happens where the system has no such setting, or does not allow it.
     *
     * @param slackNs nanoseconds
     */
    static void ofThisThread(long slackNs) {
        try {
            // A link to PROCESS/task/THREAD; the setting is below the process of that name alone.
            Path thread = Files.readSymbolicLink(THIS_THREAD).getFileName();
            Files.writeString(Path.of("/proc", thread.toString(), "timerslack_ns"), Long.toString(slackNs));
        } catch (IOException | RuntimeException e) {
            // Waits last longer then, as they would without this.
            return;
        }
    }
}
