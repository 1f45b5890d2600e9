package org.globalsessions.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import org.globalsessions.segment.SegmentDescriptor;
import org.globalsessions.segment.SegmentException;
import org.globalsessions.segment.SegmentNote;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;

/**
 * Header and counters of a segment, read through a mapping that cannot write: no attach slot is taken, and a damaged or
 * foreign file is refused, not touched.
 *
 * <p>Used by one thread.
 */
final class SegmentStat {
    private final Path file;
    private final ByteBuffer head;
    private final Counters counters;

    private SegmentStat(Path file, ByteBuffer head) {
        this.file = file;
        this.head = head;
        ByteBuffer rows = head.slice(
                        SegmentDescriptor.COUNTERS_OFFSET,
                        SegmentDescriptor.ERRORS_OFFSET - SegmentDescriptor.COUNTERS_OFFSET)
                .order(ByteOrder.LITTLE_ENDIAN);
        this.counters = new Counters(rows, 0);
    }

    /**
     * Maps the head of a segment.
     *
     * @param file the segment's file
     * @return the reading, live for as long as it is kept
     * @throws IOException where the file cannot be read, or is too short for a segment
     */
    static SegmentStat open(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long length = channel.size();
            if (length < SegmentDescriptor.BUCKETS_OFFSET) {
                throw new SegmentException("not a segment: file=" + file + ", length=" + length
                        + ", a segment has at least " + SegmentDescriptor.BUCKETS_OFFSET);
            }
            ByteBuffer first = channel.map(FileChannel.MapMode.READ_ONLY, 0, SegmentDescriptor.BUCKETS_OFFSET)
                    .order(ByteOrder.LITTLE_ENDIAN);
            long magic = first.getLong(SegmentDescriptor.MAGIC_OFFSET);
            if (magic != SegmentDescriptor.MAGIC) {
                throw new SegmentException("not a segment: file=" + file + ", magic=" + Long.toHexString(magic)
                        + ", expected=" + Long.toHexString(SegmentDescriptor.MAGIC));
            }
            long buckets = Integer.toUnsignedLong(first.getInt(SegmentDescriptor.BUCKET_COUNT_OFFSET));
            long mapped = SegmentDescriptor.BUCKETS_OFFSET + buckets * SegmentDescriptor.BUCKET_LENGTH;
            if (mapped > length || mapped > Integer.MAX_VALUE) {
                throw new SegmentException(
                        "damaged segment: file=" + file + ", buckets=" + buckets + ", length=" + length);
            }
            return new SegmentStat(
                    file, channel.map(FileChannel.MapMode.READ_ONLY, 0, mapped).order(ByteOrder.LITTLE_ENDIAN));
        }
    }

    /** Value of one counter. */
    long counter(Counter counter) {
        return counters.get(counter);
    }

    /** Occupied ways, by the tags; approximate while others write. */
    int occupiedWays() {
        int occupied = 0;
        int buckets = head.getInt(SegmentDescriptor.BUCKET_COUNT_OFFSET);
        for (int bucket = 0; bucket < buckets; bucket++) {
            int tags = SegmentDescriptor.BUCKETS_OFFSET
                    + bucket * SegmentDescriptor.BUCKET_LENGTH
                    + SegmentDescriptor.TAGS_OFFSET;
            for (int way = 0; way < SegmentDescriptor.WAYS; way++) {
                occupied += head.getShort(tags + way * Short.BYTES) == 0 ? 0 : 1;
            }
        }
        return occupied;
    }

    /** All ways of the segment. */
    int ways() {
        return head.getInt(SegmentDescriptor.BUCKET_COUNT_OFFSET) * SegmentDescriptor.WAYS;
    }

    /** Everything, by name, in the order in which people want to read it. */
    Map<String, Object> asMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("segment", file.toString());
        map.put("role", role());
        map.put("layoutVersion", version());
        map.put("elCount", head.getInt(SegmentDescriptor.EL_COUNT_OFFSET));
        map.put("recordSize", head.getInt(SegmentDescriptor.RECORD_STRIDE_OFFSET));
        map.put("ways", ways());
        map.put("occupiedWays", occupiedWays());
        map.put("seed", head.getLong(SegmentDescriptor.SEED_OFFSET));
        map.put("fileLength", head.getLong(SegmentDescriptor.FILE_LENGTH_OFFSET));
        map.put("retired", head.getLong(SegmentDescriptor.RETIRED_OFFSET) != 0);
        map.put("relayEpoch", head.getLong(SegmentDescriptor.RELAY_EPOCH_OFFSET));
        map.put("position", head.getLong(SegmentDescriptor.POSITION_OFFSET) & SegmentDescriptor.POSITION_MASK);
        map.put("note", SegmentNote.read(head));
        Map<String, Object> values = new LinkedHashMap<>();
        for (Counter counter : Counter.values()) {
            values.put(camelCase(counter), counters.get(counter));
        }
        map.put("counters", values);
        return map;
    }

    /** The counter's name as JSON has it. */
    static String camelCase(Counter counter) {
        StringBuilder name = new StringBuilder();
        for (String word : counter.name().split("_", -1)) {
            String lower = word.toLowerCase(java.util.Locale.ROOT);
            name.append(name.isEmpty() ? lower : Character.toUpperCase(lower.charAt(0)) + lower.substring(1));
        }
        return name.toString();
    }

    private String role() {
        int role = head.getInt(SegmentDescriptor.ROLE_OFFSET);
        SegmentSettings.Role[] roles = SegmentSettings.Role.values();
        return role >= 0 && role < roles.length
                ? roles[role].name().toLowerCase(java.util.Locale.ROOT)
                : "unknown " + role;
    }

    private String version() {
        int version = head.getInt(SegmentDescriptor.VERSION_OFFSET);
        return (version >>> 16) + "." + (version & 0xFFFF);
    }
}
