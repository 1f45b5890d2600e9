package org.globalsessions;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.globalsessions.queue.Begun;
import org.globalsessions.queue.OwnerDirectory;
import org.globalsessions.queue.Pulled;
import org.globalsessions.queue.QueueOwner;
import org.globalsessions.queue.QueueSettings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Owners of queues and begun sessions whom several hosts serve: the relay decides, and nobody guesses. */
class OwnersOfSeveralHostsTest extends RelayedHostsFixture {
    private final List<OwnerDirectory> directories = new ArrayList<>();

    private QueueOwner ann(String host) throws IOException {
        OwnerDirectory owners = new OwnerDirectory(host(host), QueueSettings.DEFAULTS.maxMessages(1_000));
        directories.add(owners);
        return owners.owner("ann");
    }

    @AfterEach
    void close() {
        directories.forEach(OwnerDirectory::close);
    }

    private static Begun begin(QueueOwner owner) {
        return owner.transact(t -> t.begin("work"));
    }

    private static boolean remember(QueueOwner owner, Begun begun, String memento) {
        return owner.transact(t -> t.remember("work", begun.nonce(), memento));
    }

    private static boolean counts(QueueOwner owner, Begun begun) {
        return owner.transact(t -> t.counts("work", begun.nonce()));
    }

    @Test
    void shouldKnowANonceThatThisHostHasNotHeardOf() throws IOException {
        QueueOwner atA = ann("a");
        Begun first = begin(atA);
        QueueOwner atB = ann("b");
        assertThat(remember(atB, first, "one")).isTrue();
        relay.lastLink().deaf = true;
        Begun second = begin(atA);
        assertThat(second.memento()).isEqualTo("one");
        assertThat(remember(atB, second, "two"))
                .as("what this host has of it is older")
                .isTrue();
        assertThat(remember(atB, first, "late")).isFalse();
        assertThat(counts(atB, first)).isFalse();
        assertThat(counts(atB, second)).isTrue();
        assertThat(begin(atA).memento()).isEqualTo("two");
    }

    @Test
    void shouldRefuseANonceWhoseSuccessorThisHostHasNotHeardOf() throws IOException {
        QueueOwner atA = ann("a");
        Begun first = begin(atA);
        QueueOwner atB = ann("b");
        assertThat(remember(atB, first, "one")).isTrue();
        relay.lastLink().deaf = true;
        begin(atA);
        assertThat(counts(atB, first)).isFalse();
        assertThat(remember(atB, first, "two")).isFalse();
        assertThat(atB.<Boolean>transact(t -> t.end("work", first.nonce()))).isFalse();
        assertThat(begin(atA).memento()).isEqualTo("one");
    }

    @Test
    void shouldBeUnavailableRatherThanGuessWhenTheRelayIsAway() throws IOException {
        QueueOwner atA = ann("a");
        Begun begun = begin(atA);
        assertThat(remember(atA, begun, "one")).isTrue();
        relay.lastLink().cut();
        CompletableFuture<Boolean> remembered = atA.transactAsync(t -> t.remember("work", begun.nonce(), "two"));
        assertThat(RelayedHosts.failureOf(remembered)).isInstanceOf(TierUnavailableException.class);
        CompletableFuture<Boolean> refused = atA.transactAsync(t -> t.remember("work", "another", "three"));
        assertThat(RelayedHosts.failureOf(refused))
                .as("that it counts no more only the relay can say")
                .isInstanceOf(TierUnavailableException.class);
    }

    @Test
    void shouldAnswerReadsFromThisHostWhenTheRelayIsAway() throws IOException {
        QueueOwner atA = ann("a");
        begin(atA);
        relay.lastLink().cut();
        CompletableFuture<Begun> begun = atA.transactAsync(t -> t.begin("other"));
        CompletableFuture<List<String>> names = atA.transactAsync(t -> t.names());
        assertThat(RelayedHosts.failureOf(begun)).isInstanceOf(TierUnavailableException.class);
        assertThat(RelayedHosts.join(names)).containsExactly("work");
    }

    @Test
    void row10_shouldEndTheOlderPullAtOnceWhenTheNewerOneComesToAnotherHost() throws Exception {
        QueueOwner atA = ann("a");
        QueueOwner atB = ann("b");
        CompletableFuture<Pulled> older = atA.pull("work");
        assertThat(atA.<List<String>>transact(t -> t.queue("work"))).isEmpty();
        CompletableFuture<Pulled> newer = atB.pull("work");
        assertThat(RelayedHosts.join(older).end()).isEqualTo(Pulled.End.TAKEN_OVER);
        send(atA, "a", 1);
        assertThat(RelayedHosts.join(newer).message()).isEqualTo("a0");
        assertThat(atA.<List<String>>transact(t -> t.queue("work"))).isEmpty();
    }

    @Test
    void row12_shouldStayUntilItIsAcknowledgedWhenThePullThatWantsThatTakesOverFromOneThatTakesIt() throws Exception {
        QueueOwner atA = ann("a");
        QueueOwner atB = ann("b");
        for (int i = 0; i < 200; i++) {
            CompletableFuture<Pulled> takes = atA.pull("work");
            // Its removal of the message may be on its way when the other one comes.
            send(atB, "m" + i + "-", 1);
            CompletableFuture<Pulled> keeps = atA.pullToAcknowledge("work");
            if (RelayedHosts.join(takes).end() == Pulled.End.MESSAGE) {
                send(atB, "other" + i + "-", 1);
            }
            Pulled kept = RelayedHosts.join(keeps);
            assertThat(atA.<List<String>>transact(t -> t.queue("work"))).containsExactly(kept.message());
            assertThat(RelayedHosts.join(atA.acknowledge("work", kept.number())))
                    .isTrue();
        }
    }

    @Test
    void shouldGiveEachMessageToOnePullWhenHostsSendAtOnce() throws Exception {
        int each = 50;
        QueueOwner atA = ann("a");
        QueueOwner atB = ann("b");
        QueueOwner atC = ann("c");
        Thread a = new Thread(() -> send(atA, "a", each));
        Thread b = new Thread(() -> send(atB, "b", each));
        a.start();
        b.start();
        List<String> received = new ArrayList<>();
        while (received.size() < 2 * each) {
            Pulled pulled = atC.pull("work").get(RelayedHosts.LIMIT.toSeconds(), TimeUnit.SECONDS);
            assertThat(pulled.end()).isEqualTo(Pulled.End.MESSAGE);
            received.add(pulled.message());
        }
        a.join();
        b.join();
        for (String sender : List.of("a", "b")) {
            assertThat(received.stream().filter(message -> message.startsWith(sender)))
                    .containsExactlyElementsOf(
                            IntStream.range(0, each).mapToObj(i -> sender + i).toList());
        }
        assertThat(atC.<List<String>>transact(t -> t.queue("work"))).isEmpty();
    }

    private static void send(QueueOwner to, String sender, int count) {
        for (int i = 0; i < count; i++) {
            String message = sender + i;
            to.transact(t -> {
                t.notify(message, "work");
                return null;
            });
        }
    }
}
