package org.globalsessions.transport.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.globalsessions.transport.gateway.GatewayFixture.PATIENCE;
import static org.globalsessions.transport.gateway.GatewayFixture.settings;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.globalsessions.queue.OwnerDirectory;
import org.globalsessions.queue.OwnerTransaction;
import org.globalsessions.queue.QueueOwner;
import org.globalsessions.queue.QueueRequests;
import org.globalsessions.queue.QueueSettings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Remote clients at their owner's queues, over real sockets: rows of the earlier library's queues as a client meets them. */
class GatewayQueuesTest {
    @TempDir
    Path folder;

    private GatewayFixture fixture;
    private OwnerDirectory owners;
    private QueueOwner ann;
    private QueueRequests requests;

    @BeforeEach
    void open() throws IOException {
        fixture = new GatewayFixture(folder);
        start(QueueSettings.DEFAULTS.maxSessions(20));
    }

    private void start(QueueSettings queues) throws IOException {
        owners = new OwnerDirectory(fixture.cache, queues);
        ann = owners.owner("ann");
        requests = new QueueRequests(
                owners,
                request -> request.user().name().equals("nobody")
                        ? null
                        : request.user().name(),
                request -> {
                    if (request.method().equals("end-pulls")) {
                        requests.endPulls(request.client());
                    }
                    return CompletableFuture.completedFuture("application: " + request.params());
                });
        fixture.start(settings(), fixture.new Logins(), requests);
    }

    @AfterEach
    void close() {
        owners.close();
        fixture.close();
    }

    private void notify(String message, String name) {
        ann.transact(t -> {
            t.notify(message, name);
            return null;
        });
    }

    private static String ask(WebSocketClient client, int number, String request) throws InterruptedException {
        client.send("ask " + number + " " + request);
        return client.next();
    }

    @Test
    void row1_shouldRefuseARequestWithoutASessionNameWhereOneIsNeeded() throws Exception {
        try (WebSocketClient client = fixture.login("ann")) {
            assertThat(ask(client, 1, "queue/pull ")).isEqualTo("error 1 400 no session name");
            assertThat(ask(client, 2, "queue/begin ")).isEqualTo("error 2 400 no session name");
            assertThat(ask(client, 3, "queue/names ")).isEqualTo("answer 3 ");
        }
    }

    @Test
    void row7_shouldGiveOneMessageAPullFirstInFirstOut() throws Exception {
        notify("{\"text\": \"one\"}", "phone");
        notify("two", "phone");
        try (WebSocketClient client = fixture.login("ann")) {
            assertThat(ask(client, 1, "queue/pull phone")).matches("answer 1 message \\d+ \\{\"text\": \"one\"}");
            assertThat(ask(client, 2, "queue/pull phone")).matches("answer 2 message \\d+ two");
            assertThat(ask(client, 3, "queue/names ")).isEqualTo("answer 3 phone");
        }
    }

    @Test
    void row8_shouldWaitForAMessageAndHoldUpNoOtherRequestMeanwhile() throws Exception {
        try (WebSocketClient client = fixture.login("ann")) {
            client.send("ask 1 queue/pull phone");
            assertThat(ask(client, 2, "echo hello")).isEqualTo("answer 2 application: hello");
            notify("later", "phone");
            assertThat(client.next()).matches("answer 1 message \\d+ later");
        }
    }

