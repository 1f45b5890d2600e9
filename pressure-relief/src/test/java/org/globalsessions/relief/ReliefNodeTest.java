package org.globalsessions.relief;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.globalsessions.relief.Entries.entry;
import static org.globalsessions.relief.Entries.key;
import static org.globalsessions.relief.Entries.value;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.globalsessions.Version;
import org.globalsessions.segment.OffClock;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.SimulatedMachine;
import org.globalsessions.segment.SmallMemoryFolder;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.PeerKind;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.net.ReconnectPolicy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReliefNodeTest {
    private static final ReconnectPolicy AT_ONCE = new ReconnectPolicy(Duration.ofMillis(5), Duration.ofMillis(20), 0);

    @TempDir
    private Path folder;

    @Test
    void shouldAnswerWithItsOldIdWhenStartedAgainOnItsSegment() throws IOException {
        try (SiblingStub sibling = new SiblingStub(0)) {
            try (ReliefNode node = ReliefNode.launch(context(sibling.port()).aging(true))) {
                await().until(() -> sibling.hellos().size() == 1);
                assertThat(node.isConnected()).isTrue();
                assertThat(sibling.ask(id -> new SessionBackupFrame(id, entry("a", 10))))
                        .isInstanceOf(SessionReceivedFrame.class);
            }
            try (ReliefNode node = ReliefNode.launch(context(sibling.port()).aging(true))) {
                await().until(() -> sibling.hellos().size() == 2);
                assertThat(node.isConnected()).isTrue();
                SessionKnownFrame known = (SessionKnownFrame) sibling.ask(id -> new NeedSessionFrame(id, key("a")));
                assertThat(known.entry().value()).isEqualTo(value("a", 10));
            }
            HelloFrame first = sibling.hellos().get(0);
            assertThat(first.kind()).isEqualTo(PeerKind.AGING);
            assertThat(first.path()).isEqualTo("test");
            assertThat(first.idHigh() | first.idLow()).isNotZero();
            assertThat(sibling.hellos().get(1).idHigh()).isEqualTo(first.idHigh());
            assertThat(sibling.hellos().get(1).idLow()).isEqualTo(first.idLow());
        }
    }

    @Test
    void shouldSayItsIdWeightAndMachineWhenTheyAreConfigured() throws IOException {
        try (SiblingStub sibling = new SiblingStub(0);
                ReliefNode node = ReliefNode.launch(context(sibling.port())
                        .nodeId("0123456789abcdefFEDCBA9876543210")
                        .weight(2.5)
                        .hostId("rack-7/m3"))) {
            await().until(node::isConnected);
            await().until(() -> sibling.hellos().size() == 1);
            HelloFrame hello = sibling.hellos().get(0);
            assertThat(hello.kind()).isEqualTo(PeerKind.EXPANSION);
            assertThat(hello.idHigh()).isEqualTo(0x0123456789abcdefL);
            assertThat(hello.idLow()).isEqualTo(0xfedcba9876543210L);
            assertThat(hello.weight()).isEqualTo(250);
            assertThat(hello.hostId()).isEqualTo("rack-7/m3");
        }
    }

    @Test
    void shouldComeBackWhenTheConnectionIsCutOrTheSiblingRestarts() throws IOException {
        int port;
        try (SiblingStub sibling = new SiblingStub(0)) {
            port = sibling.port();
            try (ReliefNode node = ReliefNode.launch(context(port))) {
                await().until(() -> sibling.hellos().size() == 1);
                sibling.cut();
                await().until(() -> sibling.hellos().size() == 2);
                sibling.end();
                await().until(() -> !node.isConnected());
                try (SiblingStub again = new SiblingStub(port)) {
                    await().until(() -> again.hellos().size() == 1);
                    assertThat(again.ask(id -> new NeedSessionFrame(id, key("a"))))
                            .isInstanceOf(SessionKnownFrame.class);
                }
            }
        }
    }

    @Test
    void shouldServeAllSiblingsWhenThereAreSeveral() throws IOException {
        try (SiblingStub one = new SiblingStub(0);
                SiblingStub other = new SiblingStub(0);
                ReliefNode node = ReliefNode.launch(context(one.port())
                        .sibling("localhost", other.port(), AT_ONCE)
                        .aging(true))) {
            await().until(() -> one.hellos().size() == 1 && other.hellos().size() == 1);
            one.ask(id -> new SessionBackupFrame(id, entry("a", 10)));
            SessionKnownFrame known = (SessionKnownFrame) other.ask(id -> new NeedSessionFrame(id, key("a")));
            assertThat(known.entry().value()).isEqualTo(value("a", 10));
            assertThat(node.isConnected()).isTrue();
        }
    }

    @Test
    void shouldTryEverMoreRarelyWhenItIsRefused() throws IOException {
        try (SiblingStub sibling = new SiblingStub(0)) {
            sibling.refuse();
            ReconnectPolicy patient =
                    new ReconnectPolicy(Duration.ofMillis(4), Duration.ofMillis(4), Duration.ofMinutes(1), 0);
            try (ReliefNode node = ReliefNode.launch(new ReliefContext(new SegmentSettings(folder.resolve("refused"))
                            .elCount(100)
                            .pathName("test"))
                    .pathName("test")
                    .sibling("localhost", sibling.port(), patient))) {
                long beganNs = System.nanoTime();
                await().until(() -> sibling.hellos().size() == 9);
                // Half of 4, 8, ... 512 ms.
                assertThat(System.nanoTime() - beganNs)
                        .isGreaterThan(Duration.ofMillis(510).toNanos());
                await().until(() -> node.counters().get(Counter.ERRORS) == 9);
                assertThat(node.isConnected()).isFalse();
            }
        }
    }

    @Test
    void shouldRefuseItsSegmentAndLeaveNothingWhenItsFolderHasNoRoom() throws Exception {
        try (SmallMemoryFolder full = SmallMemoryFolder.mount(folder, 1 << 20)) {
            SegmentSettings settings = new SegmentSettings(full.path().resolve("relief.segment")).elCount(100);
            full.fill();
            assertThatThrownBy(() -> ReliefNode.launch(new ReliefContext(settings).sibling("localhost", 1, AT_ONCE)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("no room for the segment: asked=" + settings.fileLength() + " bytes, free=0")
                    .hasMessageContaining("another segment_dir");
            try (Stream<Path> left = Files.list(full.path())) {
                assertThat(left.map(Path::getFileName).map(Path::toString))
                        .allMatch(name -> name.endsWith(".lock") || name.equals("filler"));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 1})
    void shouldKeepEachEntryExactlyItsTimeWhenItsClockIsAnHourOff(int hours) throws Exception {
        OffClock clock = new OffClock();
        Duration off = Duration.ofHours(hours);
        clock.off(off);
        SegmentSettings settings = new SegmentSettings(folder.resolve("off.segment"))
                .elCount(100)
                .role(Role.RELIEF)
                .pathName("test");
        SharedLru segment = clock.open(settings);
        try (SiblingStub sibling = new SiblingStub(0);
                ReliefNode node = ReliefNode.launch(
                        new ReliefContext(settings)
                                .aging(true)
                                .pathName("test")
                                .sibling("localhost", sibling.port(), AT_ONCE),
                        segment)) {
            SimulatedMachine.tick(segment);
            await().until(() -> sibling.hellos().size() == 1);
            assertThat(node.isConnected()).isTrue();
            int lifetimeTicks = 150;
            long beganNs = System.nanoTime();
            sibling.ask(id -> new SessionBackupFrame(id, living("short", 10, lifetimeTicks)));
            sibling.ask(id -> new SessionBackupFrame(id, living("long", 10, 100 * lifetimeTicks)));
            assertThat(found(sibling, "long").lifetimeTicks()).isBetween(99 * lifetimeTicks, 100 * lifetimeTicks);
            // Somebody sets it right, and wrong the other way.
            clock.off(Duration.ZERO);
            SimulatedMachine.tick(segment);
            assertThat(found(sibling, "long").lifetimeTicks()).isBetween(98 * lifetimeTicks, 100 * lifetimeTicks);
            clock.off(off.negated());
            SimulatedMachine.tick(segment);
            assertThat(found(sibling, "long").lifetimeTicks()).isBetween(98 * lifetimeTicks, 100 * lifetimeTicks);
            // Versions are those of hosts: the node's clock has no say.
            sibling.ask(id -> new SessionBackupFrame(id, living("long", 20, 100 * lifetimeTicks)));
            assertThat(found(sibling, "long").version().clock()).isEqualTo(20);

            await().until(() -> {
                SimulatedMachine.tick(segment);
                return found(sibling, "short") == null;
            });
            assertThat(System.nanoTime() - beganNs)
                    .isGreaterThanOrEqualTo(
                            Duration.ofMillis(10L * (lifetimeTicks - 1)).toNanos());
            assertThat(found(sibling, "long")).isNotNull();
        }
    }

    private static SessionEntry living(String key, long clock, int lifetimeTicks) {
        return new SessionEntry(key(key), value(key, clock), new Version(clock, 7), 1, false, 0, 0, lifetimeTicks);
    }

    private static SessionEntry found(SiblingStub sibling, String key) {
        return ((SessionKnownFrame) sibling.ask(id -> new NeedSessionFrame(id, key(key)))).entry();
    }

    @Test
    void shouldRefuseSettingsWhenTheyAreOutOfRange() {
        assertThatThrownBy(() -> ReliefNode.launch(new ReliefContext(new SegmentSettings(folder.resolve("x")))))
                .hasMessage("no sibling to connect to: siblings=0, limit=1 or more");
        assertThatThrownBy(() -> ReliefNode.launch(context(70_000)))
                .hasMessage("port out of range: port=70000, limit=1..65535");
        assertThatThrownBy(() -> ReliefNode.launch(context(1).nodeId("12")))
                .hasMessageContaining("node_id is no id: node_id=12");
        assertThatThrownBy(() -> ReliefNode.launch(context(1).weight(0.004)))
                .hasMessage("weight out of range: weight=0.004, limit=0.01..100");
        assertThatThrownBy(() -> ReliefNode.launch(context(1).hostId("rack 7")))
                .hasMessage("host_id out of range: host_id=rack 7, limit=1..64 characters from ! to ~");
    }

    private ReliefContext context(int port) {
        return new ReliefContext(new SegmentSettings(folder.resolve("relief.segment"))
                        .elCount(100)
                        .pathName("test"))
                .pathName("test")
                .sibling("localhost", port, AT_ONCE);
    }
}
