package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.globalsessions.Acknowledgement;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.IpcNote;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** P4: what the relay has acknowledged survives SIGKILL of the relay while it hands off. */
@Tag("slow")
class RelayKilledTest {
    private static final int EL_COUNT = 320;
    private static final int WINDOW = 64;

    @TempDir
    Path folder;

    private Path segment() {
        return folder.resolve("relay.segment");
    }

    private TestProcess launch() throws IOException {
        return new TestProcess(
                RelayProcess.class, folder.resolve("relay.log"), segment().toString(), String.valueOf(EL_COUNT));
    }

    /** Publishes until the last one, or until the relay is gone; returns what it acknowledged. */
    private static Set<Integer> publish(TestHost host, FakeSibling sibling, int killAt, TestProcess relay)
            throws InterruptedException {
        Set<Integer> acknowledged = new HashSet<>();
        Queue<CompletableFuture<Frame>> open = new ArrayDeque<>();
        Queue<Integer> numbers = new ArrayDeque<>();
        for (int i = 0; i < killAt + 1000; i++) {
            // What is handed off from here on never arrives: a mark cleared too early would lose it.
            sibling.silent = i >= killAt - 500;
            if (i == killAt) {
                relay.kill();
            }
            if (host.connection() != null) {
                byte[] value = ("value-" + i).getBytes(UTF_8);
                open.add(host.send(host.session("user-" + i, value, Acknowledgement.RELAY)));
                numbers.add(i);
            }
            while (open.size() > WINDOW) {
                CompletableFuture<Frame> oldest = open.remove();
                int number = numbers.remove();
                if (i < killAt) {
                    assertThat(oldest.join()).isInstanceOf(SessionReceivedFrame.class);
                    acknowledged.add(number);
                } else if (oldest.isDone() && !oldest.isCompletedExceptionally()) {
                    acknowledged.add(number);
                }
            }
        }
        return acknowledged;
    }

    @Test
    void shouldLoseNothingAcknowledgedWhenKilledWhileItHandsOff() throws Exception {
        SegmentSettings digests =
                new SegmentSettings(folder.resolve("digests")).elCount(20).pathName("auths");
        Set<Integer> acknowledged;
        FakeSibling before;
        String firstFolder;
        try (SharedLru keys = SharedLru.open(digests)) {
            try (TestProcess relay = launch()) {
                String line = relay.readLine();
                firstFolder = IpcNote.parse(RelayProcess.note(line)).aeronDir();
                before = new FakeSibling(RelayProcess.note(line), "auths", key -> digest(keys, key));
                try (TestHost host = new TestHost(RelayProcess.port(line), 1).welcomed()) {
                    acknowledged = publish(host, before, 2000, relay);
                }
                assertThat(before.handedOff).isNotEmpty();
                before.close();
            }
            assertThat(acknowledged).hasSizeGreaterThan(1800);
            try (TestProcess relay = launch()) {
                String line = relay.readLine();
                assertThat(Path.of(firstFolder)).doesNotExist();
                try (FakeSibling sibling =
                                new FakeSibling(RelayProcess.note(line), "auths", key -> digest(keys, key), before);
                        TestHost host = new TestHost(RelayProcess.port(line), 2).welcomed()) {
                    sibling.agingOnly = true;
                    for (int number : acknowledged) {
                        SessionKnownFrame answer = host.get("user-" + number);
                        assertThat(answer.status()).isEqualTo(SessionKnownFrame.Status.FOUND);
                        assertThat(new String(answer.entry().value(), UTF_8)).isEqualTo("value-" + number);
                    }
                    awaitNothingUnpublished();
                    assertThat(sibling.published.size() + before.handedOff.size())
                            .isGreaterThanOrEqualTo(acknowledged.size());
                }
                relay.end();
            }
        }
        assertThat(Files.readString(folder.resolve("relay.log"))).doesNotContain("ERROR");
    }

    private void awaitNothingUnpublished() throws IOException {
        SegmentSettings settings = new SegmentSettings(segment())
                .elCount(EL_COUNT)
                .pathName("auths")
                .role(SegmentSettings.Role.RELAY)
                .initializer(false);
        try (SharedLru lru = SharedLru.open(settings)) {
            await().atMost(TestHost.LIMIT).untilAsserted(() -> {
                int[] marked = {0};
                lru.scan(0, lru.bucketCount(), RecordDescriptor.UNPUBLISHED, entry -> {
                    marked[0]++;
                    return true;
                });
                assertThat(marked[0]).isZero();
            });
        }
    }

    private static KeyDigest digest(SharedLru keys, byte[] key) {
        return keys.encode(key).digest();
    }
}
