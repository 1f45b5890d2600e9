package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.sibling.Membership.Member;
import org.globalsessions.sibling.Membership.State;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MembershipTest {
    private static final NodeId FIRST = new NodeId(0x0123456789abcdefL, -1);
    private static final NodeId SECOND = new NodeId(Long.MIN_VALUE, 0);

    private static final NodeId THIRD = new NodeId(7, 7);
    private static final Replicas ONE_EACH = new Replicas(1, 1);

    @TempDir
    private Path folder;

    private long nowMs = 7;

    private Path file;

    @BeforeEach
    void nameFile() {
        file = folder.resolve("x.segment.members");
    }

    private Membership load() throws IOException {
        return Membership.load(file, ONE_EACH, () -> nowMs);
    }

    private static Seat seat(NodeId id) {
        return new Seat(id, 100, "");
    }

    @Test
    void shouldHaveNoMembersWhenTheFileIsAbsent() throws IOException {
        assertThat(load().members()).isEmpty();
        assertThat(file).doesNotExist();
    }

    @Test
    void shouldKnowMembersInOrderWhenReadAgain() throws IOException {
        Membership membership = load();
        Seat heavy = new Seat(SECOND, 10_000, "rack-7/m3");
        membership.join(heavy, Kind.EXPANSION);
        membership.join(seat(FIRST), Kind.AGING);
        nowMs = 99;
        membership.join(seat(FIRST), Kind.AGING);
        membership.away(SECOND);

        assertThat(load().members())
                .isEqualTo(membership.members())
                .containsExactly(
                        new Member(heavy, Kind.EXPANSION, State.AWAY, 99),
                        new Member(seat(FIRST), Kind.AGING, State.PRESENT, 7));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void shouldListARingOnceEntriesWentOutUnderIt() throws IOException {
        Membership membership = load();
        membership.join(seat(FIRST), Kind.AGING);
        membership.join(seat(SECOND), Kind.AGING);
        assertThat(load().used()).isEmpty();
        Ring both = membership.ring(Kind.AGING);
        assertThat(membership.use(both)).isTrue();
        assertThat(membership.use(both)).isTrue();
        Ring standIn = both.only(SECOND::equals);
        membership.use(standIn);
        membership.join(new Seat(FIRST, 250, "m1"), Kind.AGING);
        membership.join(seat(THIRD), Kind.AGING);

        Membership again = load();
        assertThat(again.used()).containsExactly(both, standIn);
        assertThat(again.ring(Kind.AGING))
                .isEqualTo(new Ring(Kind.AGING, 1, List.of(new Seat(FIRST, 250, "m1"), seat(SECOND), seat(THIRD))));
        assertThat(again.ring(Kind.EXPANSION).isEmpty()).isTrue();

        again.transferred(List.of(standIn));
        assertThat(load().used()).containsExactly(both);
    }

    @Test
    void shouldTakeAnotherNumberOfReplicasForAnotherRing() throws IOException {
        Membership membership = Membership.load(file, new Replicas(2, 3), () -> nowMs);
        membership.join(seat(FIRST), Kind.AGING);
        membership.use(membership.ring(Kind.AGING));

        Membership again = load();
        assertThat(again.ring(Kind.AGING).replicas()).isEqualTo(1);
        assertThat(again.used()).extracting(Ring::replicas).containsExactly(2);
    }

    @Test
    void shouldListNoMoreRingsThanThereIsRoomFor() throws IOException {
        Membership membership = load();
        for (int i = 0; i < 11; i++) {
            membership.join(seat(new NodeId(1, i)), Kind.AGING);
        }
        Ring all = membership.ring(Kind.AGING);
        for (int i = 1; i <= Membership.MAX_RINGS; i++) {
            int subset = i;
            assertThat(membership.use(all.only(id -> (subset >> id.low() & 1) != 0)))
                    .isTrue();
        }
        assertThat(membership.use(all)).isFalse();
        assertThat(load().used()).isEqualTo(membership.used()).hasSize(Membership.MAX_RINGS);
    }

    @Test
    void shouldBeGoneOnceWhatADrainingMemberHeldIsTransferred() throws IOException {
        Membership membership = load();
        membership.join(seat(FIRST), Kind.AGING);
        membership.join(seat(SECOND), Kind.AGING);
        Ring both = membership.ring(Kind.AGING);
        membership.use(both);
        membership.drain(FIRST);
        membership.join(seat(FIRST), Kind.AGING);

        Membership again = load();
        assertThat(again.find(FIRST).state()).isEqualTo(State.DRAINING);
        assertThat(again.ring(Kind.AGING)).isEqualTo(both.only(SECOND::equals));
        again.transferred(List.of(both));
        assertThat(load().find(FIRST).state()).isEqualTo(State.GONE);
    }

    @Test
    void shouldBeInNoRingAndStayAwayWhenForgotten() throws IOException {
        Membership membership = load();
        membership.join(seat(FIRST), Kind.AGING);
        membership.join(seat(SECOND), Kind.AGING);
        Ring both = membership.ring(Kind.AGING);
        membership.use(both);
        membership.use(both.only(FIRST::equals));
        membership.forget(FIRST);

        Membership again = load();
        assertThat(again.find(FIRST).state()).isEqualTo(State.GONE);
        assertThat(again.used()).containsExactly(both.only(SECOND::equals));
        assertThatThrownBy(() -> again.join(seat(FIRST), Kind.AGING))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("has left");
    }

    /** As where relief nodes come and go with the traffic, each with an id of its own. */
    @Test
    void shouldTakeNewMembersWhenMoreHaveGoneThanThereMayBeAtATime() throws IOException {
        Membership membership = load();
        membership.join(seat(FIRST), Kind.AGING);
        StringBuilder lines = new StringBuilder();
        for (int i = 1; i < Membership.MAX_GONE; i++) {
            lines.append("gone expansion ").append(new NodeId(9, i)).append(" 100 5\n");
        }
        write("global-sessions members 3\nmember aging " + FIRST + " 100 present 7\n" + lines);
        Membership again = load();
        assertThat(again.members()).hasSize(Membership.MAX_GONE);
        assertThatThrownBy(() -> again.join(seat(new NodeId(9, 3)), Kind.EXPANSION))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("has left");
        assertThatThrownBy(() -> again.join(seat(SECOND), Kind.EXPANSION))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("too many members have gone: count=16383, limit=16384");

        write("global-sessions members 3\nmember aging " + FIRST + " 100 present 7\n"
                + lines.substring(lines.indexOf("\n") + 1));
        Membership fewer = load();
        fewer.join(seat(SECOND), Kind.EXPANSION);
        fewer.use(fewer.ring(Kind.EXPANSION));
        fewer.forget(SECOND);
        assertThat(load().members()).hasSize(Membership.MAX_GONE).containsExactlyInAnyOrderElementsOf(fewer.members());
        assertThat(load().find(SECOND).state()).isEqualTo(State.GONE);
    }

    @Test
    void shouldTakeNoMoreMembersAtATimeThanThereMayBe() throws IOException {
        StringBuilder lines = new StringBuilder("global-sessions members 3\n");
        for (int i = 1; i < Membership.MAX_MEMBERS; i++) {
            lines.append("member expansion ").append(new NodeId(9, i)).append(" 100 present 5\n");
        }
        write(lines + "gone aging " + FIRST + " 100 5 m1\n");
        Membership membership = load();
        membership.join(seat(SECOND), Kind.AGING);
        assertThatThrownBy(() -> membership.join(seat(THIRD), Kind.AGING))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("too many members: count=1025, limit=1024");
        membership.forget(new NodeId(9, 9));
        membership.join(seat(THIRD), Kind.AGING);
    }

    private void write(String body) throws IOException {
        CRC32C crc = new CRC32C();
        crc.update(body.getBytes(StandardCharsets.US_ASCII));
        Files.writeString(file, body + String.format("end %08x\n", (int) crc.getValue()));
    }

    @Test
    void shouldReadTheSecondVersionOfTheFile() throws IOException {
        write("global-sessions members 2\nmember aging " + FIRST + " 100 gone 5\nmember aging " + SECOND
                + " 100 present 6\nmember aging " + THIRD + " 250 away 7 m1\nring aging 1 6\n");
        Membership membership = load();
        assertThat(membership.used())
                .containsExactly(new Ring(Kind.AGING, 1, List.of(seat(SECOND), new Seat(THIRD, 250, "m1"))));
        membership.away(SECOND);
        Membership again = load();
        assertThat(again.used()).isEqualTo(membership.used());
        assertThat(again.members())
                .containsExactly(
                        new Member(seat(SECOND), Kind.AGING, State.AWAY, 7),
                        new Member(new Seat(THIRD, 250, "m1"), Kind.AGING, State.AWAY, 7),
                        new Member(seat(FIRST), Kind.AGING, State.GONE, 5));
    }

    /** A machine had both copies where there was no other one: either node may have what it was given then. */
    @Test
    void shouldCountOnBothNodesOfAMachineWhenTheSecondVersionOfTheFileHasOnlyThese() throws IOException {
        write("global-sessions members 2\nmember aging " + FIRST + " 100 present 5 m1\nmember aging " + SECOND
                + " 100 present 6 m1\nring aging 2 3\n");
        Membership membership = Membership.load(file, new Replicas(2, 2), () -> nowMs);
        Placement placement = new Placement(membership, id -> true);
        placement.place(1);
        assertThat(List.of(placement.mayHold(0), placement.mayHold(1))).containsOnly(true);
        assertThat(placement.takes(0)).isNotEqualTo(placement.takes(1));
        membership.use(membership.ring(Kind.AGING));
        assertThat(load().used())
                .containsExactly(
                        new Ring(Kind.AGING, 2, List.of(seat(FIRST), seat(SECOND))), membership.ring(Kind.AGING));
    }

    @Test
    void shouldReadTheFirstVersionOfTheFile() throws IOException {
        write("global-sessions members 1\ngeneration 3 unused\naging " + FIRST + " 1\nexpansion " + SECOND
                + " 1\naging " + THIRD + " 2\naging " + new NodeId(4, 4) + " 3\n");

        Membership membership = load();
        assertThat(membership.members())
                .extracting(Member::seat)
                .containsExactly(seat(FIRST), seat(SECOND), seat(THIRD), seat(new NodeId(4, 4)));
        assertThat(membership.members()).extracting(Member::state).containsOnly(State.PRESENT);
        assertThat(membership.used())
                .containsExactlyInAnyOrder(
                        new Ring(Kind.AGING, 1, List.of(seat(FIRST))),
                        new Ring(Kind.EXPANSION, 1, List.of(seat(SECOND))),
                        new Ring(Kind.AGING, 1, List.of(seat(FIRST), seat(THIRD))));

        membership.away(FIRST);
        assertThat(load().used()).isEqualTo(membership.used());
    }

    @Test
    void shouldRefuseANodeWhenItsKindHasChanged() throws IOException {
        Membership membership = load();
        membership.join(seat(FIRST), Kind.AGING);

        assertThatThrownBy(() -> membership.join(seat(FIRST), Kind.EXPANSION))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("is a member as aging node and cannot join as expansion node");
        assertThat(load().members()).extracting(Member::kind).containsExactly(Kind.AGING);
    }

    @Test
    void shouldRefuseToStartWhenTheFileIsTornAnywhere() throws IOException {
        Membership membership = load();
        membership.join(new Seat(FIRST, 1, "m1"), Kind.AGING);
        membership.use(membership.ring(Kind.AGING));
        membership.join(seat(FIRST), Kind.AGING);
        byte[] whole = Files.readAllBytes(file);

        for (int length = 0; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> load())
                    .as("cut to %d of %d bytes", length, whole.length)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("the list of members is damaged: " + file);
        }
    }

    @Test
    void shouldRefuseToStartWhenAnyByteHasChanged() throws IOException {
        Membership membership = load();
        membership.join(seat(FIRST), Kind.AGING);
        membership.use(membership.ring(Kind.AGING));
        byte[] whole = Files.readAllBytes(file);

        for (int i = 0; i < whole.length; i++) {
            byte[] changed = whole.clone();
            changed[i] ^= 1;
            Files.write(file, changed);
            assertThatThrownBy(() -> load()).as("byte %d", i).isInstanceOf(IOException.class);
        }
    }

    @Test
    void shouldKeepTheOldListWhenItDiedBeforeTheRename() throws IOException {
        load().join(seat(FIRST), Kind.AGING);
        Files.writeString(folder.resolve("x.segment.members.new"), "global-sessions mem");

        Membership membership = load();
        assertThat(membership.members()).hasSize(1);
        membership.join(seat(SECOND), Kind.AGING);
        assertThat(load().members()).hasSize(2);
    }

    @Test
    void shouldChangeNothingWhenTheFileCannotBeWritten() throws IOException {
        load().join(seat(FIRST), Kind.AGING);
        Membership membership = load();
        List<Member> before = membership.members();
        Ring ring = membership.ring(Kind.AGING);
        Files.createDirectories(folder.resolve("x.segment.members.new").resolve("in the way"));

        assertThatThrownBy(() -> membership.join(seat(SECOND), Kind.AGING)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> membership.use(ring)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> membership.drain(FIRST)).isInstanceOf(IOException.class);
        assertThat(membership.members()).isEqualTo(before);
        assertThat(membership.used()).isEmpty();
    }
}
