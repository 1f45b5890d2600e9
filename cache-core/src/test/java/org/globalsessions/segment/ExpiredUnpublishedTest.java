package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What expires before the next tier has it is read by nobody and keeps out what it had overwritten until that tier has it. */
class ExpiredUnpublishedTest {
    private static final int LIFETIME = 100;
    private static final String KEY = "key";

    @TempDir
    private Path folder;

    private final FakeClocks clocks = new FakeClocks();
    private final WriteOutcome outcome = new WriteOutcome();
    private final EntrySnapshot entry = new EntrySnapshot();
    private SharedLru host;
    private SharedLru relay;

    @BeforeEach
    void open() throws IOException {
        host = SharedLru.open(settings("host", Role.HOST), clocks);
        relay = SharedLru.open(settings("relay", Role.RELAY), clocks);
    }

    private SegmentSettings settings(String name, Role role) {
        return new SegmentSettings(folder.resolve(name))
                .elCount(93)
                .seed(1)
                .role(role)
                .pathName("auths");
    }

    @AfterEach
    void close() {
        host.close();
        relay.close();
    }

    @Test
    void shouldKeepWhatHasExpiredUntilItsReceipt() {
        set(KEY, LIFETIME);
        pass(LIFETIME);
        sweep(host);
        assertThat(isHere(host)).isFalse();
        assertThat(unsent(host)).hasSize(1);
        assertThat(unsent(host).get(0).lifetimeTicks()).isEqualTo(1);
        assertThat(host.findUnsent(host.encode(KEY), entry)).isTrue();
        host.confirm(
                entry,
                receipt(entry.version(), entry.life()),
                host.file().relays().own());
        sweep(host);
        assertThat(host.size()).isZero();
        assertThat(host.counters().get(Counter.EXPIRATIONS)).isEqualTo(1);
    }

    @Test
    void shouldLetGoWhatTheRelayHasTakenIntoAnotherLife() {
        set(KEY, LIFETIME);
        pass(LIFETIME);
        host.findUnsent(host.encode(KEY), entry);
        Version raised = new Version(entry.version().clock() + 1, 7);
        host.confirm(entry, receipt(raised, 1), host.file().relays().own());
        assertThat(host.size()).isZero();
        assertThat(unsent(host)).isEmpty();
    }

    @Test
    void shouldKeepWhatWasWrittenAfterTheOneThatTheReceiptIsOf() {
        set(KEY, LIFETIME);
        host.findUnsent(host.encode(KEY), entry);
        set(KEY, LIFETIME);
        pass(LIFETIME);
        host.confirm(
                entry,
                receipt(new Version(entry.version().clock() + 1, 7), 1),
                host.file().relays().own());
        assertThat(unsent(host)).hasSize(1);
    }

    @Test
    void shouldStoreWhatIsNewerAndNothingOlderWhereOneHasExpired() {
        fill(host, 1_000, 1_000);
        set(KEY, LIFETIME);
        long version = outcome.version().clock();
        pass(LIFETIME);
        fill(host, 1_000, 1_000);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.EXPIRED);
        assertThat(isHere(host)).isFalse();
        fill(host, version + 1, 1_000);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
        assertThat(isHere(host)).isTrue();
        assertThat(host.size()).isEqualTo(1);
    }

    @Test
    void shouldBeginANewLifeAboveWhatHasExpired() {
        set(KEY, LIFETIME);
        Version expired = outcome.version();
        pass(LIFETIME);
        set(KEY, 0);
        assertThat(outcome.version()).isGreaterThan(expired);
        assertThat(outcome.life()).isEqualTo(outcome.version().clock());
        assertThat(isHere(host)).isTrue();
        assertThat(host.size()).isEqualTo(1);
        assertThat(host.counters().get(Counter.EXPIRATIONS)).isEqualTo(1);
    }

    @Test
    void shouldTakeTheExpiredBeforeTheLiveWhereAllIsUnpublished() {
        int stored = fillTable();
        pass(LIFETIME);
        host.set(host.encode("other"), new byte[1], 0, 1, 0, null, false, outcome);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.NO_ROOM);
        host.set(host.encode("other"), new byte[1], 0, 1, 0, null, true, outcome);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
        assertThat(host.counters().get(Counter.LOST_UNPUBLISHED)).isEqualTo(1);
        assertThat(host.counters().get(Counter.EVICTIONS)).isZero();
        assertThat(host.liveCount()).isEqualTo(stored / 2 + 1);
    }

    /** Every second entry lives on; the older half in each bucket, so that going by age alone would take one of those. */
    private int fillTable() {
        int ways = host.bucketCount() * SegmentDescriptor.WAYS;
        int stored = 0;
        for (int i = 0; host.size() < ways; i++) {
            host.set(host.encode("key-" + i), new byte[1], 0, 1, stored % 2 * LIFETIME, null, false, outcome);
            stored += outcome.status() == WriteOutcome.Status.STORED ? 1 : 0;
        }
        return stored;
    }

    @Test
    void shouldShowNobodyWhatComesWithItsLastTick() {
        fill(relay, 1_000, 1_000);
        accept(2_000, 1_000, false, 1);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
        assertThat(isHere(relay)).isFalse();
        sweep(relay);
        assertThat(unsent(relay)).hasSize(1);
        fill(relay, 1_000, 1_000);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.EXPIRED);
        assertThat(relay.findUnsent(relay.encode(KEY), entry)).isTrue();
        assertThat(relay.clearMarks(entry.way(), entry.stateWord(), RecordDescriptor.UNPUBLISHED))
                .isTrue();
        sweep(relay);
        assertThat(relay.size()).isZero();
    }

    @Test
    void shouldRaiseWhatBeginsBehindItByAClockThatLags() {
        accept(2_000, 2_000, true, 1);
        accept(1_500, 1_500, false, 0);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.SUPERSEDED);
        accept(1_500, 1_500, true, 0);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
        assertThat(outcome.version().clock()).isEqualTo(2_001);
        assertThat(isHere(relay)).isTrue();
    }

    private void pass(long ticks) {
        clocks.pass(ticks);
        host.file().time().advance();
        relay.file().time().advance();
    }

    private void set(String key, int lifetime) {
        host.set(host.encode(key), new byte[1], 0, 1, lifetime, null, false, outcome);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
    }

    private void fill(SharedLru lru, long version, long life) {
        lru.fill(lru.encode(KEY), session(version, life, false, 0), Long.MAX_VALUE, 0, true, outcome);
    }

    private void accept(long version, long life, boolean begins, int lifetime) {
        relay.accept(relay.encode(KEY), session(version, life, begins, lifetime), 0, Version.NONE, outcome);
    }

    private SessionEntry session(long version, long life, boolean begins, int lifetime) {
        return new SessionEntry(
                host.encode(KEY).copy(), new byte[1], new Version(version, 7), life, begins, 0, 0, lifetime);
    }

    private static Receipt receipt(Version version, long life) {
        return new Receipt(Receipt.Outcome.STORED, version, life, false, 1, 1);
    }

    private boolean isHere(SharedLru lru) {
        return lru.find(lru.encode(KEY), new EntrySnapshot());
    }

    private static void sweep(SharedLru lru) {
        lru.sweep(0, lru.bucketCount());
    }

    private static List<SessionEntry> unsent(SharedLru lru) {
        List<SessionEntry> unsent = new ArrayList<>();
        lru.scan(0, lru.bucketCount(), RecordDescriptor.UNPUBLISHED, found -> unsent.add(found.toEntry()));
        return unsent;
    }
}
