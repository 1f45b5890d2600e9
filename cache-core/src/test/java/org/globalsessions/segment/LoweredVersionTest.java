package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.WriteOutcome.Status;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.ClockAheadException;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a relay has refused as too far ahead of its clock gets a lower version, and only that. */
class LoweredVersionTest {
    private static final Duration HOUR = Duration.ofHours(1);

    @TempDir
    private Path folder;

    private final WriteOutcome outcome = new WriteOutcome();
    private OffClock clock;
    private final long trueMicros = System.currentTimeMillis() * 1_000;
    private SharedLru lru;
    private KeyDigest digest;

    @BeforeEach
    void open() throws IOException {
        clock = new OffClock();
        clock.off(HOUR);
        lru = clock.open(new SegmentSettings(folder.resolve("segment"))
                .elCount(100)
                .role(Role.HOST)
                .relays(RelayPlaces.id("relay")));
        digest = lru.encode("k").digest();
    }

    @AfterEach
    void close() {
        lru.close();
    }

    private ClockAheadException refusal(long highest) {
        return new ClockAheadException("ahead", trueMicros, highest);
    }

    private long trueClock() {
        return trueMicros << Version.LOGICAL_BITS;
    }

    private Version set(String value) {
        lru.set(lru.encode("k"), value.getBytes(UTF_8), 0, value.length(), 0, null, false, outcome);
        assertThat(outcome.status()).isEqualTo(Status.STORED);
        return outcome.version();
    }

    private EntrySnapshot find() {
        EntrySnapshot found = new EntrySnapshot();
        return lru.find(lru.encode("k"), found) ? found : null;
    }

    private void fill(long clock, long life) {
        SessionEntry entry =
                new SessionEntry("k".getBytes(UTF_8), new byte[3], new Version(clock, 9), life, false, 0, 0, 0);
        lru.fill(lru.encode("k"), entry, Long.MAX_VALUE, 0, true, outcome);
    }

    @Test
    void shouldHaveTheLifeAndVersionOfTheRelaysTimeWhenTheEntryHasBegunTheLife() {
        set("value");
        lru.lower(find(), refusal(0), outcome);
        assertThat(outcome.status()).isEqualTo(Status.STORED);
        EntrySnapshot now = find();
        assertThat(now.version())
                .isEqualTo(new Version(trueClock() + 2, lru.file().origin()));
        assertThat(now.life()).isEqualTo(trueClock() + 2);
        assertThat(now.marks()).isEqualTo(RecordDescriptor.UNPUBLISHED | RecordDescriptor.LIFE_UNCONFIRMED);
        assertThat(now.valueCopy()).isEqualTo("value".getBytes(UTF_8));
        assertThat(lru.liveCount()).isEqualTo(1);
    }

    @Test
    void shouldStayAboveWhatTheRelayHasOfTheKeyAndInTheLifeThatItKnows() {
        fill(trueClock() - 40, trueClock() - 50);
        set("value");
        lru.lower(find(), refusal(trueClock() + 100), outcome);
        assertThat(outcome.status()).isEqualTo(Status.STORED);
        assertThat(find().version().clock()).isEqualTo(trueClock() + 102);
        assertThat(find().life()).isEqualTo(trueClock() - 50);
        assertThat(find().marks()).isEqualTo(RecordDescriptor.UNPUBLISHED);
    }

    @Test
    void shouldLeaveAConfirmedLifeThatIsAheadItself() {
        long ahead = trueClock() + (600_000_000L << Version.LOGICAL_BITS);
        fill(ahead, ahead);
        Version version = set("value");
        lru.lower(find(), refusal(0), outcome);
        assertThat(outcome.status()).isEqualTo(Status.STORED);
        assertThat(find().version().clock()).isEqualTo(ahead + 2).isLessThanOrEqualTo(version.clock());
        lru.lower(find(), refusal(0), outcome);
        assertThat(outcome.status()).isEqualTo(Status.SUPERSEDED);
        assertThat(find().life()).isEqualTo(ahead);
    }

    @Test
    void shouldHaveTheVersionOfTheRelaysTimeOfItsSetWhenItHasEndedSinceItWasSent() {
        long before = trueClock() - 1_000;
        fill(before, before);
        int ticks = 30;
        lru.set(lru.encode("k"), new byte[1], 0, 1, ticks, null, false, outcome);
        EntrySnapshot refused = find();
        await().until(() -> find() == null);
        lru.lower(refused, refusal(0), outcome);
        assertThat(outcome.status()).isEqualTo(Status.STORED);
        assertThat(find()).as("nobody reads it").isNull();
        EntrySnapshot owed = new EntrySnapshot();
        assertThat(lru.findUnsent(lru.encode("k"), owed)).isTrue();
        assertThat(owed.version().clock())
                .as("not above what others have set since at the relay")
                .isBetween(before, trueClock() + (60_000_000L << Version.LOGICAL_BITS));
        assertThat(owed.version().clock()).isLessThan(refused.version().clock());
        assertThat(owed.life()).as("known to the relay").isEqualTo(before);
        assertThat(lru.counters().get(Counter.EXPIRATIONS))
                .as("told when it goes")
                .isZero();
    }

