package org.globalsessions.sibling;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * What the list of relief nodes beside a relay's segment says, for tools. The sibling alone changes it.
 *
 * @param members those that have ever joined, in the order in which they did; those that are gone may be last
 * @param rings   by how many rings sessions are looked for
 */
public record MemberList(List<Member> members, int rings) {
    /**
     * One relief node.
     *
     * @param id      its id, 32 hexadecimal digits
     * @param kind    {@code aging} or {@code expansion}
     * @param state   {@code present}, {@code away}, {@code draining} or {@code gone}
     * @param weight  its share beside the other nodes' weights
     * @param machine names its machine; empty where nothing does
     * @param sinceMs since when it is in that state, milliseconds since 1970
     */
    public record Member(String id, String kind, String state, double weight, String machine, long sinceMs) {}

    /**
     * Where the list of a segment is.
     *
     * @param segment the relay's segment file
     * @return the list's file
     */
    public static Path fileOf(Path segment) {
        return segment.resolveSibling(segment.getFileName() + ".members");
    }

    /**
     * Reads a list.
     *
     * @param segment the relay's segment file
     * @return what it says; empty where nobody has joined yet
     * @throws IOException where it cannot be read, or is not what a sibling wrote
     */
    public static MemberList read(Path segment) throws IOException {
        MembershipFile.Content content = MembershipFile.read(fileOf(segment), new Replicas(1, 1), 0);
        return new MemberList(
                content.members().stream().map(MemberList::told).toList(),
                content.used().size());
    }

    private static Member told(Membership.Member member) {
        return new Member(
                member.id().toString(),
                member.kind().word(),
                member.state().name().toLowerCase(Locale.ROOT),
                member.seat().weight() / 100.0,
                member.seat().machine(),
                member.sinceMs());
    }
}
