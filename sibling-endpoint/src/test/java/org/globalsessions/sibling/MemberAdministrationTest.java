package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.globalsessions.sibling.Entries.entry;
import static org.globalsessions.sibling.Entries.key;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.sibling.Membership.State;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.AdministerFrame;
import org.globalsessions.transport.frame.AdministerFrame.Action;
import org.globalsessions.transport.frame.AdministeredFrame;
import org.globalsessions.transport.frame.AdministeredFrame.KnownHost;
import org.globalsessions.transport.frame.AdministeredFrame.Outcome;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What an operator is told, and what his word does. */
class MemberAdministrationTest extends PlayedTierTest {
    private static final NodeId UNKNOWN = new NodeId(9, 9);

    private MemberAdministration administration;
    private PlayedNode a1;
    private PlayedNode a2;

    @BeforeEach
    void open() throws IOException {
        begin(1, Duration.ofSeconds(1));
        administration = new MemberAdministration(segment, membership, router.tier());
        a1 = join(1, Kind.AGING);
        a2 = join(2, Kind.AGING);
    }

    private AdministeredFrame ask(Action action, NodeId id) {
        AdministerFrame frame = new AdministerFrame(5, action, new KeyDigest(id.high(), id.low()));
        AdministeredFrame answer = (AdministeredFrame) administration.answer(frame, "test");
        assertThat(answer.correlationId()).isEqualTo(5);
        return answer;
    }

    private Status statusOf(String key) {
        return ((SessionKnownFrame) let(id -> new NeedSessionFrame(id, key(key)))).status();
    }

    @Test
    void shouldTellWhoIsAMemberAndConnected() {
        router.disconnected(a2.disconnect());
        AdministeredFrame told = ask(Action.LIST, new NodeId(0, 0));
        assertThat(told.outcome()).isEqualTo(Outcome.DONE);
        assertThat(told.total()).isEqualTo(2);
        assertThat(told.hosts()).extracting(KnownHost::connections).containsExactly(1, 0);
        assertThat(told.hosts()).extracting(KnownHost::host).containsExactly(new KeyDigest(1, 1), new KeyDigest(2, 2));
    }

    @Test
    void shouldCountOnANodeNoMoreWhenItIsForgotten() {
        for (int i = 0; i < 40; i++) {
            String key = "key " + i;
            assertThat(let(id -> new SessionBackupFrame(id, entry(key, 10)))).isInstanceOf(SessionReceivedFrame.class);
        }
        String lost = a1.holds("key 0") ? "key 0" : "key 1";
        PlayedNode holder = a1.holds(lost) ? a1 : a2;
        assertThat(ask(Action.FORGET, holder.id()).outcome()).isEqualTo(Outcome.CONNECTED);
        assertThat(ask(Action.FORGET, UNKNOWN).outcome()).isEqualTo(Outcome.UNKNOWN_HOST);
        router.disconnected(holder.disconnect());
        assertThat(statusOf(lost)).isEqualTo(Status.UNAVAILABLE);

        AdministeredFrame told = ask(Action.FORGET, holder.id());
        assertThat(told.outcome()).isEqualTo(Outcome.DONE);
        assertThat(told.total()).isEqualTo(1);
        assertThat(statusOf(lost)).isEqualTo(Status.MISSING);
        assertThat(membership.used()).noneMatch(ring -> ring.has(holder.id()));
        assertThat(ask(Action.FORGET, holder.id()).outcome()).isEqualTo(Outcome.UNKNOWN_HOST);
    }

    @Test
    void shouldPlaceNothingMoreAtANodeWhenItDrains() {
        assertThat(let(id -> new SessionBackupFrame(id, entry("a", 10)))).isInstanceOf(SessionReceivedFrame.class);
        assertThat(ask(Action.DRAIN, a1.id()).outcome()).isEqualTo(Outcome.DONE);
        assertThat(membership.find(a1.id()).state()).isEqualTo(State.DRAINING);
        assertThat(a1.isConnected()).isTrue();
        int held = a1.size();
        for (int i = 0; i < 40; i++) {
            String key = "key " + i;
            assertThat(let(id -> new SessionBackupFrame(id, entry(key, 10)))).isInstanceOf(SessionReceivedFrame.class);
        }
        assertThat(a1.size()).isEqualTo(held);
        assertThat(statusOf("a")).matches(Status::isFound);
        assertThat(ask(Action.DRAIN, a2.id()).outcome()).isEqualTo(Outcome.LAST);
        assertThat(ask(Action.DRAIN, UNKNOWN).outcome()).isEqualTo(Outcome.UNKNOWN_HOST);
    }

    @Test
    void shouldSendANodeAwayWhenItHoldsNothingThatCounts() {
        assertThat(ask(Action.DRAIN, a1.id()).outcome()).isEqualTo(Outcome.DONE);
        assertThat(membership.find(a1.id()).state()).isEqualTo(State.GONE);
        assertThat(a1.isConnected()).isFalse();
        assertThat(a2.isConnected()).isTrue();
    }

    @Test
    void shouldSayThatNothingHasChangedWhenTheListCannotBeWritten() throws IOException {
        Files.createDirectory(folder.resolve("members.new"));
        AdministerFrame frame = new AdministerFrame(5, Action.DRAIN, new KeyDigest(1, 1));
        assertThat(((ErrorFrame) administration.answer(frame, "test")).code()).isEqualTo(ErrorCode.INTERNAL);
        assertThat(membership.find(a1.id()).state()).isEqualTo(State.PRESENT);
    }
}
