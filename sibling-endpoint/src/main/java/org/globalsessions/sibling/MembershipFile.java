package org.globalsessions.sibling;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.sibling.Membership.Member;
import org.globalsessions.sibling.Membership.State;

/**
 * The file of a {@link Membership}: replaced as a whole, and refused as a whole where it is not what was written.
 *
 * <pre>
 * global-sessions members 3
 * member aging|expansion NODE-ID WEIGHT STATE SINCE-MS [MACHINE]      one line a member; its seat is the next number from 0
 * seat NODE-ID WEIGHT [MACHINE]                                       a seat that only rings have, numbered likewise
 * ring aging|expansion REPLICAS SEATS                                 hexadecimal, bit 2^i for the seat i
 * gone aging|expansion NODE-ID WEIGHT SINCE-MS [MACHINE]              a member that is gone, and has no number
 * end CRC-32C-of-the-lines-above
 * </pre>
 *
 * The second version, which has no lines of the last kind but members that are gone among the others, is still read, and so is the first, which has a
 * generation in which each member joined:
 *
 * <pre>
 * global-sessions members 1
 * generation NUMBER used|unused
 * aging|expansion NODE-ID GENERATION                                  one line a member
 * end CRC-32C-of-the-lines-above
 * </pre>
 *
 * Static and without state.
 */
final class MembershipFile {
    /** Most seats of a file, which bounds its lines. */
    static final int MAX_SEATS = 4096;

