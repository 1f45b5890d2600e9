package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.globalsessions.Version;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.IpcNote;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The agent with its duty cycle turned by hand and its time set by hand, over a real media driver. */
class RelayAgentTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @TempDir
    Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private final WriteOutcome outcome = new WriteOutcome();
    private final List<Receipt> receipts = new ArrayList<>();
    private final List<Status> answers = new ArrayList<>();
    private final List<KeyDigest> beaten = new ArrayList<>();
    private int progress;
    private long nowNs;
    private SharedLru lru;
    private IpcDriver driver;
    private RelayAgent agent;

    @BeforeEach
    void open() throws Exception {
        lru = opened.keep(SharedLru.open(new SegmentSettings(folder.resolve("relay.segment"))
                .elCount(160)
                .pathName("auths")
                .role(SegmentSettings.Role.RELAY)));
        lru.file().position(77, 0);
        lru.file().noteEarlierDeletesKnown();
        RelayErrors errors = new RelayErrors(lru.counters(), lru.file().errors());
        driver = opened.keep(IpcDriver.embedded(ThreadingMode.SHARED, errors));
        agent = agent(driver.folder(), errors);
    }

    private static IpcNote place(String aeronDir) {
        return new IpcNote(aeronDir, 77, IpcNote.FIRST_STREAM);
    }

    private RelayAgent agent(String aeronDir, RelayErrors errors) {
        return new RelayAgent(
                lru,
                null,
                receiver -> {
                    AeronLink link = opened.keep(new AeronLink(place(aeronDir), lru.counters(), errors, receiver));
                    link.open();
                    return link;
                },
                errors,
                "auths",
                () -> nowNs,
                Runnable::run,
                new ClientSide() {
                    @Override
                    public void onHandOffProgress() {
                        progress++;
                    }

                    @Override
                    public void onBeaten(KeyDigest digest, Version tombstone) {
                        beaten.add(digest);
                    }

                    @Override
                    public void onSuperseded(byte[] key, Version newer) {
                        throw new AssertionError("nothing here is superseded");
                    }

                    @Override
                    public void onEarlierDeletes(List<InventoryItem> deletes, boolean areLast) {
                        throw new AssertionError("all deletes are known");
                    }
                });
    }

    private FakeSibling sibling() {
        return opened.keep(new FakeSibling(
                place(driver.folder()).text(), "auths", key -> lru.encode(key).digest()));
    }

    private void turnUntil(BooleanSupplier condition) {
        await().atMost(LIMIT).pollInterval(Duration.ofMillis(1)).until(() -> {
            agent.doWork();
            return condition.getAsBoolean();
        });
    }

    private void turn(int times) {
        for (int i = 0; i < times; i++) {
            agent.doWork();
        }
    }

    private void passTime(Duration time) {
        nowNs += time.toNanos();
    }

    private Version store(int number) {
        long clock = (1_700_000_000_000_000L + number) << Version.LOGICAL_BITS;
        SessionEntry entry = new SessionEntry(
                ("user-" + number).getBytes(UTF_8), new byte[50], new Version(clock, 9), clock, true, 0, 0, 0);
        lru.accept(lru.encode(entry.key()), entry, 0, Version.NONE, outcome);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
        return outcome.version();
    }

    private int marked(int mark) {
        int[] found = {0};
        lru.scan(0, lru.bucketCount(), mark, entry -> {
            found[0]++;
            return true;
        });
        return found[0];
    }

    @Test
    void shouldSendNothingWhenNoSiblingHasGreeted() {
        Version version = store(1);
        assertThat(agent.publish(outcome.way(), version, receipts::add)).isTrue();
        turn(50);
        assertThat(lru.counters().get(Counter.IPC_SENT)).isZero();
        assertThat(receipts).hasSize(1).containsOnlyNulls();
        assertThat(marked(RecordDescriptor.UNPUBLISHED)).isOne();
    }

    @Test
    void shouldClearTheMarkWhenThePublishIsAcknowledged() {
        FakeSibling sibling = sibling();
        turnUntil(agent::isPresent);
        Version version = store(1);
        agent.publish(outcome.way(), version, receipts::add);
        turnUntil(() -> !receipts.isEmpty());
        assertThat(receipts.get(0).outcome()).isEqualTo(Receipt.Outcome.STORED);
        assertThat(sibling.published).hasSize(1);
        assertThat(marked(RecordDescriptor.UNPUBLISHED)).isZero();
        assertThat(marked(RecordDescriptor.NOT_HANDED_OFF)).isOne();
    }

    @Test
    void shouldPublishByTheSweepWhenNobodyQueuedIt() {
        FakeSibling sibling = sibling();
        turnUntil(agent::isPresent);
        turn(50);
        store(1);
        passTime(Duration.ofSeconds(10));
        turnUntil(() -> sibling.published.size() == 1);
        turnUntil(() -> marked(RecordDescriptor.UNPUBLISHED) == 0);
    }

    @Test
    void shouldSendAgainWhenNoAnswerCame() {
        FakeSibling sibling = sibling();
        turnUntil(agent::isPresent);
        turn(50);
        sibling.silent = true;
        Version version = store(1);
        agent.publish(outcome.way(), version, receipts::add);
        turnUntil(() -> lru.counters().get(Counter.IPC_SENT) == 1);
        turn(50);
        assertThat(receipts).isEmpty();
        passTime(Duration.ofMillis(2100));
        turn(2);
        assertThat(receipts).hasSize(1).containsOnlyNulls();
        sibling.silent = false;
        passTime(Duration.ofSeconds(1));
        turnUntil(() -> sibling.published.size() == 1);
    }

    @Test
    void shouldLeaveTheMarkToTheDeleteWhenAReliefNodeHasATombstone() {
        FakeSibling sibling = sibling();
        turnUntil(agent::isPresent);
        Version version = store(1);
        KeyDigest digest = lru.encode("user-1".getBytes(UTF_8)).digest();
        sibling.deleted.put(digest, version);
        agent.publish(outcome.way(), version, receipts::add);
        turnUntil(() -> !receipts.isEmpty());
        assertThat(receipts.get(0).outcome()).isEqualTo(Receipt.Outcome.BEATEN_BY_TOMBSTONE);
        // Not taken away by the client side yet: a relay that is killed now has to send it again.
        assertThat(beaten).containsExactly(digest);
        assertThat(marked(RecordDescriptor.UNPUBLISHED | RecordDescriptor.NOT_HANDED_OFF))
                .isOne();
        for (int i = 0; i < lru.bucketCount(); i++) {
            agent.makeRoom(i);
        }
        turn(100);
        assertThat(marked(RecordDescriptor.NOT_HANDED_OFF)).isOne();
    }

    @Test
    void shouldHandOffUntilABucketHasTakeableWays() {
        FakeSibling sibling = sibling();
        turnUntil(agent::isPresent);
        turn(50);
        int stored = 0;
        int full = -1;
        while (full < 0) {
            store(++stored);
            for (int bucket = 0; bucket < lru.bucketCount() && full < 0; bucket++) {
                full = lru.takeable(bucket) == 0 ? bucket : -1;
            }
        }
        int bucket = full;
        agent.makeRoom(bucket);
        turnUntil(() -> lru.takeable(bucket) == HandOffs.TAKEABLE);
        assertThat(sibling.handedOff).hasSize(2);
        assertThat(progress).isPositive();
        assertThat(lru.counters().get(Counter.HANDED_OFF)).isEqualTo(2);
        sibling.refusing = true;
        int before = marked(RecordDescriptor.NOT_HANDED_OFF);
        for (int i = 0; i < lru.bucketCount(); i++) {
            agent.makeRoom(i);
        }
        turn(100);
        assertThat(marked(RecordDescriptor.NOT_HANDED_OFF)).isEqualTo(before);
    }

    @Test
    void shouldLetQuestionsWaitWhenTheSiblingWasJustLost() {
        FakeSibling first = sibling();
        turnUntil(agent::isPresent);
        first.silent = true;
        agent.ask("user-1".getBytes(UTF_8), (status, entry) -> answers.add(status));
        turnUntil(() -> lru.counters().get(Counter.IPC_SENT) == 1);
        agent.siblingDied();
        turn(5);
        assertThat(agent.isPresent()).isFalse();
        assertThat(answers).isEmpty();
        sibling();
        turnUntil(() -> answers.size() == 1);
        assertThat(answers).containsExactly(Status.MISSING);
        agent.siblingDied();
        turn(5);
        passTime(Duration.ofSeconds(2));
        agent.ask("user-1".getBytes(UTF_8), (status, entry) -> answers.add(status));
        turn(2);
        assertThat(answers).containsExactly(Status.MISSING, Status.UNAVAILABLE);
    }

    @Test
    void shouldAnswerUnavailableWhenAQuestionTimesOut() {
        FakeSibling sibling = sibling();
        turnUntil(agent::isPresent);
        sibling.silent = true;
        agent.ask("user-1".getBytes(UTF_8), (status, entry) -> answers.add(status));
        turnUntil(() -> lru.counters().get(Counter.IPC_SENT) == 1);
        turn(5);
        assertThat(answers).isEmpty();
        passTime(Duration.ofMillis(2100));
        turn(2);
        assertThat(answers).containsExactly(Status.UNAVAILABLE);
    }

    @Test
    void shouldPassADeleteOnUntilItIsAcknowledged() {
        FakeSibling sibling = sibling();
        turnUntil(agent::isPresent);
        turn(50);
        store(1);
        KeyDigest digest = lru.encode("user-1").digest();
        lru.acceptDelete(digest, new Version(outcome.version().clock() + 5, 9), 0, false, 0, outcome);
        Version tombstone = outcome.version();
        // Never queued, as after a kill: the sweep finds it.
        passTime(Duration.ofSeconds(10));
        turnUntil(() -> tombstone.equals(sibling.deleted.get(digest)));
        int[] left = {0};
        turnUntil(() -> {
            left[0] = 0;
            lru.scanUnacknowledgedTombstones((key, version, position) -> {
                left[0]++;
                return true;
            });
            return left[0] == 0;
        });
    }

    @Test
    void shouldPassADeleteOnHoweverLongNobodyWasThere() {
        turn(50);
        store(1);
        KeyDigest digest = lru.encode("user-1").digest();
        lru.acceptDelete(digest, new Version(outcome.version().clock() + 5, 9), 0, false, 0, outcome);
        Version tombstone = outcome.version();
        turn(50);
        passTime(Duration.ofDays(1));
        turn(50);
        FakeSibling sibling = sibling();
        turnUntil(() -> tombstone.equals(sibling.deleted.get(digest)));
    }

    @Test
    void shouldIgnoreASiblingOfAnotherPath() {
        opened.keep(new FakeSibling(
                place(driver.folder()).text(), "others", key -> lru.encode(key).digest()));
        turnUntil(() -> lru.counters().get(Counter.IPC_RECEIVED) == 1);
        assertThat(agent.isPresent()).isFalse();
        assertThat(lru.counters().get(Counter.ERRORS)).isOne();
    }

    @Test
    void shouldOpenANewClientWhenTheDriverHasGoneAndComeBack() throws Exception {
        String external = folder.resolve("driver").toString();
        RelayErrors errors = new RelayErrors(lru.counters(), lru.file().errors());
        MediaDriver first = launchDriver(external, errors);
        agent = agent(external, errors);
        FakeSibling sibling = new FakeSibling(
                place(external).text(), "auths", key -> lru.encode(key).digest());
        turnUntil(agent::isPresent);
        sibling.close();
        first.close();
        turnUntil(() -> !agent.isPresent());
        Version version = store(1);
        agent.publish(outcome.way(), version, null);
        opened.keep(launchDriver(external, errors));
        FakeSibling second = opened.keep(new FakeSibling(
                place(external).text(), "auths", key -> lru.encode(key).digest()));
        await().atMost(LIMIT).until(() -> {
            passTime(Duration.ofMillis(20));
            agent.doWork();
            return second.published.size() == 1;
        });
    }

    private static MediaDriver launchDriver(String aeronDir, RelayErrors errors) {
        return MediaDriver.launch(new MediaDriver.Context()
                .aeronDirectoryName(aeronDir)
                .dirDeleteOnStart(true)
                .threadingMode(ThreadingMode.SHARED)
                .ipcTermBufferLength(1 << 20)
                .errorHandler(errors));
    }
}
