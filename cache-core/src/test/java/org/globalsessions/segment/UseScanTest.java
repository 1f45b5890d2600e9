package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.Touch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is used on a host is told often enough, and not more often; what a later tier hears keeps its copy alive. */
class UseScanTest {
    private static final int IDLE = 800;
    private static final int PARTS = 8;
    private static final long LIFE = 1_000;

    @TempDir
    private Path folder;

    private final FakeClocks clocks = new FakeClocks();
    private final WriteOutcome outcome = new WriteOutcome();
    private SharedLru host;
    private SharedLru later;
    private UseScan uses;

    @BeforeEach
    void open() throws IOException {
        host = SharedLru.open(settings("host", Role.HOST), clocks);
        later = SharedLru.open(settings("later", Role.RELIEF), clocks);
        uses = host.useScan(RecordDescriptor.UNPUBLISHED | RecordDescriptor.LIFE_UNCONFIRMED, PARTS);
    }

    private SegmentSettings settings(String name, Role role) {
        return new SegmentSettings(folder.resolve(name))
                .elCount(100)
                .role(role)
                .pathName("auths")
                .idleTimeout(Duration.ofMillis(IDLE * 10));
    }

    @AfterEach
    void close() {
        host.close();
        later.close();
    }

    private void pass(long ticks) {
        clocks.pass(ticks);
        host.file().time().advance();
        later.file().time().advance();
    }

    private static SessionEntry entry(SharedLru at, String key) {
        byte[] bytes = at.encode(key).copy();
        return new SessionEntry(bytes, bytes, new Version(LIFE, 7), LIFE, false, 0, IDLE, 0);
    }

    /** On the host as published, and in the later tier. */
    private void storeOnBoth(String key) {
        host.fill(host.encode(key), entry(host, key), Long.MAX_VALUE, 0, true, outcome);
        later.fill(later.encode(key), entry(later, key), Long.MAX_VALUE, 0, true, outcome);
    }

    private List<Integer> told(boolean all) {
        List<Integer> idleTicks = new ArrayList<>();
        for (int bucket = 0; bucket < host.bucketCount(); bucket++) {
            uses.bucket(bucket, all, (touch, due) -> {
                idleTicks.add(touch.idleTicks());
                return true;
            });
        }
        return idleTicks;
    }

    private List<Integer> told() {
        return told(false);
    }

    private static boolean isHere(SharedLru lru, String key) {
        return lru.find(lru.encode(key), new EntrySnapshot());
    }

    private KeyDigest digest(String key) {
        return host.encode(key).digest();
    }

    @Test
    void shouldTellTheFirstUseAtOnceAndOthersOnceInAnEighthOfTheIdleTime() {
        storeOnBoth("a");
        pass(10);
        assertThat(told()).as("nobody has read it").isEmpty();
        host.get(host.encode("a"));
        pass(5);
        assertThat(told()).containsExactly(5);
        List<Integer> seen = new ArrayList<>();
        for (int tick = 1; tick <= IDLE; tick++) {
            host.get(host.encode("a"));
            pass(1);
            seen.addAll(told());
        }
        assertThat(seen).hasSize(PARTS).containsOnly(1);
        pass(IDLE / PARTS);
        assertThat(told()).as("the last use").hasSizeLessThanOrEqualTo(1);
        pass(IDLE / PARTS);
        assertThat(told()).as("told already").isEmpty();
        host.get(host.encode("a"));
        assertThat(told()).as("after a pause").containsExactly(0);
    }

    @Test
    void shouldTellEverythingAnewWhenAskedTo() {
        storeOnBoth("a");
        host.get(host.encode("a"));
        assertThat(told()).containsExactly(0);
        pass(3);
        assertThat(told()).isEmpty();
        assertThat(told(true)).containsExactly(3);
    }

    @Test
    void shouldNotTellWhatTheNextTierGetsAnyway() {
        host.set(host.encode("own"), new byte[1], 0, 1, 0, null, false, outcome);
        host.get(host.encode("own"));
        assertThat(told(true)).isEmpty();
    }

    @Test
    void shouldShowTheDigestAndLifeOfWhatWasUsed() {
        storeOnBoth("a");
        host.get(host.encode("a"));
        List<Touch> touches = new ArrayList<>();
        for (int bucket = 0; bucket < host.bucketCount(); bucket++) {
            uses.bucket(bucket, false, (touch, due) -> touches.add(touch));
        }
        assertThat(touches).containsExactly(new Touch(digest("a"), LIFE, 0));
        assertThat(uses.takeShortestLimit()).isEqualTo(IDLE);
        assertThat(uses.takeShortestLimit()).isZero();
    }

