package org.globalsessions.relay;

import java.io.IOException;
import java.nio.file.Path;
import org.globalsessions.segment.SegmentSettings;

/**
 * A relay as a process of its own, with a sibling that is none of its children, or as the last tier; tells its port and runs until it is killed.
 */
final class RelayProcess {
    private RelayProcess() {}

    /** The port in the line that it begins with. */
    static int port(String line) {
        if (line == null) {
            throw new IllegalStateException("the relay has not started");
        }
        return Integer.parseInt(line.substring(0, line.indexOf(' ')));
    }

    /** The place of its driver in that line. */
    static String note(String line) {
        return line.substring(line.indexOf(' ') + 1);
    }

    /**
     * Runs.
     *
     * @param arguments segment file, el_count; for a last tier also its port, 0 for any, and further, where not the default, its address
     */
    public static void main(String[] arguments) throws IOException {
        RelayContext context = new RelayContext()
                .authPath("auths")
                .port(arguments.length > 2 ? Integer.parseInt(arguments[2]) : 0)
                .segment(new SegmentSettings(Path.of(arguments[0])).elCount(Integer.parseInt(arguments[1])))
                .siblingExternal(arguments.length == 2);
        if (arguments.length > 3) {
            context.address(arguments[3]);
        }
        try (MidwayRelay relay = MidwayRelay.launch(context)) {
            System.out.println(relay.port() + " " + relay.lru().file().note());
            while (System.in.read() >= 0) {
                // Only its end counts.
            }
        }
    }
}
