package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A relief node answers late, of a time before an entry that has come and gone meanwhile: that answer does not count. */
class LateAnswersTest {
    private static final String KEY = "user-1";
    private static final int LIFETIME = 20;

    @TempDir
    private Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private final Version replaced = TestHost.newVersion(1);
    private MidwayRelay relay;
    private FakeSibling sibling;
    private TestHost host;

    @BeforeEach
    void openWithACopyAtARelief() throws IOException {
        relay = opened.keep(MidwayRelay.launch(new RelayContext()
                .authPath("auths")
                .port(0)
                .segment(new SegmentSettings(folder.resolve("relay.segment")).elCount(160))
                .siblingExternal(true)));
        sibling = opened.keep(new FakeSibling(
                relay.lru().file().note(),
                "auths",
                key -> relay.lru().encode(key).digest()));
        sibling.agingOnly = true;
        sibling.handedOff.put(digest(), entry(replaced, 0));
        host = opened.keep(new TestHost(relay.port(), 1)).welcomed();
    }

    private KeyDigest digest() {
        return relay.lru().encode(KEY).digest();
    }

    private SessionEntry entry(Version version, int lifetimeTicks) {
        byte[] key = KEY.getBytes(UTF_8);
        return new SessionEntry(key, key, version, replaced.clock(), false, 0, 0, lifetimeTicks);
    }

    private SessionEntry publish(int lifetimeTicks) {
        SessionEntry entry = entry(TestHost.newVersion(1), lifetimeTicks);
        Frame answer = host.ask(new SessionFrame(
                host.nextId(),
                Acknowledgement.RELAY,
                host.welcome.epoch(),
                host.welcome.position(),
                Version.NONE,
                entry));
        assertThat(((SessionReceivedFrame) answer).receipt().outcome()).isEqualTo(Receipt.Outcome.STORED);
        return entry;
    }

    private CompletableFuture<Frame> askAndHoldTheAnswer() {
        sibling.holdingAnswers = true;
        CompletableFuture<Frame> answer = host.getLater(KEY);
        await().atMost(TestHost.LIMIT).until(() -> sibling.questions.get() == 1);
        return answer;
    }

    private boolean isHere() {
        return relay.lru().find(relay.lru().encode(KEY), new EntrySnapshot());
    }

    private boolean isHereOrOwed() {
        return relay.lru().findUnsent(relay.lru().encode(KEY), new EntrySnapshot());
    }

    private void letGoAndExpectNothing(CompletableFuture<Frame> answer) throws Exception {
        // As the sibling voids it where it has the newer version.
        sibling.handedOff.remove(digest());
        sibling.holdingAnswers = false;
        SessionKnownFrame known = (SessionKnownFrame) answer.get(TestHost.LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertThat(known.status()).isEqualTo(SessionKnownFrame.Status.MISSING);
        assertThat(isHere()).isFalse();
    }

    @Test
    void shouldNotBringBackWhatWasReplacedWhenThatHasExpiredWhileTheQuestionWasOpen() throws Exception {
        CompletableFuture<Frame> answer = askAndHoldTheAnswer();
        publish(LIFETIME);
        await().atMost(TestHost.LIMIT).until(() -> !isHereOrOwed());
        letGoAndExpectNothing(answer);
    }

    @Test
    void shouldAskAgainWhenItIsSaidToBeMissingAndWasStoredAndHandedOffWhileTheQuestionWasOpen() throws Exception {
        sibling.handedOff.remove(digest());
        CompletableFuture<Frame> answer = askAndHoldTheAnswer();
        SessionEntry stored = publish(0);
        sibling.handedOff.put(digest(), stored);
        // As an eviction does, which takes nothing that the relief tier has not acknowledged.
        await().atMost(TestHost.LIMIT).until(() -> relay.lru().removeOlder(digest(), TestHost.newVersion(1)));
        assertThat(isHere()).isFalse();
        sibling.holdingAnswers = false;
        SessionKnownFrame known = (SessionKnownFrame) answer.get(TestHost.LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertThat(known.status()).isEqualTo(SessionKnownFrame.Status.FOUND);
        assertThat(known.entry().version()).isEqualTo(stored.version());
    }

    @Test
    void shouldSayThatItIsMissingWhenOnlyWhatWasReplacedIsAtTheReliefTier() {
        sibling.refusing = true;
        publish(LIFETIME);
        await().atMost(TestHost.LIMIT).until(() -> !isHere());
        assertThat(host.get(KEY).status()).isEqualTo(SessionKnownFrame.Status.MISSING);
        assertThat(sibling.questions.get()).isEqualTo(1);
    }

    @Test
    void shouldNotBringBackWhatWasReplacedWhenThatHasExpiredUnpublishedAndIsToldWhileTheQuestionIsOpen()
            throws Exception {
        sibling.refusing = true;
        publish(LIFETIME);
        await().atMost(TestHost.LIMIT).until(() -> !isHere());
        assertThat(isHereOrOwed()).isTrue();
        CompletableFuture<Frame> answer = askAndHoldTheAnswer();
        EntrySnapshot owed = new EntrySnapshot();
        relay.lru().findUnsent(relay.lru().encode(KEY), owed);
        // As the relief tier's receipt does, which comes within a second.
        relay.lru().clearMarks(owed.way(), owed.stateWord(), RecordDescriptor.UNPUBLISHED);
        assertThat(isHereOrOwed()).isFalse();
        sibling.refusing = false;
        letGoAndExpectNothing(answer);
    }
}
