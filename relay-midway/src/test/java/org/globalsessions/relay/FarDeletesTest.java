package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.EverywhereFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.RenewedFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A delete is everywhere when every other host has said so, or has been silent for as long as its lease lasts. */
class FarDeletesTest {
    private static final Duration LIMIT = TestHost.LIMIT;
    private static final Duration MAX_STALE = Duration.ofMillis(700);

    @TempDir
    private Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private MidwayRelay relay;

    private MidwayRelay launch(Duration maxStale) throws IOException {
        relay = opened.keep(MidwayRelay.launch(new RelayContext()
                .authPath("auths")
                .port(0)
                .maxStale(maxStale)
                .segment(new SegmentSettings(segment()).elCount(320))));
        return relay;
    }

    private Path segment() {
        return folder.resolve("relay.segment");
    }

    private Path hosts() {
        return folder.resolve("relay.segment.hosts");
    }

    /** As after a start on a segment whose hosts were known. */
    private void rememberNobody() throws IOException {
        try (HostMemory memory = HostMemory.open(hosts())) {
            memory.nowWhole();
        }
    }

    private TestHost host(int number) {
        return opened.keep(new TestHost(relay.port(), number)).welcomed();
    }

    private KeyDigest digest(String key) {
        return relay.lru().encode(key.getBytes(UTF_8)).digest();
    }

    private long delete(TestHost host, String key) {
        Frame answer = host.delete(digest(key), Acknowledgement.RELAY);
        return ((SessionReceivedFrame) answer).receipt().position();
    }

    private CompletableFuture<Frame> everywhere(TestHost host, String key, long position) {
        return host.needEverywhere(digest(key), host.welcome.epoch(), position);
    }

    /** Waits until the relay has served what was sent before. */
    private static void served(TestHost host) {
        host.get("-");
    }

    private static void assertEverywhere(CompletableFuture<Frame> answer) {
        await().atMost(LIMIT).until(answer::isDone);
        assertThat(answer.join()).isInstanceOf(EverywhereFrame.class);
    }

    private static void assertError(Frame answer, int code) {
        assertThat(answer).isInstanceOf(ErrorFrame.class);
        assertThat(((ErrorFrame) answer).code()).isEqualTo(code);
    }

    @Test
    void shouldSayItWhenEveryOtherHostHasAppliedTheDelete() throws Exception {
        rememberNobody();
        launch(Duration.ofMinutes(5));
        TestHost a = host(1).subscribed(1, 0, 0);
        TestHost b = host(2).subscribed(1, 0, 0);
        TestHost c = host(3).subscribed(1, 0, 0);
        a.set("k", "one");
        long position = delete(a, "k");
        CompletableFuture<Frame> answer = everywhere(a, "k", position);
        assertThat(b.renew(1, position)).isInstanceOf(RenewedFrame.class);
        served(a);
        assertThat(answer).as("one host has not said it").isNotDone();
        c.renew(1, position - 1);
        served(a);
        assertThat(answer).as("it is not as far").isNotDone();
        c.renew(1, position);
        assertEverywhere(answer);
        assertEverywhere(everywhere(a, "k", position));
    }

    @Test
    void shouldWaitForAHostThatIsAwayUntilItsLeaseIsOver() throws Exception {
        rememberNobody();
        launch(MAX_STALE);
        TestHost a = host(1).subscribed(1, 0, 0);
        TestHost b = host(2).subscribed(1, 0, 0);
        long beforeNs = System.nanoTime();
        b.renew(1, 0);
        b.close();
        long position = delete(a, "k");
        assertEverywhere(everywhere(a, "k", position));
        assertThat(System.nanoTime() - beforeNs).isGreaterThan(MAX_STALE.toNanos());
    }

