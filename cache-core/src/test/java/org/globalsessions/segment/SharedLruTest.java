package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.globalsessions.ValueTooLargeException;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.WriteOutcome.Status;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SharedLruTest {
    @TempDir
    Path folder;

    private final WriteOutcome outcome = new WriteOutcome();

    private SegmentSettings settings(String name) {
        return new SegmentSettings(folder.resolve(name)).elCount(100).pathName("auths");
    }

    private SharedLru open(Role role) throws IOException {
        return SharedLru.open(settings(role.name()).role(role));
    }

    private void set(SharedLru lru, String key, String value) {
        byte[] bytes = value.getBytes(UTF_8);
        lru.set(lru.encode(key), bytes, 0, bytes.length, 0, null, false, outcome);
    }

    private static String get(SharedLru lru, String key) {
        byte[] value = lru.get(lru.encode(key));
        return value == null ? null : new String(value, UTF_8);
    }

    private static SessionEntry entry(String key, String value, long version, long life) {
        return new SessionEntry(
                key.getBytes(UTF_8), value.getBytes(UTF_8), new Version(version, 7), life, false, 0, 0, 0);
    }

    private static Receipt receipt(Receipt.Outcome outcome, Version version) {
        return new Receipt(outcome, version, 0, false, 1, 1);
    }

    private static SessionEntry begun(String key, String value, long version) {
        return new SessionEntry(
                key.getBytes(UTF_8), value.getBytes(UTF_8), new Version(version, 7), version, true, 0, 0, 0);
    }

    private static KeyDigest digest(SharedLru lru, String key) {
        return lru.encode(key).digest();
    }

    private static SessionEntry whole(SharedLru lru, String key) {
        EntrySnapshot into = new EntrySnapshot();
        return lru.find(lru.encode(key), into) ? into.toEntry() : null;
    }

    @Test
    void shouldReturnWhatWasSetWhenKeyIsThere() throws IOException {
        try (SharedLru lru = open(Role.STANDALONE)) {
            set(lru, "user-1", "cart=3");
            assertThat(outcome.status()).isEqualTo(Status.STORED);
            assertThat(get(lru, "user-1")).isEqualTo("cart=3");
            assertThat(get(lru, "user-2")).isNull();
            set(lru, "user-1", "cart=4");
            assertThat(get(lru, "user-1")).isEqualTo("cart=4");
            assertThat(lru.size()).isEqualTo(1);
        }
    }

    @Test
    void shouldKeepEveryByteWhenValueIsEmptyBinaryOrExactlyFull() throws IOException {
        try (SharedLru lru = open(Role.STANDALONE)) {
            for (int length : new int[] {0, 1, lru.maxValueLength(5)}) {
                byte[] value = new byte[length];
                for (int i = 0; i < length; i++) {
                    value[i] = (byte) i;
                }
                lru.set(lru.encode("abcde"), value, 0, length, 0, null, false, outcome);
                assertThat(lru.get(lru.encode("abcde"))).isEqualTo(value);
            }
            set(lru, "sch\u00f6n \ud83d\ude00 \ud800", "\u20ac\u0000\u20ac");
            assertThat(get(lru, "sch\u00f6n \ud83d\ude00 \ud800")).isEqualTo("\u20ac\u0000\u20ac");
            assertThat(get(lru, "sch\u00f6n \ud83d\ude00 \ud801")).isNull();
        }
    }

    @Test
    void shouldRefuseAndStoreNothingWhenValueIsOneByteTooLong() throws IOException {
        try (SharedLru lru = open(Role.STANDALONE)) {
            set(lru, "secret-key", "old");
            byte[] tooLong = new byte[lru.maxValueLength(10) + 1];
            assertThatThrownBy(() ->
                            lru.set(lru.encode("secret-key"), tooLong, 0, tooLong.length, 0, null, false, outcome))
                    .isInstanceOf(ValueTooLargeException.class)
                    .hasMessageContaining("bytes=" + tooLong.length)
                    .hasMessageContaining("limit=" + (tooLong.length - 1))
                    .hasMessageNotContaining("secret-key");
            assertThat(get(lru, "secret-key")).isEqualTo("old");
        }
    }

    @Test
    void shouldCopyIntoTheCallersBufferWhenItIsLargeEnough() throws IOException {
        try (SharedLru lru = open(Role.STANDALONE)) {
            set(lru, "k", "value");
            byte[] target = new byte[7];
            assertThat(lru.getInto(lru.encode("k"), target, 2)).isEqualTo(5);
            assertThat(new String(target, 2, 5, UTF_8)).isEqualTo("value");
            assertThat(lru.getInto(lru.encode("k"), target, 3)).isEqualTo(-2 - 5);
            assertThat(lru.getInto(lru.encode("none"), target, 0)).isEqualTo(SharedLru.ABSENT);
        }
    }

    @Test
    void shouldBeginANewLifeWhenSetFollowsADelete() throws IOException {
        try (SharedLru lru = open(Role.STANDALONE)) {
            set(lru, "k", "one");
            long firstLife = outcome.life();
            set(lru, "k", "two");
            assertThat(outcome.life()).isEqualTo(firstLife);
            lru.delete(lru.encode("k"), outcome);
            assertThat(outcome.held()).isTrue();
            assertThat(get(lru, "k")).isNull();
            Version tombstone = lru.tombstone(digest(lru, "k"));
            set(lru, "k", "three");
            assertThat(outcome.life()).isGreaterThan(tombstone.clock());
            assertThat(get(lru, "k")).isEqualTo("three");
            lru.delete(lru.encode("absent"), outcome);
            assertThat(outcome.held()).isFalse();
        }
    }

    @Test
    void shouldDecideByVersionWhenWriteIsConditional() throws IOException {
        try (SharedLru lru = open(Role.STANDALONE)) {
            EncodedKey key = lru.encode("k");
            lru.set(key, new byte[1], 0, 1, 0, new Version(5, 5), false, outcome);
            assertThat(outcome.status()).isEqualTo(Status.ABSENT);
            lru.set(key, new byte[1], 0, 1, 0, Version.NONE, false, outcome);
            assertThat(outcome.status()).isEqualTo(Status.STORED);
            Version first = outcome.version();
            lru.set(key, new byte[2], 0, 2, 0, Version.NONE, false, outcome);
            assertThat(outcome.status()).isEqualTo(Status.OTHER_VERSION);
            assertThat(outcome.version()).isEqualTo(first);
            lru.set(key, new byte[2], 0, 2, 0, first, false, outcome);
            assertThat(outcome.status()).isEqualTo(Status.STORED);
            Version second = outcome.version();
            lru.delete(key, outcome);
            lru.set(key, new byte[3], 0, 3, 0, second, false, outcome);
            assertThat(outcome.status()).isEqualTo(Status.BEATEN_BY_TOMBSTONE);
            assertThat(lru.get(key)).isNull();
        }
    }

    @Test
    void shouldExpireByLifetimeAndByIdleTimeWhenTheirTicksHavePassed() throws IOException {
        SegmentSettings wanted = settings("ages").idleTimeout(Duration.ofMillis(400));
        try (SharedLru lru = SharedLru.open(wanted)) {
            set(lru, "idle", "v");
            lru.set(lru.encode("short"), new byte[1], 0, 1, 10, null, false, outcome);
            long start = lru.file().now();
            Awaitility.await()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> {
                        long age = lru.file().now() - start;
                        boolean there = get(lru, "short") != null;
                        // One tick of slack for the clock that moves between the two reads.
                        assertThat(there && age > 10).isFalse();
                        return !there && age >= 9;
                    });
            assertThat(get(lru, "idle")).isEqualTo("v");
            long touched = lru.file().now();
            Awaitility.await()
                    .pollInterval(Duration.ofMillis(10))
                    .until(() -> lru.file().now() - touched > 41);
            assertThat(get(lru, "idle")).isNull();
            assertThat(lru.size()).isEqualTo(2);
            assertThat(lru.sweep(0, lru.bucketCount())).isEqualTo(2);
            assertThat(lru.size()).isZero();
            assertThat(lru.counters().get(Counter.EXPIRATIONS)).isEqualTo(2);
        }
    }

    @Test
    void shouldTakeNothingAwayWhenClosed() throws IOException {
        SegmentSettings wanted = settings("closed").role(Role.HOST);
        SharedLru closed = SharedLru.open(wanted);
        set(closed, "superseded", "v");
        EntrySnapshot published = new EntrySnapshot();
        assertThat(closed.find(closed.encode("superseded"), published)).isTrue();
        closed.set(closed.encode("short"), new byte[1], 0, 1, 1, null, false, outcome);
        EntrySnapshot expired = new EntrySnapshot();
        assertThat(closed.findUnsent(closed.encode("short"), expired)).isTrue();
        assertThat(closed.clearMarks(expired.way(), expired.stateWord(), RecordDescriptor.UNPUBLISHED))
                .isTrue();
        Awaitility.await().until(() -> !closed.find(closed.encode("short"), new EntrySnapshot()));
        closed.close();
        Receipt receipt = new Receipt(Receipt.Outcome.SUPERSEDED, published.version(), 0, false, 1, 1);
        assertThatThrownBy(() -> closed.confirm(
                        published, receipt, closed.file().relays().own()))
                .isInstanceOf(IllegalStateException.class);
        assertThat(closed.sweep(0, closed.bucketCount())).isZero();
        try (SharedLru lru = SharedLru.open(wanted)) {
            assertThat(get(lru, "superseded")).isEqualTo("v");
            assertThat(lru.size()).isEqualTo(2);
            assertThat(lru.sweep(0, lru.bucketCount())).isEqualTo(1);
        }
    }

    @Test
    void shouldHoldElCountKeysBeforeTheFirstEvictionWhenTheyAreFresh() throws IOException {
        for (int elCount : new int[] {1, 2, 100, 500, 2_000, 20_000}) {
            try (SharedLru lru = SharedLru.open(settings("fresh-" + elCount).elCount(elCount))) {
                for (int i = 0; i < elCount; i++) {
                    set(lru, "session-" + i, "value-" + i);
                    assertThat(outcome.evicted())
                            .as("elCount %s, key %s", elCount, i)
                            .isFalse();
                }
                for (int i = 0; i < elCount; i++) {
                    assertThat(get(lru, "session-" + i)).isEqualTo("value-" + i);
                }
            }
        }
    }

    @Test
    void shouldEvictTheLongestUnusedWhenItsPlaceIsNeeded() throws IOException {
        try (SharedLru lru = SharedLru.open(settings("two-buckets").elCount(1).untouchedAging(1))) {
            for (int i = 0; i < 32; i++) {
                set(lru, "k" + i, "v" + i);
            }
            assertThat(get(lru, "k0")).isEqualTo("v0");
            set(lru, "k32", "v32");
            assertThat(outcome.evicted()).isTrue();
            assertThat(get(lru, "k0")).isEqualTo("v0");
            assertThat(get(lru, "k1")).isNull();
            assertThat(get(lru, "k32")).isEqualTo("v32");
            assertThat(lru.counters().get(Counter.EVICTIONS)).isEqualTo(1);
        }
    }

    @Test
    void shouldEvictByWhatHasBeenUsedByThenWhenAWriteBeforeHasChosenAVictimAndNotTakenIt() throws IOException {
        try (SharedLru lru = SharedLru.open(settings("chosen").elCount(1).untouchedAging(1))) {
            for (int i = 0; i < 32; i++) {
                set(lru, "k" + i, "v" + i);
            }
            byte[] value = "v".getBytes(UTF_8);
            lru.set(lru.encode("refused"), value, 0, 1, 0, new Version(1, 1), false, outcome);
            assertThat(outcome.status()).isEqualTo(Status.ABSENT);
            assertThat(get(lru, "k0")).isEqualTo("v0");
            LoadStart start = lru.beginLoad(lru.encode("loaded"), 0);
            lru.finishLoad(lru.encode("loaded"), value, start, outcome);
            assertThat(outcome.evicted()).isTrue();
            assertThat(get(lru, "k0")).as("used since").isEqualTo("v0");
            assertThat(get(lru, "k1")).isNull();
        }
    }

    @Test
    void shouldOverwriteInAFullTableWithoutLosingTheKeyWhenNoPlaceIsFree() throws IOException {
        try (SharedLru lru = SharedLru.open(settings("full").elCount(1))) {
            for (int i = 0; i < 32; i++) {
                set(lru, "k" + i, "v" + i);
            }
            for (int round = 0; round < 100; round++) {
                set(lru, "k31", "round-" + round);
                assertThat(get(lru, "k31")).isEqualTo("round-" + round);
            }
            assertThat(lru.counters().get(Counter.EVICTIONS)).isEqualTo(1);
        }
    }

    @Test
    void shouldHoldUnpublishedEntriesWhenATierStandsBehind() throws IOException {
        try (SharedLru lru = SharedLru.open(settings("held").elCount(1).role(Role.HOST))) {
            for (int i = 0; i < 32; i++) {
                set(lru, "k" + i, "v" + i);
            }
            set(lru, "one-more", "v");
            assertThat(outcome.status()).isEqualTo(Status.NO_ROOM);
            EntrySnapshot oldest = new EntrySnapshot();
            assertThat(lru.oldestFor(lru.encode("one-more"), oldest)).isTrue();
            assertThat(lru.clearMarks(oldest.way(), oldest.stateWord(), RecordDescriptor.UNPUBLISHED))
                    .isTrue();
            assertThat(lru.takeable(oldest.way() / 16)).isEqualTo(1);
            set(lru, "one-more", "v");
            assertThat(outcome.status()).isEqualTo(Status.STORED);
            assertThat(lru.counters().get(Counter.LOST_UNPUBLISHED)).isZero();
            byte[] value = {1};
            lru.set(lru.encode("another"), value, 0, 1, 0, null, true, outcome);
            assertThat(outcome.status()).isEqualTo(Status.STORED);
            assertThat(lru.counters().get(Counter.LOST_UNPUBLISHED)).isEqualTo(1);
        }
    }

    @Test
    void shouldNameAnotherEntryToGoWhenTheOldestIsTheOneToBeOverwritten() throws IOException {
        try (SharedLru lru = SharedLru.open(settings("held").elCount(1).role(Role.HOST))) {
            for (int i = 0; i < 32; i++) {
                set(lru, "k" + i, "v" + i);
            }
            set(lru, "k0", "new");
            assertThat(outcome.status())
                    .as("it is written beside the one there")
                    .isEqualTo(Status.NO_ROOM);
            EntrySnapshot oldest = new EntrySnapshot();
            assertThat(lru.oldestFor(lru.encode("k0"), oldest)).isTrue();
            assertThat(oldest.toEntry().key()).isNotEqualTo("k0".getBytes(UTF_8));
            assertThat(lru.clearMarks(oldest.way(), oldest.stateWord(), RecordDescriptor.UNPUBLISHED))
                    .isTrue();
            set(lru, "k0", "new");
            assertThat(outcome.status()).isEqualTo(Status.STORED);
        }
    }

    @Test
    void shouldKeepTheMarkWhenAnOlderVersionIsAcknowledged() throws IOException {
        try (SharedLru lru = open(Role.HOST)) {
            set(lru, "k", "one");
            EntrySnapshot first = new EntrySnapshot();
            assertThat(lru.find(lru.encode("k"), first)).isTrue();
            set(lru, "k", "two");
            lru.confirm(
                    first,
                    new Receipt(Receipt.Outcome.STORED, first.version(), first.life(), false, 1, 1),
                    lru.file().relays().own());
            EntrySnapshot second = new EntrySnapshot();
            assertThat(lru.find(lru.encode("k"), second)).isTrue();
            assertThat(second.marks() & RecordDescriptor.UNPUBLISHED).isNotZero();
            lru.confirm(
                    second,
                    new Receipt(Receipt.Outcome.STORED, second.version(), second.life(), false, 1, 2),
                    lru.file().relays().own());
            assertThat(lru.find(lru.encode("k"), second)).isTrue();
            assertThat(second.marks()).isZero();
            List<String> marked = new ArrayList<>();
            lru.scan(0, lru.bucketCount(), RecordDescriptor.UNPUBLISHED, e -> marked.add("entry"));
            assertThat(marked).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void shouldKeepTheMarkWhenANewerVersionIsAnnouncedBeforeTheReceipt(boolean whole, boolean raised)
            throws IOException {
        try (SharedLru lru = open(Role.HOST)) {
            set(lru, "k", "one");
            EntrySnapshot sent = new EntrySnapshot();
            assertThat(lru.find(lru.encode("k"), sent)).isTrue();
            Version newer = new Version(sent.version().clock() + 1000, 9);
            if (whole) {
                lru.fill(
                        lru.encode("k"),
                        entry("k", "newer", newer.clock(), newer.clock() - 1),
                        Long.MAX_VALUE,
                        0,
                        false,
                        outcome);
            } else {
                lru.removeOlder(digest(lru, "k"), newer);
            }
            long life = raised ? sent.life() - 7 : sent.life();
            lru.confirm(
                    sent,
                    new Receipt(Receipt.Outcome.STORED, sent.version(), life, false, 1, 1),
                    lru.file().relays().own());
            EntrySnapshot now = new EntrySnapshot();
            assertThat(lru.find(lru.encode("k"), now)).isTrue();
            assertThat(now.marks() & RecordDescriptor.UNPUBLISHED)
                    .as("sent once more, for the relay to say what counts")
                    .isNotZero();
            assertThat(now.version()).isEqualTo(sent.version());
            assertThat(get(lru, "k")).isEqualTo("one");
        }
    }

    @Test
    void shouldNotStoreAnAnswerWhenAChangeWasAnnouncedAfterTheQuestion() throws IOException {
        try (SharedLru lru = open(Role.HOST)) {
            long asked = lru.announced(digest(lru, "k"));
            lru.noteAnnounced(digest(lru, "k"));
            lru.removeOlder(digest(lru, "k"), new Version(500, 9));
            fillAsked(lru, asked, "void");
            assertThat(outcome.status()).isEqualTo(Status.NO_ROOM);
            assertThat(get(lru, "k")).isNull();
            fillAsked(lru, lru.announced(digest(lru, "k")), "asked again");
            assertThat(outcome.status()).isEqualTo(Status.STORED);
            assertThat(get(lru, "k")).isEqualTo("asked again");
        }
    }

    private void fillAsked(SharedLru lru, long asked, String value) {
        lru.fill(
                lru.encode("k"),
                entry("k", value, 400, 300),
                lru.file().relays().own(),
                Long.MAX_VALUE,
                0,
                true,
                asked,
                outcome);
    }

    @Test
    void shouldTakeOnTheRelaysLifeAndVersionWhenTheReceiptRaisesThem() throws IOException {
        try (SharedLru lru = open(Role.HOST)) {
            set(lru, "k", "one");
            EntrySnapshot sent = new EntrySnapshot();
            lru.find(lru.encode("k"), sent);
            Version raised = new Version(sent.version().clock() + 1000, 9);
            lru.confirm(
                    sent,
                    new Receipt(Receipt.Outcome.STORED, raised, raised.clock(), false, 1, 1),
                    lru.file().relays().own());
            SessionEntry now = whole(lru, "k");
            assertThat(now.version()).isEqualTo(raised);
            assertThat(now.life()).isEqualTo(raised.clock());
            assertThat(now.beginsLife()).isFalse();
            assertThat(get(lru, "k")).isEqualTo("one");
        }
    }

    @Test
    void shouldNotComeBackWhenDeleteIsNewerThanTheLife() throws IOException {
        try (SharedLru lru = open(Role.STANDALONE)) {
            lru.fill(lru.encode("k"), entry("k", "old", 100, 50), Long.MAX_VALUE, 0, true, outcome);
            assertThat(outcome.status()).isEqualTo(Status.STORED);
            lru.applyDelete(digest(lru, "k"), new Version(80, 1), 3, outcome);
            assertThat(outcome.held()).isTrue();
            assertThat(get(lru, "k")).isNull();
            lru.fill(lru.encode("k"), entry("k", "late", 900, 50), Long.MAX_VALUE, 0, true, outcome);
            assertThat(outcome.status()).isEqualTo(Status.BEATEN_BY_TOMBSTONE);
            lru.fill(lru.encode("k"), entry("k", "new life", 90, 90), Long.MAX_VALUE, 0, true, outcome);
            assertThat(get(lru, "k")).isEqualTo("new life");
            lru.applyDelete(digest(lru, "k"), new Version(70, 1), 2, outcome);
            assertThat(get(lru, "k")).isEqualTo("new life");
        }
    }

    @Test
    void shouldKeepTheNewerWhenAFillIsOlder() throws IOException {
        try (SharedLru lru = open(Role.RELIEF)) {
            lru.fill(lru.encode("k"), entry("k", "v2", 200, 50), Long.MAX_VALUE, 0, true, outcome);
            lru.fill(lru.encode("k"), entry("k", "v1", 100, 50), Long.MAX_VALUE, 0, true, outcome);
            assertThat(outcome.status()).isEqualTo(Status.SUPERSEDED);
            assertThat(outcome.version()).isEqualTo(new Version(200, 7));
            assertThat(get(lru, "k")).isEqualTo("v2");
            assertThat(lru.removeOlder(digest(lru, "k"), new Version(200, 7))).isFalse();
            assertThat(lru.removeOlder(digest(lru, "k"), new Version(201, 7))).isTrue();
            assertThat(get(lru, "k")).isNull();
        }
    }

    @Test
    void shouldJoinTheLifeThatIsThereWhenARelayAccepts() throws IOException {
        try (SharedLru relay = open(Role.RELAY)) {
            relay.accept(relay.encode("k"), begun("k", "one", 100), 0, Version.NONE, outcome);
            assertThat(outcome.status()).isEqualTo(Status.STORED);
            relay.accept(relay.encode("k"), begun("k", "two", 150), 0, Version.NONE, outcome);
            assertThat(outcome.status()).isEqualTo(Status.STORED);
            assertThat(outcome.life()).isEqualTo(100);
            relay.accept(relay.encode("k"), begun("k", "again", 150), 0, Version.NONE, outcome);
            assertThat(outcome.status()).isEqualTo(Status.STORED);
            relay.accept(relay.encode("k"), begun("k", "late", 120), 0, Version.NONE, outcome);
            assertThat(outcome.status()).isEqualTo(Status.SUPERSEDED);
            assertThat(get(relay, "k")).isEqualTo("two");
        }
    }

    @Test
    void shouldLoseWhenTheWriterHadNotHeardOfTheDelete() throws IOException {
        try (SharedLru relay = open(Role.RELAY)) {
            relay.accept(relay.encode("k"), begun("k", "one", 100), 0, Version.NONE, outcome);
            relay.acceptDelete(digest(relay, "k"), new Version(90, 3), 0, false, 0, outcome);
            assertThat(outcome.held()).isTrue();
            Version tombstone = outcome.version();
            assertThat(tombstone.clock()).isGreaterThan(100);
            relay.accept(relay.encode("k"), entry("k", "update", 500, 100), 0, Version.NONE, outcome);
            assertThat(outcome.status()).isEqualTo(Status.BEATEN_BY_TOMBSTONE);
            assertThat(outcome.version()).isEqualTo(tombstone);
            relay.accept(relay.encode("k"), begun("k", "unaware", 700), 0, Version.NONE, outcome);
            assertThat(outcome.status()).isEqualTo(Status.BEATEN_BY_TOMBSTONE);
            assertThat(get(relay, "k")).isNull();
            relay.accept(relay.encode("k"), begun("k", "read before the delete", 95), 0, tombstone, outcome);
            assertThat(outcome.status()).isEqualTo(Status.BEATEN_BY_TOMBSTONE);
            long again = tombstone.clock() + 5;
            relay.accept(relay.encode("k"), begun("k", "logged in again", again), 0, tombstone, outcome);
            assertThat(outcome.status()).isEqualTo(Status.STORED);
            assertThat(outcome.life()).isGreaterThan(tombstone.clock());
            assertThat(get(relay, "k")).isEqualTo("logged in again");
            relay.acceptDelete(digest(relay, "k"), tombstone, 0, false, 0, outcome);
            assertThat(get(relay, "k"))
                    .as("the same delete, sent a second time")
                    .isEqualTo("logged in again");
        }
    }

    @Test
    void shouldRaiseADeleteAboveWhatALaterTierMayHaveOnlyWhereNothingIsHere() throws IOException {
        try (SharedLru relay = open(Role.RELAY)) {
            relay.acceptDelete(digest(relay, "handed off"), new Version(200, 3), 0, false, 500, outcome);
            assertThat(outcome.version()).isEqualTo(new Version(501, 3));
            relay.accept(relay.encode("here"), begun("here", "one", 300), 0, Version.NONE, outcome);
            relay.acceptDelete(digest(relay, "here"), new Version(200, 3), 0, false, 500, outcome);
            assertThat(outcome.version()).isEqualTo(new Version(301, 3));
        }
    }

    @Test
    void shouldLeaveAllAsItWasWhenThereIsNoRoomToNoteAHostsDelete() throws IOException {
        try (SharedLru relay = open(Role.RELAY)) {
            String key = "";
            for (int i = 0; i < 20_000 && outcome.status() != Status.NO_TOMBSTONE_ROOM; i++) {
                key = "k" + i;
                relay.accept(relay.encode(key), begun(key, "one", 100), 0, Version.NONE, outcome);
                relay.acceptDelete(digest(relay, key), new Version(200, 3), 0, false, 0, outcome);
            }
            assertThat(outcome.status()).isEqualTo(Status.NO_TOMBSTONE_ROOM);
            assertThat(get(relay, key))
                    .as("else an older copy of a later tier would come to its place")
                    .isEqualTo("one");
        }
    }

    @Test
    void shouldNumberEachDeleteWhenThereIsRoomForNoSecondTombstone() throws IOException {
        try (SharedLru relay = open(Role.RELAY)) {
            List<String> deleted = new ArrayList<>();
            List<Long> numbers = new ArrayList<>();
            while (outcome.status() != Status.NO_TOMBSTONE_ROOM) {
                String key = "k" + deleted.size();
                relay.acceptDelete(digest(relay, key), new Version(200, 3), 0, false, 0, outcome);
                if (outcome.status() == Status.STORED) {
                    deleted.add(key);
                    numbers.add(outcome.position());
                }
            }
            assertThat(numbers)
                    .containsExactlyElementsOf(
                            LongStream.rangeClosed(1, deleted.size()).boxed().toList());
            assertThat(relay.file().position()).as("none was given in vain").isEqualTo(deleted.size());
            for (int i = deleted.size() - 1; i >= deleted.size() - 100; i--) {
                String key = deleted.get(i);
                relay.accept(relay.encode(key), begun(key, "again", 300), numbers.get(i), Version.NONE, outcome);
                assertThat(outcome.status())
                        .as("its host has heard of delete %d", numbers.get(i))
                        .isEqualTo(Status.STORED);
            }
        }
    }

    @Test
    void shouldTakeTheNextWriteOfALifeWhenItsHostHasForgottenTheDeleteThatItWasBegunOver() throws IOException {
        try (SharedLru relay = open(Role.RELAY)) {
            Version deleted = new Version(200, 3);
            relay.acceptDelete(digest(relay, "k"), deleted, 0, false, 0, outcome);
            relay.accept(relay.encode("k"), begun("k", "logged in again", 300), 0, deleted, outcome);
            SessionEntry next = new SessionEntry(
                    "k".getBytes(UTF_8), "and on".getBytes(UTF_8), new Version(310, 3), 300, true, 0, 0, 0);
            relay.accept(relay.encode("k"), next, 0, Version.NONE, outcome);
            assertThat(outcome.status()).isEqualTo(Status.STORED);
            assertThat(get(relay, "k")).isEqualTo("and on");
        }
    }

    @Test
    void shouldCountAWriteThatLosesToASessionBegunSinceItsOwnLeftTheRelay() throws IOException {
        try (SharedLru relay = open(Role.RELAY)) {
            SessionEntry second = begun("k", "by a host that did not know the first", 400);
            relay.accept(relay.encode("k"), second, 0, Version.NONE, outcome);
            SessionEntry save = new SessionEntry(
                    "k".getBytes(UTF_8), "of the first".getBytes(UTF_8), new Version(900, 3), 300, false, 0, 0, 0);
            relay.accept(relay.encode("k"), save, 0, Version.NONE, outcome);
            assertThat(outcome.status()).isEqualTo(Status.SUPERSEDED);
            assertThat(outcome.version().clock())
                    .as("lower than its own: its host is told that it has lost")
                    .isEqualTo(400);
            assertThat(relay.counters().get(Counter.LOST_TO_LATER_LIFE)).isOne();
        }
    }

    @Test
    void shouldTakeALaterLifeAwayWhenAHostWhoseClockLagsDeletes() throws IOException {
        try (SharedLru relay = open(Role.RELAY)) {
            relay.acceptDelete(digest(relay, "k"), new Version(500, 3), 0, false, 0, outcome);
            relay.accept(relay.encode("k"), begun("k", "logged in again", 600), 0, new Version(500, 3), outcome);
            assertThat(outcome.status()).isEqualTo(Status.STORED);
            relay.acceptDelete(digest(relay, "k"), new Version(90, 4), 0, false, 0, outcome);
            assertThat(get(relay, "k")).isNull();
            assertThat(outcome.held()).isTrue();
            assertThat(outcome.version().clock()).isGreaterThan(600);
            assertThat(outcome.status())
                    .as("another host's delete was later than this one, and what follows this one knew nothing of it")
                    .isEqualTo(Status.SUPERSEDED);
        }
    }

    /** The host of the second delete has applied announcements up to the first one's number, or one less. */
    private void deleteOnTwoHosts(SharedLru relay, Version second, boolean hasHeard) {
        relay.file().nextPosition();
        relay.acceptDelete(digest(relay, "k"), new Version(100, 3), 0, false, 0, outcome);
        long number = outcome.position();
        assertThat(number).isEqualTo(relay.file().position());
        relay.acceptDelete(digest(relay, "k"), second, hasHeard ? number : number - 1, false, 0, outcome);
    }

    private Version delete(SharedLru host) {
        host.delete(host.encode("k"), outcome);
        return outcome.version();
    }

    @Test
    void shouldSupersedeADeleteWhoseHostDidNotKnowOfAnothersDelete() throws IOException {
        Version second = new Version(500, 4);
        try (SharedLru relay = open(Role.RELAY)) {
            deleteOnTwoHosts(relay, second, false);
            assertThat(outcome.status()).isEqualTo(Status.SUPERSEDED);
            Version raised = outcome.version();
            assertThat(raised).isEqualTo(new Version(501, 4));
            relay.accept(relay.encode("k"), begun("k", "begun over the second alone", 600), 1, second, outcome);
            assertThat(outcome.status()).isEqualTo(Status.BEATEN_BY_TOMBSTONE);
            assertThat(outcome.version()).isEqualTo(raised);
        }
    }

    @Test
    void shouldNotSupersedeADeleteWhoseHostKnewOfAnothersDelete() throws IOException {
        Version second = new Version(500, 4);
        try (SharedLru relay = open(Role.RELAY)) {
            deleteOnTwoHosts(relay, second, true);
            assertThat(outcome.status()).isEqualTo(Status.STORED);
            assertThat(outcome.version()).isEqualTo(second);
            relay.accept(relay.encode("k"), begun("k", "logged in again", 600), 1, second, outcome);
            assertThat(get(relay, "k")).isEqualTo("logged in again");
        }
    }

    @Test
    void shouldTakeALaterDeleteOfTheHostWhenTheRelayHadRaisedItsEarlierOne() throws IOException {
        Version first = new Version(100, 4);
        Version second = new Version(300, 4);
        try (SharedLru relay = open(Role.RELAY)) {
            relay.accept(relay.encode("k"), begun("k", "by a clock ahead", 400), 0, Version.NONE, outcome);
            relay.acceptDelete(digest(relay, "k"), first, 0, false, 0, outcome);
            assertThat(outcome.version()).isEqualTo(new Version(401, 4));
            relay.acceptDelete(digest(relay, "k"), second, 0, false, 0, outcome);
            assertThat(outcome.status()).as("of its own delete the host knew").isEqualTo(Status.STORED);
            assertThat(outcome.version()).isEqualTo(new Version(403, 4));
            relay.acceptDelete(digest(relay, "k"), second, 0, false, 0, outcome);
            assertThat(outcome.version().clock()).isGreaterThan(403);
        }
    }

    @Test
    void shouldLoseWhatBeganOverAnOwnDeleteWhenAnothersDeleteIsAnnounced() throws IOException {
        try (SharedLru host = open(Role.HOST)) {
            Version own = delete(host);
            set(host, "k", "begun over it");
            host.applyDelete(digest(host, "k"), new Version(own.clock() - 1000, 9), 5, outcome);
            assertThat(get(host, "k")).isNull();
            assertThat(host.tombstone(digest(host, "k"))).isEqualTo(own);
            assertThat(host.awaitsDeleteReceipt(digest(host, "k"))).isTrue();
        }
    }

    @Test
    void shouldKeepAnOwnDeleteForTheRelayWhenAHigherOneIsAnnounced() throws IOException {
        try (SharedLru host = open(Role.HOST)) {
            KeyDigest digest = digest(host, "k");
            Version own = delete(host);
            Version anothers = new Version(own.clock() + 1000, 9);
            host.applyDelete(digest, anothers, 5, outcome);
            assertThat(host.tombstone(digest)).isEqualTo(anothers);
            assertThat(host.awaitedDelete(digest)).isEqualTo(own);
            set(host, "k", "begun over both");
            Version raised = new Version(anothers.clock() + 3, own.origin());
            host.confirmDelete(digest, own, new Receipt(Receipt.Outcome.STORED, raised, 0, false, 1, 6));
            assertThat(host.tombstone(digest)).isEqualTo(raised);
            assertThat(host.awaitsDeleteReceipt(digest)).isFalse();
            assertThat(get(host, "k")).isEqualTo("begun over both");
            assertThat(whole(host, "k").life()).isGreaterThan(raised.clock());
        }
    }

    @Test
    void shouldNoLongerWaitForAReceiptWhenAnOwnDeleteIsSupersededByALowerOneThanIsAnnounced() throws IOException {
        try (SharedLru host = open(Role.HOST)) {
            KeyDigest digest = digest(host, "k");
            Version own = delete(host);
            Version anothers = new Version(own.clock() + 1000, 9);
            host.applyDelete(digest, anothers, 5, outcome);
            Version told = new Version(own.clock() + 1, own.origin());
            host.confirmDelete(digest, own, new Receipt(Receipt.Outcome.SUPERSEDED, told, 0, false, 1, 4));
            assertThat(host.tombstone(digest)).isEqualTo(anothers);
            assertThat(host.awaitsDeleteReceipt(digest)).isFalse();
        }
    }

    @Test
    void shouldTakeAwayWhatAnEarlierDeleteTookAwayAtTheRelayAfterALaterOne() throws IOException {
        try (SharedLru host = open(Role.HOST)) {
            KeyDigest digest = digest(host, "k");
            Version first = delete(host);
            Version second = delete(host);
            host.confirmDelete(digest, second, new Receipt(Receipt.Outcome.STORED, second, 0, false, 1, 4));
            host.fill(
                    host.encode("k"),
                    entry("k", "begun since", second.clock() + 10, second.clock() + 10),
                    Long.MAX_VALUE,
                    0,
                    true,
                    outcome);
            Version raised = new Version(second.clock() + 11, second.origin());
            host.confirmDelete(digest, first, new Receipt(Receipt.Outcome.STORED, raised, 0, true, 1, 6));
            assertThat(get(host, "k")).isNull();
            assertThat(host.tombstone(digest)).isEqualTo(raised);
            assertThat(host.awaitsDeleteReceipt(digest)).isFalse();
        }
    }

    @Test
    void shouldNotLetAnUpdateOfADeletedLifeGoOnInTheNextOne() throws IOException {
        try (SharedLru relay = open(Role.RELAY)) {
            relay.accept(relay.encode("k"), begun("k", "one", 100), 0, Version.NONE, outcome);
            relay.acceptDelete(digest(relay, "k"), new Version(200, 3), 0, false, 0, outcome);
            relay.accept(relay.encode("k"), begun("k", "two", 300), 0, new Version(200, 3), outcome);
            relay.accept(relay.encode("k"), entry("k", "update of one", 900, 100), 0, Version.NONE, outcome);
            assertThat(outcome.status()).isEqualTo(Status.BEATEN_BY_TOMBSTONE);
            relay.accept(relay.encode("k"), begun("k", "unaware of the delete", 950), 0, Version.NONE, outcome);
            assertThat(outcome.status())
                    .as("what is there is lower, and supersedes nothing")
                    .isEqualTo(Status.BEATEN_BY_TOMBSTONE);
            assertThat(outcome.version()).isEqualTo(new Version(200, 3));
            assertThat(relay.counters().get(Counter.BEATEN_BY_TOMBSTONE)).isEqualTo(2);
            assertThat(get(relay, "k")).isEqualTo("two");
            relay.accept(relay.encode("k"), entry("k", "update of two", 400, 300), 0, Version.NONE, outcome);
            assertThat(get(relay, "k")).isEqualTo("update of two");
        }
    }

    @Test
    void shouldNotTakeWhatTheRelayHasSentWhenAnotherHostsDeleteStandsAboveAnUnjudgedOne() throws IOException {
        try (SharedLru host = open(Role.HOST)) {
            WriteOutcome deleted = new WriteOutcome();
            host.delete(host.encode("k"), deleted);
            long higher = deleted.version().clock() + 1000;
            host.applyDelete(
                    digest(host, "k"),
                    new Version(higher, 99),
                    host.file().relays().own(),
                    1,
                    1,
                    outcome);
            SessionEntry sent = entry("k", "of another host", higher + 2, higher + 2);
            host.fill(host.encode("k"), sent, Long.MAX_VALUE, 0, true, outcome);
            assertThat(outcome.status()).isEqualTo(Status.STALE);
            host.confirmDelete(
                    digest(host, "k"), deleted.version(), receipt(Receipt.Outcome.STORED, deleted.version()));
            host.fill(host.encode("k"), sent, Long.MAX_VALUE, 0, true, outcome);
            assertThat(get(host, "k")).isEqualTo("of another host");
        }
    }

    @Test
    void shouldNotTakeWhatTheRelayHasSentUntilItHasJudgedADeleteOfThisHost() throws IOException {
        try (SharedLru host = open(Role.HOST)) {
            WriteOutcome deleted = new WriteOutcome();
            host.delete(host.encode("k"), deleted);
            long life = deleted.version().clock() + 1000;
            SessionEntry before = entry("k", "of another host, before the delete", life, life);
            SessionEntry after = entry("k", "of another host, after it", life + 2, life + 2);
            for (SessionEntry sent : List.of(before, after)) {
                host.fill(host.encode("k"), sent, Long.MAX_VALUE, 0, true, outcome);
                assertThat(outcome.status()).isEqualTo(Status.STALE);
                assertThat(get(host, "k")).isNull();
            }
            host.confirmDelete(
                    digest(host, "k"), deleted.version(), receipt(Receipt.Outcome.STORED, new Version(life + 1, 99)));
            host.fill(host.encode("k"), before, Long.MAX_VALUE, 0, true, outcome);
            assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.BEATEN_BY_TOMBSTONE);
            host.fill(host.encode("k"), after, Long.MAX_VALUE, 0, true, outcome);
            assertThat(get(host, "k")).isEqualTo("of another host, after it");
        }
    }

    @Test
    void shouldLoseWhatBeganOverAnOwnDeleteWhenALaterOneStands() throws IOException {
        try (SharedLru host = open(Role.HOST)) {
            WriteOutcome deleted = new WriteOutcome();
            host.delete(host.encode("k"), deleted);
            set(host, "k", "logged in again");
            Version later = new Version(deleted.version().clock() + (60_000_000L << Version.LOGICAL_BITS), 4);
            host.confirmDelete(digest(host, "k"), deleted.version(), receipt(Receipt.Outcome.SUPERSEDED, later));
            assertThat(get(host, "k")).isNull();
            assertThat(host.tombstone(digest(host, "k"))).isEqualTo(later);
            assertThat(host.awaitsDeleteReceipt(digest(host, "k"))).isFalse();
        }
    }

    @Test
    void shouldSendAnOwnDeleteAgainWhenAnothersIsAnnouncedBeforeItsReceipt() throws IOException {
        try (SharedLru host = open(Role.HOST)) {
            WriteOutcome deleted = new WriteOutcome();
            host.delete(host.encode("k"), deleted);
            Version others = new Version(deleted.version().clock() + 1, 4);
            host.applyDelete(digest(host, "k"), others, 0, outcome);
            assertThat(host.tombstone(digest(host, "k"))).isEqualTo(others);
            assertThat(host.awaitsDeleteReceipt(digest(host, "k"))).isTrue();
        }
    }

    @Test
    void shouldKeepWhatBeganHereUntilTheRelayHasJudgedItWhenAnotherLifeIsAnnounced() throws IOException {
        try (SharedLru host = open(Role.HOST)) {
            set(host, "k", "begun here");
            long life = (System.currentTimeMillis() * 1000 + 60_000_000L) << Version.LOGICAL_BITS;
            host.fill(host.encode("k"), entry("k", "announced", life, life), Long.MAX_VALUE, 0, true, outcome);
            assertThat(outcome.status()).isEqualTo(Status.SUPERSEDED);
            assertThat(host.removeOlder(digest(host, "k"), new Version(life, 4)))
                    .isFalse();
            assertThat(get(host, "k")).isEqualTo("begun here");
        }
    }

    @Test
    void shouldGiveNoVersionTwiceWhenAHostsClockLagsAndWhatItGaveIsGone() throws IOException {
        try (SharedLru host = open(Role.HOST)) {
            long ahead = (System.currentTimeMillis() * 1000 + 60_000_000L) << Version.LOGICAL_BITS;
            host.removeOlder(digest(host, "k"), new Version(ahead, 4));
            Version first = delete(host);
            host.delete(host.encode("other"), outcome);
            assertThat(first.clock()).isGreaterThan(ahead);
            assertThat(outcome.version().clock()).isGreaterThan(first.clock());
        }
    }

    @Test
    void shouldLetALifeBeginWhenItsSetOvertakesTheDeleteItFollows() throws IOException {
        try (SharedLru relay = open(Role.RELAY)) {
            relay.accept(relay.encode("k"), begun("k", "one", 100), 0, Version.NONE, outcome);
            Version delete = new Version(200, 3);
            relay.accept(relay.encode("k"), begun("k", "two", 210), 0, delete, outcome);
            assertThat(outcome.status()).isEqualTo(Status.STORED);
            assertThat(outcome.life()).isEqualTo(210);
            relay.acceptDelete(digest(relay, "k"), delete, 0, false, 0, outcome);
            assertThat(get(relay, "k")).isEqualTo("two");
        }
    }

    @Test
    void shouldTellDeletesStillUnacknowledgedWhenAskedForThem() throws IOException {
        try (SharedLru lru = open(Role.HOST)) {
            set(lru, "k", "v");
            lru.delete(lru.encode("k"), outcome);
            Version version = outcome.version();
            KeyDigest digest = digest(lru, "k");
            List<Version> seen = new ArrayList<>();
            lru.scanUnacknowledgedTombstones((d, v, position) -> d.equals(digest) && seen.add(v));
            assertThat(seen).containsExactly(version);
            assertThat(lru.awaitsDeleteReceipt(digest)).isTrue();
            Version raised = new Version(version.clock() + 5, 1);
            lru.confirmDelete(digest, version, new Receipt(Receipt.Outcome.STORED, raised, 0, true, 1, 17));
            assertThat(lru.awaitsDeleteReceipt(digest)).isFalse();
            assertThat(lru.tombstone(digest)).isEqualTo(raised);
        }
    }

    /** Who was away for so long has not heard of it: without it he would bring the session back. */
    @ParameterizedTest
    @EnumSource(
            value = Role.class,
            names = {"HOST", "RELAY"})
    void shouldKeepADeleteForAsLongAsTheNextTierHasNotAcknowledgedIt(Role role) throws IOException {
        FakeClocks clocks = new FakeClocks();
        SegmentSettings settings =
                new SegmentSettings(folder.resolve("kept")).elCount(100).role(role);
        try (SharedLru lru = new SharedLru(SegmentFile.open(settings, clocks), settings)) {
            lru.delete(lru.encode("k"), outcome);
            Version version = outcome.version();
            KeyDigest digest = digest(lru, "k");
            for (int i = 0; i < 100; i++) {
                clocks.pass(TombstoneTable.RETENTION_TICKS);
                lru.file().time().advance();
                lru.sweep(0, lru.bucketCount());
            }
            assertThat(lru.tombstone(digest)).isEqualTo(version);
            lru.confirmDelete(digest, version, new Receipt(Receipt.Outcome.STORED, version, 0, true, 1, 17));
            clocks.pass(TombstoneTable.RETENTION_TICKS + 1);
            lru.file().time().advance();
            lru.sweep(0, lru.bucketCount());
            assertThat(lru.tombstone(digest)).isEqualTo(Version.NONE);
        }
    }

    @Test
    void shouldRefuseWritesWhenItIsClosed() throws IOException {
        SharedLru lru = open(Role.STANDALONE);
        set(lru, "k", "v");
        lru.close();
        assertThatThrownBy(() -> set(lru, "k", "late"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
        try (SharedLru again = open(Role.STANDALONE)) {
            assertThat(get(again, "k")).isEqualTo("v");
        }
    }

    @Test
    void shouldKeepTheLoginAfterADeleteWhenTheRelayRaisesTheDeleteAboveIt() throws IOException {
        try (SharedLru lru = open(Role.HOST)) {
            set(lru, "k", "one");
            lru.delete(lru.encode("k"), outcome);
            Version deleted = outcome.version();
            set(lru, "k", "logged in again");
            KeyDigest digest = digest(lru, "k");
            Version raised = new Version(deleted.clock() + (60_000_000L << Version.LOGICAL_BITS), 9);
            lru.confirmDelete(digest, deleted, new Receipt(Receipt.Outcome.STORED, raised, 0, true, 1, 17));
            assertThat(get(lru, "k")).isEqualTo("logged in again");
            EntrySnapshot entry = new EntrySnapshot();
            assertThat(lru.find(lru.encode("k"), entry)).isTrue();
            assertThat(entry.life()).isGreaterThan(raised.clock());
            assertThat(entry.marks()).isEqualTo(RecordDescriptor.UNPUBLISHED | RecordDescriptor.LIFE_UNCONFIRMED);
            assertThat(lru.tombstone(digest)).isEqualTo(raised);
            assertThat(lru.awaitsDeleteReceipt(digest)).isFalse();
        }
    }
}
