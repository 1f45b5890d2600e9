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
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * The relief nodes that have ever joined, in the order in which they did, kept in a file of its own beside the relay's
 * segment.
 *
 * <p>A node that is not connected stays a member: its keys are <em>away</em>, not gone, and a question about them must not
 * be answered "missing". So the list has to outlive the sibling, and a list that cannot be trusted stops the start.
 *
 * <p>Members carry the <em>generation</em> in which they joined. A generation is a membership under which entries went out;
 * nodes that join before the next entry goes out share it. A node can hold a key only if it was among the key's owners in
 * some generation, and owning is lost but never won by others' joining, so looking at the generation in which it joined is
 * enough (see {@link Placement#mayHold}).
 *
 * <pre>
 * global-sessions members 1
 * generation NUMBER used|unused
 * aging|expansion NODE-ID GENERATION        one line a member
 * end CRC-32C-of-the-lines-above
 * </pre>
 *
 * One thread at a time: the event loop of the sibling. Every change is in the file before the call returns.
 */
final class Membership {
    /** What a relief node does. */
    enum Kind {
        /** Keeps what is handed off until it expires. */
        AGING("aging"),
        /** Takes every new entry and lets the oldest go. */
        EXPANSION("expansion");

        private final String word;

        Kind(String word) {
            this.word = word;
        }

        /** The word for it in the file and in messages. */
        String word() {
            return word;
        }
    }

    /**
     * One member.
     *
     * @param id         its stable id
     * @param kind       what it does
     * @param generation the membership that it joined with, 1 or more
     */
    record Member(NodeId id, Kind kind, int generation) {}

    /** More members than any installation has: what bounds the file and the work of one placement. */
    static final int MAX_MEMBERS = 1024;

    private static final String HEADER = "global-sessions members 1";
    private static final int MAX_FILE_BYTES = 128 * 1024;
    private static final Set<StandardOpenOption> CREATE_OPTIONS =
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING);

    private final Path file;
    private final List<Member> members = new ArrayList<>();
    private int generation = 1;
    private boolean used;

    private Membership(Path file) {
        this.file = file;
    }

    /**
     * Reads the list.
     *
     * @param file the file; where it is absent nobody has joined yet
     * @return the membership
     * @throws IOException where the file cannot be read, or is not what was written: names file, line and remedy
     */
    static Membership load(Path file) throws IOException {
        Membership membership = new Membership(file);
        if (Files.exists(file)) {
            membership.read();
        }
        return membership;
    }

    /** All members in the order in which they joined. */
    List<Member> members() {
        return List.copyOf(members);
    }

    /** The member of an id, or null. */
    Member find(NodeId id) {
        for (Member member : members) {
            if (member.id().equals(id)) {
                return member;
            }
        }
        return null;
    }

    /**
     * Takes a node in.
     *
     * @param id   the node's id
     * @param kind what it does
     * @return true if the membership changed, false if it is a member already
     * @throws IOException where it is a member of the other kind, the list is full, or the file cannot be written; nothing
     *                     has changed then
     */
    boolean join(NodeId id, Kind kind) throws IOException {
        Member known = find(id);
        if (known != null) {
            if (known.kind() != kind) {
                throw new IOException(
                        "node " + id + " is a member as " + known.kind().word() + " node and cannot join as "
                                + kind.word() + " node: give it a segment or node_id of its own");
            }
            return false;
        }
        if (members.size() >= MAX_MEMBERS) {
            throw new IOException("too many members: count=" + (members.size() + 1) + ", limit=" + MAX_MEMBERS);
        }
        int joinedIn = used ? generation + 1 : generation;
        members.add(new Member(id, kind, joinedIn));
        try {
            write(joinedIn, false);
        } catch (IOException e) {
            members.remove(members.size() - 1);
            throw e;
        }
        generation = joinedIn;
        used = false;
        return true;
    }

    /**
     * Notes that entries go out under the present membership. To be called before the first one does; costs a file only the
     * first time after a join.
     *
     * @throws IOException where the file cannot be written: the entry must not go out then
     */
    void use() throws IOException {
        if (!used) {
            write(generation, true);
            used = true;
        }
    }

    private void write(int newGeneration, boolean newUsed) throws IOException {
        StringBuilder text = new StringBuilder(HEADER).append('\n');
        text.append("generation ").append(newGeneration).append(newUsed ? " used\n" : " unused\n");
        for (Member member : members) {
            text.append(member.kind().word()).append(' ').append(member.id()).append(' ');
            text.append(member.generation()).append('\n');
        }
        byte[] body = text.toString().getBytes(StandardCharsets.US_ASCII);
        byte[] end = String.format("end %08x\n", crc(body, body.length)).getBytes(StandardCharsets.US_ASCII);
        Path temporary = file.resolveSibling(file.getFileName() + ".new");
        try (FileChannel channel = FileChannel.open(
                temporary,
                CREATE_OPTIONS,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            writeFully(channel, body);
            writeFully(channel, end);
            // The rename must not reach the disk before the bytes do.
            channel.force(true);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void writeFully(FileChannel channel, byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    private void read() throws IOException {
        if (Files.size(file) > MAX_FILE_BYTES) {
            throw damaged(1, "the file has " + Files.size(file) + " bytes, limit=" + MAX_FILE_BYTES);
        }
        byte[] bytes = Files.readAllBytes(file);
        String[] lines = new String(bytes, StandardCharsets.US_ASCII).split("\n", -1);
        if (!lines[0].equals(HEADER)) {
            throw damaged(1, "it does not begin with '" + HEADER + "'");
        }
        int last = lines.length - 2;
        if (last < 2 || !lines[last].startsWith("end ") || !lines[last + 1].isEmpty()) {
            throw damaged(lines.length, "it has no end line");
        }
        int bodyLength = bytes.length - lines[last].length() - 1;
        if (!lines[last].equals(String.format("end %08x", crc(bytes, bodyLength)))) {
            throw damaged(last + 1, "the checksum is not that of the lines above");
        }
        readGeneration(lines[1]);
        for (int i = 2; i < last; i++) {
            members.add(readMember(i + 1, lines[i]));
        }
    }

    private void readGeneration(String line) throws IOException {
        String[] words = line.split(" ", -1);
        boolean known = words.length == 3 && (words[2].equals("used") || words[2].equals("unused"));
        if (!known || !words[0].equals("generation")) {
            throw damaged(2, "it does not name the generation");
        }
        generation = readNumber(2, words[1]);
        used = words[2].equals("used");
    }

    private Member readMember(int line, String text) throws IOException {
        String[] words = text.split(" ", -1);
        if (words.length != 3) {
            throw damaged(line, "a member has " + words.length + " words instead of 3");
        }
        for (Kind kind : Kind.values()) {
            if (kind.word().equals(words[0])) {
                try {
                    return new Member(NodeId.parse(words[1]), kind, readNumber(line, words[2]));
                } catch (IllegalArgumentException e) {
                    throw damaged(line, e.getMessage());
                }
            }
        }
        throw damaged(line, "'" + words[0] + "' is not a kind of node");
    }

    private int readNumber(int line, String text) throws IOException {
        try {
            int number = Integer.parseInt(text);
            if (number > 0) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw damaged(line, "'" + text + "' is not a number");
        }
        throw damaged(line, "a generation is below 1");
    }

    private IOException damaged(int line, String what) {
        return new IOException("the list of members is damaged: " + file + ", line " + line + ": " + what
                + ". It says which relief nodes may hold sessions; put back a copy, or remove the file once all of them are"
                + " connected to this sibling again");
    }

    private static int crc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }
}
