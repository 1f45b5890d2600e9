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
 * reached all of them while one is away: eight bytes that say what it is and whether all are in it, then 16 bytes a host. Survives the death of the
 * process; after the loss of the machine it is gone like the segment in memory. One that begins from nothing does not know who is away: it
 * is whole only when all that could be have come or their leases have run out, and a relay that starts again before waits as long once more.
 *
 * <p>One thread.
 */
final class HostMemory implements AutoCloseable {
    private static final long WHOLE = magic('1');
    private static final long BEGUN = magic('0');

    private static final int HOST_LENGTH = 16;

    private final Path path;
    private final Set<HostId> first = new LinkedHashSet<>();
    private boolean whole;
    private FileChannel channel;

    private HostMemory(Path path) {
        this.path = path;
    }

    /** The bytes "GSHOSTS" and one more. */
    private static long magic(char last) {
        return ByteBuffer.wrap(new byte[] {'G', 'S', 'H', 'O', 'S', 'T', 'S', (byte) last})
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong();
    }

    /**
     * Reads the file, or makes it.
     *
     * @param path the file
     * @return the memory
     * @throws IOException where it can be neither read nor made
     */
    static HostMemory open(Path path) throws IOException {
        HostMemory memory = new HostMemory(path);
        if (Files.exists(path)) {
            memory.read();
        }
        memory.keep(memory.first);
        return memory;
    }

    private void read() throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
        long magic = bytes.remaining() < Long.BYTES ? 0 : bytes.getLong();
        if (magic != WHOLE && magic != BEGUN) {
            // Not ours, so that nothing is known.
            return;
        }
        whole = magic == WHOLE;
        // What is left over is of a host that was not welcomed yet when the relay was killed.
        while (bytes.remaining() >= HOST_LENGTH) {
            first.add(new HostId(bytes.getLong(), bytes.getLong()));
        }
    }

    /** Whether no host but those in it can be away with a lease. */
    boolean isWhole() {
        return whole;
    }

    /** All hosts that may have a lease are in it, or it has run out. */
    void nowWhole() throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(WHOLE).flip();
        channel.write(bytes, 0);
        whole = true;
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
            bytes.putLong(whole ? WHOLE : BEGUN);
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
