package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.globalsessions.sibling.Entries.entry;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentException;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.FrameException;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.PeerKind;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The sibling between a relay and relief nodes that are played: real Aeron IPC, real TCP. */
class SiblingEndpointTest {
    @TempDir
    private Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private RelayStub relay;

    @BeforeEach
    void startRelay() throws IOException {
        relay = new RelayStub(folder);
    }

    @AfterEach
    void closeAll() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
        relay.close();
    }

    @Test
    void shouldSayHelloWhenTheRelayIsThere() throws IOException {
        launch(0);
        await().until(() -> relay.hellos().size() == 1);
        HelloFrame hello = relay.hellos().get(0);
        assertThat(hello.kind()).isEqualTo(PeerKind.SIBLING);
        assertThat(hello.path()).isEqualTo(Entries.PATH);
        assertThat(hello.idHigh()).isEqualTo(relay.segment().file().identityHigh());
    }

    @Test
    void shouldHandOffAndFindAgainWhenBothKindsAreThere() throws IOException {
        SiblingEndpoint sibling = launch(0);
        ReliefStub aging = join(sibling, PeerKind.AGING, 1);
        ReliefStub expansion = join(sibling, PeerKind.EXPANSION, 2);

        relay.ask(id -> new SessionFrame(id, Acknowledgement.RELAY, 0, 0, Version.NONE, entry("a", 10)));
        assertThat(expansion.holds("a")).isTrue();
        assertThat(aging.holds("a")).isFalse();

        assertThat(relay.ask(id -> new SessionBackupFrame(id, entry("a", 10))))
                .isInstanceOf(SessionReceivedFrame.class);
        assertThat(aging.holds("a")).isTrue();

        expansion.entries().clear();
        assertThat(relay.question("a").entry().value()).isEqualTo(entry("a", 10).value());

        relay.ask(id -> new SessionFrame(id, Acknowledgement.RELAY, 0, 0, Version.NONE, entry("a", 20)));
        await("the void").until(() -> !aging.holds("a"));
        assertThat(relay.question("a").entry().version().clock()).isEqualTo(20);

        SessionReceivedFrame deleted = (SessionReceivedFrame) relay.ask(id -> new DeleteFrame(
                id, Acknowledgement.RELIEF, relay.segment().encode("a").digest(), new Version(30, 1)));
        assertThat(deleted.receipt().held()).isTrue();
        assertThat(relay.question("a").status()).isEqualTo(Status.MISSING);
    }

    @Test
    void shouldCountWhatCrossesIpc() throws IOException {
        SiblingEndpoint sibling = launch(0);
        join(sibling, PeerKind.AGING, 1);
        long received = relay.segment().counters().get(Counter.IPC_RECEIVED);
        long sent = relay.segment().counters().get(Counter.IPC_SENT);
        for (int i = 0; i < 10; i++) {
            int number = i;
            relay.ask(id -> new SessionBackupFrame(id, entry("k" + number, 10)));
        }
        assertThat(relay.segment().counters().get(Counter.IPC_RECEIVED)).isEqualTo(received + 10);
        assertThat(relay.segment().counters().get(Counter.IPC_SENT)).isEqualTo(sent + 10);
    }

    @Test
    void shouldSpreadHandOffsOverAgingNodes() throws IOException {
        SiblingEndpoint sibling = launch(0);
        ReliefStub one = join(sibling, PeerKind.AGING, 1);
        ReliefStub other = join(sibling, PeerKind.AGING, 2);
        int sessions = 400;
        long last = 0;
        for (int i = 0; i < sessions; i++) {
            int number = i;
            last = relay.send(id -> new SessionBackupFrame(id, entry("k" + number, 10)));
        }
        long lastId = last;
        await().until(() -> relay.isAnswered(lastId)
                && one.entries().size() + other.entries().size() == sessions);
        assertThat(one.entries().size()).isBetween(sessions / 4, sessions * 3 / 4);
    }

    @Test
    void shouldSpreadHandOffsByWeightAndOverMachines() throws IOException {
        SiblingEndpoint sibling = launch(0, 2);
        ReliefStub heavy = join(sibling, PeerKind.AGING, 1, 300, "m1");
        ReliefStub light = join(sibling, PeerKind.AGING, 2, 100, "m1");
        ReliefStub other = join(sibling, PeerKind.AGING, 3, 100, "m2");
        int sessions = 400;
        long last = 0;
        for (int i = 0; i < sessions; i++) {
            int number = i;
            last = relay.send(id -> new SessionBackupFrame(id, entry("k" + number, 10)));
        }
        long lastId = last;
        await().until(() -> relay.isAnswered(lastId)
                && heavy.entries().size() + light.entries().size() == sessions
                && other.entries().size() == sessions);
        assertThat(heavy.entries().size()).isBetween(sessions * 65 / 100, sessions * 85 / 100);
    }

    @Test
    void shouldLetAnotherNodeStandInWhenOneIsAwayForLong() throws IOException {
        SiblingEndpoint sibling = launch(0);
        ReliefStub one = join(sibling, PeerKind.AGING, 1);
        ReliefStub other = join(sibling, PeerKind.AGING, 2);
        String key = "k";
        relay.ask(id -> new SessionBackupFrame(id, entry(key, 10)));
        ReliefStub owner = one.holds(key) ? one : other;
        ReliefStub standIn = one.holds(key) ? other : one;
        owner.close();

        await().until(() ->
                relay.ask(id -> new SessionBackupFrame(id, entry(key, 20))) instanceof SessionReceivedFrame);
        assertThat(standIn.holds(key)).isTrue();
        assertThat(relay.question(key).entry().version().clock()).isEqualTo(20);
    }

    @Test
    void shouldNeverSayMissingWhenASiblingStartsAgainBeforeItsNodes() throws IOException {
        SiblingEndpoint sibling = launch(0);
        int port = sibling.port();
        ReliefStub aging = join(sibling, PeerKind.AGING, 1);
        relay.ask(id -> new SessionBackupFrame(id, entry("a", 10)));
        sibling.close();
        await().until(() -> !aging.isWelcome());

        // Nobody can connect yet, as the port is another one.
        SiblingEndpoint elsewhere = launch(0);
        await().until(() -> relay.hellos().size() == 2);
        assertThat(relay.question("a").status()).isEqualTo(Status.UNAVAILABLE);
        assertThat(relay.question("never there").status()).isEqualTo(Status.UNAVAILABLE);
        elsewhere.close();

        // On its old port its node comes back by itself.
        launch(port);
        await().until(aging::isWelcome);
        await().until(() -> relay.hellos().size() == 3);
        assertThat(relay.question("a").entry().value()).isEqualTo(entry("a", 10).value());
        assertThat(relay.question("never there").status()).isEqualTo(Status.MISSING);
    }

    @Test
    void shouldLinkAnewWhenTheRelayComesBackWithAnotherDriver() throws IOException {
        SiblingEndpoint sibling = launch(0);
        join(sibling, PeerKind.AGING, 1);
        relay.ask(id -> new SessionBackupFrame(id, entry("a", 10)));

        relay.restart();
        await().atMost(Duration.ofSeconds(5)).until(() -> relay.hellos().size() == 2);
        assertThat(relay.question("a").status()).matches(Status::isFound);
    }

    @Test
    void shouldGreetAgainWhenTheRelayComesBackToTheSameDriver() throws IOException {
        SiblingEndpoint sibling = launch(0);
        join(sibling, PeerKind.AGING, 1);
        relay.ask(id -> new SessionBackupFrame(id, entry("a", 10)));

        relay.restartClient();
        await().until(() -> relay.hellos().size() == 2);
        assertThat(relay.question("a").status()).matches(Status::isFound);
    }

    @Test
    void shouldSayUnavailableInTimeWhenANodeIsSilent() throws IOException {
        SiblingEndpoint sibling = launch(0);
        ReliefStub aging = join(sibling, PeerKind.AGING, 1);
        aging.silent(true);
        assertThat(relay.question("a").status()).isEqualTo(Status.UNAVAILABLE);
        ErrorFrame refusal = (ErrorFrame) relay.ask(id -> new SessionBackupFrame(id, entry("a", 10)));
        assertThat(refusal.code()).isEqualTo(ErrorCode.UNAVAILABLE);
    }

    @Test
    void shouldRefuseConnectionsWhenTheyAreOfAnotherPathOrKind() throws IOException {
        SiblingEndpoint sibling = launch(0);
        try (ReliefStub stranger = new ReliefStub(relay.segment(), sibling.port(), PeerKind.AGING, 9, "other path")) {
            await().until(() -> "this sibling serves another path".equals(stranger.refusal()));
        }
        try (ReliefStub host = new ReliefStub(relay.segment(), sibling.port(), PeerKind.HOST, 9, Entries.PATH)) {
            await().until(() -> "this is a sibling, which serves aging and expansion nodes".equals(host.refusal()));
        }
        HelloFrame blanks = HelloFrame.ofReliefNode(1, PeerKind.AGING, 9, 9, Entries.PATH, 100, "rack 7", false);
        try (ReliefStub named = new ReliefStub(relay.segment(), sibling.port(), blanks)) {
            await().until(() -> named.refusal() != null);
            assertThat(named.refusal()).contains("host_id out of range");
        }
        join(sibling, PeerKind.AGING, 1);
        try (ReliefStub changed =
                new ReliefStub(relay.segment(), sibling.port(), PeerKind.EXPANSION, 1, Entries.PATH)) {
            await().until(() -> changed.refusal() != null);
            assertThat(changed.refusal()).contains("is a member as aging node and cannot join as expansion node");
        }
        assertThat(relay.segment().counters().get(Counter.BAD_FRAMES)).isGreaterThanOrEqualTo(3);
    }

    @Test
    void shouldKeepTheFirstOfTwoNodesWithOneIdAndTakeTheOtherInWhenItHasLeft() throws IOException {
        SiblingEndpoint sibling = launch(0);
        ReliefStub first = join(sibling, PeerKind.AGING, 1);
        relay.ask(id -> new SessionBackupFrame(id, entry("a", 10)));
        long refused = relay.segment().counters().get(Counter.BAD_FRAMES);

        ReliefStub other = new ReliefStub(relay.segment(), sibling.port(), PeerKind.AGING, 1, Entries.PATH);
        open.add(other);
        await().until(() -> relay.segment().counters().get(Counter.BAD_FRAMES) >= refused + 3);
        assertThat(other.refusal())
                .isEqualTo("node " + new NodeId(1, 1) + " is connected already, from 127.0.0.1: give this one another"
                        + " node_id, or a new segment where it has none");
        assertThat(other.isWelcome()).isFalse();
        assertThat(first.isWelcome()).isTrue();
        assertThat(relay.ask(id -> new SessionBackupFrame(id, entry("b", 10))))
                .isInstanceOf(SessionReceivedFrame.class);
        assertThat(relay.question("a").status()).matches(Status::isFound);
        assertThat(other.entries()).isEmpty();

        first.close();
        await().until(other::isWelcome);
    }

    @Test
    void shouldTakeANodeInAgainWhenItsEarlierConnectionIsHalfOpen() throws IOException {
        SiblingEndpoint sibling = launch(0);
        await().until(() -> !relay.hellos().isEmpty());
        // Its machine was cut off: it says nothing more, and its end never comes.
        try (Socket halfOpen = new Socket("localhost", sibling.port())) {
            halfOpen.getOutputStream().write(bytesOf(helloOf(1, 1)));
            halfOpen.setSoTimeout(10_000);
            assertThat(halfOpen.getInputStream().read()).isPositive();

            long beganNs = System.nanoTime();
            join(sibling, PeerKind.AGING, 9);
            assertThat(System.nanoTime() - beganNs).isGreaterThanOrEqualTo(ReliefConnections.PROBE_LIMIT.toNanos());
            assertThat(relay.ask(id -> new SessionBackupFrame(id, entry("a", 10))))
                    .isInstanceOf(SessionReceivedFrame.class);
        }
    }

    @Test
    void shouldSpeakItsOwnVersionOrSayWhyNotWhenANodeIsOfTheNextOne() throws IOException {
        SiblingEndpoint sibling = launch(0);
        await().until(() -> !relay.hellos().isEmpty());
        ReliefStub onlyNext = new ReliefStub(relay.segment(), sibling.port(), helloOf(2, 3));
        open.add(onlyNext);
        await().until(() -> "no protocol version in common".equals(onlyNext.refusal()));
        assertThat(onlyNext.isWelcome()).isFalse();
        assertThat(Files.exists(folder.resolve("relay.segment.members"))).isFalse();
        onlyNext.close();

        ReliefStub both = new ReliefStub(relay.segment(), sibling.port(), helloOf(1, 2));
        open.add(both);
        await().until(both::isWelcome);
        assertThat(relay.ask(id -> new SessionBackupFrame(id, entry("a", 10))))
                .isInstanceOf(SessionReceivedFrame.class);
        assertThat(relay.question("a").status()).matches(Status::isFound);
    }

    @Test
    void shouldAnswerInAVersionOfItsOwnWhenAFrameIsWrittenInTheNextOne() throws IOException, FrameException {
        SiblingEndpoint sibling = launch(0);
        byte[] hello = bytesOf(helloOf(2, 2));
        // The header's version, which the protocol forbids for a HELLO.
        hello[6] = 2;
        try (Socket socket = new Socket("localhost", sibling.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(hello);
            ErrorFrame error = (ErrorFrame)
                    FrameCodec.decode(ByteBuffer.wrap(socket.getInputStream().readAllBytes()));
            assertThat(error.code()).isEqualTo(ErrorCode.UNSUPPORTED_VERSION);
            assertThat(error.text()).isEqualTo("protocol version not spoken: version=2, spoken=1..1");
        }
    }

    /** The hello of the aging node 9. */
    private static HelloFrame helloOf(int minVersion, int maxVersion) {
        return new HelloFrame(
                1, minVersion, maxVersion, PeerKind.AGING, 9, 9, 0, 0, 0, Entries.PATH, "", 100, "", false);
    }

    private static byte[] bytesOf(HelloFrame hello) {
        ByteBuffer buffer = ByteBuffer.allocate(FrameCodec.encodedLength(hello));
        FrameCodec.encode(hello, buffer);
        return buffer.array();
    }

    @Test
    void shouldNotStartWhenThePortIsTaken() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("localhost"))) {
            assertThatThrownBy(() -> launch(taken.getLocalPort()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(Integer.toString(taken.getLocalPort()));
        }
    }

    @Test
    void shouldNotStartWhenTheListOfMembersIsDamaged() throws IOException {
        Files.writeString(folder.resolve("relay.segment.members"), "global-sessions members 1\ngenera");
        assertThatThrownBy(() -> launch(0))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("the list of members is damaged")
                .hasMessageContaining("relay.segment.members");
    }

    @Test
    void shouldNeverCreateTheSegmentWhenThereIsNone() {
        SiblingContext context =
                new SiblingContext(Entries.settings(folder.resolve("nowhere")).attachTimeout(Duration.ofMillis(50)));
        assertThatThrownBy(() -> SiblingEndpoint.launch(context))
                .isInstanceOfAny(IOException.class, SegmentException.class);
        assertThat(folder.resolve("nowhere")).doesNotExist();
    }

    private SiblingEndpoint launch(int port) throws IOException {
        return launch(port, 1);
    }

    private SiblingEndpoint launch(int port, int replicas) throws IOException {
        SiblingEndpoint sibling = SiblingEndpoint.launch(new SiblingContext(Entries.settings(folder))
                .pathName(Entries.PATH)
                .port(port)
                .replicas(replicas)
                .requestTimeout(Duration.ofMillis(500)));
        open.add(sibling);
        return sibling;
    }

    private ReliefStub join(SiblingEndpoint sibling, PeerKind kind, long id) {
        return join(sibling, kind, id, HelloFrame.DEFAULT_WEIGHT, "");
    }

    private ReliefStub join(SiblingEndpoint sibling, PeerKind kind, long id, int weight, String machine) {
        await().until(() -> !relay.hellos().isEmpty());
        HelloFrame hello = HelloFrame.ofReliefNode(1, kind, id, id, Entries.PATH, weight, machine, false);
        ReliefStub stub = new ReliefStub(relay.segment(), sibling.port(), hello);
        open.add(stub);
        await().until(stub::isWelcome);
        return stub;
    }
}
