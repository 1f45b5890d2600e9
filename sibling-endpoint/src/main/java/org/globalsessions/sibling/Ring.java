package org.globalsessions.sibling;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.globalsessions.placement.RendezvousPlacement;
import org.globalsessions.sibling.Membership.Kind;

/**
 * Nodes among which the keys of a kind are placed, or once were: all that decides who owns a key.
 *
 * @param kind     what they do
 * @param replicas how many of them own a key, 1 or more, each on a machine of its own
 * @param seats    the nodes in the order in which they became members
 */
record Ring(Kind kind, int replicas, List<Seat> seats) {
    Ring {
        seats = List.copyOf(seats);
    }

    /** The same ring with only some of its nodes. */
    Ring only(Predicate<NodeId> kept) {
        return new Ring(
                kind,
                replicas,
                seats.stream().filter(seat -> kept.test(seat.id())).toList());
    }

    boolean has(NodeId id) {
        return seats.stream().anyMatch(seat -> seat.id().equals(id));
    }

    boolean isEmpty() {
        return seats.isEmpty();
    }

    /** How many owners each key has. */
    int wanted() {
        long machines = seats.stream()
                        .map(Seat::machine)
                        .filter(machine -> !machine.isEmpty())
                        .distinct()
                        .count()
                + seats.stream().filter(seat -> seat.machine().isEmpty()).count();
        return (int) Math.min(replicas, machines);
    }

    /** Who owns a key, in the order of the seats. */
    RendezvousPlacement placement() {
        int count = seats.size();
        long[] high = new long[count];
        long[] low = new long[count];
        double[] weights = new double[count];
        int[] machines = new int[count];
        Map<String, Integer> numbers = new HashMap<>();
        for (int i = 0; i < count; i++) {
            Seat seat = seats.get(i);
            high[i] = seat.id().high();
            low[i] = seat.id().low();
            weights[i] = seat.weight();
            machines[i] =
                    seat.machine().isEmpty() ? -1 - i : numbers.computeIfAbsent(seat.machine(), name -> numbers.size());
        }
        return new RendezvousPlacement(high, low, weights, machines);
    }
}
