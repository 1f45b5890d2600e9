package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.StepStops.Shown;

/** What a process does when it is killed or stopped at a step: the table before, the command, and what has to be there of the key after. */
interface SteppedOperation {
    String KEY = "session";
    String OLD = "acknowledged ".repeat(20);
    String NEW = "the stopped one's ".repeat(16);
    String NEXT = "next ".repeat(50);
    String HELD = "the first one's ".repeat(17);

    /** In three pages each. */
    String LARGE_OLD = "acknowledged, in pages ".repeat(400);

    String LARGE_NEW = "the stopped one's, in pages ".repeat(350);

    /** The pivot of what writes nothing of the key. */
    String NO_WRITE = "none";

    /** What becomes of it where another process has written the key while it was stopped before its own write. */
    enum WhenLate {
        /** It starts again, and comes second. */
        WRITES_AFTER,
        /** It finds the other one's write, and leaves that as it is. */
        LEAVES_IT,
        /** It takes away what is there. */
        TAKES_AWAY
    }

    String name();

    /** The step at which the write happens; the lines before its first one show the old state, those after its last the new. */
    String pivot();

    default Role role() {
        return Role.STANDALONE;
    }

    void prepare(SharedLru lru, SteppedJvm holder) throws Exception;

    String command(SharedLru lru);

    String before();

    String after();

    /** What its process answers where nobody hinders it, or it starts again. */
    default String done() {
        return "STORED ";
    }

    default WhenLate whenLate() {
        return WhenLate.WRITES_AFTER;
    }

    /** What its process answers where it was late and leaves what it finds. */
    default String tooLate(long nextVersion) {
        throw new AssertionError(this + " leaves nothing");
    }

    /** Whether it needs a second process, which is stopped. */
    default boolean isOfTwo() {
        return false;
    }

    /** Whether what one killed leaves is looked at without a write of the key in between: of those that change most. */
    default boolean isLeftToSweep() {
        return false;
    }

    /** What may be there once its process has come so far and no further. */
    default Object[] shown(Shown shown) {
        return switch (shown) {
            case BEFORE -> new Object[] {before()};
            case EITHER -> new Object[] {before(), after()};
            // A delete that is not applied yet shows the entry until somebody does.
            case AFTER -> after() == null ? new Object[] {before(), null} : new Object[] {after()};
        };
    }

    /** The next write of the key, by another process; returns its version's clock. */
    default long writeNext(SharedLru lru) {
        WriteOutcome outcome = set(lru, KEY, NEXT);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
        return outcome.version().clock();
    }

    /** Whether it is stopped, and goes on after another process has written the key. */
    default boolean isStopped() {
        return !pivot().equals(NO_WRITE);
    }

    /** What others do besides while it is stopped; returns how many entries are there then. */
    default int meanwhile(SharedLru lru) {
        return 0;
    }

    /** What has to be there of that when it has gone on. */
    default void checkLate(SharedLru lru, int entries) {}

    /** What else has to hold of a segment in which its process has died, once it was swept and nobody has written the key. */
    default void checkLeft(SharedLru lru) {}

    default void checkWhole(SharedLru lru) throws IOException {
        SegmentWholeness.check(lru);
    }

    default SegmentSettings settings(Path file) {
        return settings(file, role());
    }

    static SegmentSettings settings(Path file, Role role) {
        SegmentSettings settings = new SegmentSettings(file)
                .elCount(13)
                .idleTimeout(Duration.ofHours(1))
                .role(role);
        return role == Role.HOST ? settings.relays(RelayPlaces.id("relay")) : settings;
    }

    static SegmentSettings standalone(Path file) {
        return settings(file, Role.STANDALONE);
    }

    static WriteOutcome set(SharedLru lru, String key, String value) {
        return set(lru, key, value, 0);
    }

    static WriteOutcome set(SharedLru lru, String key, String value, int lifetimeTicks) {
        WriteOutcome outcome = new WriteOutcome();
        byte[] bytes = value.getBytes(UTF_8);
        lru.set(lru.encode(key), bytes, 0, bytes.length, lifetimeTicks, null, false, outcome);
        return outcome;
    }

    static String get(SharedLru lru) {
        byte[] value = lru.get(lru.encode(KEY));
        return value == null ? null : new String(value, UTF_8);
    }

    /** So that the table has no free way: the entries of a table of its own. */
    static void fillWays(SharedLru lru) {
        int ways = lru.bucketCount() * SegmentDescriptor.WAYS;
        for (int i = 0; lru.size() < ways; i++) {
            set(lru, "other-" + i, OLD);
        }
    }

    /** So that each place that a tombstone could take has one whose retention is not over. */
    static void fillTombstones(SharedLru lru) {
        WriteOutcome outcome = new WriteOutcome();
        int count = new TombstoneTable(lru.file(), new BucketTable(lru.file()), Role.STANDALONE).count() * 8;
        for (int i = 0; i < count; i++) {
            lru.delete(lru.encode("deleted-" + i), outcome);
        }
    }
}
