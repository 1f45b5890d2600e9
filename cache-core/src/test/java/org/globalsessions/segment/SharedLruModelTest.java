package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.globalsessions.segment.ModelRun.Kind;
import org.globalsessions.segment.ModelRun.Operation;
import org.globalsessions.segment.ModelRun.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random operations against a map. On a failure the list is made as short as it gets and printed with the seed;
 * {@code -Dglobalsessions.seed=...} draws the same operations again.
 */
class SharedLruModelTest {
    @TempDir
    private Path folder;

    private int files;

    @ParameterizedTest
    @CsvSource({
        // Never full; full all the time, where all keys share two buckets; full, with many buckets; few pages;
        // evicting.
        "100, false, false, 60, 20, 1500",
        "1, false, false, 20, 20, 3000",
        "1, false, true, 60, 30, 3000",
        "30, false, false, 90, 20, 1500",
        "30, true, false, 40, 20, 1500",
        "100, true, true, 60, 20, 1500"
    })
    void shouldAnswerLikeAMapWhateverIsDone(
            int elCount, boolean fewPages, boolean evicting, int keys, int rounds, int operations) {
        Shape shape = new Shape(elCount, fewPages, evicting);
        long seed = Long.getLong("globalsessions.seed", System.nanoTime());
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        for (int round = 0; round < rounds; round++) {
            List<Operation> drawn = new ArrayList<>();
            for (int i = 0; i < operations; i++) {
                drawn.add(Operation.draw(random, keys, i));
            }
            String problem = problem(shape, drawn);
            if (problem != null) {
                List<Operation> shortest = Shrinking.shortest(drawn, list -> problem(shape, list) != null);
                fail(
                        "seed %s, round %s: %s%nThe shortest list that fails, %s:%n%s%n%s",
                        seed,
                        round,
                        problem,
                        shape,
                        String.join(
                                "\n", shortest.stream().map(Operation::toString).toList()),
                        problem(shape, shortest));
            }
        }
    }

    private String problem(Shape shape, List<Operation> operations) {
        return ModelRun.problem(folder.resolve("model-" + files++), shape, operations);
    }

    /** A segment that loses a key behind the model's back: found, and named with no more than it takes. */
    @Test
    void shouldNameTheShortestListWhenAnEntryIsLost() throws IOException {
        Random random = new Random(1);
        List<Operation> drawn = IntStream.range(0, 400)
                .mapToObj(i -> Operation.draw(random, 10, i))
                .toList();
        List<Operation> shortest = Shrinking.shortest(drawn, this::failsWhereTouchesDelete);
        assertThat(shortest).hasSize(2);
        assertThat(shortest.get(0).kind())
                .isIn(Kind.SET, Kind.SET_LARGE, Kind.SET_SHORT_LIVED, Kind.SET_IF_ABSENT, Kind.LOAD);
        assertThat(shortest.get(1).kind()).isEqualTo(Kind.TOUCH);
        assertThat(shortest.get(1).key()).isEqualTo(shortest.get(0).key());
    }

    private boolean failsWhereTouchesDelete(List<Operation> operations) {
        Path file = folder.resolve("model-" + files++);
        try (ModelRun run = new ModelRun(file, new Shape(100, false, false));
                SharedLru thief = run.attach()) {
            for (Operation operation : operations) {
                if (operation.kind() == Kind.TOUCH) {
                    thief.delete(thief.encode(operation.keyText()), new WriteOutcome());
                }
                run.apply(operation);
            }
            return false;
        } catch (AssertionError e) {
            return true;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void shouldLeaveOnlyWhatIsNeededWhenTwoFarApartMakeItFail() {
        List<Integer> numbers = IntStream.range(0, 1_000).boxed().toList();
        assertThat(Shrinking.shortest(numbers, list -> list.contains(17) && list.contains(903)))
                .containsExactly(17, 903);
        assertThat(Shrinking.shortest(numbers, list -> list.size() >= 3)).hasSize(3);
    }
}
