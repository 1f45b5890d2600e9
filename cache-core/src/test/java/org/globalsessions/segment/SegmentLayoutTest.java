package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongToIntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.globalsessions.status.DistinctErrors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code LAYOUT.md} against the constants: a wrong row, a wrong constant, and one without the other all fail. */
class SegmentLayoutTest {
    private static final int UNBOUNDED = -1;

    private record Row(int offset, int bytes, String name) {}

    private static List<String[]> table(String heading) throws IOException {
        List<String[]> rows = new ArrayList<>();
        boolean inside = false;
        for (String line : Files.readAllLines(Path.of("LAYOUT.md"))) {
            if (line.startsWith("#")) {
                inside = line.equals("### " + heading);
            } else if (inside && line.startsWith("| ") && Character.isDigit(line.charAt(2))) {
                rows.add(cells(line));
            } else if (inside && heading.equals("Constants") && line.matches("\\| [A-Z].*")) {
                rows.add(cells(line));
            }
        }
        assertThat(rows).as("rows under '%s'", heading).isNotEmpty();
        return rows;
    }

    private static String[] cells(String line) {
        return Arrays.stream(line.substring(1).split("\\|", -1))
                .map(String::strip)
                .toArray(String[]::new);
    }

    private static List<Row> fields(String heading) throws IOException {
        List<Row> rows = new ArrayList<>();
        for (String[] cells : table(heading)) {
            int bytes = cells[1].isEmpty() ? UNBOUNDED : Integer.parseInt(cells[1]);
            rows.add(new Row(Integer.parseInt(cells[0]), bytes, cells[2].replace("*", "")));
        }
        return rows;
    }

