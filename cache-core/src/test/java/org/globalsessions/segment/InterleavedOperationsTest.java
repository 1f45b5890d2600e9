package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.globalsessions.Version;
import org.globalsessions.segment.StepStops.Stop;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Two operations on one key, of which the first is stopped before each of its lines in turn while the second runs whole: what both answer
 * and what is there afterwards is as if one had come after the other. These are all schedules of two operations with one switch
 * between them, by the classes and on the mapped file that run in production.
 */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class InterleavedOperationsTest {
    /** What the second one does. */
    enum Second {
        SET,
        /** Over the version that was there first. */
        SAVE,
        DELETE,
        GET
    }

    record Case(Stop stop, Second second) {
        @Override
        public String toString() {
            return second + " while " + stop;
        }
    }

    /**
     * The session of the key, and what operations do with it where there are no others.
     *
     * @param value   null where there is none
     * @param isFirst whether nothing was done with it yet
     * @param deleted whether it was deleted since
     */
    private record Session(String value, boolean isFirst, boolean deleted) {
        Done set(String to) {
            return new Done("STORED", new Session(to, false, false));
        }

        /** Over what was there first. */
        Done save(String to, boolean wasThere) {
            if (wasThere ? isFirst : value == null) {
                return set(to);
            }
            String why = value != null ? "OTHER_VERSION" : deleted ? "BEATEN_BY_TOMBSTONE" : "ABSENT";
            return new Done(why, this);
        }

        Done delete() {
            return new Done("STORED " + (value != null), new Session(null, false, true));
        }

        Done get() {
            return new Done(String.valueOf(value), this);
        }
    }

    /** An answer, and what is there then. */
    private record Done(String answer, Session session) {}

    private SteppedJvm first;
    private SteppedJvm holder;

    @TempDir
    private Path folder;

    @BeforeAll
    void startProcesses() throws Exception {
        first = SteppedJvm.start();
        holder = SteppedJvm.start();
    }

    @AfterAll
    void endProcesses() throws Exception {
        first.close();
        holder.close();
    }

    static Stream<Case> cases() throws Exception {
        List<TableOperation> firsts = List.of(
                TableOperation.SET_OVER,
                TableOperation.SET_FIRST,
                TableOperation.SET_OVER_EXPIRED,
                TableOperation.SET_LARGE_OVER,
                TableOperation.SET_EXPECTING,
                TableOperation.DELETE,
                TableOperation.DELETE_LARGE);
        return StepStops.all()
                .filter(stop -> firsts.contains(stop.operation()))
                .flatMap(stop -> Arrays.stream(Second.values()).map(second -> new Case(stop, second)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void shouldBeAsIfOneHadComeAfterTheOther(Case each) throws Exception {
        Path file = folder.resolve("segment");
        SteppedOperation operation = each.stop().operation();
        boolean done = false;
        try (SharedLru lru = SharedLru.open(operation.settings(file))) {
            operation.prepare(lru, holder);
            EntrySnapshot before = new EntrySnapshot();
            Version there = lru.find(lru.encode(SteppedOperation.KEY), before) ? before.version() : Version.NONE;
            first.open(operation, file);
            first.runUntil(each.stop().marker(), operation.command(lru));
            String ofSecond = second(lru, each.second(), there);
            first.resume();
            String ofFirst = firstWords(first.child().answer());
            String left = String.valueOf(SteppedOperation.get(lru));

            Session session = new Session(operation.before(), true, false);
            Done firstOfAll = first(operation, session, session.value() != null);
            Done secondThen = second(each.second(), firstOfAll.session(), session.value() != null);
            Done secondOfAll = second(each.second(), session, session.value() != null);
            Done firstThen = first(operation, secondOfAll.session(), session.value() != null);
            boolean inOrder = is(firstOfAll, ofFirst) && is(secondThen, ofSecond) && isLeft(secondThen, left);
            boolean theOtherWay = is(secondOfAll, ofSecond) && is(firstThen, ofFirst) && isLeft(firstThen, left);
            assertThat(inOrder || theOtherWay)
                    .as(
                            "the first one answered %s, the second one %s, and %s is there",
                            ofFirst, shortened(ofSecond), shortened(left))
                    .isTrue();
            assertThat(first.child().ask("close")).isEqualTo("closed");
            SegmentWholeness.check(lru);
            done = true;
        } finally {
            if (!done) {
                first.close();
                first = SteppedJvm.start();
            }
            FileTree.empty(folder);
        }
    }

    private static String second(SharedLru lru, Second second, Version there) {
        WriteOutcome outcome = new WriteOutcome();
        byte[] value = SteppedOperation.NEXT.getBytes(UTF_8);
        EncodedKey key = lru.encode(SteppedOperation.KEY);
        switch (second) {
            case SET -> lru.set(key, value, 0, value.length, 0, null, false, outcome);
            case SAVE -> lru.set(key, value, 0, value.length, 0, there, false, outcome);
            case DELETE -> {
                lru.delete(key, outcome);
                return outcome.status() + " " + outcome.held();
            }
            case GET -> {
                return String.valueOf(SteppedOperation.get(lru));
            }
        }
        return outcome.status().toString();
    }

    private static Done second(Second second, Session session, boolean wasThere) {
        return switch (second) {
            case SET -> session.set(SteppedOperation.NEXT);
            case SAVE -> session.save(SteppedOperation.NEXT, wasThere);
            case DELETE -> session.delete();
            case GET -> session.get();
        };
    }

    private static Done first(SteppedOperation operation, Session session, boolean wasThere) {
        if (operation == TableOperation.SET_EXPECTING) {
            return session.save(operation.after(), wasThere);
        }
        return operation.after() == null ? session.delete() : session.set(operation.after());
    }

    /** Without the version. */
    private static String firstWords(String answer) {
        return answer.replaceFirst(" \\d+$", "");
    }

    private static boolean is(Done done, String answer) {
        return done.answer().equals(answer);
    }

    private static boolean isLeft(Done done, String left) {
        return Objects.equals(String.valueOf(done.session().value()), left);
    }

    private static String shortened(String value) {
        return value.length() > 20 ? value.substring(0, 20) + "..." : value;
    }
}
