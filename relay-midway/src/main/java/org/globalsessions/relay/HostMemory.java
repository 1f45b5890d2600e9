package org.globalsessions.relay;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Set;
import org.globalsessions.relay.ClientEndPoint.HostId;

/**
 * The hosts that a relay knows, in a file beside its segment, so that a relay that starts again does not tell anybody that a delete has
 * reached all of them while one is away: eight bytes that say what it is, then 16 bytes a host. Survives the death of the process; after
 * the loss of the machine it is gone like the segment in memory.
 *
 * <p>One thread.
 */
final class HostMemory implements AutoCloseable {
    /** The eight bytes "GSHOSTS1". */
    private static final long MAGIC = ByteBuffer.wrap(new byte[] {'G', 'S', 'H', 'O', 'S', 'T', 'S', '1'})
            .order(ByteOrder.LITTLE_ENDIAN)
            .getLong();

    private static final int HOST_LENGTH = 16;

    private final Path path;
    private final boolean remembered;
    private final Set<HostId> first;
    private FileChannel channel;

    private HostMemory(Path path, boolean remembered, Set<HostId> first) {
        this.path = path;
        this.remembered = remembered;
        this.first = first;
    }

    /**
     * Reads the file, or makes it.
     *
     * @param path the file
     * @return the memory
     * @throws IOException where it can be neither read nor made
     */
    static HostMemory open(Path path) throws IOException {
        Set<HostId> hosts = read(path);
        HostMemory memory = new HostMemory(path, hosts != null, hosts == null ? Set.of() : hosts);
        memory.keep(memory.first);
        return memory;
    }

    /** The hosts in the file; null where there is none, or one that is not ours. */
    private static Set<HostId> read(Path path) throws IOException {
        if (!Files.exists(path)) {
            return null;
        }
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.remaining() < Long.BYTES || bytes.getLong() != MAGIC) {
            return null;
        }
        Set<HostId> hosts = new LinkedHashSet<>();
        // What is left over is of a host that was not welcomed yet when the relay was killed.
        while (bytes.remaining() >= HOST_LENGTH) {
            hosts.add(new HostId(bytes.getLong(), bytes.getLong()));
        }
        return hosts;
    }

    /** Whether there was a file: without one nobody knows who is away. */
    boolean isRemembered() {
        return remembered;
    }

    /** The hosts that were known when the relay was here last. */
    Set<HostId> first() {
        return first;
    }

    /** Adds a host. */
    void add(HostId host) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(HOST_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(host.high()).putLong(host.low()).flip();
        write(channel, bytes);
    }

    /** Makes the file anew, with these hosts alone. */
    void keep(Collection<HostId> hosts) throws IOException {
        Path fresh = path.resolveSibling(path.getFileName() + ".new");
        Files.deleteIfExists(fresh);
        FileChannel made = FileChannel.open(
                fresh,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        boolean done = false;
        try {
            ByteBuffer bytes =
                    ByteBuffer.allocate(Long.BYTES + hosts.size() * HOST_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
            bytes.putLong(MAGIC);
            hosts.forEach(host -> bytes.putLong(host.high()).putLong(host.low()));
            write(made, bytes.flip());
            Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            done = true;
        } finally {
            if (!done) {
                made.close();
            }
        }
        close();
        channel = made;
    }

    private static void write(FileChannel to, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            to.write(bytes);
        }
    }

    /** Forgets all, so that the next start knows that it knows nothing. */
    void giveUp() throws IOException {
        Files.deleteIfExists(path);
    }

    @Override
    public void close() throws IOException {
        if (channel != null) {
            channel.close();
        }
    }
}
