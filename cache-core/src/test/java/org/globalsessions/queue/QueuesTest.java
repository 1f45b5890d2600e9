package org.globalsessions.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.ValueTooLargeException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Queues and exactly-once sessions, row by row of the behaviours of the library that they succeed (section 2 there; the number is the row's). What
 * concerns pulls is in {@link PullsTest}.
 */
class QueuesTest {
    private static final QueueSettings SETTINGS =
            QueueSettings.DEFAULTS.maxMessages(10).maxSessions(3);

    @TempDir
    Path folder;

    private Instant now = Instant.ofEpochSecond(1_000_000);
    private final InstantSource clock = () -> now;
    private SessionCacheManager cache;
    private OwnerDirectory owners;
    private QueueOwner ann;

    @BeforeEach
    void open() throws IOException {
        cache = opened();
        owners = new OwnerDirectory(cache, SETTINGS, clock);
        ann = owners.owner("ann");
    }

    private SessionCacheManager opened() throws IOException {
        return SessionCacheManager.open(BuyingChild.config(folder));
    }

    @AfterEach
    void close() {
        owners.close();
        cache.close();
    }

    private void transact(Consumer<OwnerTransaction> function) {
        ann.transact(t -> {
            function.accept(t);
            return null;
        });
    }

    private List<String> names() {
        return ann.transact(OwnerTransaction::names);
    }

    private List<String> queue(String name) {
        return ann.transact(t -> t.queue(name));
    }

    private Begun begin(String name) {
        return ann.transact(t -> t.begin(name));
    }

    private boolean remember(String name, String nonce, String memento) {
        return ann.transact(t -> t.remember(name, nonce, memento));
    }

    private boolean end(String name, String nonce) {
        return ann.transact(t -> t.end(name, nonce));
    }

    private void hello(String name, int first, int last) {
        transact(t -> IntStream.rangeClosed(first, last).forEach(i -> t.notify("hello" + i, name)));
    }

    private static List<String> hellos(int first, int last) {
        return IntStream.rangeClosed(first, last).mapToObj(i -> "hello" + i).toList();
    }

    @Test
    void row1_shouldRefuseARequestWithoutASessionName() {
        assertThatThrownBy(() -> transact(t -> t.use(null)))
                .isInstanceOf(NullPointerException.class)
                .hasMessageContaining("no session name");
        assertThatThrownBy(() -> ann.pull(null))
                .isInstanceOf(NullPointerException.class)
                .hasMessageContaining("no session name");
        assertThat(names()).isEmpty();
    }

    @Test
    void row2_shouldRegisterANameWhenItIsUsed() {
        transact(t -> t.use("foo"));
        assertThat(names()).containsExactly("foo");
        assertThat(queue("foo")).isEmpty();
    }

    @Test
    void row3_shouldQueueAMessageWhenTheTransactionIsCommitted() {
        List<String> within = ann.transact(t -> {
            t.notify("hello world", "foo");
            return t.queue("foo");
        });
        assertThat(within).isEmpty();
        assertThat(queue("foo")).containsExactly("hello world");
    }

    @Test
    void row4_shouldCreateAnotherQueueWhenAMessageIsForIt() {
        transact(t -> {
            t.use("foo");
            t.notify("x", "bar");
        });
        assertThat(names()).containsExactly("foo", "bar");
        assertThat(queue("bar")).containsExactly("x");
    }

    @Test
    void row5_shouldChangeNothingWhenTheTransactionThrows() {
        hello("foo", 1, 1);
        assertThatThrownBy(() -> transact(t -> {
                    t.notify("x", "foo");
                    t.state(new byte[] {1});
                    throw new IllegalStateException("the application's");
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the application's");
        assertThat(queue("foo")).containsExactly("hello1");
        assertThat(ann.<byte[]>transact(OwnerTransaction::state)).isNull();
    }

    @Test
    void row6_shouldGiveAFrozenSnapshotWhenAQueueIsRead() {
        hello("foo", 1, 1);
        List<String> before = queue("foo");
        hello("foo", 2, 2);
        assertThat(before).containsExactly("hello1");
        assertThatThrownBy(() -> before.add("x")).isInstanceOf(UnsupportedOperationException.class);
        assertThat(queue("none")).isEmpty();
        assertThat(names()).as("reading a name does not register it").containsExactly("foo");
    }

    @Test
    void row13_shouldDropTheOldestWhenMoreMessagesComeThanMayWait() {
        hello("foo", 0, 14);
        assertThat(queue("foo")).isEqualTo(hellos(5, 14));
        assertThat(ann.<Long>transact(t -> t.dropped("foo"))).isEqualTo(5);
        assertThat(owners.dropped()).isEqualTo(5);
    }

    @Test
    void row14_shouldTrimNowAndLaterWhenAQueueIsLimited() {
        hello("foo", 1, 5);
        transact(t -> t.limit(3, "foo"));
        assertThat(queue("foo")).isEqualTo(hellos(3, 5));
        hello("foo", 6, 10);
        assertThat(queue("foo")).isEqualTo(hellos(8, 10));
    }

    @Test
    void row15_shouldKeepAllWhenALimitIsLifted() {
        for (int lifted : new int[] {0, -1}) {
            transact(t -> t.limit(lifted, "foo" + lifted));
            hello("foo" + lifted, 1, 15);
            assertThat(queue("foo" + lifted)).isEqualTo(hellos(1, 15));
        }
    }

    @Test
    void row16_shouldKeepTheOrderOfCallsWhenOneLiftsTheLimit() {
        transact(t -> {
            t.limit(-1, "foo");
            IntStream.rangeClosed(1, 15).forEach(i -> t.notify("hello" + i, "foo"));
        });
        assertThat(queue("foo")).isEqualTo(hellos(1, 15));
    }

    @Test
    void row17_shouldKeepANameWhenItHasALimitOfItsOwn() {
        transact(t -> {
            t.limit(5, "foo_1");
            t.notify("x", "foo_1");
            t.notify("x", "foo_2");
            t.notify("x", "foo_3");
        });
        transact(t -> t.use("foo_4"));
        transact(t -> t.use("foo_5"));
        assertThat(names()).containsExactly("foo_1", "foo_4", "foo_5");
    }

    @Test
    void row18_shouldExceedTheTargetWhenNoNameMayGo() {
        transact(t -> List.of("A", "B", "D").forEach(t::use));
        transact(t -> t.limit(0, "L0"));
        assertThat(names()).containsExactly("A", "B", "D", "L0");
        transact(t -> t.use("E"));
        assertThat(names()).containsExactly("A", "B", "D", "L0", "E");
    }

    @Test
    void row19_and_20_shouldDropTheNewestOfEqualQueuesWhenANameTooManyComes() {
        transact(t -> List.of("foo_1", "foo_2", "foo_3").forEach(name -> t.notify("x", name)));
        transact(t -> t.notify("x", "foo_4"));
        assertThat(names()).containsExactly("foo_1", "foo_2", "foo_4");
        assertThat(owners.dropped()).as("its message is counted").isEqualTo(1);
    }

    @Test
    void row20_shouldDropTheLongestQueueFirst() {
        transact(t -> {
            t.notify("x", "foo_1");
            t.notify("x", "foo_2");
            t.notify("x", "foo_2");
            t.notify("x", "foo_3");
        });
        transact(t -> t.use("foo_4"));
        assertThat(names()).containsExactly("foo_1", "foo_3", "foo_4");
    }

    @Test
    void row21_shouldKeepMementoAndBegunSessionWhenNewNamesArrive() {
        Begun first = begin("M");
        assertThat(remember("M", first.nonce(), "half done")).isTrue();
        begin("N");
        hello("M", 1, 9);
        hello("N", 1, 9);
        transact(t -> List.of("a", "b", "c", "d").forEach(name -> t.notify("x", name)));
        assertThat(names()).contains("M", "N");
        assertThat(queue("M")).hasSize(9);
        assertThat(begin("M").memento()).isEqualTo("half done");
    }

    @Test
    void row22_shouldReachEveryNameThatMatchesWhenAPatternIsGiven() {
        transact(t -> List.of("foo_1", "bar", "foo_2").forEach(t::use));
        transact(t -> t.notify("hello1", Pattern.compile("^foo_")));
        assertThat(queue("foo_1")).containsExactly("hello1");
        assertThat(queue("foo_2")).containsExactly("hello1");
        assertThat(queue("bar")).isEmpty();
    }

    @Test
    void row23_shouldMatchCommittedNamesAloneWhenAPatternIsGiven() {
        transact(t -> {
            t.notify("k", "NEW1");
            t.notify("q", Pattern.compile("^NEW"));
        });
        assertThat(queue("NEW1")).containsExactly("k");
    }

    @Test
    void row24_shouldMakeEachNamesOwnMessageWhenThereIsACustomizer() {
        transact(t -> List.of("Z1", "Z2").forEach(t::use));
        transact(t -> t.notify("hi", Pattern.compile("^Z"), (name, message) -> name + ":" + message));
        assertThat(queue("Z2")).containsExactly("Z2:hi");
        assertThat(queue("Z1")).containsExactly("Z1:hi");
    }

    @Test
    void row25_shouldGiveANewNonceAndNoMementoWhenASessionIsFirstBegun() {
        Begun first = begin("foo");
        assertThat(first.nonce()).hasSizeGreaterThan(20);
        assertThat(first.memento()).isNull();
        assertThat(begin("foo").nonce()).isNotEqualTo(first.nonce());
    }

    @Test
    void row26_shouldGiveTheLastMementoWhenASessionWasNotEnded() {
        Begun first = begin("foo");
        assertThat(remember("foo", first.nonce(), "hello")).isTrue();
        Begun second = begin("foo");
        assertThat(second.memento()).isEqualTo("hello");
        assertThat(second.nonce()).isNotEqualTo(first.nonce());
    }

    @Test
    void row27_shouldKeepTheLastOfTwoMementosOfOneTransaction() {
        Begun first = begin("foo");
        transact(t -> {
            assertThat(t.remember("foo", first.nonce(), "one")).isTrue();
            assertThat(t.remember("foo", first.nonce(), "two")).isTrue();
        });
        assertThat(begin("foo").memento()).isEqualTo("two");
    }

    @Test
    void row28_shouldRememberNothingWhenTheNonceIsWrong() {
        Begun first = begin("foo");
        assertThat(remember("foo", first.nonce(), "right")).isTrue();
        assertThat(remember("foo", "bad", "wrong")).isFalse();
        assertThat(begin("foo").memento()).isEqualTo("right");
    }

    @Test
    void row29_shouldRememberNothingWhenNoSessionWasBegun() {
        assertThat(remember("foo", "any", "x")).isFalse();
        assertThat(names()).isEmpty();
    }

    @Test
    void row30_shouldRememberNothingWhenTheSessionIsBegunInTheSameTransaction() {
        assertThat(ann.<Boolean>transact(t -> t.remember("foo", t.begin("foo").nonce(), "x")))
                .isFalse();
    }

    @Test
    void row31_shouldForgetAMementoWhenItsTransactionThrows() {
        Begun first = begin("foo");
        remember("foo", first.nonce(), "{i:1}");
        assertThatThrownBy(() -> transact(t -> {
                    t.remember("foo", first.nonce(), "{i:2}");
                    throw new IllegalStateException("aborted");
                }))
                .hasMessage("aborted");
        assertThat(begin("foo").memento()).isEqualTo("{i:1}");
    }

    @Test
    void row32_shouldRefuseTheFirstClientWhenASecondOneHasBegun() {
        Begun first = begin("foo");
        Begun second = begin("foo");
        assertThat(remember("foo", first.nonce(), "x")).isFalse();
        assertThat(end("foo", first.nonce())).isFalse();
        assertThat(remember("foo", second.nonce(), "y")).isTrue();
    }

    @Test
    void row33_shouldForgetAllWhenASessionIsEndedOnceOrTwice() {
        Begun first = begin("foo");
        remember("foo", first.nonce(), "x");
        assertThat(end("foo", first.nonce())).isTrue();
        assertThat(end("foo", first.nonce())).isTrue();
        assertThat(remember("foo", first.nonce(), "late")).isFalse();
        assertThat(begin("foo").memento()).isNull();
    }

    @Test
    void row33_shouldRememberNothingMoreWhenTheSameTransactionHasEndedTheSession() {
        Begun first = begin("foo");
        assertThat(ann.<Boolean>transact(t -> t.end("foo", first.nonce()) && t.remember("foo", first.nonce(), "late")))
                .isFalse();
        assertThat(begin("foo").memento()).isNull();
    }

    @Test
    void row34_shouldSayEndedWhenASessionWasNeverBegun() {
        assertThat(end("foo", "any")).isTrue();
        assertThat(names()).isEmpty();
    }

    @Test
    void row35_and_36_shouldKeepAllWhenAnotherProcessGoesOn() throws IOException {
        Begun begun = begin("foo");
        transact(t -> {
            t.remember("foo", begun.nonce(), "half done");
            t.limit(2, "foo");
            t.notify("hello world", "foo");
            t.state(new byte[] {7});
        });
        owners.close();
        cache.close();
        cache = opened();
        owners = new OwnerDirectory(cache, SETTINGS, clock);
        ann = owners.owner("ann");
        assertThat(queue("foo")).containsExactly("hello world");
        assertThat(ann.<byte[]>transact(OwnerTransaction::state)).containsExactly(7);
        hello("foo", 1, 2);
        assertThat(queue("foo")).as("its limit").isEqualTo(hellos(1, 2));
        assertThat(remember("foo", begun.nonce(), "nearly done")).isTrue();
        assertThat(begin("foo").memento()).isEqualTo("nearly done");
    }

    @Test
    void shouldKeepANameWhoseClientStillPullsWhenThereAreMoreThanThereShouldBe() throws Exception {
        hello("pulled", 1, 3);
        assertThat(ann.pullToAcknowledge("pulled").get(10, TimeUnit.SECONDS).message())
                .isEqualTo("hello1");
        hello("b", 1, 2);
        hello("c", 1, 1);
        hello("d", 1, 1);
        assertThat(names()).as("the longest queue is fetched").containsExactly("pulled", "c", "d");
        now = now.plus(SETTINGS.backchannelTimeout()).plusMillis(1);
        hello("e", 1, 1);
        assertThat(names()).as("nobody pulls any more").containsExactly("c", "d", "e");
    }

    @Test
    void shouldForgetANameWhenNothingIsKeptUnderItForLong() {
        transact(t -> t.use("idle"));
        hello("waiting", 1, 1);
        begin("begun");
        now = now.plus(SETTINGS.queueIdle()).plusMillis(1);
        hello("waiting", 2, 2);
        assertThat(names()).containsExactly("waiting", "begun");
    }

    @Test
    void shouldRefuseAPatternThatTakesTooLong() {
        transact(t -> List.of("a".repeat(60), "b").forEach(t::use));
        assertThatThrownBy(() -> transact(t -> {
                    t.notify("x", "b");
                    t.notify("x", Pattern.compile("^(.*)(.*)(.*)(.*)(.*)(.*)x$"));
                }))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the pattern takes too long");
        assertThat(queue("b")).as("nothing of that transaction").isEmpty();
    }

    @Test
    void shouldHaveEndedWhenItIsEndedTwiceInOneTransaction() {
        String nonce = begin("foo").nonce();
        assertThat(ann.<List<Boolean>>transact(t -> List.of(t.end("foo", nonce), t.end("foo", nonce))))
                .containsExactly(true, true);
        assertThat(ann.<List<Boolean>>transact(t -> {
                    boolean before = t.end("foo", nonce);
                    t.begin("foo");
                    return List.of(before, t.end("foo", nonce));
                }))
                .containsExactly(true, false);
    }

    /** Without a character of the name, so that no step is counted. */
    @Test
    void shouldRefuseAPatternThatCountsTooFar() {
        transact(t -> t.use("b"));
        assertThatThrownBy(() -> transact(t -> t.notify("x", Pattern.compile("(?:(?:){20000}){20000}"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the pattern repeats too often: characters=22, repetitions at most 10000");
        for (String pattern : List.of("^{20000}", "(?x)(?:){2 0 0 0 0}", "(?:(?:){200}){200}", "\\b{10001}")) {
            assertThatThrownBy(() -> transact(t -> t.notify("x", Pattern.compile(pattern))))
                    .as(pattern)
                    .hasMessageContaining("the pattern repeats too often");
        }
        transact(t -> t.notify("x", Pattern.compile("^([a-z]{1,128}[0-9]{0,128}){1,64}$")));
        assertThat(queue("b")).containsExactly("x");
    }

    /** What stands before each message counts too, or empty ones would fill the entry. */
    @Test
    void shouldDropTheOldestWhenManyShortMessagesWaitUnderANameWithoutALimit() {
        transact(t -> t.limit(0, "log"));
        for (int i = 0; i < 10; i++) {
            transact(t -> IntStream.range(0, 1_000).forEach(any -> t.notify("", "log")));
        }
        Begun begun = begin("phone");
        assertThat(remember("phone", begun.nonce(), "x".repeat(16_384))).isTrue();
        // 32 KiB by 12 bytes.
        assertThat(queue("log")).hasSize(2_730);
        assertThat(ann.<Long>transact(t -> t.dropped("log"))).isEqualTo(10_000 - 2_730);
    }

    @Test
    void shouldCountNoNameThatNobodyUsesAnyMoreAgainstANewOne() {
        transact(t -> t.use("idle"));
        hello("never pulled", 1, 1);
        begin("begun");
        assertThat(ann.<Boolean>transact(t -> t.hasRoomFor("new"))).isFalse();
        assertThat(ann.<Boolean>transact(t -> t.hasRoomFor("idle"))).isTrue();
        now = now.plus(SETTINGS.queueIdle()).plusMillis(1);
        hello("begun", 1, 2);
        assertThat(names()).as("as anything has changed").containsExactly("never pulled", "begun");
        transact(t -> List.of("new", "newer").forEach(t::use));
        assertThat(names()).as("the longest queue that nobody fetches").containsExactly("begun", "new", "newer");
    }

    @Test
    void shouldDriveOutWhatNobodyUsesBeforeAnythingElseWhenANameComes() {
        hello("abandoned", 1, 1);
        transact(t -> t.use("idle"));
        now = now.plus(SETTINGS.queueIdle()).plusMillis(1);
        hello("used", 1, 5);
        assertThat(names()).as("idle ones go without need").containsExactly("abandoned", "used");
        hello("used too", 1, 5);
        hello("new", 1, 1);
        assertThat(names()).containsExactly("used", "used too", "new");
        hello("newer", 1, 1);
        assertThat(names())
                .as("all are used: the longest queue, the newest of two")
                .containsExactly("used", "new", "newer");
    }

    @Test
    void shouldKeepALongestMessageWhateverTheBytesAre() throws IOException {
        try (OwnerDirectory few = new OwnerDirectory(cache, SETTINGS.maxBytes(16 << 10), clock)) {
            QueueOwner bob = few.owner("bob");
            bob.transact(t -> {
                t.notify("x".repeat(16_384), "foo");
                return null;
            });
            assertThat(bob.<List<String>>transact(t -> t.queue("foo"))).hasSize(1);
        }
    }

    @Test
    void shouldRefuseWhatIsTooLongAndNameNothingOfIt() {
        String secret = "s3cret".repeat(50);
        assertThatThrownBy(() -> transact(t -> t.use(secret)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("session name is too long or empty: bytes=300, limit=1 to 255");
        assertThatThrownBy(() -> transact(t -> t.notify("x".repeat(16_385), "foo")))
                .hasMessage("message is too long: bytes=16385, limit=16384");
        Begun begun = begin("foo");
        assertThatThrownBy(() -> remember("foo", begun.nonce(), "x".repeat(16_385)))
                .hasMessage("memento is too long: bytes=16385, limit=16384");
        assertThatThrownBy(() -> owners.owner(""))
                .hasMessage("owner's name is too long or empty: bytes=0, limit=1 to 512");
    }

    @Test
    void shouldRefuseHalfOfASurrogatePairWhichWouldBecomeAnotherName() {
        hello("a?", 1, 1);
        assertThatThrownBy(() -> transact(t -> t.use("a\ud800")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("session name is no text: half of a surrogate pair stands alone, characters=2");
        assertThatThrownBy(() -> transact(t -> t.notify("\udfff", "b"))).isInstanceOf(IllegalArgumentException.class);
        assertThat(queue("a?")).containsExactly("hello1");
    }

    @Test
    void shouldDropTheOldestOfTheLargestQueueWhenAllTakeTooMuch() {
        String large = "x".repeat(15_000);
        transact(t -> t.notify("first", "small"));
        for (int i = 0; i < 5; i++) {
            transact(t -> t.notify(large, "nobody fetches"));
        }
        assertThat(queue("nobody fetches")).hasSize(2);
        assertThat(ann.<Long>transact(t -> t.dropped("nobody fetches"))).isEqualTo(3);
        assertThat(queue("small")).containsExactly("first");
        assertThat(begin("small").nonce()).as("the owner goes on").isNotNull();
    }

    @Test
    void shouldSeeWhatTheSameTransactionHasDoneWhenItBeginsOrEndsASession() {
        Begun first = begin("foo");
        remember("foo", first.nonce(), "1");
        transact(t -> {
            t.remember("foo", first.nonce(), "2");
            assertThat(t.begin("foo").memento()).isEqualTo("2");
            assertThat(t.begin("foo").memento()).isEqualTo("2");
            assertThat(t.end("foo", first.nonce())).as("another one has begun").isFalse();
            assertThat(t.remember("foo", first.nonce(), "3")).isFalse();
        });
        Begun second = begin("foo");
        assertThat(second.memento()).isEqualTo("2");
        transact(t -> {
            assertThat(t.end("foo", second.nonce())).isTrue();
            assertThat(t.begin("foo").memento()).isNull();
        });
    }

    @Test
    void shouldFailAloneWhenOneTransactionMakesTheEntryTooLarge() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        Thread first = new Thread(() -> transact(t -> {
            inside.countDown();
            awaitQuietly(go);
            t.use("first");
        }));
        first.start();
        assertThat(inside.await(10, TimeUnit.SECONDS)).isTrue();
        // Both wait for the first one, and are committed together.
        var tooLarge = ann.transactAsync(t -> {
            t.state(new byte[200_000]);
            return null;
        });
        var other = ann.transactAsync(t -> {
            t.use("other");
            return null;
        });
        var read = ann.transactAsync(OwnerTransaction::names);
        var refused = ann.transactAsync(t -> {
            throw new IllegalStateException("the application's");
        });
        go.countDown();
        other.get(10, TimeUnit.SECONDS);
        assertThat(read.get(10, TimeUnit.SECONDS)).containsExactly("first", "other");
        assertThat(refused)
                .failsWithin(Duration.ofSeconds(10))
                .withThrowableThat()
                .havingCause()
                .withMessage("the application's");
        assertThat(tooLarge)
                .failsWithin(Duration.ofSeconds(10))
                .withThrowableThat()
                .havingCause()
                .isInstanceOf(ValueTooLargeException.class);
        first.join();
        assertThat(names()).containsExactly("first", "other");
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void shouldRefuseATransactionWithinAnother() {
        assertThatThrownBy(() -> transact(t -> ann.transact(OwnerTransaction::names)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("cannot wait for another one");
    }

    @Test
    void shouldLoseNoMessageWhenTwoProcessesSendAtOnce() throws Exception {
        int each = 300;
        transact(t -> t.limit(0, "foo"));
        try (SessionCacheManager second = opened();
                OwnerDirectory others = new OwnerDirectory(second, SETTINGS)) {
            Thread thread = new Thread(() -> IntStream.range(0, each)
                    .forEach(i -> others.owner("ann").transact(t -> {
                        t.notify("b" + i, "foo");
                        return null;
                    })));
            thread.start();
            IntStream.range(0, each).forEach(i -> transact(t -> t.notify("a" + i, "foo")));
            thread.join();
        }
        List<String> queued = queue("foo");
        assertThat(queued).hasSize(2 * each);
        for (String sender : List.of("a", "b")) {
            assertThat(queued.stream().filter(message -> message.startsWith(sender)))
                    .as("in the order in which they were sent")
                    .isEqualTo(
                            IntStream.range(0, each).mapToObj(i -> sender + i).toList());
        }
    }
}
