package org.globalsessions.segment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.globalsessions.tier.HexId;

/**
 * What tells this process from every other one that may attach: the pid alone does not, since pids are used again and count
 * within a name space (in containers every process may be number 1).
 *
 * @param pid          process id within its name space
 * @param startTime    start in clock ticks since boot, field 22 of {@code /proc/self/stat}; without /proc in milliseconds
 * @param pidNamespace inode of the pid name space, 0 without /proc
 * @param bootIdHigh   upper half of the kernel's boot id, 0 without /proc
 * @param bootIdLow    lower half of the kernel's boot id, 0 without /proc
 */
record ProcessIdentity(int pid, long startTime, long pidNamespace, long bootIdHigh, long bootIdLow) {
    private static final Path PROC = Path.of("/proc");

    /**
     * This process. Reads /proc, so to be asked once an attach; without {@link ProcessHandle}, whose first use costs a new process a
     * fifth of its attach.
     */
    static ProcessIdentity current() throws IOException {
        if (!Files.isReadable(PROC.resolve("self/stat"))) {
            ProcessHandle self = ProcessHandle.current();
            long startMs = self.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
            return new ProcessIdentity((int) self.pid(), startMs, 0, 0, 0);
        }
        String stat = Files.readString(PROC.resolve("self/stat"));
        // Field 2 is the command in parentheses, which may itself hold spaces and parentheses: count from the last one.
        String[] fromField3 = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        String namespace = Files.readSymbolicLink(PROC.resolve("self/ns/pid")).toString();
        String bootId = Files.readString(PROC.resolve("sys/kernel/random/boot_id"))
                .strip()
                .replace("-", "");
        return new ProcessIdentity(
                Integer.parseInt(stat.substring(0, stat.indexOf(' '))),
                Long.parseLong(fromField3[22 - 3]),
                Long.parseLong(namespace.substring(namespace.indexOf('[') + 1, namespace.indexOf(']'))),
                HexId.high(bootId),
                HexId.low(bootId));
    }
}
