package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.globalsessions.sibling.Entries.entry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.SmallMemoryFolder;
import org.globalsessions.sibling.IpcExchange.Message;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The list of members on a real file system that is full. */
class FullDiskTest {
    private static final int SIZE = 1 << 20;
    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    @TempDir
    private Path folder;

    private final IpcExchange exchange = new IpcExchange(() -> {});
    private SmallMemoryFolder disk;
    private SharedLru segment;
    private Path file;
    private ReliefRouter router;
    private PlayedNode first;
    private PlayedNode second;
    private long lastId;

    @BeforeEach
    void open() throws Exception {
        disk = SmallMemoryFolder.mount(folder, SIZE);
        file = disk.path().resolve("relay.segment.members");
        segment = Entries.relaySegment(folder);
        router = new ReliefRouter(
                segment,
                new ReliefTier(
                        segment, load(), MissedVoids.open(segment, disk.path().resolve("relay.segment.voids"))),
                exchange,
                TIMEOUT.toNanos());
        first = new PlayedNode(segment, 1, Kind.AGING);
        second = new PlayedNode(segment, 2, Kind.AGING);
    }

    @AfterEach
    void close() throws Exception {
        if (segment != null) {
            segment.close();
        }
        if (disk != null) {
            disk.close();
        }
    }

    private Membership load() throws IOException {
        return Membership.load(file, new Replicas(1, 1), System::currentTimeMillis);
    }

    private Frame handOff(String key) {
        lastId++;
        exchange.letIn(new Message(1, new SessionBackupFrame(lastId, entry(key, 10))));
        router.drain();
        for (PlayedNode node :
                Stream.of(first, second).filter(PlayedNode::isConnected).toList()) {
            node.answer(router);
        }
        Frame answer = exchange.peekAnswer().frame();
        exchange.answerTaken();
        return answer;
    }

    @Test
    void shouldTakeNobodyInAndLoseNoMemberWhenTheListCannotBeWritten() throws Exception {
        router.connected(first.connect());
        disk.fill();
        byte[] before = Files.readAllBytes(file);

        assertThatThrownBy(() -> router.connected(second.connect()))
                .isInstanceOf(MembershipFile.WriteException.class)
                .hasMessageContaining("cannot write the list of members: file=" + file)
                .hasMessageContaining("No space left on device")
                .hasMessageContaining("make room there");

        assertThat(Files.readAllBytes(file)).isEqualTo(before);
        try (Stream<Path> left = Files.list(disk.path())) {
            assertThat(left.map(Path::getFileName).map(Path::toString))
                    .containsExactlyInAnyOrder("relay.segment.members", "filler");
        }
        assertThat(load().members()).hasSize(1);
        disk.free();
        router.connected(second.connect());
        assertThat(load().members()).hasSize(2);
    }

    @Test
    void shouldTakeNothingThatNobodyWouldLookForWhenTheListCannotBeWritten() throws Exception {
        router.connected(first.connect());
        disk.fill();
        long errors = segment.counters().get(Counter.ERRORS);

        // No session went out under this ring before: were it not listed, nobody would ask for it after a start.
        ErrorFrame refusal = (ErrorFrame) handOff("a");
        assertThat(refusal.code()).isEqualTo(ErrorCode.INTERNAL);
        assertThat(first.holds("a")).isFalse();
        assertThat(segment.counters().get(Counter.ERRORS)).isEqualTo(errors + 1);
        assertThat(segment.file().errors().read())
                .singleElement()
                .satisfies(error -> assertThat(error.text()).contains("a frame of the relay failed"));

        disk.free();
        assertThat(handOff("a")).isInstanceOf(SessionReceivedFrame.class);
        disk.fill();
        assertThat(handOff("b")).as("the ring is listed").isInstanceOf(SessionReceivedFrame.class);
        assertThat(load().used()).hasSize(1);
    }
}