    @Test
    void shouldRefuseWhatIsTooMuchForAnOwnerAndDoAllThatItHasTaken() throws Exception {
        HeldUp held = new HeldUp(ann);
        int limit = 4_096;
        List<CompletableFuture<Integer>> waiting = new ArrayList<>();
        for (int i = 1; i < limit; i++) {
            int number = i;
            waiting.add(ann.transactAsync(t -> {
                t.state(new byte[number]);
                return number;
            }));
        }
        assertThat(waiting).noneMatch(CompletableFuture::isDone);
        assertThatThrownBy(() -> ann.transact(t -> 0))
                .isInstanceOf(RejectedExecutionException.class)
                .hasMessageContaining("limit=4096");
        try (WebSocketClient client = fixture.login("ann");
                WebSocketClient another = fixture.login("bob")) {
            assertThat(ask(client, 1, "queue/begin basket"))
                    .isEqualTo("error 1 429 too much under way, try again later");
            assertThat(ask(another, 1, "queue/begin basket")).startsWith("answer 1 ");
            held.goOn();
            for (int i = 1; i < limit; i++) {
                assertThat(waiting.get(i - 1).get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS))
                        .isEqualTo(i);
            }
            assertThat(ann.<byte[]>transact(OwnerTransaction::state)).hasSize(limit - 1);
            assertThat(ask(client, 2, "queue/begin basket")).startsWith("answer 2 ");
        }
    }

    @Test
    void shouldLeaveWhatComesToOthersWhenAClientsPullsAreEnded() throws Exception {
        try (WebSocketClient phone = fixture.login("ann");
                WebSocketClient laptop = fixture.login("ann")) {
            phone.send("ask 1 queue/pull basket");
            await().atMost(PATIENCE)
                    .until(() -> ann.<List<String>>transact(t -> t.names()).contains("basket"));
            phone.send("ask 2 end-pulls now");
            assertThat(List.of(phone.next(), phone.next()))
                    .containsExactlyInAnyOrder("answer 1 closed", "answer 2 application: now");
            notify("for the laptop", "basket");
            assertThat(ask(laptop, 1, "queue/pull basket")).endsWith("for the laptop");
        }
    }

    /** Ann's work is held up, so that the pull is asked for and does not wait yet. */
    @Test
    void shouldNotBeginAPullThatWasAskedForBeforeTheClientsPullsWereEnded() throws Exception {
        HeldUp held = new HeldUp(ann);
        try (WebSocketClient phone = fixture.login("ann");
                WebSocketClient laptop = fixture.login("ann")) {
            phone.send("ask 1 queue/pull basket");
            assertThat(ask(phone, 2, "end-pulls now")).isEqualTo("answer 2 application: now");
            held.goOn();
            assertThat(phone.next()).isEqualTo("answer 1 closed");
            notify("for the laptop", "basket");
            assertThat(ask(laptop, 1, "queue/pull basket")).endsWith("for the laptop");
        }
    }

    /** A transaction of an owner that has begun and does not end, on a thread of its own: all others wait. */
    private static final class HeldUp {
        private final CountDownLatch released = new CountDownLatch(1);
        private final CompletableFuture<Boolean> ended = new CompletableFuture<>();

        HeldUp(QueueOwner owner) {
            CountDownLatch begun = new CountDownLatch(1);
            new Thread(() -> ended.complete(owner.transact(t -> {
                        begun.countDown();
                        return waitFor(released);
                    })))
                    .start();
            assertThat(waitFor(begun)).isTrue();
        }

        void goOn() throws Exception {
            released.countDown();
            assertThat(ended.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        }
    }

    private static boolean waitFor(CountDownLatch latch) {
        try {
            return latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Test
    void shouldTellWhetherANonceStillCounts() throws Exception {
        try (WebSocketClient phone = fixture.login("ann");
                WebSocketClient laptop = fixture.login("ann")) {
            String nonce = ask(phone, 1, "queue/begin basket").replaceFirst("answer 1 ", "");
            assertThat(ask(phone, 2, "queue/counts basket " + nonce)).isEqualTo("answer 2 true");
            ask(laptop, 1, "queue/begin basket");
            assertThat(ask(phone, 3, "queue/counts basket " + nonce)).isEqualTo("answer 3 false");
            assertThat(ask(phone, 4, "queue/counts basket")).startsWith("error 4 400 wrong number of parameters");
        }
    }

    @Test
    void row9_shouldTellThatNoneCameInTime() throws Exception {
        fixture.gateway.close();
        owners.close();
        start(QueueSettings.DEFAULTS.backchannelTimeout(Duration.ofMillis(300)));
        try (WebSocketClient client = fixture.login("ann")) {
            assertThat(ask(client, 1, "queue/pull phone")).isEqualTo("answer 1 timed-out");
        }
    }

    @Test
    void row10_shouldEndTheOlderPullAtOnceWhenANewerOneComesFromAnotherDevice() throws Exception {
        try (WebSocketClient older = fixture.login("ann");
                WebSocketClient newer = fixture.login("ann")) {
            older.send("ask 1 queue/pull phone");
            // Its name is there once it waits.
            await().atMost(PATIENCE).until(() -> ann.transact(t -> t.names()).contains("phone"));
            newer.send("ask 1 queue/pull phone");
            assertThat(older.next()).isEqualTo("answer 1 taken-over");
            notify("news", "phone");
            assertThat(newer.next()).matches("answer 1 message \\d+ news");
        }
    }

    @Test
    void row12_shouldGiveAMessageAgainWhenItWasNotAcknowledged() throws Exception {
        notify("important", "phone");
        String number;
        try (WebSocketClient lost = fixture.login("ann")) {
            String answer = ask(lost, 1, "queue/pull-to-acknowledge phone");
            assertThat(answer).matches("answer 1 message \\d+ important");
            number = answer.split(" ", -1)[3];
            lost.cut();
        }
        try (WebSocketClient client = fixture.login("ann")) {
            assertThat(ask(client, 1, "queue/pull-to-acknowledge phone"))
                    .isEqualTo("answer 1 message " + number + " important");
            assertThat(ask(client, 2, "queue/acknowledge phone " + number)).isEqualTo("answer 2 true");
            assertThat(ask(client, 3, "queue/acknowledge phone " + number)).isEqualTo("answer 3 false");
            assertThat(ask(client, 4, "queue/acknowledge phone two")).isEqualTo("error 4 400 no number of a message");
        }
    }

    @Test
    void row26_shouldGoOnAtAnotherDeviceWithWhatWasRemembered() throws Exception {
        try (WebSocketClient first = fixture.login("ann");
                WebSocketClient second = fixture.login("ann")) {
            String begun = ask(first, 1, "queue/begin basket");
            assertThat(begun).matches("answer 1 \\S+");
            String nonce = begun.split(" ", -1)[2];
            assertThat(ask(first, 2, "queue/remember basket " + nonce + " 2 of 3 bought"))
                    .isEqualTo("answer 2 true");

            String resumed = ask(second, 1, "queue/begin basket");
            assertThat(resumed).matches("answer 1 \\S+ 2 of 3 bought");
            assertThat(ask(first, 3, "queue/remember basket " + nonce + " 3 of 3 bought"))
                    .as("row 32: the first one counts no more")
                    .isEqualTo("answer 3 false");
            assertThat(ask(first, 4, "queue/end basket " + nonce)).isEqualTo("answer 4 false");
            String newNonce = resumed.split(" ", -1)[2];
            assertThat(ask(second, 2, "queue/end basket " + newNonce)).isEqualTo("answer 2 true");
            assertThat(ask(second, 3, "queue/begin basket"))
                    .as("row 33: nothing is left")
                    .matches("answer 3 \\S+");
        }
    }

    @Test
    void row38_shouldDeliverAnEmptyMessage() throws Exception {
        notify("", "phone");
        try (WebSocketClient client = fixture.login("ann")) {
            assertThat(ask(client, 1, "queue/pull phone")).matches("answer 1 message \\d+ ");
        }
    }

    @Test
    void shouldBringAMessageByLongPollingToo() throws Exception {
        PollClient client = PollClient.login(fixture.gateway.port(), "ann");
        assertThat(client.post("ask 1 queue/pull phone").statusCode()).isEqualTo(204);
        notify("news", "phone");
        List<String> came = new ArrayList<>();
        await().atMost(PATIENCE).until(() -> {
            came.addAll(client.get());
            return !came.isEmpty();
        });
        assertThat(came).singleElement().satisfies(text -> assertThat(text).matches("answer 1 message \\d+ news"));
    }

    @Test
    void shouldShowNobodyTheQueuesOfAnotherOwner() throws Exception {
        notify("for ann", "phone");
        try (WebSocketClient bob = fixture.login("bob");
                WebSocketClient nobody = fixture.login("nobody")) {
            assertThat(ask(bob, 1, "queue/names ")).isEqualTo("answer 1 ");
            assertThat(ask(nobody, 1, "queue/pull phone")).isEqualTo("error 1 403 no queues for this client");
        }
    }

    @Test
    void shouldTellWhatIsWrongAndChangeNothingWhenTheRequestIsBad() throws Exception {
        try (WebSocketClient client = fixture.login("ann")) {
            assertThat(ask(client, 1, "queue/steal phone")).isEqualTo("error 1 404 no such method of a queue");
            assertThat(ask(client, 2, "queue/end phone"))
                    .isEqualTo("error 2 400 wrong number of parameters: words=1, expected=2");
            assertThat(ask(client, 3, "queue/pull " + "x".repeat(300)))
                    .startsWith("error 3 400 session name is too long");
            assertThat(ask(client, 4, "queue/remember phone foreign-nonce text"))
                    .isEqualTo("answer 4 false");
            String nonce = ask(client, 5, "queue/begin phone").split(" ", -1)[2];
            assertThat(ask(client, 6, "queue/remember phone " + nonce + " " + "m".repeat(20_000)))
                    .startsWith("error 6 400 memento is too long");
            assertThat(ask(client, 7, "queue/begin phone")).as("no memento").matches("answer 7 \\S+");
        }
    }

    @Test
    void shouldTakeNoMessageForAClientThatHasGone() throws Exception {
        try (WebSocketClient gone = fixture.login("ann")) {
            gone.send("ask 1 queue/pull phone");
            await().atMost(PATIENCE).until(() -> ann.transact(t -> t.names()).contains("phone"));
            assertThat(fixture.nextAccepted().control().destroy()).isTrue();
            fixture.nextDestroyed();
        }
        try (WebSocketClient client = fixture.login("ann")) {
            notify("first", "phone");
            notify("second", "phone");
            assertThat(ask(client, 1, "queue/pull phone")).matches("answer 1 message \\d+ first");
        }
    }

    @Test
    void shouldRefuseMoreOfOneClientAtATimeThanItMayHaveUnderWay() throws Exception {
        fixture.gateway.close();
        owners.close();
        start(QueueSettings.DEFAULTS.maxSessions(50));
        try (WebSocketClient client = fixture.login("ann");
                WebSocketClient other = fixture.login("bob")) {
            for (int i = 1; i <= 32; i++) {
                client.send("ask " + i + " queue/pull name-" + i);
            }
            await().atMost(PATIENCE)
                    .until(() -> ann.<List<String>>transact(t -> t.names()).size() == 32);
            assertThat(ask(client, 33, "queue/pull name-33"))
                    .isEqualTo("error 33 429 too many requests under way: limit=32");
            notify("news", "name-3");
            assertThat(client.next()).matches("answer 3 message \\d+ news");
            assertThat(ask(client, 34, "queue/acknowledge name-3 1"))
                    .as("there is room for one again")
                    .isEqualTo("answer 34 false");
            owners.owner("bob").transact(t -> {
                t.notify("for bob", "phone");
                return null;
            });
            assertThat(ask(other, 1, "queue/pull phone")).matches("answer 1 message \\d+ for bob");
        }
    }

    @Test
    void shouldRefuseMoreNamesThanAnOwnerShouldHaveAndKeepThoseThatAreThere() throws Exception {
        notify("kept", "phone");
        try (WebSocketClient client = fixture.login("ann")) {
            for (int i = 1; i < 20; i++) {
                assertThat(ask(client, i, "queue/begin flood-" + i)).startsWith("answer " + i + " ");
            }
            assertThat(ask(client, 20, "queue/begin flood-20"))
                    .isEqualTo("error 20 429 too many session names: limit=20");
            assertThat(ask(client, 21, "queue/pull flood-21"))
                    .isEqualTo("error 21 429 too many session names: limit=20");
            assertThat(ask(client, 22, "queue/pull phone")).matches("answer 22 message \\d+ kept");
        }
    }

    @Test
    void shouldRefuseToRememberMoreThanLeavesRoomForMessages() throws Exception {
        try (WebSocketClient client = fixture.login("ann")) {
            String first = ask(client, 1, "queue/begin one").split(" ", -1)[2];
            String second = ask(client, 2, "queue/begin two").split(" ", -1)[2];
            assertThat(ask(client, 3, "queue/remember one " + first + " " + "m".repeat(16_000)))
                    .isEqualTo("answer 3 true");
            assertThat(ask(client, 4, "queue/remember two " + second + " " + "m".repeat(5_000)))
                    .isEqualTo("error 4 413 too much remembered of this owner: limit=20480 bytes");
            assertThat(ask(client, 5, "queue/remember one " + first + " " + "m".repeat(8_000)))
                    .as("it takes the place of the earlier one")
                    .isEqualTo("answer 5 true");
            assertThat(ask(client, 6, "queue/remember two " + second + " " + "m".repeat(5_000)))
                    .isEqualTo("answer 6 true");
            notify("n".repeat(16_000), "one");
            assertThat(ask(client, 7, "queue/pull one")).startsWith("answer 7 message ");
        }
    }

    @Test
    void shouldHaveNoQueuesForAClientWhoseNameIsNoOwners() throws Exception {
        try (WebSocketClient client = fixture.login("n".repeat(OwnerDirectory.MAX_OWNER_BYTES + 1))) {
            assertThat(ask(client, 1, "queue/names "))
                    .isEqualTo("error 1 403 no queues for this client: no name of an owner");
        }
    }
}