    @Test
    void shouldKeepAnIdleEntryAQuarterLongerInALaterTier() {
        storeOnBoth("a");
        pass(IDLE);
        assertThat(isHere(host, "a")).isFalse();
        EntrySnapshot snapshot = new EntrySnapshot();
        assertThat(later.find(later.encode("a"), snapshot)).isTrue();
        assertThat(snapshot.toEntry().idleLimitTicks()).isEqualTo(IDLE);
        assertThat(snapshot.toEntry().isIdle()).isTrue();
        pass(IDLE / 4 - 1);
        assertThat(isHere(later, "a")).isTrue();
        assertThat(later.sweep(0, later.bucketCount())).isZero();
        pass(1);
        assertThat(isHere(later, "a")).isFalse();
        assertThat(later.sweep(0, later.bucketCount())).isEqualTo(1);
    }

    @Test
    void shouldLiveOnInALaterTierWhenTouchedAndOnlyThen() {
        storeOnBoth("a");
        pass(IDLE);
        assertThat(later.renew(digest("a"), LIFE + 1, 0)).as("of another life").isFalse();
        assertThat(later.renew(digest("a"), LIFE, 100)).isTrue();
        assertThat(later.renew(digest("a"), LIFE, IDLE)).as("an older use").isTrue();
        pass(IDLE / 4 * 5 - 101);
        assertThat(isHere(later, "a")).isTrue();
        pass(1);
        assertThat(isHere(later, "a")).isFalse();
        assertThat(later.renew(digest("a"), LIFE, 0)).as("too late").isFalse();
        assertThat(isHere(later, "a")).isFalse();
    }

    @Test
    void shouldNotBringBackByATouchWhatWasDeleted() {
        storeOnBoth("a");
        later.applyDelete(digest("a"), new Version(LIFE + 5, 7), 0, outcome);
        assertThat(later.renew(digest("a"), LIFE, 0)).isFalse();
        assertThat(isHere(later, "a")).isFalse();
    }

    @Test
    void shouldRememberOnTheHostHowLongItsIdleEntryWasNotUsedUntilNoTierKeepsIt() {
        storeOnBoth("a");
        pass(IDLE / 4 * 5 - 1);
        assertThat(host.get(host.encode("a"))).isNull();
        assertThat(host.sweep(0, host.bucketCount())).isZero();
        assertThat(host.idleTicks(host.encode("a"), LIFE)).isEqualTo(IDLE / 4 * 5 - 1);
        assertThat(host.idleTicks(host.encode("a"), LIFE + 1)).isEqualTo(SharedLru.ABSENT);
        pass(1);
        assertThat(host.sweep(0, host.bucketCount())).isEqualTo(1);
        assertThat(host.idleTicks(host.encode("a"), LIFE)).isEqualTo(SharedLru.ABSENT);
    }

    @Test
    void shouldKeepTheLaterUseWhenANewerVersionComesLate() {
        storeOnBoth("a");
        pass(5);
        byte[] key = later.encode("a").copy();
        SessionEntry newer =
                new SessionEntry(key, new byte[1], new Version(LIFE + 1, 8), LIFE + 1, true, IDLE / 2, IDLE, 0);
        later.fill(later.encode("a"), newer, Long.MAX_VALUE, 0, true, outcome);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
        assertThat(later.idleTicks(later.encode("a"), LIFE + 1)).isEqualTo(5);
        pass(IDLE);
        SessionEntry last =
                new SessionEntry(key, new byte[1], new Version(LIFE + 2, 8), LIFE + 2, true, IDLE / 2, IDLE, 0);
        later.fill(later.encode("a"), last, Long.MAX_VALUE, 0, true, outcome);
        assertThat(later.idleTicks(later.encode("a"), LIFE + 2))
                .as("what has ended is no use")
                .isEqualTo(IDLE / 2);
    }

    @Test
    void shouldTellEveryIdleLimitAsItWasWhenALaterTierKeepsItLonger() {
        for (int limit : new int[] {1, 2, 3, 4, 5, 7, 100, 101, 102, 103, Ticks.ticks(Ticks.MAX_IDLE)}) {
            assertThat(Ticks.told(Ticks.kept(limit))).isEqualTo(limit);
        }
        assertThat(Ticks.kept(Ticks.ticks(Ticks.MAX))).isEqualTo(Ticks.ticks(Ticks.MAX));
    }
}
