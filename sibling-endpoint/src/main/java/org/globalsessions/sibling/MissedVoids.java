package org.globalsessions.sibling;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import org.agrona.CloseHelper;
import org.agrona.collections.LongArrayList;
import org.agrona.collections.Object2IntHashMap;
import org.globalsessions.Version;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.frame.VoidFrame.Voided;

/**
 * What has become void while a relief node that may hold it was away. Who comes back is told before it is asked or given anything: it would bring
 * an older version back once the newer one has expired, of which nobody else knows anything by then. So does Dynamo with replicas that are down
 * ("Dynamo: Amazon's Highly Available Key-value Store", 2007, 4.6, hinted handoff).
 *
 * <p>The latest void of each key is kept, of {@value #LIMIT} keys at most: then those go that were noted first, which is among the segment's errors. A file
 * beside the list of members has them too, so that a sibling that is started meanwhile goes on. It is not forced to the disk: a machine that loses power may
 * lose the last of them.
 *
 * <pre>
 *   record  0 digest, upper half 8 | 8 lower half 8 | 16 clock 8 | 24 origin 4 | 28 CRC-32C of these 28 bytes 4    little-endian
 * </pre>
 *
 * <p>Belongs to the sibling's event loop: all methods are called there.
 */
final class MissedVoids implements AutoCloseable {
    /** Most keys: 32 MiB of file, and some 100 MiB of heap once as many were overwritten while a node was away. */
    static final int LIMIT = 1 << 20;

    static final int RECORD_LENGTH = 32;
    private static final int CLOCK_OFFSET = 16;
    private static final int ORIGIN_OFFSET = 24;
    private static final int CRC_OFFSET = 28;

    private final SharedLru segment;
    private final Path file;
    private final int limit;
    private final Object2IntHashMap<KeyDigest> places = new Object2IntHashMap<>(-1);

    /** In the order of their records; null where one is damaged. */
    private final List<Voided> voids = new ArrayList<>();

    /** Of each place, how many were noted before. */
    private final LongArrayList sequences = new LongArrayList();

    private long noted;

    private final ByteBuffer record = ByteBuffer.allocateDirect(RECORD_LENGTH).order(ByteOrder.LITTLE_ENDIAN);

    /** Null as long as nothing was written. */
    private FileChannel channel;

    /** The place of the oldest, once there are as many as there may be. */
    private int oldest;

    private MissedVoids(SharedLru segment, Path file, int limit) {
        this.segment = segment;
        this.file = file;
        this.limit = limit;
    }

    /**
     * Where those of a sibling are kept.
     *
     * @param relaySegment the relay's segment file
     * @return the file
     */
    static Path fileOf(Path relaySegment) {
        return relaySegment.resolveSibling(relaySegment.getFileName() + ".voids");
    }

    /**
     * Reads what an earlier sibling has left.
     *
     * @param segment the relay's segment, for counters and errors
     * @param file    the file, which need not exist
     * @return all that it has; what is damaged is left out, and counted as an error
     * @throws IOException where the file cannot be read
     */
    static MissedVoids open(SharedLru segment, Path file) throws IOException {
        return open(segment, file, LIMIT);
    }

    /** As {@link #open(SharedLru, Path)}, with another limit. */
    static MissedVoids open(SharedLru segment, Path file, int limit) throws IOException {
        MissedVoids missed = new MissedVoids(segment, file, limit);
        if (Files.exists(file)) {
            missed.read();
        }
        return missed;
    }

