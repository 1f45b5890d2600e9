package org.globalsessions;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.globalsessions.segment.SegmentDescriptor.WAYS;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.globalsessions.segment.EncodedKey;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RelayPlaces;
import org.globalsessions.segment.RelayPosition;
import org.globalsessions.segment.SegmentFile.Duty;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.SimulatedMachine;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.simulation.VirtualTime;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.NextTier;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.TierListener;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A host that has missed deletes which its relay has forgotten: what it publishes claims no more than it had heard of when that was made. */
class LinkDutyTest {
    private static final long EPOCH = 7;
    private static final long APPLIED = 5;
    private static final long WELCOMED = 50;

    @TempDir
    private Path folder;

    private final VirtualTime time = new VirtualTime(1, false);
    private final SimulatedMachine machine = new SimulatedMachine(time);

    /** Position that was claimed when a key was published or deleted last, -1 without a claim. */
    private final Map<String, Long> claims = new HashMap<>();

    /** Keys that the relay judges. */
    private final Set<String> judged = new HashSet<>();

    private final Map<KeyDigest, String> deleted = new HashMap<>();

    /** What happens while the host looks at one of its entries. */
    private Runnable onLook = () -> {};

    private SharedLru lru;
    private RelayPosition place;
    private Relay relay;
    private TierListener link;

    @BeforeEach
    void openAfterALongAbsence() throws IOException {
        lru = machine.open(new SegmentSettings(folder.resolve("host"))
                .elCount(100)
                .pathName("auths")
                .role(Role.HOST)
                .relays(RelayPlaces.id("relay")));
        place = lru.file().relays().position(0);
        place.set(EPOCH, APPLIED);
        Failures failures = new Failures(lru.counters(), lru.file().errors());
        relay = new Relay(
                new Relay.Shared(
                        lru,
                        new ReceiptSignal(),
                        failures,
                        Runnable::run,
                        new Notifier(Runnable::run, lru.counters(), failures),
                        new Arrivals(key -> false, key -> new CompletableFuture<>(), Runnable::run),
                        new ClientRelays(lru),
                        LinkDutyTest::neverStarted),
                tier(),
                place,
                lru.file().relays().lease(0),
                digest -> {
                    onLook.run();
                    return true;
                },
                () -> {});
        relay.start(() -> {});
    }

    @AfterEach
    void close() {
        lru.close();
    }

    private static Thread neverStarted(Runnable rounds) {
        return new Thread(rounds) {
            @Override
            public void start() {
                // Its rounds are called instead.
            }
        };
    }

    private NextTier tier() {
        return new AwayTier() {
            @Override
            public void start(TierListener listener) {
                link = listener;
            }

            @Override
            public boolean isConnected() {
                return true;
            }

            @Override
            public CompletableFuture<Receipt> publish(
                    SessionEntry entry,
                    KeyDigest digest,
                    long epoch,
                    long position,
                    Version seenTombstone,
                    Acknowledgement level) {
                String key = new String(entry.key(), UTF_8);
                claims.put(key, epoch == 0 ? -1 : position);
                return judged.contains(key)
                        ? CompletableFuture.completedFuture(new Receipt(
                                Receipt.Outcome.STORED, entry.version(), entry.life(), false, EPOCH, WELCOMED + 1))
                        : super.publish(entry, digest, epoch, position, seenTombstone, level);
            }

            @Override
            public CompletableFuture<Receipt> delete(
                    KeyDigest digest, Version tombstone, long epoch, long position, Acknowledgement level) {
                claims.put(deleted.get(digest), epoch == 0 ? -1 : position);
                return super.delete(digest, tombstone, epoch, position, level);
            }
        };
    }

    private void set(String key) {
        set(key, 0);
    }

    private void set(String key, int lifetimeTicks) {
        byte[] value = key.getBytes(UTF_8);
        WriteOutcome outcome = new WriteOutcome();
        lru.set(lru.encode(key), value, 0, value.length, lifetimeTicks, null, false, outcome);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
    }

    private void fill(String key) {
        byte[] bytes = key.getBytes(UTF_8);
        long clock = lru.versionClock();
        SessionEntry entry = new SessionEntry(bytes, bytes, new Version(clock, 1), clock, false, 0, 0, 0);
        WriteOutcome outcome = new WriteOutcome();
        lru.fill(lru.encode(key), entry, Long.MAX_VALUE, 0, true, outcome);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
    }

    /** The key's bucket here, -1 where it is not here. */
    private int bucketOf(String key) {
        EntrySnapshot entry = new EntrySnapshot();
        return lru.find(lru.encode(key), entry) ? entry.way() / WAYS : -1;
    }

