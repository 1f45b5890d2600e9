package org.globalsessions.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.queue.Pulled.End;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pulls, row by row as in {@link QueuesTest}. */
class PullsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @TempDir
    Path folder;

    private SessionCacheManager cache;
    private OwnerDirectory owners;
    private QueueOwner ann;

    @BeforeEach
    void open() throws IOException {
        cache = opened();
        owners = new OwnerDirectory(cache, QueueSettings.DEFAULTS);
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

    private static void send(QueueOwner to, String name, String... messages) {
        to.transact(t -> {
            List.of(messages).forEach(message -> t.notify(message, name));
            return null;
        });
    }

    private List<String> queue(String name) {
        return ann.transact(t -> t.queue(name));
    }

    private static Pulled result(CompletableFuture<Pulled> pull) throws Exception {
        return pull.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static String message(CompletableFuture<Pulled> pull) throws Exception {
        Pulled pulled = result(pull);
        assertThat(pulled.end()).isEqualTo(End.MESSAGE);
        return pulled.message();
    }

    @Test
    void row7_shouldGiveOneMessageAPullFirstInFirstOut() throws Exception {
        send(ann, "foo", "first", "second");
        assertThat(message(ann.pull("foo"))).isEqualTo("first");
        assertThat(queue("foo")).containsExactly("second");
        assertThat(message(ann.pull("foo"))).isEqualTo("second");
        assertThat(queue("foo")).isEmpty();
    }

    @Test
    void row8_shouldWaitForAMessageWhenNoneIsThere() throws Exception {
        CompletableFuture<Pulled> pull = ann.pull("foo");
        assertThat(queue("foo")).isEmpty();
        assertThat(pull).isNotDone();
        send(ann, "foo", "hello");
        assertThat(message(pull)).isEqualTo("hello");
        assertThat(queue("foo")).isEmpty();
    }

    @Test
    void row9_shouldEndWithATimeOutWhenNoMessageComes() throws Exception {
        try (OwnerDirectory impatient =
                new OwnerDirectory(cache, QueueSettings.DEFAULTS.backchannelTimeout(Duration.ofMillis(300)))) {
            long beganNs = System.nanoTime();
            assertThat(result(impatient.owner("ann").pull("foo")).end()).isEqualTo(End.TIMED_OUT);
            assertThat(Duration.ofNanos(System.nanoTime() - beganNs)).isGreaterThanOrEqualTo(Duration.ofMillis(300));
            send(ann, "foo", "hello");
            assertThat(message(impatient.owner("ann").pull("foo")))
                    .as("the client's next attempt")
                    .isEqualTo("hello");
        }
    }

    @Test
    void row10_shouldEndTheOlderPullAtOnceWhenANewerOneComes() throws Exception {
        CompletableFuture<Pulled> older = ann.pull("foo");
        CompletableFuture<Pulled> newer = ann.pull("foo");
        assertThat(result(older).end()).isEqualTo(End.TAKEN_OVER);
        CompletableFuture<Pulled> otherName = ann.pull("bar");
        send(ann, "foo", "hello");
        assertThat(message(newer)).isEqualTo("hello");
        assertThat(otherName).isNotDone();
    }

    @Test
    void row10_shouldEndTheOlderPullWhenTheNewerOneComesToAnotherProcessOfTheHost() throws Exception {
        try (SessionCacheManager second = opened();
                OwnerDirectory others = new OwnerDirectory(second, QueueSettings.DEFAULTS)) {
            CompletableFuture<Pulled> older = ann.pull("foo");
            assertThat(queue("foo")).isEmpty();
            CompletableFuture<Pulled> newer = others.owner("ann").pull("foo");
            assertThat(result(older).end()).isEqualTo(End.TAKEN_OVER);
            CompletableFuture<Pulled> newest = ann.pullToAcknowledge("foo");
            assertThat(result(newer).end()).isEqualTo(End.TAKEN_OVER);
            send(ann, "foo", "hello");
            assertThat(message(newest)).isEqualTo("hello");
            CompletableFuture<Pulled> otherName = ann.pull("bar");
            assertThat(queue("bar")).isEmpty();
            assertThat(message(others.owner("ann").pullToAcknowledge("foo"))).isEqualTo("hello");
            assertThat(otherName).isNotDone();
        }
    }

    @Test
    void shouldGiveEachMessageToWhoeverPullsWhenTwoProcessesTakeTurns() throws Exception {
        try (SessionCacheManager second = opened();
                OwnerDirectory others = new OwnerDirectory(second, QueueSettings.DEFAULTS)) {
            QueueOwner there = others.owner("ann");
            CompletableFuture<Pulled> older = ann.pull("foo");
            assertThat(queue("foo")).isEmpty();
            there.transact(t -> {
                t.notify("hello", "foo");
                return null;
            });
            assertThat(message(older)).isEqualTo("hello");
            send(there, "foo", "next");
            assertThat(message(there.pull("foo"))).isEqualTo("next");
            CompletableFuture<Pulled> waits = ann.pull("foo");
            assertThat(queue("foo")).isEmpty();
            send(there, "foo", "last");
            assertThat(message(waits)).isEqualTo("last");
        }
    }

    @Test
    void row11_shouldRegisterANameWhenItIsPulled() throws Exception {
        CompletableFuture<Pulled> pull = ann.pull("W");
        assertThat(ann.<List<String>>transact(OwnerTransaction::names)).containsExactly("W");
        send(ann, "W", "done");
        assertThat(message(pull)).isEqualTo("done");
    }

    @Test
    void row12_shouldLoseAMessageAtMostWhenItsClientIsGoneAfterThePull() throws Exception {
        send(ann, "foo", "lost", "next");
        assertThat(message(ann.pull("foo"))).isEqualTo("lost");
        assertThat(message(ann.pull("foo"))).isEqualTo("next");
    }

    @Test
    void row12_shouldGiveAMessageAgainUntilItIsAcknowledged() throws Exception {
        send(ann, "foo", "first", "second");
        Pulled first = result(ann.pullToAcknowledge("foo"));
        Pulled again = result(ann.pullToAcknowledge("foo"));
        assertThat(again).isEqualTo(first);
        assertThat(first.message()).isEqualTo("first");
        assertThat(ann.acknowledge("foo", first.number()).join()).isTrue();
        assertThat(ann.acknowledge("foo", first.number()).join())
                .as("a second time")
                .isFalse();
        assertThat(result(ann.pullToAcknowledge("foo")).message()).isEqualTo("second");
    }

    @Test
    void row12_shouldTakeNoMessageForAnotherWhenItIsAcknowledgedAfterItsNameHasGone() throws Exception {
        Instant[] now = {Instant.now()};
        QueueSettings settings = QueueSettings.DEFAULTS.maxSessions(1);
        try (OwnerDirectory few = new OwnerDirectory(cache, settings, () -> now[0])) {
            QueueOwner bob = few.owner("bob");
            send(bob, "foo", "first");
            Pulled first = result(bob.pullToAcknowledge("foo"));
            now[0] = now[0].plus(settings.backchannelTimeout()).plusMillis(1);
            send(bob, "bar", "x");
            assertThat(bob.<List<String>>transact(OwnerTransaction::names)).containsExactly("bar");
            send(bob, "foo", "second");
            assertThat(bob.acknowledge("foo", first.number()).join()).isFalse();
            assertThat(bob.<List<String>>transact(t -> t.queue("foo"))).containsExactly("second");
        }
    }

    @Test
    void row37_shouldEndWaitingPullsWhenTheDirectoryIsClosed() throws Exception {
        CompletableFuture<Pulled> waiting = ann.pull("foo");
        assertThat(queue("foo")).isEmpty();
        owners.close();
        assertThat(result(waiting).end()).isEqualTo(End.CLOSED);
        assertThat(result(ann.pull("foo")).end()).isEqualTo(End.CLOSED);
    }

    @Test
    void row38_shouldDeliverAnEmptyMessage() throws Exception {
        send(ann, "foo", "");
        assertThat(message(ann.pull("foo"))).isEmpty();
    }

    @Test
    void shouldRefuseAPullWithinATransactionAndServeTheNextOne() throws Exception {
        assertThatThrownBy(() -> ann.transact(t -> ann.pull("foo")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("cannot wait for another one");
        send(ann, "foo", "hello");
        assertThat(message(ann.pull("foo"))).isEqualTo("hello");
    }

    @Test
    void shouldKeepAMessageWhenThePullThatWaitedIsCancelled() throws Exception {
        CompletableFuture<Pulled> gone = ann.pull("foo");
        assertThat(queue("foo")).isEmpty();
        gone.cancel(false);
        send(ann, "foo", "hello");
        assertThat(queue("foo")).containsExactly("hello");
        assertThat(message(ann.pull("foo"))).isEqualTo("hello");
    }

    @Test
    void shouldLeaveOneWaitingWhenTwoPullAtATime() throws Exception {
        send(ann, "foo", "so that the host has it");
        assertThat(message(ann.pull("foo"))).isEqualTo("so that the host has it");
        for (int i = 0; i < 300; i++) {
            CyclicBarrier both = new CyclicBarrier(2);
            CompletableFuture<Pulled> theirs = new CompletableFuture<>();
            Thread other = new Thread(() -> {
                meet(both);
                var unused = ann.pull("foo").whenComplete((pulled, failure) -> theirs.complete(pulled));
            });
            other.start();
            meet(both);
            CompletableFuture<Pulled> ours = ann.pull("foo");
            other.join();
            CompletableFuture.anyOf(ours, theirs).get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            send(ann, "foo", "message");
            assertThat(List.of(result(ours).end(), result(theirs).end()))
                    .as("round %s", i)
                    .containsExactlyInAnyOrder(End.TAKEN_OVER, End.MESSAGE);
        }
    }

    private static void meet(CyclicBarrier both) {
        try {
            both.await();
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void shouldWakeAPullWhenAnotherProcessOfTheHostSends() throws Exception {
        CompletableFuture<Pulled> pull = ann.pull("foo");
        assertThat(queue("foo")).isEmpty();
        try (SessionCacheManager second = opened();
                OwnerDirectory others = new OwnerDirectory(second, QueueSettings.DEFAULTS)) {
            send(others.owner("ann"), "foo", "from afar");
        }
        assertThat(message(pull)).isEqualTo("from afar");
    }

    @Test
    void shouldLoseAndRepeatNothingWhenPullsAreTakenOverWhileMessagesCome() throws Exception {
        int count = 500;
        Thread sender = new Thread(() -> {
            for (int i = 0; i < count; i++) {
                send(ann, "foo", "m" + i);
            }
        });
        ann.transact(t -> {
            t.limit(0, "foo");
            return null;
        });
        sender.start();
        int received = 0;
        CompletableFuture<Pulled> older = ann.pull("foo");
        while (received < count) {
            CompletableFuture<Pulled> newer = ann.pull("foo");
            Pulled first = result(older);
            if (first.end() == End.MESSAGE) {
                assertThat(first.message()).isEqualTo("m" + received);
                received++;
            }
            older = newer;
        }
        sender.join();
        assertThat(queue("foo")).isEmpty();
    }
}
