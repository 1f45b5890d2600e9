package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.sibling.Membership.Member;
import org.junit.jupiter.api.Test;

class PlacementTest {
    private static final int KEYS = 2_000;

    private final SplittableRandom random = new SplittableRandom(4711);

    @Test
    void shouldPlaceNothingWhenThereAreNoMembers() {
        Placement placement = new Placement(List.of(), 1);
        placement.place(42);
        assertThat(placement.has(Kind.AGING)).isFalse();
        assertThat(placement.members()).isEmpty();
    }

    @Test
    void shouldNameAsManyOwnersOfEachKindAsReplicas() {
        List<Member> members =
                members(Kind.AGING, 1, Kind.AGING, 1, Kind.AGING, 1, Kind.EXPANSION, 1, Kind.EXPANSION, 1);
        Placement placement = new Placement(members, 2);
        for (int i = 0; i < KEYS; i++) {
            placement.place(random.nextLong());
            assertThat(owners(placement, Kind.AGING)).hasSize(2);
            assertThat(owners(placement, Kind.EXPANSION)).containsExactly(3, 4);
        }
    }

    @Test
    void shouldHoldOnlyAtOwnersWhenAllJoinedInOneGeneration() {
        Placement placement = new Placement(members(Kind.AGING, 1, Kind.AGING, 1, Kind.AGING, 1), 1);
        int[] owned = new int[3];
        for (int i = 0; i < KEYS; i++) {
            placement.place(random.nextLong());
            for (int member = 0; member < 3; member++) {
                assertThat(placement.mayHold(member)).isEqualTo(placement.owns(member));
                owned[member] += placement.owns(member) ? 1 : 0;
            }
        }
        assertThat(owned[0] + owned[1] + owned[2]).isEqualTo(KEYS);
        assertThat(owned[0]).isBetween(KEYS / 5, KEYS / 2);
        assertThat(owned[1]).isBetween(KEYS / 5, KEYS / 2);
    }

    @Test
    void shouldRememberEarlierOwnersWhenOthersHaveJoined() {
        List<Member> members = members(Kind.AGING, 1, Kind.AGING, 1, Kind.AGING, 2, Kind.AGING, 3);
        Placement before = new Placement(members.subList(0, 2), 1);
        Placement then = new Placement(members.subList(0, 3), 1);
        Placement now = new Placement(members, 1);
        for (int i = 0; i < KEYS; i++) {
            long digest = random.nextLong();
            before.place(digest);
            then.place(digest);
            now.place(digest);
            assertThat(owners(now, Kind.AGING)).hasSize(1);
            for (int member = 0; member < 4; member++) {
                boolean everOwned =
                        now.owns(member) || (member < 3 && then.owns(member)) || (member < 2 && before.owns(member));
                assertThat(now.mayHold(member)).isEqualTo(everOwned);
            }
        }
    }

    @Test
    void shouldKeepTheGenerationsOfAKindWhenOnlyTheOtherKindGrew() {
        Placement placement = new Placement(members(Kind.AGING, 1, Kind.EXPANSION, 2), 1);
        placement.place(5);
        assertThat(placement.owns(0)).isTrue();
        assertThat(placement.owns(1)).isTrue();
    }

    private static List<Integer> owners(Placement placement, Kind kind) {
        List<Integer> owners = new ArrayList<>();
        for (int i = 0; i < placement.members().size(); i++) {
            if (placement.owns(i) && placement.members().get(i).kind() == kind) {
                owners.add(i);
            }
        }
        return owners;
    }

    private List<Member> members(Object... kindsAndGenerations) {
        List<Member> members = new ArrayList<>();
        for (int i = 0; i < kindsAndGenerations.length; i += 2) {
            NodeId id = new NodeId(random.nextLong(), random.nextLong());
            members.add(new Member(id, (Kind) kindsAndGenerations[i], (int) kindsAndGenerations[i + 1]));
        }
        return members;
    }
}