    /** Heading, class of the constants, their prefix, length of what the table describes. */
    static Stream<Arguments> tables() {
        return Stream.of(
                Arguments.of("Regions", SegmentDescriptor.class, "", UNBOUNDED),
                Arguments.of("Header", SegmentDescriptor.class, "", SegmentDescriptor.HEADER_LENGTH),
                Arguments.of("Place of a relay", SegmentDescriptor.class, "PLACE_", SegmentDescriptor.PLACE_LENGTH),
                Arguments.of("Lease of a relay", SegmentDescriptor.class, "LEASE_", SegmentDescriptor.LEASE_LENGTH),
                Arguments.of("Claim", SegmentDescriptor.class, "CLAIM_", SegmentDescriptor.CLAIM_LENGTH),
                Arguments.of("Attach slot", SegmentDescriptor.class, "SLOT_", SegmentDescriptor.SLOT_LENGTH),
                Arguments.of("Distinct error", DistinctErrors.class, "ERROR_", SegmentDescriptor.ERROR_LENGTH),
                Arguments.of("Bucket header", SegmentDescriptor.class, "", SegmentDescriptor.BUCKET_LENGTH),
                Arguments.of("Tombstone", SegmentDescriptor.class, "TOMBSTONE_", SegmentDescriptor.TOMBSTONE_LENGTH),
                Arguments.of("Record", RecordDescriptor.class, "", UNBOUNDED),
                Arguments.of("Page word", SegmentDescriptor.class, "PAGE_", SegmentDescriptor.PAGE_WORD_LENGTH));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("tables")
    void shouldHaveOffsetOfEachConstantAndNoGapWhenTableIsRead(
            String heading, Class<?> constants, String prefix, int length) throws Exception {
        int end = 0;
        for (Row row : fields(heading)) {
            assertThat(row.offset())
                    .as("%s: %s begins where the row before ends", heading, row.name())
                    .isEqualTo(end);
            if (!row.name().equals("reserved") && !row.name().equals("HEADER")) {
                assertThat(constant(constants, prefix + row.name() + "_OFFSET"))
                        .as("%s: %s", heading, row.name())
                        .isEqualTo(row.offset());
            }
            if (row.bytes() != UNBOUNDED && row.bytes() <= Long.BYTES) {
                assertThat(row.offset() % Math.max(1, Integer.highestOneBit(row.bytes())))
                        .as("%s: alignment of %s", heading, row.name())
                        .isZero();
            }
            end = row.bytes() == UNBOUNDED ? UNBOUNDED : end + row.bytes();
        }
        assertThat(end).as("end of '%s'", heading).isEqualTo(length);
    }

    @Test
    void shouldHaveRowForEachOffsetWhenTablesAreRead() throws Exception {
        Map<Class<?>, Set<String>> rows = new HashMap<>();
        for (Object[] table : tables().map(Arguments::get).toList()) {
            for (Row row : fields((String) table[0])) {
                rows.computeIfAbsent((Class<?>) table[1], k -> new TreeSet<>()).add(table[2] + row.name() + "_OFFSET");
            }
        }
        for (Map.Entry<Class<?>, Set<String>> entry : rows.entrySet()) {
            List<String> names = Arrays.stream(entry.getKey().getDeclaredFields())
                    .filter(field -> Modifier.isStatic(field.getModifiers()))
                    .map(Field::getName)
                    .filter(name -> name.endsWith("_OFFSET"))
                    .toList();
            assertThat(entry.getValue()).as("rows for %s", entry.getKey()).containsAll(names);
        }
    }

    @Test
    void shouldHaveValueOfEachConstantWhenTableIsRead() throws Exception {
        Set<String> named = new TreeSet<>();
        for (String[] cells : table("Constants")) {
            assertThat(constant(SegmentDescriptor.class, cells[0])).as(cells[0]).isEqualTo(Long.parseLong(cells[1]));
            named.add(cells[0]);
        }
        List<String> all = Arrays.stream(SegmentDescriptor.class.getDeclaredFields())
                .filter(field -> Modifier.isStatic(field.getModifiers()))
                .map(Field::getName)
                .filter(name -> !name.endsWith("_OFFSET") && !name.startsWith("$"))
                .toList();
        assertThat(named).containsExactlyInAnyOrderElementsOf(all);
        assertThat(constant(DistinctErrors.class, "ERROR_LENGTH")).isEqualTo(SegmentDescriptor.ERROR_LENGTH);
    }

    @Test
    void shouldHaveLengthOfEachRegionWhenTableIsRead() throws IOException {
        List<Row> regions = fields("Regions");
        assertThat(regions.get(1).bytes()).isEqualTo(SegmentDescriptor.SLOT_COUNT * SegmentDescriptor.SLOT_LENGTH);
        assertThat(regions.get(2).bytes())
                .isEqualTo(SegmentDescriptor.SLOT_COUNT * SegmentDescriptor.COUNTER_COUNT * Long.BYTES);
        assertThat(regions.get(3).bytes()).isEqualTo(SegmentDescriptor.ERROR_COUNT * SegmentDescriptor.ERROR_LENGTH);
        for (Row region : regions) {
            assertThat(region.offset() % 64).isZero();
        }
    }

    /** Heading, field, what takes the field out of a word; each counts from 0 but the slot of a lease, which is one less. */
    static Stream<Arguments> words() {
        return Stream.of(
                word("State word", "kind", RecordDescriptor::kind, 0),
                word("State word", "marks", RecordDescriptor::marks, 0),
                word("State word", "slot", RecordDescriptor::slot, 0),
                word("State word", "incarnation", RecordDescriptor::incarnation, 0),
                word("State word", "generation", RecordDescriptor::generation, 0),
                word("Slot word", "pid", ProcessTable::pid, 0),
                word("Slot word", "incarnation", ProcessTable::incarnation, 0),
                word("Slot word", "state", ProcessTable::state, 0),
                word("Lease word", "tick of the last renewal", word -> Leases.age(0, word), 0),
                word("Lease word", "epoch", Leases::epoch, 0),
                word("Lease word", "slot + 1, 0 = nobody", Leases::slot, -1),
                word("Lock word", "slot + 1, 0 = free", HolderWord::slot, -1),
                word("Lock word", "incarnation", HolderWord::incarnation, 0),
                word("Claim word", "slot + 1, 0 = free", HolderWord::slot, -1),
                word("Claim word", "incarnation", HolderWord::incarnation, 0),
                word(
                        "Tombstone position",
                        "at a host: number of the relay's place + 1; 0 = the segment's own numbers",
                        RelayPosition::placeOf,
                        -1));
    }

    private static Arguments word(String heading, String field, LongToIntFunction decode, int base) {
        return Arguments.of(heading, field, decode, base);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("words")
    void shouldHaveBitsOfEachFieldWhenTableIsRead(String heading, String field, LongToIntFunction decode, int base)
            throws IOException {
        String[] row = table(heading).stream()
                .filter(cells -> cells[2].equals(field))
                .findFirst()
                .orElseThrow();
        int firstBit = Integer.parseInt(row[0]);
        int bits = Integer.parseInt(row[1]);
        for (int bit = 0; bit < Long.SIZE; bit++) {
            int expected = bit >= firstBit && bit < firstBit + bits ? 1 << (bit - firstBit) : 0;
            assertThat(decode.applyAsInt(1L << bit)).as("bit %s", bit).isEqualTo(base + expected);
        }
    }

    @Test
    void shouldHaveBitsOfPositionsWhenTablesAreRead() throws IOException {
        long epoch = 0x0001_0000_0000_02ABL;
        long fold = 0x02AA;
        ByteBuffer header =
                ByteBuffer.allocateDirect(SegmentDescriptor.HEADER_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        new RelayPosition(header).set(epoch, 77);
        long position = header.getLong(SegmentDescriptor.POSITION_OFFSET);
        assertThat(fieldsOf(position, "Position word")).containsExactly(77L, fold);
        long ofTombstone = new RelayPosition(header, 3).inTombstone(epoch, 77);
        assertThat(fieldsOf(ofTombstone, "Tombstone position")).containsExactly(77L, 4L, fold);
    }

    private static List<Long> fieldsOf(long word, String heading) throws IOException {
        return table(heading).stream()
                .map(cells -> word >>> Integer.parseInt(cells[0]) & (1L << Integer.parseInt(cells[1])) - 1)
                .toList();
    }

    @Test
    void shouldHaveAnEpochAboveTheOtherBitsWhenClaimWordIsRead() throws IOException {
        List<String[]> rows = table("Claim word");
        long word = HolderWord.next(HolderWord.next(0, 5), 5);
        assertThat(fieldsOf(word, "Claim word")).containsExactly(5L, 0L, 2L);
        assertThat(HolderWord.epoch(word)).isEqualTo(2);
        assertThat(rows.stream().mapToInt(cells -> Integer.parseInt(cells[1])).sum())
                .isEqualTo(Long.SIZE);
    }

    @Test
    void shouldTellFreeByNamedBitsWhenLockWordIsRead() throws IOException {
        int holderBits = Integer.parseInt(table("Lock word").get(0)[1]);
        assertThat(HolderWord.isFree(1L << holderBits)).isTrue();
        assertThat(HolderWord.isFree(1L << (holderBits - 1))).isFalse();
        assertThat(table("Lock word").stream()
                        .mapToInt(cells -> Integer.parseInt(cells[1]))
                        .sum())
                .isEqualTo(Long.SIZE);
    }

    @Test
    void shouldHaveValueOfEachConstantOfAWaitWhenTableIsRead() throws Exception {
        Pattern row = Pattern.compile("\\| (\\w+)\\.([A-Z_]+) \\| (\\d+) \\| .*");
        List<Matcher> rows = Files.readAllLines(Path.of("LAYOUT.md")).stream()
                .map(row::matcher)
                .filter(Matcher::matches)
                .toList();
        assertThat(rows).hasSizeGreaterThan(20);
        for (Matcher each : rows) {
            Class<?> type = Class.forName(SegmentFile.class.getPackageName() + "." + each.group(1));
            assertThat(constant(type, each.group(2))).as(each.group()).isEqualTo(Long.parseLong(each.group(3)));
        }
    }

    private static long constant(Class<?> constants, String name) throws ReflectiveOperationException {
        Field field = constants.getDeclaredField(name);
        field.setAccessible(true);
        return ((Number) field.get(null)).longValue();
    }
}
