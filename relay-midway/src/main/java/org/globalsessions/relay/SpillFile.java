package org.globalsessions.relay;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import net.openhft.chronicle.bytes.MappedBytes;
import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.Touch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A bounded log of entries that the relay could neither keep nor hand off: written while the relief tier is away, searched by
 * gets, handed off when the relief tier is back.
 *
 * <p>Any thread may call any method; each holds the file's monitor for one entry's length, {@link #put} once in a while for
 * one rewriting of the file.
 *
 * <p>The file is mapped, so what was put survives SIGKILL of the relay: at the next start the log is read up to the first
 * record whose length or checksum is wrong, which is the torn one, as the length is written last.
 *
 * <pre>
 *   header  0 magic 8 | 8 version 4 | 16 generation 8 | 24 end of the bytes that were allocated 8 | to 64
 *   record  0 length 4 (whole record, a multiple of 8, 0 ends the log; written last) | 4 CRC-32C 4, of generation and 12 on
 *           8 state 4 (1 live, 2 gone) | 12 key length 4 | 16 digest 16 | 32 clock 8 | 40 origin 4 | 44 flags 4 | 48 life 8
 *          56 segment tick of the write 8 | 64 idle ticks 4 | 68 idle limit 4 | 72 lifetime 4 | 76 value length 4 | key | value
 * </pre>
 *
 * The checksum covers the generation, which changes whenever the log begins anew, so that a record of an earlier round that
 * happens to lie behind the last one is not taken for one of this round.
 */
final class SpillFile implements AutoCloseable {
    /** Smallest bound, in bytes. */
    static final long MIN_LIMIT = 64 << 10;

    /** Largest bound, in bytes: one mapping. */
    static final long MAX_LIMIT = 1L << 30;

    private static final Logger LOGGER = LoggerFactory.getLogger(SpillFile.class);
    private static final long MAGIC = 0x4C4C495053475347L;
    private static final int LAYOUT_VERSION = 1;
    private static final int VERSION_OFFSET = 8;
    private static final int GENERATION_OFFSET = 16;
    private static final int ALLOCATED_OFFSET = 24;
    private static final int HEADER_LENGTH = 64;

    private static final int CRC_OFFSET = 4;
    private static final int STATE_OFFSET = 8;
    private static final int LIVE = 1;
    private static final int GONE = 2;

    private static final int ALLOCATION_STEP = 256 << 10;
    private static final long NOT_USED = Long.MIN_VALUE / 2;

    /** One spilled entry. */
    record Spilled(KeyDigest digest, SessionEntry entry) {}

    /** Where an entry lies; {@code usedTick} is that of its last use that came later, {@link #NOT_USED} for none. */
    private record Slot(long offset, int length, Version version, long life, long usedTick) {
        Slot(long offset, int length, Version version, long life) {
            this(offset, length, version, life, NOT_USED);
        }

        Slot usedAt(long tick) {
            return new Slot(offset, length, version, life, Math.max(usedTick, tick));
        }
    }

    private final Path path;
    private final long limit;
    private final LinkedHashMap<KeyDigest, Slot> index = new LinkedHashMap<>();
    private MappedBytes bytes;
    private FileChannel channel;
    private SpillRecord record = new SpillRecord(4096);
    private long generation;
    private long allocated;
    private long end;
    private long liveBytes;
    private boolean refusalLogged;
    private boolean closed;

    private SpillFile(Path path, long limit) {
        this.path = path;
        this.limit = limit;
    }

    /**
     * Opens the file, or creates it with rights for its owner alone, and reads what is in it.
     *
     * @param path  the file
     * @param limit most bytes of it, from {@link #MIN_LIMIT} to {@link #MAX_LIMIT}; rewriting needs half as much again
     * @return the file
     * @throws IOException where it cannot be opened or is something else
     */
    static SpillFile open(Path path, long limit) throws IOException {
        if (limit < MIN_LIMIT || limit > MAX_LIMIT) {
            throw new IllegalArgumentException(
                    "spill_limit out of range: spill_limit=" + limit + ", limit=" + MIN_LIMIT + " to " + MAX_LIMIT);
        }
        SpillFile spill = new SpillFile(path, limit);
        try {
            spill.attach(path);
            spill.readAll();
        } catch (IOException | RuntimeException e) {
            spill.close();
            throw e;
        }
        return spill;
    }

    private void attach(Path file) throws IOException {
        if (!Files.exists(file)) {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        }
        channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        long size = channel.size();
        if (size < HEADER_LENGTH) {
            // Written, not only sized: a write to a sparse page of a full tmpfs ends the process, a write call only
            // fails.
            ByteBuffer header = ByteBuffer.allocate(HEADER_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
            header.putLong(0, MAGIC).putInt(VERSION_OFFSET, LAYOUT_VERSION).putLong(GENERATION_OFFSET, 1);
            header.putLong(ALLOCATED_OFFSET, HEADER_LENGTH);
            channel.write(header, 0);
        } else {
            ByteBuffer header = ByteBuffer.allocate(HEADER_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
            channel.read(header, 0);
            if (header.getLong(0) != MAGIC || header.getInt(VERSION_OFFSET) != LAYOUT_VERSION) {
                throw new IOException(
                        "Not a spill file of version " + LAYOUT_VERSION + ", it was left untouched: " + file);
            }
        }
        long capacity = Math.max(limit, size);
        bytes = MappedBytes.singleMappedBytes(file.toFile(), capacity);
        bytes.singleThreadedCheckDisabled(true);
        bytes.writePosition(bytes.capacity());
        generation = bytes.readLong(GENERATION_OFFSET);
        allocated = Math.min(bytes.readLong(ALLOCATED_OFFSET), capacity);
        end = HEADER_LENGTH;
    }

    private void readAll() {
        while (end + SpillRecord.KEY_OFFSET <= allocated) {
            int length = bytes.readVolatileInt(end);
            if (length == 0) {
                break;
            }
            if (length < SpillRecord.KEY_OFFSET || (length & 7) != 0 || end + length > allocated || !isWhole(length)) {
                LOGGER.warn("The spill file ends with a torn record at byte {}: {}", end, path);
                break;
            }
            if (bytes.readInt(end + STATE_OFFSET) == LIVE) {
                remember(record.digest(), new Slot(end, length, record.version(), record.life()));
            }
            end += length;
        }
        if (index.isEmpty()) {
            startAnew();
        }
    }

    private boolean isWhole(int length) {
        record.load(bytes, end, length);
        return record.isSound(generation) && bytes.readInt(end + CRC_OFFSET) == record.checksum(generation);
    }

    /**
     * Adds an entry; it takes the place of an older version of its key.
     *
     * @param digest digest of its key
     * @param entry  the entry
     * @param tick   segment time now, in ticks
     * @return false where there is no room: the entry was not taken
     */
    synchronized boolean put(KeyDigest digest, SessionEntry entry, long tick) {
        checkOpen();
        Slot present = index.get(digest);
        if (present != null && present.version.compareTo(entry.version()) >= 0) {
            return true;
        }
        record.encode(digest, entry, tick);
        int length = record.length();
        if (!makeRoom(length)) {
            return false;
        }
        append(digest, entry.version(), entry.life(), length);
        refusalLogged = false;
        return true;
    }

    private void append(KeyDigest digest, Version version, long life, int length) {
        long offset = end;
        // A terminator behind the record first: the log must not run on into what an earlier round left there.
        if (offset + length + Integer.BYTES <= allocated) {
            bytes.writeInt(offset + length, 0);
        }
        record.store(bytes, offset);
        bytes.writeInt(offset + CRC_OFFSET, record.checksum(generation));
        bytes.writeInt(offset + STATE_OFFSET, LIVE);
        // Last, and with release order: who reads a length after a kill finds the whole record behind it.
        bytes.writeOrderedInt(offset, length);
        end = offset + length;
        remember(digest, new Slot(offset, length, version, life));
    }

    private void remember(KeyDigest digest, Slot slot) {
        Slot older = index.remove(digest);
        if (older != null) {
            bytes.writeOrderedInt(older.offset + STATE_OFFSET, GONE);
            liveBytes -= older.length;
        }
        index.put(digest, slot);
        liveBytes += slot.length;
    }

    private boolean makeRoom(int length) {
        if (end + length > limit && liveBytes <= limit / 2 && liveBytes + length <= limit - HEADER_LENGTH) {
            rewrite();
        }
        if (end + length > limit) {
            return refuse("its limit is " + limit + " bytes");
        }
        while (allocated < end + length) {
            long target = Math.min(limit, Math.max(end + length, allocated + ALLOCATION_STEP));
            ByteBuffer zeros = ByteBuffer.allocate((int) (target - allocated));
            try {
                while (zeros.hasRemaining()) {
                    channel.write(zeros, allocated + zeros.position());
                }
            } catch (IOException e) {
                return refuse(e.toString());
            }
            allocated = target;
            bytes.writeLong(ALLOCATED_OFFSET, allocated);
        }
        return true;
    }

    private boolean refuse(String why) {
        if (!refusalLogged) {
            LOGGER.error("The spill file takes nothing more, {}: {}", why, path);
            refusalLogged = true;
        }
        return false;
    }

    /** Copies what is live into a new file, which takes this one's place when it is complete. */
    private void rewrite() {
        Path temporary = path.resolveSibling(path.getFileName() + ".new");
        SpillFile fresh = null;
        try {
            Files.deleteIfExists(temporary);
            fresh = open(temporary, limit);
            for (Map.Entry<KeyDigest, Slot> entry : index.entrySet()) {
                Slot slot = entry.getValue();
                fresh.record.load(bytes, slot.offset, slot.length);
                if (!fresh.makeRoom(slot.length)) {
                    Files.deleteIfExists(temporary);
                    fresh.close();
                    return;
                }
                fresh.append(entry.getKey(), slot.version, slot.life, slot.length);
                fresh.index.computeIfPresent(entry.getKey(), (digest, copied) -> copied.usedAt(slot.usedTick));
            }
            Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            takeOver(fresh);
        } catch (IOException e) {
            if (fresh != null) {
                fresh.close();
            }
            LOGGER.error("The spill file could not be rewritten: {}", path, e);
        }
    }

    private void takeOver(SpillFile fresh) throws IOException {
        bytes.releaseLast();
        channel.close();
        bytes = fresh.bytes;
        channel = fresh.channel;
        generation = fresh.generation;
        allocated = fresh.allocated;
        end = fresh.end;
        liveBytes = fresh.liveBytes;
        index.clear();
        index.putAll(fresh.index);
    }

    /**
     * Looks for a key.
     *
     * @param digest digest of the key
     * @param tick   segment time now, in ticks
     * @return its entry, aged by the time since it was put, its lifetime may have {@linkplain SessionEntry#hasEnded ended}; or null where
     *     there is none, or it was not used for too long
     */
    synchronized SessionEntry get(KeyDigest digest, long tick) {
        checkOpen();
        Slot slot = index.get(digest);
        if (slot == null) {
            return null;
        }
        record.load(bytes, slot.offset, slot.length);
        SessionEntry entry = record.toEntry(tick, slot.usedTick);
        if (entry == null) {
            drop(digest, slot);
        }
        return entry;
    }

    /**
     * Takes in that an entry was used. Not written: after a kill it counts as used when it was put.
     *
     * @param touch the use
     * @param tick  segment time now, in ticks
     * @return false where no such life is here
     */
    synchronized boolean renew(Touch touch, long tick) {
        checkOpen();
        Slot slot = index.get(touch.digest());
        if (slot == null || slot.life != touch.life()) {
            return false;
        }
        index.put(touch.digest(), slot.usedAt(tick - touch.idleTicks()));
        return true;
    }

    /**
     * Entries in the order in which they were put.
     *
     * @param count most entries wanted
     * @param tick  segment time now, in ticks
     * @param skip  digests to leave out
     * @return the oldest ones, also where their lifetime has {@linkplain SessionEntry#hasEnded ended}; what was not used for too long is
     *     dropped on the way
     */
    synchronized List<Spilled> oldest(int count, long tick, Predicate<KeyDigest> skip) {
        checkOpen();
        List<Spilled> found = new ArrayList<>(Math.min(count, index.size()));
        Iterator<Map.Entry<KeyDigest, Slot>> entries = index.entrySet().iterator();
        while (entries.hasNext() && found.size() < count) {
            Map.Entry<KeyDigest, Slot> next = entries.next();
            if (skip.test(next.getKey())) {
                continue;
            }
            record.load(bytes, next.getValue().offset, next.getValue().length);
            SessionEntry entry = record.toEntry(tick, next.getValue().usedTick);
            if (entry == null) {
                entries.remove();
                retire(next.getValue());
            } else {
                found.add(new Spilled(next.getKey(), entry));
            }
        }
        return found;
    }

    /**
     * The keys of all entries.
     *
     * @return their digests, oldest first
     */
    synchronized List<KeyDigest> digests() {
        return List.copyOf(index.keySet());
    }

    /**
     * Removes a key's entry where it is not newer than a version: it was handed off, or a newer one is elsewhere.
     *
     * @param digest  digest of the key
     * @param version the version
     * @return true if an entry was removed
     */
    synchronized boolean removeUpTo(KeyDigest digest, Version version) {
        checkOpen();
        Slot slot = index.get(digest);
        if (slot == null || slot.version.compareTo(version) > 0) {
            return false;
        }
        drop(digest, slot);
        return true;
    }

    /**
     * Removes a key's entry where a delete beats it.
     *
     * @param digest    digest of the key
     * @param tombstone the delete's version
     * @return true if an entry was removed
     */
    synchronized boolean delete(KeyDigest digest, Version tombstone) {
        checkOpen();
        Slot slot = index.get(digest);
        if (slot == null || slot.life > tombstone.clock()) {
            return false;
        }
        drop(digest, slot);
        return true;
    }

    private void drop(KeyDigest digest, Slot slot) {
        index.remove(digest);
        retire(slot);
    }

    private void retire(Slot slot) {
        bytes.writeOrderedInt(slot.offset + STATE_OFFSET, GONE);
        liveBytes -= slot.length;
        if (index.isEmpty()) {
            startAnew();
        }
    }

    private void startAnew() {
        generation++;
        bytes.writeLong(GENERATION_OFFSET, generation);
        end = HEADER_LENGTH;
        liveBytes = 0;
        if (allocated >= HEADER_LENGTH + Integer.BYTES) {
            bytes.writeOrderedInt(HEADER_LENGTH, 0);
        }
    }

    /**
     * How many entries are in it.
     *
     * @return count
     */
    synchronized int size() {
        return index.size();
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("The spill file is closed: " + path);
        }
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (bytes != null) {
            bytes.releaseLast();
        }
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                throw new UncheckedIOException("Closing the spill file failed: " + path, e);
            }
        }
    }
}