    @Test
    void shouldWaitForAHostThatIsThereAndSaysNothingUntilItsLeaseIsOver() throws Exception {
        rememberNobody();
        launch(MAX_STALE);
        TestHost a = host(1).subscribed(1, 0, 0);
        long beforeNs = System.nanoTime();
        host(2).subscribed(1, 0, 0);
        long position = delete(a, "k");
        assertEverywhere(everywhere(a, "k", position));
        assertThat(System.nanoTime() - beforeNs).isGreaterThan(MAX_STALE.toNanos());
    }

    @Test
    void shouldWaitForeverForAHostThatIsAwayWhereLeasesHaveNoEnd() throws Exception {
        rememberNobody();
        launch(Duration.ZERO);
        TestHost a = host(1).subscribed(1, 0, 0);
        TestHost b = host(2).subscribed(1, 0, 0);
        b.close();
        long position = delete(a, "k");
        CompletableFuture<Frame> answer = everywhere(a, "k", position);
        long untilNs = System.nanoTime() + MAX_STALE.toNanos();
        while (untilNs - System.nanoTime() > 0) {
            served(a);
            assertThat(answer).isNotDone();
        }
        TestHost again = host(2).subscribed(2, a.welcome.epoch(), position - 1);
        again.renew(2, position);
        assertEverywhere(answer);
    }

    @Test
    void shouldRememberAfterARestartWhoWasThere() throws Exception {
        rememberNobody();
        launch(MAX_STALE);
        host(1).close();
        host(2).subscribed(1, 0, 0).close();
        relay.close();
        long startNs = System.nanoTime();
        launch(MAX_STALE);
        TestHost a = host(1).subscribed(1, 0, 0);
        assertEverywhere(everywhere(a, "k", delete(a, "k")));
        assertThat(System.nanoTime() - startNs).isGreaterThan(MAX_STALE.toNanos());
    }

