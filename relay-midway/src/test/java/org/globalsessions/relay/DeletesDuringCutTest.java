package org.globalsessions.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.globalsessions.segment.ChildJvm;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * P1 and P9: one host deletes sessions while another one, which is cut off from the relay, overwrites, touches and gets the same ones. Once the
 * network is healed nobody has any of them, and what the one that was cut off has done to others is everywhere. Relay and hosts are processes.
 */
class DeletesDuringCutTest {
    /** Sessions that nobody deletes, and the one that was cut off has changed. */
    private static final int KEPT = 1_000;

    /** Promised are 5 s; a machine whose processors have much other work is given thrice that. What it was is printed. */
    private static final Duration AGREED_WITHIN = Duration.ofSeconds(15);

    /** The same for a hundred thousand sessions. */
    private static final Duration ALL_AGREED_WITHIN = Duration.ofSeconds(30);

    /** A host that was in the middle of an attempt to connect ends that first, and pauses: 5 s each at most. */
    private static final Duration BACK_WITHIN = Duration.ofSeconds(12);

    private static final int LONG_DELETES = 100_002;
    private static final long ANSWER_SECONDS = 300;

    @TempDir
    Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private TestProcess relay;
    private ChildJvm deleting;
    private ChildJvm cutOff;

    /** What is between the relay and one of the hosts. */
    private interface Cable {
        void pull() throws Exception;

        void plug() throws Exception;
    }

    /** Tombstones have room for a quarter of {@code el_count}, in buckets that are not filled quite evenly. */
    private static String elCount(int deletes) {
        return String.valueOf(6 * deletes);
    }

    private int launchRelay(List<String> launcher, int deletes, String address) throws IOException {
        relay = opened.keep(new TestProcess(
                launcher,
                List.of(),
                RelayProcess.class,
                folder.resolve("relay.log"),
                folder.resolve("relay.segment").toString(),
                elCount(deletes),
                "0",
                address));
        return RelayProcess.port(relay.readLine());
    }

    private ChildJvm host(List<String> launcher, String name, String address, int port, int deletes) throws Exception {
        ChildJvm host = opened.keep(ChildJvm.startUnder(
                launcher, HostProcess.class, folder.toString(), name, address, String.valueOf(port), elCount(deletes)));
        assertThat(host.ask("connect")).isEqualTo("connected");
        return host;
    }

    private static long count(ChildJvm host, Counter counter) throws InterruptedException {
        return Long.parseLong(host.ask("count " + counter));
    }

    private long relayCount(Counter counter, int deletes) throws IOException {
        SegmentSettings settings = new SegmentSettings(folder.resolve("relay.segment"))
                .elCount(Integer.parseInt(elCount(deletes)))
                .pathName("auths")
                .initializer(false);
        try (SharedLru lru = SharedLru.open(settings)) {
            return lru.counters().get(counter);
        }
    }

    /** Deletes on one host, and uses on the other the same sessions, for the time of a cut. */
    private void deleteDuringCut(Cable cable, int deletes, Duration cut) throws Exception {
        assertThat(deleting.ask("publish gone " + deletes + " 0")).isEqualTo("published " + deletes);
        assertThat(deleting.ask("publish kept " + KEPT + " 0")).isEqualTo("published " + KEPT);
        assertThat(cutOff.ask("have gone " + deletes)).isEqualTo("has " + deletes);
        assertThat(cutOff.ask("have kept " + KEPT)).isEqualTo("has " + KEPT);

        cable.pull();
        long endNs = System.nanoTime() + cut.toNanos();
        long busyMs = cut.toMillis() * 9 / 10;
        deleting.send("delete gone " + deletes + " " + busyMs);
        cutOff.send("use gone " + deletes + " " + busyMs);
        int third = deletes / 3;
        assertThat(cutOff.answer(ANSWER_SECONDS))
                .isEqualTo("overwritten " + third + " touched " + third + " got " + third);
        assertThat(deleting.answer(ANSWER_SECONDS)).isEqualTo("deleted " + deletes);
        assertThat(cutOff.ask("set kept " + KEPT + " 1")).isEqualTo("set " + KEPT);
        TimeUnit.NANOSECONDS.sleep(endNs - System.nanoTime());
        cable.plug();
    }

