package org.globalsessions.relay;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;

/** Puts entries into a spill file, and says after each one that it is there, until it is killed. */
final class SpillWriter {
    private SpillWriter() {}

    /**
     * Runs.
     *
     * @param arguments the file
     */
    public static void main(String[] arguments) throws IOException {
        try (SpillFile spill = SpillFile.open(Path.of(arguments[0]), 64 << 20)) {
            for (int i = 0; ; i++) {
                if (!spill.put(new KeyDigest(i, i), entry(i), 0)) {
                    return;
                }
                System.out.println(i);
            }
        }
    }

    static SessionEntry entry(int number) {
        byte[] value = ("value-" + number).repeat(20).getBytes(StandardCharsets.UTF_8);
        return new SessionEntry(
                ("key-" + number).getBytes(StandardCharsets.UTF_8), value, new Version(1, 1), 1, false, 0, 0, 0);
    }
}