    @Test
    void shouldSayNothingBeforeEveryLeaseIsOverWhereItRemembersNobody() throws Exception {
        long startNs = System.nanoTime();
        launch(MAX_STALE);
        TestHost a = host(1).subscribed(1, 0, 0);
        assertEverywhere(everywhere(a, "k", delete(a, "k")));
        assertThat(System.nanoTime() - startNs).isGreaterThan(MAX_STALE.toNanos());
        relay.close();

        Files.write(hosts(), new byte[] {1, 2, 3});
        startNs = System.nanoTime();
        launch(MAX_STALE);
        TestHost again = host(1).subscribed(2, 0, 0);
        assertEverywhere(everywhere(again, "k", delete(again, "k")));
        assertThat(System.nanoTime() - startNs).isGreaterThan(MAX_STALE.toNanos());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(hosts())))
                .isEqualTo("rw-------");
    }

    @Test
    void shouldForgetHostsWhoseLeasesAreOverAndNoOthers() throws Exception {
        rememberNobody();
        launch(MAX_STALE);
        TestHost a = host(1).subscribed(1, 0, 0);
        host(2).close();
        await().atMost(Duration.ofSeconds(30)).until(() -> Files.size(hosts()) == 8 + 16);
        a.renew(1, 0);
        assertEverywhere(everywhere(a, "k", delete(a, "k")));
    }

    @Test
    void shouldRefuseARenewalWithoutASubscriptionAndAQuestionOfAnotherEpoch() throws Exception {
        launch(MAX_STALE);
        TestHost a = host(1);
        assertError(a.renew(1, 0), ErrorCode.STALE_LEASE);
        a.subscribed(1, 0, 0);
        assertThat(a.renew(1, 0)).isInstanceOf(RenewedFrame.class);
        assertError(a.needEverywhere(digest("k"), 1, 5).join(), ErrorCode.UNAVAILABLE);
    }

    @Test
    void shouldRefuseMoreQuestionsThanTheWindowHolds() throws Exception {
        rememberNobody();
        launch(Duration.ofMinutes(5));
        TestHost a = host(1).subscribed(1, 0, 0);
        host(2).subscribed(1, 0, 0);
        long position = delete(a, "k");
        for (int i = 0; i < FarDeletes.WINDOW; i++) {
            var unused = everywhere(a, "k", position);
        }
        assertError(everywhere(a, "k", position).join(), ErrorCode.BUSY);
    }

    @Test
    void shouldSendAHostAwayToConfirmWhenDeletesThatItHasMissedAreForgotten() throws Exception {
        rememberNobody();
        launch(Duration.ofMinutes(5));
        TestHost a = host(1);
        TestHost b = host(2).subscribed(1, 0, 0);
        Receipt one = ((SessionReceivedFrame) a.set("k", "one")).receipt();
        long seen = one.position();
        b.close();
        long last = forgetADelete(a, "ended");
        TestHost again = host(2);
        assertError(again.subscribe(2, a.welcome.epoch(), seen).join(), ErrorCode.MUST_CONFIRM);
        assertError(again.renew(2, seen), ErrorCode.STALE_LEASE);
        assertThat(relay.counters().get(Counter.HOSTS_TOO_FAR_BEHIND)).isEqualTo(1);

        // What it saved meanwhile of a life that nobody here knows any more does not come back; what lives here does.
        assertThat(save(again, "ended", 1, seen).outcome()).isEqualTo(Receipt.Outcome.SUPERSEDED);
        assertThat(save(again, "k", one.life(), seen).outcome()).isEqualTo(Receipt.Outcome.STORED);
        assertThat(relay.counters().get(Counter.DISCARDED_UNCONFIRMED)).isEqualTo(1);
        again.subscribed(2, a.welcome.epoch(), last);
        assertThat(again.renew(2, last)).isInstanceOf(RenewedFrame.class);
    }

    @Test
    void shouldGiveALaterWelcomeToAHostWhoseConfirmationTookSoLongThatDeletesSinceItsWelcomeAreForgotten()
            throws Exception {
        rememberNobody();
        launch(Duration.ofMinutes(5));
        TestHost a = host(1);
        TestHost b = host(2).subscribed(1, 0, 0);
        Receipt one = ((SessionReceivedFrame) a.set("k", "one")).receipt();
        long seen = one.position();
        b.close();
        forgetADelete(a, "first");
        TestHost again = host(2);
        WelcomeFrame early = again.welcome;
        assertError(again.subscribe(2, early.epoch(), seen).join(), ErrorCode.MUST_CONFIRM);

        // The connection stays: what it has goes out on it.
        assertThat(save(again, "k", one.life(), seen).outcome()).isEqualTo(Receipt.Outcome.STORED);
        long last = forgetADelete(a, "second");
        assertError(again.subscribe(2, early.epoch(), early.position()).join(), ErrorCode.MUST_CONFIRM);
        await().atMost(TestHost.LIMIT).until(() -> !again.welcome.equals(early));
        assertThat(again.welcome.position()).isGreaterThanOrEqualTo(last);
        again.subscribed(2, again.welcome.epoch(), again.welcome.position());
        assertThat(again.renew(2, again.welcome.position())).isInstanceOf(RenewedFrame.class);
    }

    /** Deletes a session and then others until its tombstone is gone; the position of the last delete. */
    private long forgetADelete(TestHost host, String key) {
        host.set(key, "two");
        long last = delete(host, key);
        for (int i = 0; !relay.lru().tombstone(digest(key)).equals(Version.NONE); i++) {
            last = delete(host, "after-" + key + i);
        }
        return last;
    }

    /** Publishes a later version of a life that the relay has confirmed before. */
    private Receipt save(TestHost host, String key, long life, long applied) {
        Version version = TestHost.newVersion(2);
        SessionEntry entry = new SessionEntry(key.getBytes(UTF_8), new byte[3], version, life, false, 0, 0, 0);
        Frame answer = host.ask(new SessionFrame(
                host.nextId(), Acknowledgement.RELAY, host.welcome.epoch(), applied, Version.NONE, entry));
        return ((SessionReceivedFrame) answer).receipt();
    }
}