    private static final String HEADER = "global-sessions members 3";
    private static final String SECOND_HEADER = "global-sessions members 2";
    private static final String FIRST_HEADER = "global-sessions members 1";
    private static final int FIRST_WEIGHT = 100;
    private static final int MAX_FILE_BYTES = 4 * 1024 * 1024;
    private static final Set<StandardOpenOption> CREATE_OPTIONS =
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING);

    /**
     * What a file says.
     *
     * @param members in the order in which they joined; those that are gone may be last
     * @param used    rings under which entries went out
     */
    record Content(List<Member> members, List<Ring> used) {}

    private final Path file;
    private final List<Member> members = new ArrayList<>();
    private final List<Member> gone = new ArrayList<>();
    private final List<Seat> seats = new ArrayList<>();
    private final Map<NodeId, Integer> indices = new HashMap<>();
    private final Set<Ring> used = new LinkedHashSet<>();
    private boolean isThird;

    private MembershipFile(Path file) {
        this.file = file;
    }

    /** All seats that a file has to number, those of the members first. */
    static List<Seat> seats(List<Member> members, Collection<Ring> used) {
        return Stream.concat(
                        members.stream().filter(member -> !member.isGone()).map(Member::seat),
                        used.stream().flatMap(ring -> ring.seats().stream()))
                .distinct()
                .toList();
    }

    static void write(Path file, List<Member> members, Collection<Ring> used) throws WriteException {
        StringBuilder text = new StringBuilder(HEADER).append('\n');
        List<Member> numbered =
                members.stream().filter(member -> !member.isGone()).toList();
        for (Member member : numbered) {
            appendMember("member", member, wordOf(member.state()) + ' ', text);
        }
        List<Seat> all = seats(members, used);
        for (Seat seat : all.subList(numbered.size(), all.size())) {
            text.append("seat ").append(seat.id()).append(' ').append(seat.weight());
            appendMachine(seat, text);
        }
        for (Ring ring : used) {
            text.append("ring ")
                    .append(ring.kind().word())
                    .append(' ')
                    .append(ring.replicas())
                    .append(' ');
            text.append(hexOf(ring, all)).append('\n');
        }
        members.stream().filter(Member::isGone).forEach(member -> appendMember("gone", member, "", text));
        replace(file, text.toString().getBytes(StandardCharsets.US_ASCII));
    }

    private static void appendMember(String word, Member member, String state, StringBuilder text) {
        text.append(word).append(' ').append(member.kind().word()).append(' ').append(member.id());
        text.append(' ')
                .append(member.seat().weight())
                .append(' ')
                .append(state)
                .append(member.sinceMs());
        appendMachine(member.seat(), text);
    }

    private static String wordOf(State state) {
        return state.name().toLowerCase(Locale.ROOT);
    }

    private static void appendMachine(Seat seat, StringBuilder text) {
        if (!seat.machine().isEmpty()) {
            text.append(' ').append(seat.machine());
        }
        text.append('\n');
    }

    /** Where the file cannot be replaced: it is as it was. */
    static final class WriteException extends IOException {
        private static final long serialVersionUID = 1;

        WriteException(Path file, IOException cause) {
            super(
                    "cannot write the list of members: file=" + file + ": " + cause.getMessage()
                            + "; it stays as it was, make room there or mend the folder's rights",
                    cause);
        }
    }

    private static void replace(Path file, byte[] body) throws WriteException {
        Path temporary = file.resolveSibling(file.getFileName() + ".new");
        try {
            writeAnew(temporary, body);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            WriteException failure = new WriteException(file, e);
            try {
                // Half of a list is of no use, and on a full disk it takes the room that the next attempt needs.
                Files.deleteIfExists(temporary);
            } catch (IOException alsoFailed) {
                failure.addSuppressed(alsoFailed);
            }
            throw failure;
        }
    }

    private static void writeAnew(Path temporary, byte[] body) throws IOException {
        byte[] end = endOf(body, body.length).getBytes(StandardCharsets.US_ASCII);
        try (FileChannel channel = FileChannel.open(
                temporary,
                CREATE_OPTIONS,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            writeFully(channel, body);
            writeFully(channel, end);
            // The rename must not reach the disk before the bytes do.
            channel.force(true);
        }
    }

    private static void writeFully(FileChannel channel, byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    /**
     * Reads a file.
     *
     * @param file     the file; where it is absent nobody has joined yet
     * @param replicas owners of a key under the rings of a file of the first version, which does not say
     * @param nowMs    wall clock, for what such a file does not say either
     */
    static Content read(Path file, Replicas replicas, long nowMs) throws IOException {
        MembershipFile read = new MembershipFile(file);
        if (Files.exists(file)) {
            read.read(replicas, nowMs);
        }
        return new Content(
                Stream.concat(read.members.stream(), read.gone.stream()).toList(), List.copyOf(read.used));
    }

    private void read(Replicas replicas, long nowMs) throws IOException {
        if (Files.size(file) > MAX_FILE_BYTES) {
            throw damaged(1, "the file has " + Files.size(file) + " bytes, limit=" + MAX_FILE_BYTES);
        }
        byte[] bytes = Files.readAllBytes(file);
        String[] lines = new String(bytes, StandardCharsets.US_ASCII).split("\n", -1);
        boolean isFirst = lines[0].equals(FIRST_HEADER);
        isThird = lines[0].equals(HEADER);
        if (!isFirst && !lines[0].equals(SECOND_HEADER) && !isThird) {
            throw damaged(1, "it does not begin with '" + HEADER + "'");
        }
        int last = lines.length - 2;
        if (last < 1 || !lines[last].startsWith("end ") || !lines[last + 1].isEmpty()) {
            throw damaged(lines.length, "it has no end line");
        }
        int bodyLength = bytes.length - lines[last].length() - 1;
        if (!(lines[last] + '\n').equals(endOf(bytes, bodyLength))) {
            throw damaged(last + 1, "the checksum is not that of the lines above");
        }
        if (isFirst) {
            readFirst(lines, last, replicas, nowMs);
            return;
        }
        for (int i = 1; i < last; i++) {
            String[] words = lines[i].split(" ", -1);
            switch (words[0]) {
                case "member" -> readMember(i + 1, words);
                case "seat" -> readSeat(i + 1, words);
                case "ring" -> readRing(i + 1, words);
                case "gone" -> readGone(i + 1, words);
                default -> throw damaged(i + 1, "'" + words[0] + "' is no word that a line begins with");
            }
        }
    }

    private void readMember(int line, String[] words) throws IOException {
        if (seats.size() > members.size()) {
            throw damaged(line, "a member comes after seats");
        }
        Seat seat = seatOf(line, words, 2, words.length > 6 ? words[6] : "");
        requireWords(line, words, seat.machine().isEmpty() ? 6 : 7);
        seats.add(seat);
        indices.put(seat.id(), members.size());
        members.add(new Member(
                seat,
                named(line, words[1], Kind.values(), Kind::word),
                named(line, words[4], State.values(), MembershipFile::wordOf),
                readNumber(line, words[5], 0)));
        if (members.size() > Membership.MAX_MEMBERS) {
            throw damaged(line, "too many members, limit=" + Membership.MAX_MEMBERS);
        }
    }

    private void readGone(int line, String[] words) throws IOException {
        Seat seat = seatOf(line, words, 2, words.length > 5 ? words[5] : "");
        requireWords(line, words, seat.machine().isEmpty() ? 5 : 6);
        Kind kind = named(line, words[1], Kind.values(), Kind::word);
        gone.add(new Member(seat, kind, State.GONE, readNumber(line, words[4], 0)));
        if (gone.size() > Membership.MAX_GONE) {
            throw damaged(line, "too many members that are gone, limit=" + Membership.MAX_GONE);
        }
    }

    private void readSeat(int line, String[] words) throws IOException {
        Seat seat = seatOf(line, words, 1, words.length > 3 ? words[3] : "");
        requireWords(line, words, seat.machine().isEmpty() ? 3 : 4);
        if (!indices.containsKey(seat.id())) {
            throw damaged(line, "a seat is no member's");
        }
        seats.add(seat);
        if (seats.size() > MAX_SEATS) {
            throw damaged(line, "too many seats, limit=" + MAX_SEATS);
        }
    }

    private Seat seatOf(int line, String[] words, int at, String machine) throws IOException {
        if (words.length < at + 2) {
            throw damaged(line, "it has only " + words.length + " words");
        }
        try {
            long weight = readNumber(line, words[at + 1]);
            return new Seat(NodeId.parse(words[at]), (int) Math.min(weight, Integer.MAX_VALUE), machine);
        } catch (IllegalArgumentException e) {
            throw damaged(line, e.getMessage());
        }
    }

    private void readRing(int line, String[] words) throws IOException {
        requireWords(line, words, 4);
        List<Seat> chosen = new ArrayList<>();
        int bits = 4 * words[3].length();
        for (int seat = 0; seat < bits; seat++) {
            int digit = Character.digit(words[3].charAt((bits - 1 - seat) / 4), 16);
            if (digit < 0 || ((digit >> seat % 4 & 1) != 0 && seat >= seats.size())) {
                throw damaged(line, "it does not name seats");
            }
            if ((digit >> seat % 4 & 1) != 0) {
                chosen.add(seats.get(seat));
            }
        }
        int owners = (int) Math.min(readNumber(line, words[2]), Integer.MAX_VALUE);
        if (owners > SiblingContext.MAX_REPLICAS || chosen.isEmpty()) {
            throw damaged(line, "a ring of " + chosen.size() + " seats with " + owners + " owners");
        }
        // Seats that only rings have are numbered last; a ring has its seats in the order of the members.
        chosen.sort(Comparator.comparing(seat -> indices.get(seat.id())));
        Ring ring = new Ring(named(line, words[1], Kind.values(), Kind::word), owners, chosen);
        used.add(isThird ? ring : asPlacedBefore(ring));
        if (used.size() > Membership.MAX_RINGS) {
            throw damaged(line, "too many rings, limit=" + Membership.MAX_RINGS);
        }
    }

    /** Up to the second version a machine had several owners of a key where there were not enough machines: any node of such a ring may have been one. */
    private static Ring asPlacedBefore(Ring ring) {
        if (ring.wanted() == Math.min(ring.replicas(), ring.seats().size())) {
            return ring;
        }
        List<Seat> seats = ring.seats().stream()
                .map(seat -> new Seat(seat.id(), seat.weight(), ""))
                .toList();
        return new Ring(ring.kind(), Math.min(seats.size(), SiblingContext.MAX_REPLICAS), seats);
    }

    private static String hexOf(Ring ring, List<Seat> all) {
        BitSet bits = new BitSet();
        ring.seats().forEach(seat -> bits.set(all.indexOf(seat)));
        StringBuilder hex = new StringBuilder();
        for (int digit = (bits.length() + 3) / 4 - 1; digit >= 0; digit--) {
            int value = 0;
            for (int bit = 3; bit >= 0; bit--) {
                value = value << 1 | (bits.get(4 * digit + bit) ? 1 : 0);
            }
            hex.append(Character.forDigit(value, 16));
        }
        return hex.toString();
    }

    /** Each generation had a ring of those who had joined by then; entries went out under all of them but perhaps the last. */
    private void readFirst(String[] lines, int last, Replicas replicas, long nowMs) throws IOException {
        String[] words = lines[1].split(" ", -1);
        boolean known = words.length == 3 && (words[2].equals("used") || words[2].equals("unused"));
        if (last < 2 || !known || !words[0].equals("generation")) {
            throw damaged(2, "it does not name the generation");
        }
        long usedUpTo = words[2].equals("used") ? readNumber(2, words[1]) : readNumber(2, words[1]) - 1;
        long[] joinedIn = new long[last - 2];
        for (int i = 2; i < last; i++) {
            String[] member = lines[i].split(" ", -1);
            requireWords(i + 1, member, 3);
            Kind kind = named(i + 1, member[0], Kind.values(), Kind::word);
            String[] seat = {member[1], Integer.toString(FIRST_WEIGHT)};
            members.add(new Member(seatOf(i + 1, seat, 0, ""), kind, State.PRESENT, nowMs));
            joinedIn[i - 2] = readNumber(i + 1, member[2]);
        }
        LongStream.of(joinedIn)
                .filter(generation -> generation <= usedUpTo)
                .sorted()
                .distinct()
                .forEach(generation -> {
                    for (Kind kind : Kind.values()) {
                        List<Seat> ring = IntStream.range(0, joinedIn.length)
                                .filter(i -> members.get(i).kind() == kind && joinedIn[i] <= generation)
                                .mapToObj(i -> members.get(i).seat())
                                .toList();
                        if (!ring.isEmpty()) {
                            used.add(new Ring(kind, replicas.of(kind), ring));
                        }
                    }
                });
    }

    private void requireWords(int line, String[] words, int count) throws IOException {
        if (words.length != count) {
            throw damaged(line, "it has " + words.length + " words instead of " + count);
        }
    }

    private <T> T named(int line, String word, T[] values, Function<T, String> wordOf) throws IOException {
        for (T value : values) {
            if (wordOf.apply(value).equals(word)) {
                return value;
            }
        }
        throw damaged(line, "'" + word + "' has no meaning there");
    }

    private long readNumber(int line, String text) throws IOException {
        return readNumber(line, text, 1);
    }

    private long readNumber(int line, String text, long least) throws IOException {
        try {
            long number = Long.parseLong(text);
            if (number >= least) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw damaged(line, "'" + text + "' is not a number");
        }
        throw damaged(line, "a number is below " + least);
    }

    private IOException damaged(int line, String what) {
        return new IOException("the list of members is damaged: " + file + ", line " + line + ": " + what
                + ". It says which relief nodes may hold sessions; put back a copy, or remove the file once all of them are"
                + " connected to this sibling again");
    }

    private static String endOf(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return String.format("end %08x\n", (int) crc.getValue());
    }
}