    @Test
    void shouldBeatWhatItHasReplacedWhenThatIsAheadOfTheRelaysClockToo() {
        long ahead = trueClock() + (30_000_000L << Version.LOGICAL_BITS);
        fill(ahead, ahead);
        EntrySnapshot owed = loweredOnceItHasEnded();
        assertThat(owed.version().clock()).isGreaterThan(ahead).isLessThan(ahead + 10);
        assertThat(owed.life()).isEqualTo(ahead);
    }

    @Test
    void shouldHaveATimeThatTheRelayTakesWhenTheHostsOwnClockHasBeenPutRightSince() {
        EntrySnapshot owed = loweredOnceItHasEnded();
        assertThat(owed.version().clock()).isBetween(trueClock() - (60_000_000L << Version.LOGICAL_BITS), trueClock());
    }

    @Test
    void shouldStayAboveTheDeleteThatItHasBegunOverWhenItHasEnded() {
        Version delete = new Version(trueClock() + (30_000_000L << Version.LOGICAL_BITS), 9);
        RelayPosition relay = lru.file().relays().position(0);
        relay.set(5, 90);
        lru.applyDelete(digest, delete, relay, 5, 80, outcome);
        EntrySnapshot owed = loweredOnceItHasEnded();
        assertThat(owed.version().clock()).isGreaterThan(delete.clock()).isLessThan(delete.clock() + 10);
        assertThat(owed.life()).as("or the delete takes it away").isGreaterThan(delete.clock());
    }

    /** What this host has set for 30 ms, after its end and its refusal. */
    private EntrySnapshot loweredOnceItHasEnded() {
        lru.set(lru.encode("k"), new byte[1], 0, 1, 3, null, false, outcome);
        EntrySnapshot refused = find();
        await().until(() -> find() == null);
        clock.off(Duration.ZERO);
        lru.tellClock(lru.file().relays().position(0), refusal(0));
        lru.lower(refused, refusal(0), outcome);
        assertThat(outcome.status()).isEqualTo(Status.STORED);
        EntrySnapshot owed = new EntrySnapshot();
        assertThat(lru.findUnsent(lru.encode("k"), owed)).isTrue();
        return owed;
    }

    @Test
    void shouldLeaveWhatHasComeInItsPlaceOrIsPublished() {
        set("refused");
        EntrySnapshot refused = find();
        Version since = set("since");
        lru.lower(refused, refusal(0), outcome);
        assertThat(outcome.status()).isEqualTo(Status.OTHER_VERSION);
        assertThat(find().version()).isEqualTo(since);
        EntrySnapshot published = find();
        lru.confirm(
                published,
                new Receipt(Receipt.Outcome.STORED, since, published.life(), false, 1, 1),
                lru.file().relays().own());
        lru.lower(published, refusal(0), outcome);
        assertThat(outcome.status()).isEqualTo(Status.OTHER_VERSION);
        assertThat(find().version()).isEqualTo(since);
    }

    @Test
    void shouldKeepOutAllThatTheRelayHasTakenWhenADeleteIsLowered() {
        set("value");
        lru.delete(lru.encode("k"), outcome);
        Version refused = outcome.version();
        long highest = trueClock() + 1_000;
        lru.lowerDelete(digest, refused, refusal(highest), outcome);
        assertThat(outcome.status()).isEqualTo(Status.STORED);
        assertThat(lru.tombstone(digest)).isEqualTo(outcome.version());
        assertThat(lru.awaitedDelete(digest).clock()).isEqualTo(highest + 2);
        fill(highest, highest);
        assertThat(outcome.status()).isEqualTo(Status.BEATEN_BY_TOMBSTONE);
        assertThat(find()).isNull();
        fill(highest + 4, highest + 4);
        assertThat(outcome.status()).as("until the relay has judged").isEqualTo(Status.STALE);
        lru.confirmDelete(
                digest,
                lru.tombstone(digest),
                new Receipt(Receipt.Outcome.STORED, lru.tombstone(digest), 0, false, 1, 1),
                lru.file().relays().own());
        fill(highest + 4, highest + 4);
        assertThat(find()).isNotNull();
    }

