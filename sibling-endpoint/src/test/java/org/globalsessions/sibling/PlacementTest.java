package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import org.globalsessions.sibling.Membership.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlacementTest {
    private static final int KEYS = 2_000;

    @TempDir
    private Path folder;

    private final SplittableRandom random = new SplittableRandom(4711);
    private Membership membership;

    @Test
    void shouldPlaceNothingWhenThereAreNoMembers() throws IOException {
        Placement placement = members(1);
        placement.place(42);
        assertThat(placement.has(Kind.AGING)).isFalse();
        assertThat(placement.members()).isEmpty();
    }

    @Test
    void shouldNameAsManyOwnersOfEachKindAsReplicas() throws IOException {
        Placement placement = members(2, Kind.AGING, Kind.AGING, Kind.AGING, Kind.EXPANSION, Kind.EXPANSION);
        for (int i = 0; i < KEYS; i++) {
            placement.place(random.nextLong());
            assertThat(owners(placement, Kind.AGING)).hasSize(2);
            assertThat(owners(placement, Kind.EXPANSION)).containsExactly(3, 4);
        }
    }

    @Test
    void shouldHoldOnlyAtOwnersWhenEntriesWentOutUnderOneRing() throws IOException {
        members(1, Kind.AGING, Kind.AGING, Kind.AGING);
        Placement placement = afterUse(id -> true);
        int[] owned = new int[3];
        for (int i = 0; i < KEYS; i++) {
            placement.place(random.nextLong());
            for (int member = 0; member < 3; member++) {
                assertThat(placement.mayHold(member)).isEqualTo(placement.takes(member));
                owned[member] += placement.takes(member) ? 1 : 0;
            }
        }
        assertThat(owned[0] + owned[1] + owned[2]).isEqualTo(KEYS);
        assertThat(owned[0]).isBetween(KEYS / 5, KEYS / 2);
        assertThat(owned[1]).isBetween(KEYS / 5, KEYS / 2);
    }

    @Test
    void shouldRememberEarlierOwnersWhenOthersHaveJoined() throws IOException {
        members(1, Kind.AGING, Kind.AGING);
        Placement before = afterUse(id -> true);
        join(Kind.AGING);
        Placement then = afterUse(id -> true);
        join(Kind.AGING);
        Placement now = new Placement(membership, id -> true);
        for (int i = 0; i < KEYS; i++) {
            long digest = random.nextLong();
            before.place(digest);
            then.place(digest);
            now.place(digest);
            assertThat(owners(now, Kind.AGING)).hasSize(1);
            for (int member = 0; member < 4; member++) {
                boolean everOwned =
                        now.takes(member) || (member < 3 && then.takes(member)) || (member < 2 && before.takes(member));
                assertThat(now.mayHold(member)).isEqualTo(everOwned);
            }
        }
    }

    @Test
    void shouldGiveChangesToTheNextBestWhenAnOwnerIsAway() throws IOException {
        Placement all = members(2, Kind.AGING, Kind.AGING, Kind.AGING, Kind.AGING);
        Placement withoutFirst = new Placement(membership, id -> id.low() != 0);
        int stoodIn = 0;
        for (int i = 0; i < KEYS; i++) {
            long digest = random.nextLong();
            all.place(digest);
            withoutFirst.place(digest);
            List<Integer> owners = owners(all, Kind.AGING);
            List<Integer> effective = owners(withoutFirst, Kind.AGING);
            assertThat(effective).hasSize(2).doesNotContain(0);
            if (owners.contains(0)) {
                stoodIn++;
                assertThat(effective).containsAll(owners.subList(1, 2));
                assertThat(withoutFirst.mayHold(0)).isTrue();
            } else {
                assertThat(effective).isEqualTo(owners);
            }
        }
        assertThat(stoodIn).isBetween(KEYS * 2 / 5, KEYS * 3 / 5);
    }

    @Test
    void shouldHaveOwnersEnoughOnlyWhenSomebodyCanStandIn() throws IOException {
        members(2, Kind.AGING, Kind.AGING, Kind.AGING);
        assertThat(new Placement(membership, id -> id.low() != 0).hasOwnersEnough(Kind.AGING))
                .isTrue();
        assertThat(new Placement(membership, id -> id.low() == 0).hasOwnersEnough(Kind.AGING))
                .isFalse();
        assertThat(new Placement(membership, id -> true).hasOwnersEnough(Kind.EXPANSION))
                .isFalse();
    }

    @Test
    void shouldTakeAMachineIntoAccountWhenTwoMembersAreOnIt() throws IOException {
        members(2);
        for (int i = 0; i < 4; i++) {
            membership.join(new Seat(new NodeId(1, i), 100 + i, "m" + i / 2), Kind.AGING);
        }
        Placement placement = new Placement(membership, id -> true);
        for (int i = 0; i < KEYS; i++) {
            placement.place(random.nextLong());
            List<Integer> owners = owners(placement, Kind.AGING);
            assertThat(owners.get(0)).isLessThan(2);
            assertThat(owners.get(1)).isGreaterThanOrEqualTo(2);
        }
    }

    /** The two that are there share a machine: with that both copies would be lost. */
    @Test
    void shouldNotHaveOwnersEnoughWhenNodesOfOneMachineAloneAreThere() throws IOException {
        members(2);
        for (int i = 0; i < 2; i++) {
            membership.join(new Seat(new NodeId(1, i), 100, "m1"), Kind.AGING);
        }
        Placement alone = new Placement(membership, id -> true);
        alone.place(random.nextLong());
        assertThat(owners(alone, Kind.AGING)).hasSize(1);
        assertThat(alone.hasOwnersEnough(Kind.AGING))
                .as("no other machine has ever joined")
                .isTrue();

        membership.join(new Seat(new NodeId(1, 2), 100, "m2"), Kind.AGING);
        assertThat(new Placement(membership, id -> true).hasOwnersEnough(Kind.AGING))
                .isTrue();
        assertThat(new Placement(membership, id -> id.low() != 1).hasOwnersEnough(Kind.AGING))
                .as("another node of the machine stands in")
                .isTrue();
        assertThat(new Placement(membership, id -> id.low() != 2).hasOwnersEnough(Kind.AGING))
                .as("the other machine is away")
                .isFalse();
    }

    @Test
    void shouldTakeTheWordOfAllOwnersInEachRing() throws IOException {
        members(2, Kind.AGING, Kind.AGING, Kind.EXPANSION);
        Placement placement = new Placement(membership, id -> true);
        IntPredicate everybody = member -> true;
        assertThat(placement.isDenied(1, everybody, everybody)).isTrue();
        assertThat(placement.isDenied(1, member -> member != 1, everybody)).isFalse();
        assertThat(placement.isDenied(1, member -> member != 2, everybody)).isFalse();
        // The aging nodes are two owners, the expansion node is the only one.
        assertThat(placement.isDenied(1, everybody, member -> member != 1)).isTrue();
        assertThat(placement.isDenied(1, everybody, member -> member == 2)).isFalse();
        assertThat(placement.isDenied(1, everybody, member -> member != 2)).isFalse();
    }

    private static List<Integer> owners(Placement placement, Kind kind) {
        List<Integer> owners = new ArrayList<>();
        for (int i = 0; i < placement.members().size(); i++) {
            if (placement.takes(i) && placement.members().get(i).kind() == kind) {
                owners.add(i);
            }
        }
        return owners;
    }

    private Placement members(int replicas, Kind... kinds) throws IOException {
        membership = Membership.load(folder.resolve("members"), new Replicas(replicas, replicas), () -> 1);
        for (Kind kind : kinds) {
            join(kind);
        }
        return new Placement(membership, id -> true);
    }

    private void join(Kind kind) throws IOException {
        NodeId id = new NodeId(random.nextLong(), membership.members().size());
        membership.join(new Seat(id, 100, ""), kind);
    }

    private Placement afterUse(Predicate<NodeId> isThere) throws IOException {
        membership.use(membership.ring(Kind.AGING).only(isThere));
        return new Placement(membership, isThere);
    }
}