    private int firstBucketOf(String key) {
        return lru.firstBucket(lru.encode(key).digest());
    }

    private int entriesOf(int bucket) {
        int[] count = new int[1];
        lru.scan(bucket, 1, 0, entry -> {
            count[0]++;
            return true;
        });
        return count[0];
    }

    private void delete(String key) {
        EncodedKey encoded = lru.encode(key);
        deleted.put(encoded.digest(), key);
        lru.delete(encoded, new WriteOutcome());
    }

    private void connect() {
        link.onConnected(
                EPOCH, WELCOMED, Duration.ZERO, Duration.ZERO, lru.file().wallClockMicros());
        pass(Duration.ofMillis(100));
        link.onMustConfirm();
    }

    private void pass(Duration length) {
        for (long ms = 0; ms < length.toMillis(); ms += 100) {
            time.pass(TimeUnit.MILLISECONDS.toNanos(100));
            SimulatedMachine.tick(lru);
            relay.duty().tick(lru.file().acquireOrRenew(Duty.LINK_OWNER));
            relay.publisher().round();
        }
    }

    @Test
    void shouldClaimWhatItHadHeardOfWhileTheRelayMayStillJudge() {
        set("begun");
        connect();
        pass(Duration.ofSeconds(20));
        assertThat(claims).containsEntry("begun", APPLIED);
        assertThat(place.position()).isEqualTo(APPLIED);
    }

    @Test
    void shouldKeepWhatWasBegunHereButLetItClaimNothingWhenTheRelayDoesNotJudgeItInTime() {
        set("begun");
        delete("deleted");
        connect();
        pass(Duration.ofSeconds(32));
        set("begun since");
        pass(Duration.ofSeconds(2));
        assertThat(place.position()).isEqualTo(WELCOMED);
        assertThat(claims)
                .containsEntry("begun", -1L)
                .containsEntry("deleted", -1L)
                .containsEntry("begun since", WELCOMED);
        assertThat(lru.get(lru.encode("begun"))).isNotNull();
        assertThat(lru.counters().get(Counter.LOST_UNPUBLISHED)).isZero();
    }

    @Test
    void shouldWaitForAJudgementOfWhatWasBegunBeforeAndSavedAgainSince() {
        set("begun");
        connect();
        time.pass(TimeUnit.MILLISECONDS.toNanos(1));
        set("begun");
        pass(Duration.ofSeconds(2));
        assertThat(place.position()).isEqualTo(APPLIED);
    }

    @Test
    void shouldWaitForAJudgementOfWhatWasBegunBeforeTheWallClockWasSetBack() {
        set("begun");
        machine.wallClockOff(-Duration.ofHours(1).toMillis());
        pass(Duration.ofSeconds(2));
        connect();
        pass(Duration.ofSeconds(2));
        assertThat(place.position()).isEqualTo(APPLIED);
    }

    @Test
    void shouldNotWaitForWhatIsBegunOnTheConnection() {
        set("begun");
        connect();
        pass(Duration.ofSeconds(1));
        set("begun since");
        judged.add("begun");
        pass(Duration.ofSeconds(2));
        assertThat(place.position()).isEqualTo(WELCOMED);
    }

    /** The look empties its first bucket before it comes to its second one, which is full: a save goes to the first. */
    @Test
    void shouldWaitForAJudgementOfWhatASaveHasMovedBehindTheLook() {
        for (int i = 0; i < 140; i++) {
            fill("told " + i);
        }
        String moved = IntStream.range(0, 140)
                .mapToObj(i -> "told " + i)
                .filter(each -> bucketOf(each) > firstBucketOf(each) && entriesOf(bucketOf(each)) == WAYS)
                .findFirst()
                .orElseThrow();
        int first = firstBucketOf(moved);
        int second = bucketOf(moved);
        onLook = () -> {
            if (entriesOf(first) == 0 && entriesOf(second) == WAYS) {
                onLook = () -> {};
                set(moved);
                assertThat(bucketOf(moved)).isEqualTo(first);
            }
        };
        connect();
        pass(Duration.ofSeconds(2));
        assertThat(place.position()).isEqualTo(APPLIED);
        assertThat(claims).containsOnly(Map.entry(moved, APPLIED));
    }

    @Test
    void shouldWaitForAJudgementOfWhatHasExpiredUnpublished() {
        set("expired", 100);
        pass(Duration.ofSeconds(2));
        assertThat(lru.get(lru.encode("expired"))).isNull();
        connect();
        pass(Duration.ofSeconds(2));
        assertThat(place.position()).isEqualTo(APPLIED);
    }
}
