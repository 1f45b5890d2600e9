package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class RelayPlacesTest {
    private static final int KEYS = 100_000;

    private final ByteBuffer header =
            ByteBuffer.allocateDirect(SegmentDescriptor.HEADER_LENGTH).order(ByteOrder.LITTLE_ENDIAN);

    private static long[] ids(String... names) {
        return List.of(names).stream().mapToLong(RelayPlaces::id).toArray();
    }

    private static long[] numbered(int first, int count) {
        return IntStream.range(first, first + count)
                .mapToLong(i -> RelayPlaces.id("relay-" + i + ":7878"))
                .toArray();
    }

    private RelayPlaces adopted(long... ids) {
        RelayPlaces places = new RelayPlaces(header);
        assertThat(places.adopt(ids, true, (moved, marks) -> {})).isTrue();
        return places;
    }

    @Test
    void shouldGiveFrozenIdsAndOwnersForever() {
        assertThat(ids("localhost:7878", "unix:/run/gs/relay.sock", "north"))
                .containsExactly(5646600372348193389L, 353845903092928338L, -6633851075058981416L);
        RelayPlaces places = adopted(ids("localhost:7878", "unix:/run/gs/relay.sock", "north"));
        StringBuilder owners = new StringBuilder();
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < 24; i++) {
            owners.append(places.owner(random.nextLong()));
        }
        assertThat(owners.toString()).isEqualTo("221001201101111100121102");
    }

    @Test
    void shouldSpreadKeysEvenlyWhenThereAreSeveralRelays() {
        RelayPlaces places = adopted(numbered(0, 5));
        int[] counts = new int[5];
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < KEYS; i++) {
            counts[places.owner(random.nextLong())]++;
        }
        for (int count : counts) {
            assertThat(count / (KEYS / 5.0)).isBetween(0.97, 1.03);
        }
    }

    @Test
    void shouldMoveOnlyWhatTheNewRelayGainsWhenOneIsAdded() {
        RelayPlaces before = adopted(numbered(0, 4));
        List<LongPredicate> moves = new ArrayList<>();
        RelayPlaces after = new RelayPlaces(header);
        assertThat(after.adopt(numbered(0, 5), true, (predicate, marks) -> moves.add(predicate)))
                .isTrue();
        assertThat(moves).hasSize(1);
        int moved = 0;
        SplittableRandom random = new SplittableRandom(2);
        for (int i = 0; i < KEYS; i++) {
            long low = random.nextLong();
            boolean moves5 = after.owner(low) == 4;
            assertThat(moves.get(0).test(low)).isEqualTo(moves5);
            if (!moves5) {
                assertThat(after.owner(low)).isEqualTo(before.owner(low));
            }
            moved += moves5 ? 1 : 0;
        }
        assertThat(moved / (KEYS / 5.0)).isBetween(0.95, 1.05);
    }

    @Test
    void shouldMoveAgainWhenKilledBeforeTheListCounted() {
        adopted(numbered(0, 1));
        RelayPlaces killed = new RelayPlaces(header);
        assertThatThrownBy(() -> killed.adopt(numbered(0, 2), true, (moved, marks) -> {
                    throw new IllegalStateException("killed");
                }))
                .isInstanceOf(IllegalStateException.class);
        // The next one asks for the old list: nothing has moved.
        int[] marked = {0};
        assertThat(new RelayPlaces(header).adopt(numbered(0, 1), false, (moved, marks) -> marked[0]++))
                .isTrue();
        assertThat(marked[0]).isZero();
        assertThat(new RelayPlaces(header).adopt(numbered(0, 2), true, (moved, marks) -> marked[0]++))
                .isTrue();
        assertThat(marked[0]).isEqualTo(1);
    }

    @Test
    void shouldLeaveTheListAloneWhenOthersWorkWithIt() {
        adopted(numbered(0, 2));
        assertThat(new RelayPlaces(header).adopt(numbered(0, 3), false, (moved, marks) -> {}))
                .isFalse();
        long[] otherOrder = {numbered(1, 1)[0], numbered(0, 1)[0]};
        assertThat(new RelayPlaces(header).adopt(otherOrder, false, (moved, marks) -> {}))
                .isTrue();
    }

    @Test
    void shouldKeepPositionsOfRelaysThatStayAndForgetThoseThatWentLongAgoWhenPlacesRunOut() {
        RelayPlaces places = adopted(numbered(0, 8));
        places.position(0).set(77, 5);
        places.position(7).set(78, 6);
        RelayPlaces next = adopted(concat(numbered(0, 1), numbered(8, 7)));
        assertThat(next.position(0).epoch()).isEqualTo(77);
        assertThat(next.position(0).position()).isEqualTo(5);
        assertThat(next.position(1).epoch()).isZero();
        // 15 places are taken: with 8 more those of the first list are used again, and begin anew.
        RelayPlaces last = adopted(numbered(20, 8));
        for (int i = 0; i < 8; i++) {
            assertThat(last.position(i).epoch()).isZero();
            assertThat(last.position(i).position()).isZero();
        }
    }

    private static long[] concat(long[] one, long[] other) {
        return LongStream.concat(LongStream.of(one), LongStream.of(other)).toArray();
    }

    @Test
    void shouldRaiseTheHorizonOfTheTombstonesOwnRelayWhenItIsKnown() {
        RelayPlaces places = adopted(numbered(0, 2));
        places.position(0).set(71, 100);
        places.position(1).set(72, 200);
        places.raiseHorizon(places.position(1).inTombstone(72, 150));
        assertThat(places.position(0).horizon()).isZero();
        assertThat(places.position(1).horizon()).isEqualTo(150);
    }

    @Test
    void shouldRaiseEveryHorizonToWhatIsAppliedWhenTheTombstonesPositionSaysNothing() {
        RelayPlaces places = adopted(numbered(0, 2));
        places.position(0).set(71, 100);
        places.position(1).set(72, 200);
        long ofEarlierEpoch = places.position(0).inTombstone(65, 90_000);
        int number = 0;
        for (long word : new long[] {0, ofEarlierEpoch, 31L << 48 | 90_000}) {
            number++;
            places.position(0).set(71, 100 + number);
            places.position(1).set(72, 200 + number);
            places.raiseHorizon(word);
            assertThat(places.position(0).horizon()).isEqualTo(100 + number);
            assertThat(places.position(1).horizon()).isEqualTo(200 + number);
        }
        // One that is off the list says nothing of the relay that has the key now.
        long ofGone = places.position(1).inTombstone(72, 5_000);
        RelayPlaces alone = adopted(numbered(0, 1));
        alone.position(0).set(71, 300);
        alone.raiseHorizon(ofGone);
        assertThat(alone.position(0).horizon()).isEqualTo(300);
    }
}
