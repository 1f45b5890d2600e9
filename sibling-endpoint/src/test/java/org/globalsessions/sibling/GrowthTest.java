package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.globalsessions.sibling.Entries.entry;
import static org.globalsessions.sibling.Entries.key;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameType;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * How many frames a set, a hand-off, a get and a delete take, and how many sessions a join moves, with few relief nodes and with many: the sibling's own classes, and nodes
 * that are played. The row that each run prints is the one of docs/performance.md.
 */
class GrowthTest extends PlayedTierTest {
    private static final Path DOCUMENT = Path.of("../docs/performance.md");
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final int SESSIONS = 2_000;

    /** Keys that are placed without being stored, for a share that chance does not blur. */
    private static final int PLACED = 40_000;

    /** Operations of each sort that are counted. */
    private static final int COUNTED = 50;

    /** Standard deviations that chance is given: less than one in a million runs is further off, and ids and keys are fixed. */
    private static final double TOLERANCE = 5;

    @ParameterizedTest
    @CsvSource({"10, 1", "10, 2", "100, 2", "1000, 2"})
    void shouldTakeAsManyFramesAndMoveItsShareAloneWhenThereAreMoreNodes(int count, int replicas) throws IOException {
        start(count, replicas);
        for (int i = 0; i < SESSIONS; i++) {
            accepted(handOff("key " + i));
        }
        accepted(set("first"));

        double set = frames(i -> accepted(set("new " + i)));
        double handOff = frames(i -> accepted(handOff("key " + i)));
        double get = frames(i -> assertThat(get("key " + i)).matches(Status::isFound));
        double missing = frames(i -> assertThat(get("nobody's " + i)).isEqualTo(Status.MISSING));
        double delete = frames(i -> accepted(delete("nobody's " + i)));
        assertThat(set)
                .as("its expansion owners get it, its aging owners that older ones are void")
                .isEqualTo(2 * replicas);
        assertThat(handOff).as("its aging owners get it").isEqualTo(replicas);
        assertThat(get).as("its owners of both kinds are asked").isEqualTo(2 * replicas);
        assertThat(missing).as("nobody has it once all have said so").isEqualTo(count);
        assertThat(delete).as("all that are connected get it").isEqualTo(count);

        List<BitSet> before = owners();
        PlayedNode newcomer = join(count + 1, Kind.AGING);
        double share = movedShare(before, count, replicas);
        double meanwhile = frames(i -> assertThat(get("key " + i)).matches(Status::isFound));
        assertThat(meanwhile).as("owners before and after the join").isBetween(get, get + replicas);

        long handedOff = backups();
        settle();
        assertEachIsAtItsOwnersAlone();
        long copies = backups() - handedOff;
        assertThat(copies)
                .as(
                        "each session that moves is sent to its owners by the node that it leaves, and to the newcomer by its other owners")
                .isBetween((long) newcomer.size(), (2L * replicas - 1) * newcomer.size());

        String row = String.format(
                Locale.ROOT,
                "| %,d | %d | %.0f | %.0f | %.0f | %,.0f | %,.0f | %.3f %% | %.3f %% |",
                count,
                replicas,
                set,
                handOff,
                get,
                missing,
                delete,
                100 * share,
                100.0 / (count / 2 + 1));
        System.out.println(row);
        assertThat(Files.readString(DOCUMENT)).contains(row);
    }

    /** Half of them aging, half expansion, all connected. */
    private void start(int count, int replicas) throws IOException {
        begin(replicas, TIMEOUT);
        new Refill(segment, scheduler, new RefillPace(1_000_000), router.tier(), Kind.AGING, Duration.ofMinutes(5));
        for (int i = 1; i <= count; i++) {
            join(i, i % 2 == 0 ? Kind.AGING : Kind.EXPANSION);
        }
    }

    private interface Operation {
        void run(int number);
    }

