package org.globalsessions.relay;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.globalsessions.Version;
import org.globalsessions.relay.ClientEndPoint.HostId;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;

/**
 * The last changes of a path, in a file beside the relay's segment, so that a host that comes back is told what it has missed also where the
 * relay was killed meanwhile. Without it a host would keep what others have replaced since.
 *
 * <pre>
 * 0    magic i64, "GSCHANG2"
 * 8    relay epoch i64
 * 64   {@link #CAPACITY} records of 64 bytes, a change at its position modulo that:
 *      position i64, digest high i64, low i64, version clock i64, origin i32,
 *      way i32 (below 0 for a delete: -1, less 1 where it was superseded, less 2 where the key was held),
 *      host high i64, low i64, clock that the change came with i64 (its origin is the version's)
 * </pre>
 *
 * Little-endian. A record's position is taken away before it is written and put there last, so whoever is killed in between leaves no record
 * rather than half of one; and a change is here before anybody hears of it. What hosts that come back are told are the records that reach without a gap up to the
 * segment's position: a number is given before its record is written, and whoever is killed in between leaves a gap. Receipts count in front of one, too.
 *
 * <p>One thread.
 */
final class ChangeRing {
    /** Changes remembered. */
    static final int CAPACITY = 16_384;

    private static final long MAGIC = ByteBuffer.wrap(new byte[] {'G', 'S', 'C', 'H', 'A', 'N', 'G', '2'})
            .order(ByteOrder.LITTLE_ENDIAN)
            .getLong();

    private static final int RECORDS_OFFSET = 64;
    private static final int RECORD_LENGTH = 64;
    private static final int FILE_LENGTH = RECORDS_OFFSET + CAPACITY * RECORD_LENGTH;
    private static final int EPOCH_OFFSET = 8;
    private static final int DIGEST_HIGH = 8;
    private static final int DIGEST_LOW = 16;
    private static final int CLOCK = 24;
    private static final int ORIGIN = 32;
    private static final int WAY = 36;
    private static final int HOST_HIGH = 40;
    private static final int HOST_LOW = 48;
    private static final int ASKED = 56;
    private static final int DELETED = -1;
    private static final int SUPERSEDED = 1;
    private static final int HELD = 2;
    private static final HostId NOBODY = new HostId(0, 0);

    private static final VarHandle LONG = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /**
     * One change.
     *
     * @param position its number
     * @param host     who made it and need not be told, or null
     * @param digest   digest of the key
     * @param version  version of the entry or tombstone
     * @param way      where the entry was put; below 0 for a delete
     * @param asked    version that it came with
     */
    record Change(long position, HostId host, KeyDigest digest, Version version, int way, Version asked) {
        boolean isDelete() {
            return way < 0;
        }

        /** The receipt of it, as it was given or was to be; of an entry without the life. */
        Receipt receipt(long epoch) {
            int flags = isDelete() ? DELETED - way : 0;
            Receipt.Outcome outcome = (flags & SUPERSEDED) != 0 ? Receipt.Outcome.SUPERSEDED : Receipt.Outcome.STORED;
            return new Receipt(outcome, version, 0, (flags & HELD) != 0, epoch, position);
        }
    }

    private final MappedByteBuffer file;
    private long base;
    private long last;

    private ChangeRing(MappedByteBuffer file, long epoch, long position) {
        this.file = file;
        if (file.getLong(0) != MAGIC || file.getLong(EPOCH_OFFSET) != epoch) {
            file.putLong(0, 0);
            for (int i = 0; i < CAPACITY; i++) {
                file.putLong(RECORDS_OFFSET + i * RECORD_LENGTH, 0);
            }
            file.putLong(EPOCH_OFFSET, epoch);
            LONG.setRelease(file, 0, MAGIC);
        }
        last = position;
        base = position;
        // It ends after CAPACITY changes at the latest: the place of the one before them is that of the last.
        while (base > 0 && file.getLong(offset(base)) == base) {
            base--;
        }
    }

