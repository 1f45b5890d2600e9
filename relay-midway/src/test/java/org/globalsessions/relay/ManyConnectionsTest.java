package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.TierHost;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.FrameHandler;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.globalsessions.transport.net.Connector;
import org.globalsessions.transport.net.EventLoops;
import org.globalsessions.transport.net.ReconnectPolicy;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class ManyConnectionsTest {
    private static final int HOSTS = 5_000;
    private static final int HEAP_MIB = 64;
    private static final int DIRECT_MIB = 16;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    /** What many hosts have come to. */
    private static final class Tally {
        final AtomicInteger connected = new AtomicInteger();
        final AtomicInteger answered = new AtomicInteger();
        final Queue<String> complaints = new ConcurrentLinkedQueue<>();
    }

    /** One of many hosts; on the one event loop of them all. Where this machine is too busy to welcome it in time, it comes again by itself. */
    private static final class Asker implements FrameHandler {
        private final Tally tally;
        private Connection welcomed;
        private boolean asking;

        Asker(Tally tally) {
            this.tally = tally;
        }

        void ask() {
            asking = true;
            if (welcomed != null) {
                // What is not sent is asked after the next welcome.
                welcomed.send(new NeedSessionFrame(2, "user".getBytes(UTF_8)));
            }
        }

        @Override
        public void onOpen(Connection made) {}

        @Override
        public void onFrame(Connection from, Frame frame) {
            if (frame instanceof WelcomeFrame) {
                welcomed = from;
                tally.connected.incrementAndGet();
                if (asking) {
                    ask();
                }
            } else if (frame instanceof SessionKnownFrame known
                    && asking
                    && known.status() == SessionKnownFrame.Status.FOUND
                    && new String(known.entry().value(), UTF_8).equals("cart=3")) {
                asking = false;
                tally.answered.incrementAndGet();
            } else if (welcomed != null || !(frame instanceof ErrorFrame)) {
                tally.complaints.add("not the answer: " + frame);
            }
        }

        @Override
        public void onBadFrame(Connection of, String what) {
            if (welcomed != null) {
                tally.complaints.add(what);
            }
        }

        @Override
        public void onFailure(Connection of, Throwable failure) {
            tally.complaints.add(failure.toString());
        }

        @Override
        public void onClose(Connection gone) {
            if (welcomed != null) {
                welcomed = null;
                tally.connected.decrementAndGet();
            }
        }
    }

    @Test
    @Tag("slow")
    void shouldServeFiveThousandHostsAtOnceWithinItsMemory() throws Exception {
        long files =
                ((UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getMaxFileDescriptorCount();
        assumeTrue(files >= HOSTS + 1_000, () -> "file descriptors too few: ulimit -n=" + files);
        Path segment = folder.resolve("relay.segment");
        List<String> flags = List.of("-Xmx" + HEAP_MIB + "m", "-XX:MaxDirectMemorySize=" + DIRECT_MIB + "m");
        TestProcess relay = opened.keep(new TestProcess(
                List.of(), flags, RelayProcess.class, folder.resolve("relay.log"), segment.toString(), "320", "0"));
        int port = RelayProcess.port(relay.readLine());
        opened.keep(new TestHost(port, 1)).welcomed().set("user", "cart=3");
        Tally tally = new Tally();
        List<Asker> askers = new ArrayList<>();
        EventLoops loops = opened.keep(EventLoops.start("hosts", 1));
        List<Connector> connectors = opened.keep(new Connectors()).all;

        long beginNs = System.nanoTime();
        for (int i = 0; i < HOSTS; i++) {
            Asker asker = new Asker(tally);
            TierHost host = new TierHost(100, i, 100 + i, 0, 1);
            askers.add(asker);
            connectors.add(Connector.start(
                    loops,
                    "127.0.0.1",
                    port,
                    () -> HelloFrame.ofHost(1, host, "auths", ""),
                    ReconnectPolicy.DEFAULT,
                    asker));
        }
        await().atMost(LIMIT).until(() -> tally.connected.get() == HOSTS);
        long welcomedMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - beginNs);
        loops.execute(() -> askers.forEach(Asker::ask));
        await().atMost(LIMIT).until(() -> tally.answered.get() == HOSTS);
        long answeredMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - beginNs) - welcomedMs;
        System.out.printf(
                "%d hosts: welcomed after %d ms, all answered after a further %d ms; relay: heap at most %d MiB, direct at most %d MiB, %s%n",
                HOSTS, welcomedMs, answeredMs, HEAP_MIB, DIRECT_MIB, peakMemory(relay));

        assertThat(tally.complaints).isEmpty();
        try (SharedLru lru = SharedLru.open(new SegmentSettings(segment)
                .elCount(320)
                .pathName("auths")
                .role(SegmentSettings.Role.STANDALONE)
                .initializer(false))) {
            assertThat(lru.counters().get(Counter.CONNECTIONS)).isGreaterThan(HOSTS);
            assertThat(lru.counters().get(Counter.ERRORS)).isZero();
            assertThat(lru.counters().get(Counter.CONNECTIONS_TURNED_AWAY)).isZero();
        }
        assertThat(Files.readString(folder.resolve("relay.log"))).doesNotContain("OutOfMemory");
    }

    /** Closed before their event loop is. */
    private static final class Connectors implements AutoCloseable {
        private final List<Connector> all = new ArrayList<>();

        @Override
        public void close() {
            all.forEach(Connector::close);
        }
    }

    /** All that the process has ever had in memory at a time: heap, direct buffers, code, and what it has read of files. */
    private static String peakMemory(TestProcess process) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .map(line -> "all " + line.substring("VmHWM:".length()).trim())
                .findFirst()
                .orElse("");
    }

    @Test
    void shouldTurnAHostAwayWhenThereAreTooManyAndTakeItWhenThereIsRoom() throws IOException {
        MidwayRelay relay = opened.keep(MidwayRelay.launch(new RelayContext()
                .authPath("auths")
                .port(0)
                .maxConnections(2)
                .segment(new SegmentSettings(folder.resolve("relay.segment")).elCount(320))));
        TestHost first = opened.keep(new TestHost(relay.port(), 1)).welcomed();
        TestHost second = opened.keep(new TestHost(relay.port(), 2)).welcomed();
        TestHost third = opened.keep(new TestHost(relay.port(), 3));

        await().atMost(LIMIT).until(() -> relay.counters().get(Counter.CONNECTIONS_TURNED_AWAY) >= 2);
        await().atMost(LIMIT).until(() -> !third.announced.isEmpty());
        ErrorFrame told = (ErrorFrame) third.announced.get(0);
        assertThat(told.code()).isEqualTo(ErrorCode.BUSY);
        assertThat(told.text()).isEqualTo("too many connections: limit=2; try again later");
        assertThat(third.welcome).isNull();
        assertThat(second.get("user").status()).isEqualTo(SessionKnownFrame.Status.MISSING);
        assertThat(relay.counters().get(Counter.CONNECTIONS)).isEqualTo(2);

        first.close();
        third.welcomed();
    }
}