    private void read() throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int count = Math.min(limit, bytes.capacity() / RECORD_LENGTH);
        boolean damaged = bytes.capacity() != count * RECORD_LENGTH;
        for (int place = 0; place < count; place++) {
            Voided voided =
                    read(bytes.slice(place * RECORD_LENGTH, RECORD_LENGTH).order(ByteOrder.LITTLE_ENDIAN));
            damaged |= voided == null;
            voids.add(voided);
            sequences.addLong(noted++);
            if (voided != null) {
                places.put(voided.digest(), place);
            }
        }
        if (damaged) {
            segment.file().recordError("some of what is void at relief nodes that are away is damaged in its file");
        }
    }

    private static Voided read(ByteBuffer bytes) {
        long clock = bytes.getLong(CLOCK_OFFSET);
        boolean whole = bytes.getInt(CRC_OFFSET) == checksum(bytes) && clock > 0 && clock <= Version.MAX_CLOCK;
        return whole
                ? new Voided(
                        new KeyDigest(bytes.getLong(0), bytes.getLong(Long.BYTES)),
                        new Version(clock, bytes.getInt(ORIGIN_OFFSET)))
                : null;
    }

    private static int checksum(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.slice(0, CRC_OFFSET));
        return (int) crc.getValue();
    }

    /**
     * A node that may hold a key is away while what it has of it becomes void. What cannot be written is known to this sibling alone, and counted as an
     * error: the change must not fail for it.
     *
     * @param voided what is void
     */
    void note(Voided voided) {
        int place = places.getValue(voided.digest());
        if (place >= 0 && voids.get(place).version().compareTo(voided.version()) >= 0) {
            // For whoever has left since, before it took that in.
            sequences.setLong(place, noted++);
            return;
        }
        if (place < 0) {
            place = takePlace();
            places.put(voided.digest(), place);
        }
        voids.set(place, voided);
        sequences.setLong(place, noted++);
        try {
            write(place, voided);
        } catch (IOException e) {
            close();
            segment.file().recordError("what is void at relief nodes that are away cannot be written", e);
        }
    }

    private int takePlace() {
        if (voids.size() < limit) {
            voids.add(null);
            sequences.addLong(0);
            return voids.size() - 1;
        }
        int place = oldest;
        oldest = (oldest + 1) % limit;
        Voided forgotten = voids.get(place);
        if (forgotten != null) {
            places.removeKey(forgotten.digest());
            segment.file()
                    .recordError(
                            "a void was forgotten that a relief node has missed: too many for the time that it is away");
        }
        return place;
    }

    private void write(int place, Voided voided) throws IOException {
        if (channel == null) {
            channel = FileChannel.open(
                    file,
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        }
        record.clear();
        record.putLong(0, voided.digest().high());
        record.putLong(Long.BYTES, voided.digest().low());
        record.putLong(CLOCK_OFFSET, voided.version().clock());
        record.putInt(ORIGIN_OFFSET, voided.version().origin());
        record.putInt(CRC_OFFSET, checksum(record));
        long at = (long) place * RECORD_LENGTH;
        while (record.hasRemaining()) {
            channel.write(record, at + record.position());
        }
    }

    /** Up to which place there are voids; more come behind that, and take the places of the first once there are too many. */
    int end() {
        return voids.size();
    }

    /** How many were noted so far, also earlier ones of the same keys. */
    long noted() {
        return noted;
    }

    /**
     * Voids to tell.
     *
     * @param from  place of the first
     * @param to    place behind the last, up to {@link #end}
     * @param since what {@link #noted} was when all before had been told; 0 for never
     * @return those noted since, in the order of their places
     */
    List<Voided> between(int from, int to, long since) {
        return IntStream.range(from, Math.min(to, voids.size()))
                .filter(place -> voids.get(place) != null && sequences.getLong(place) >= since)
                .mapToObj(voids::get)
                .toList();
    }

    /** All members are there, and have been told. */
    void clear() {
        voids.clear();
        sequences.clear();
        places.clear();
        oldest = 0;
        close();
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // Who comes back is told what is void all the same: no harm but the work.
            segment.file().recordError("what was void at relief nodes that were away cannot be removed", e);
        }
    }

    @Override
    public void close() {
        CloseHelper.quietClose(channel);
        channel = null;
    }
}