    @Test
    void shouldStayAboveTheConfirmedLifeThatADeleteTookAwayWhenItIsLowered() {
        long ahead = trueClock() + (600_000_000L << Version.LOGICAL_BITS);
        fill(ahead, ahead);
        lru.delete(lru.encode("k"), outcome);
        lru.delete(lru.encode("k"), outcome);
        Version refused = outcome.version();
        lru.lowerDelete(digest, refused, refusal(0), outcome);
        assertThat(outcome.status()).isEqualTo(Status.STORED);
        Version lowered = lru.awaitedDelete(digest);
        assertThat(lowered.clock()).isEqualTo(ahead + 2).isLessThan(refused.clock());
        fill(ahead, ahead);
        assertThat(outcome.status()).isEqualTo(Status.BEATEN_BY_TOMBSTONE);
        lru.lowerDelete(digest, lowered, refusal(0), outcome);
        assertThat(outcome.status()).as("waits for the relay's clock").isEqualTo(Status.SUPERSEDED);
        assertThat(lru.awaitedDelete(digest)).isEqualTo(lowered);
    }

    @Test
    void shouldTakeNoAnswerOfBeforeAnotherHostsDeleteWhenItsOwnIsLoweredBelowThat() {
        RelayPosition relay = lru.file().relays().position(0);
        relay.set(5, 90);
        lru.delete(lru.encode("k"), outcome);
        Version refused = outcome.version();
        long begun = trueClock() + 1_000;
        lru.applyDelete(digest, new Version(begun + 2, 9), relay, 5, 80, outcome);
        // Sent before the other delete was made.
        lru.lowerDelete(digest, refused, refusal(0), outcome);
        SessionEntry entry =
                new SessionEntry("k".getBytes(UTF_8), new byte[3], new Version(begun, 9), begun, false, 0, 0, 0);
        lru.fill(lru.encode("k"), entry, relay, 79, 0, true, SharedLru.UNASKED, outcome);
        assertThat(outcome.status()).isEqualTo(Status.STALE);
        assertThat(find()).isNull();
    }

    @Test
    void shouldBeginAboveTheLoweredDeleteWhenALifeBeganOverIt() {
        set("value");
        lru.delete(lru.encode("k"), outcome);
        Version refused = outcome.version();
        set("begun since");
        lru.lowerDelete(digest, refused, refusal(0), outcome);
        assertThat(find()).isNotNull();
        lru.lower(find(), refusal(0), outcome);
        assertThat(outcome.status()).isEqualTo(Status.STORED);
        assertThat(find().life()).isGreaterThan(lru.tombstone(digest).clock()).isEqualTo(trueClock() + 4);
    }

    @Test
    void shouldLowerAgainWhenItsProcessWasKilledBetweenTheTwoTombstones() {
        lru.delete(lru.encode("k"), outcome);
        Version refused = outcome.version();
        new TombstoneTable(lru.file(), new BucketTable(lru.file()), Role.HOST)
                .put(
                        digest.high(),
                        digest.low(),
                        trueClock() + 2,
                        lru.file().origin(),
                        0,
                        0,
                        TombstoneTable.UNACKNOWLEDGED | TombstoneTable.NOT_APPLIED);
        assertThat(lru.tombstone(digest)).as("counts until it has gone").isEqualTo(refused);
        assertThat(lru.awaitedDelete(digest)).isEqualTo(refused);
        lru.lowerDelete(digest, refused, refusal(trueClock() + 10), outcome);
        assertThat(lru.awaitedDelete(digest).clock()).isEqualTo(trueClock() + 12);
        assertThat(lru.tombstone(digest)).isEqualTo(lru.awaitedDelete(digest));
    }

    @Test
    void shouldLeaveALaterDeleteAndOneThatIsAcknowledged() {
        lru.delete(lru.encode("k"), outcome);
        Version first = outcome.version();
        lru.delete(lru.encode("k"), outcome);
        Version second = outcome.version();
        lru.lowerDelete(digest, first, refusal(0), outcome);
        assertThat(outcome.status()).isEqualTo(Status.OTHER_VERSION);
        assertThat(lru.tombstone(digest)).isEqualTo(second);
        lru.confirmDelete(digest, second, new Receipt(Receipt.Outcome.STORED, second, 0, true, 1, 1));
        lru.lowerDelete(digest, second, refusal(0), outcome);
        assertThat(outcome.status()).isEqualTo(Status.OTHER_VERSION);
        assertThat(lru.tombstone(digest)).isEqualTo(second);
    }

    @Test
    void shouldHaveNothingOfThisHostAloneThatIsOlderThanARefusal() {
        RelayLease lease = lru.file().relays().lease(0);
        set("value");
        assertThat(lru.isOfThisHostAlone(find(), lease)).isTrue();
        lru.tellClock(lru.file().relays().position(0), refusal(0));
        assertThat(lru.isOfThisHostAlone(find(), lease)).isFalse();
        lru.delete(lru.encode("k"), outcome);
        set("begun since");
        assertThat(lru.isOfThisHostAlone(find(), lease)).isFalse();
    }
}