    /** How many frames relief nodes get for each of some operations; the relay sends one after the other. */
    private double frames(Operation operation) {
        long before = taken();
        for (int i = 0; i < COUNTED; i++) {
            operation.run(i);
        }
        return (double) (taken() - before) / COUNTED;
    }

    private long taken() {
        return nodes.stream().mapToLong(PlayedNode::taken).sum();
    }

    private long backups() {
        return nodes.stream()
                .mapToLong(node -> node.taken(FrameType.SESSION_BACKUP))
                .sum();
    }

    private Frame set(String key) {
        return let(id -> new SessionFrame(id, Acknowledgement.RELAY, 0, 0, Version.NONE, entry(key, 10)));
    }

    private Frame handOff(String key) {
        return let(id -> new SessionBackupFrame(id, entry(key, 10)));
    }

    private Status get(String key) {
        return ((SessionKnownFrame) let(id -> new NeedSessionFrame(id, key(key)))).status();
    }

    private Frame delete(String key) {
        return let(id ->
                new DeleteFrame(id, Acknowledgement.RELIEF, segment.encode(key).digest(), new Version(20, 7)));
    }

    private static void accepted(Frame answer) {
        assertThat(answer).isNotInstanceOf(ErrorFrame.class);
    }

    /** Lets time pass until nobody has asked anything for longer than a round waits for its beginning. */
    private void settle() {
        Duration step = Refill.FIRST_PAUSE.dividedBy(100);
        for (int quiet = 0; quiet < 300; quiet++) {
            scheduler.pass(step);
            if (answerAll()) {
                quiet = 0;
            }
        }
    }

    /** For each of many keys the members that get its changes. */
    private List<BitSet> owners() {
        Placement placement = new Placement(membership, id -> true);
        List<BitSet> owners = new ArrayList<>(PLACED);
        for (int i = 0; i < PLACED; i++) {
            placement.place(segment.encode("placed " + i).digest().low());
            BitSet takers = new BitSet();
            for (int member = 0; member < placement.members().size(); member++) {
                takers.set(member, placement.takes(member));
            }
            owners.add(takers);
        }
        return owners;
    }

    /**
     * The share of all copies at aging nodes that is at the newcomer; nothing else may have moved.
     *
     * @param count    nodes before it joined
     * @param replicas copies of each key
     */
    private double movedShare(List<BitSet> before, int count, int replicas) {
        List<BitSet> after = owners();
        long moved = 0;
        for (int i = 0; i < PLACED; i++) {
            BitSet gained = (BitSet) after.get(i).clone();
            gained.andNot(before.get(i));
            BitSet lost = (BitSet) before.get(i).clone();
            lost.andNot(after.get(i));
            assertThat(lost.cardinality()).isEqualTo(gained.cardinality()).isLessThanOrEqualTo(1);
            assertThat(gained.isEmpty() || gained.get(count))
                    .as("the newcomer alone gains")
                    .isTrue();
            moved += gained.cardinality();
        }
        double copies = (double) PLACED * replicas;
        double expected = 1.0 / (count / 2 + 1);
        double deviation = Math.sqrt(copies * expected * (1 - expected));
        assertThat((double) moved)
                .isBetween(copies * expected - TOLERANCE * deviation, copies * expected + TOLERANCE * deviation);
        return moved / copies;
    }

    /** Each session that was handed off is at those aging nodes that should have it, and at no other one. */
    private void assertEachIsAtItsOwnersAlone() {
        Placement placement = new Placement(membership, id -> true);
        for (int i = 0; i < SESSIONS; i++) {
            String key = "key " + i;
            placement.place(segment.encode(key).digest().low());
            for (int member = 0; member < nodes.size(); member++) {
                boolean shouldHave = placement.members().get(member).kind() == Kind.AGING && placement.takes(member);
                if (nodes.get(member).holds(key) != shouldHave) {
                    throw new AssertionError(key + (shouldHave ? " is not at" : " is at") + " node " + (member + 1));
                }
            }
        }
    }
}
