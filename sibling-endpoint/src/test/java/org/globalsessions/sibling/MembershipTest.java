package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.sibling.Membership.Member;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MembershipTest {
    private static final NodeId FIRST = new NodeId(0x0123456789abcdefL, -1);
    private static final NodeId SECOND = new NodeId(Long.MIN_VALUE, 0);

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void nameFile() {
        file = folder.resolve("x.segment.members");
    }

    @Test
    void shouldHaveNoMembersWhenTheFileIsAbsent() throws IOException {
        assertThat(Membership.load(file).members()).isEmpty();
        assertThat(file).doesNotExist();
    }

    @Test
    void shouldKnowMembersInOrderWhenReadAgain() throws IOException {
        Membership membership = Membership.load(file);
        assertThat(membership.join(SECOND, Kind.EXPANSION)).isTrue();
        assertThat(membership.join(FIRST, Kind.AGING)).isTrue();
        assertThat(membership.join(FIRST, Kind.AGING)).isFalse();

        assertThat(Membership.load(file).members())
                .containsExactly(new Member(SECOND, Kind.EXPANSION, 1), new Member(FIRST, Kind.AGING, 1));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void shouldBeginAGenerationOnlyWhenEntriesWentOutBefore() throws IOException {
        Membership membership = Membership.load(file);
        membership.join(FIRST, Kind.AGING);
        membership.use();
        membership.use();
        Membership again = Membership.load(file);
        again.join(SECOND, Kind.AGING);
        again.join(new NodeId(7, 7), Kind.AGING);

        assertThat(Membership.load(file).members())
                .extracting(Member::generation)
                .containsExactly(1, 2, 2);
    }

    @Test
    void shouldRefuseANodeWhenItsKindHasChanged() throws IOException {
        Membership membership = Membership.load(file);
        membership.join(FIRST, Kind.AGING);

        assertThatThrownBy(() -> membership.join(FIRST, Kind.EXPANSION))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("is a member as aging node and cannot join as expansion node");
        assertThat(Membership.load(file).members()).containsExactly(new Member(FIRST, Kind.AGING, 1));
    }

    @Test
    void shouldRefuseToStartWhenTheFileIsTornAnywhere() throws IOException {
        Membership membership = Membership.load(file);
        membership.join(FIRST, Kind.AGING);
        membership.join(SECOND, Kind.EXPANSION);
        byte[] whole = Files.readAllBytes(file);

        for (int length = 0; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> Membership.load(file))
                    .as("cut to %d of %d bytes", length, whole.length)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("the list of members is damaged: " + file);
        }
    }

    @Test
    void shouldRefuseToStartWhenAnyByteHasChanged() throws IOException {
        Membership membership = Membership.load(file);
        membership.join(FIRST, Kind.AGING);
        byte[] whole = Files.readAllBytes(file);

        for (int i = 0; i < whole.length; i++) {
            byte[] changed = whole.clone();
            changed[i] ^= 1;
            Files.write(file, changed);
            assertThatThrownBy(() -> Membership.load(file)).as("byte %d", i).isInstanceOf(IOException.class);
        }
    }

    @Test
    void shouldKeepTheOldListWhenItDiedBeforeTheRename() throws IOException {
        Membership.load(file).join(FIRST, Kind.AGING);
        Files.writeString(folder.resolve("x.segment.members.new"), "global-sessions mem");

        Membership membership = Membership.load(file);
        assertThat(membership.members()).hasSize(1);
        assertThat(membership.join(SECOND, Kind.AGING)).isTrue();
        assertThat(Membership.load(file).members()).hasSize(2);
    }

    @Test
    void shouldChangeNothingWhenTheFileCannotBeWritten() throws IOException {
        Membership membership = Membership.load(folder.resolve("absent").resolve("x.members"));

        assertThatThrownBy(() -> membership.join(FIRST, Kind.AGING)).isInstanceOf(IOException.class);
        assertThat(membership.members()).isEmpty();
        assertThatThrownBy(membership::use).isInstanceOf(IOException.class);
    }
}