    /**
     * Reads the file, or makes it.
     *
     * @param path     the file
     * @param epoch    the relay's epoch: changes of another one are forgotten
     * @param position number of the last change in the segment
     * @return the ring
     * @throws IOException where the file cannot be made or has no room
     */
    static ChangeRing open(Path path, long epoch, long position) throws IOException {
        try (FileChannel channel = FileChannel.open(
                path,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            if (channel.size() != FILE_LENGTH) {
                // Written through, as a hole in a full file system would end the process at its first access.
                ByteBuffer zeros = ByteBuffer.allocate(FILE_LENGTH);
                while (zeros.hasRemaining()) {
                    channel.write(zeros, zeros.position());
                }
                channel.truncate(FILE_LENGTH);
            }
            MappedByteBuffer mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, FILE_LENGTH);
            mapped.order(ByteOrder.LITTLE_ENDIAN);
            return new ChangeRing(mapped, epoch, position);
        }
    }

    /** Every change with a number above this one is here. */
    long base() {
        return base;
    }

    /**
     * Adds a delete.
     *
     * @param host    who made it, or null
     * @param digest  digest of the key
     * @param asked   version that it came with
     * @param receipt what its host is told
     */
    void addDelete(HostId host, KeyDigest digest, Version asked, Receipt receipt) {
        int flags = (receipt.outcome() == Receipt.Outcome.SUPERSEDED ? SUPERSEDED : 0) + (receipt.held() ? HELD : 0);
        add(receipt.position(), host, digest, receipt.version(), DELETED - flags, asked.clock());
    }

    /**
     * Adds an entry.
     *
     * @param position its number, one above the last one's; one further on leaves nothing before it to be relied on
     * @param host     who made it, or null
     * @param digest   digest of the key
     * @param asked    version that it came with
     * @param version  version of the entry
     * @param way      where the entry is
     */
    void add(long position, HostId host, KeyDigest digest, Version asked, Version version, int way) {
        add(position, host, digest, version, way, asked.clock());
    }

    private void add(long position, HostId host, KeyDigest digest, Version version, int way, long asked) {
        int at = offset(position);
        LONG.setOpaque(file, at, 0L);
        VarHandle.releaseFence();
        HostId from = host == null ? NOBODY : host;
        file.putLong(at + DIGEST_HIGH, digest.high());
        file.putLong(at + DIGEST_LOW, digest.low());
        file.putLong(at + CLOCK, version.clock());
        file.putInt(at + ORIGIN, version.origin());
        file.putInt(at + WAY, way);
        file.putLong(at + HOST_HIGH, from.high());
        file.putLong(at + HOST_LOW, from.low());
        file.putLong(at + ASKED, asked);
        LONG.setRelease(file, at, position);
        base = position == last + 1 ? Math.max(base, position - CAPACITY) : position - 1;
        last = position;
    }

    /**
     * Goes through changes in their order.
     *
     * @param from    below the first one, not below {@link #base}
     * @param visitor sees each; false to end it
     */
    void forEachAfter(long from, Predicate<Change> visitor) {
        for (long position = Math.max(from, base) + 1; position <= last; position++) {
            if (!visitor.test(read(position))) {
                return;
            }
        }
    }

    private Change read(long position) {
        int at = offset(position);
        HostId host = new HostId(file.getLong(at + HOST_HIGH), file.getLong(at + HOST_LOW));
        int origin = file.getInt(at + ORIGIN);
        return new Change(
                position,
                host.equals(NOBODY) ? null : host,
                new KeyDigest(file.getLong(at + DIGEST_HIGH), file.getLong(at + DIGEST_LOW)),
                new Version(file.getLong(at + CLOCK), origin),
                file.getInt(at + WAY),
                new Version(file.getLong(at + ASKED), origin));
    }

    /**
     * Goes through all changes that it has, also those in front of a gap: each was here before anybody was told of it.
     *
     * @param visitor sees each, in their order
     */
    void forEachKept(Consumer<Change> visitor) {
        for (long position = Math.max(0, last - CAPACITY) + 1; position <= last; position++) {
            if (file.getLong(offset(position)) == position) {
                visitor.accept(read(position));
            }
        }
    }

    private static int offset(long position) {
        return RECORDS_OFFSET + (int) (position % CAPACITY) * RECORD_LENGTH;
    }
}