    /** What has become of all that; tells how long the two and the relay took to agree. */
    private String judge(int deletes) throws Exception {
        long healedNs = System.nanoTime();
        assertThat(cutOff.ask("connect")).isEqualTo("connected");
        Duration back = since(healedNs);
        String question = "agree gone " + deletes + " kept " + KEPT + " 1";
        deleting.send(question);
        cutOff.send(question);
        assertThat(cutOff.answer(ANSWER_SECONDS)).isEqualTo("agreed");
        assertThat(deleting.answer(ANSWER_SECONDS)).isEqualTo("agreed");
        Duration agreed = since(healedNs);
        for (ChildJvm host : List.of(deleting, cutOff)) {
            // What is not on the host the relay is asked for.
            assertThat(host.ask("find gone " + deletes)).isEqualTo("found 0 of " + deletes);
            assertThat(host.ask("find kept " + KEPT)).isEqualTo("found " + KEPT + " of " + KEPT);
            assertThat(count(host, Counter.ERRORS)).isZero();
        }
        long beaten = count(cutOff, Counter.BEATEN_BY_TOMBSTONE);
        // Where the relay has forgotten the delete, an early one of many, it says that nobody has the session.
        long unconfirmed = relayCount(Counter.DISCARDED_UNCONFIRMED, deletes);
        assertThat(beaten).as("updates that lost to a delete").isBetween(deletes / 3 - unconfirmed, deletes / 3L);
        assertThat(count(cutOff, Counter.LOST_UNPUBLISHED)).isZero();
        String figures = "deletes=%d beaten=%d unconfirmed=%d discarded=%d resurrected=0 backMs=%d agreedMs=%d"
                .formatted(
                        deletes,
                        beaten,
                        unconfirmed,
                        count(cutOff, Counter.DISCARDED_UNCONFIRMED),
                        back.toMillis(),
                        agreed.toMillis());
        assertThat(back).as(figures).isLessThan(BACK_WITHIN);
        assertThat(agreed.minus(back))
                .as(figures)
                .isLessThan(deletes < LONG_DELETES ? AGREED_WITHIN : ALL_AGREED_WITHIN);
        assertThat(Files.readString(folder.resolve("relay.log"))).doesNotContain("ERROR");
        return figures;
    }

    private static Duration since(long beganNs) {
        return Duration.ofNanos(System.nanoTime() - beganNs);
    }

    private String runBehindProxy(int deletes, Duration cut, boolean reset) throws Exception {
        int port = launchRelay(List.of(), deletes, "localhost");
        FaultProxy proxy = opened.keep(new FaultProxy(port, 3));
        deleting = host(List.of(), "deleting", "localhost", port, deletes);
        cutOff = host(List.of(), "cut-off", "localhost", proxy.port(), deletes);
        deleteDuringCut(
                new Cable() {
                    @Override
                    public void pull() {
                        proxy.cut();
                    }

                    @Override
                    public void plug() {
                        if (reset) {
                            proxy.reset();
                        }
                        proxy.heal();
                    }
                },
                deletes,
                cut);
        return judge(deletes);
    }

    /** What was under way before the cut arrives after it: updates that the relay has to beat, deletes that the host has to apply. */
    @Test
    @Tag("slow")
    void shouldResurrectNothingWhenTheConnectionOutlivesTheCut() throws Exception {
        System.out.println("cut: " + runBehindProxy(5_100, Duration.ofSeconds(3), false));
    }

    /** More deletes than the relay's list of changes has room for: the host has to confirm all that it has. */
    @Test
    @Tag("slow")
    void shouldResurrectNothingWhenTheHostCannotBeToldAllThatItHasMissed() throws Exception {
        System.out.println("cut: " + runBehindProxy(ChangeRing.CAPACITY + 3_617, Duration.ofSeconds(3), true));
        assertThat(count(cutOff, Counter.DISCARDED_UNCONFIRMED)).isPositive();
    }

    @Test
    @Tag("long")
    void shouldResurrectNothingWhenAMinuteOfDeletesPassesBehindAProxy() throws Exception {
        Duration cut = Duration.ofSeconds(60);
        System.out.println("long run: cutS=60 by=proxy " + runBehindProxy(LONG_DELETES, cut, false));
    }

    @Test
    @Tag("long")
    void shouldResurrectNothingWhenAMinuteOfDeletesPassesWhileTheCableIsPulled() throws Exception {
        String whyNot = NetworkNamespaces.whyNot();
        assumeTrue(whyNot == null, () -> "no network namespaces here, which want root and iproute2: " + whyNot);
        NetworkNamespaces network = opened.keep(NetworkNamespaces.open());
        int port = launchRelay(network.inFirst(), LONG_DELETES, "0.0.0.0");
        deleting = host(network.inFirst(), "deleting", "localhost", port, LONG_DELETES);
        cutOff = host(network.inSecond(), "cut-off", NetworkNamespaces.ADDRESS, port, LONG_DELETES);
        deleteDuringCut(
                new Cable() {
                    @Override
                    public void pull() throws Exception {
                        network.pullCable();
                    }

                    @Override
                    public void plug() throws Exception {
                        network.plugCable();
                    }
                },
                LONG_DELETES,
                Duration.ofSeconds(60));
        System.out.println("long run: cutS=60 by=cable " + judge(LONG_DELETES));
    }
}
