package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Processes killed from outside at any moment, while all their threads write; a judge outside knows what they had done. */
class BlindKillsTest {
    private static final int KILLS = 30;
    private static final int LONG_PARTS = 25;
    private static final int LONG_KILLS = 200;

    /** In this many parts of the long profile the last victim is a large one. */
    private static final int LARGE_PARTS = 10;

    /** The kernel takes long to end such a process, and its locks last as long. */
    private static final List<String> LARGE = List.of("-Xms2g", "-Xmx2g", "-XX:+AlwaysPreTouch");

    private static final int MAX_HAMMER_MS = 40;

    @TempDir
    Path folder;

    private final Waits waits = new Waits("next writer after a blind kill");

    /** Of few writes: each of them has to keep the promise. */
    private final Waits largeWaits = new Waits("next writer after a blind kill of a large process");

    @Test
    @Tag("slow")
    void shouldKeepEachAcknowledgedWriteWhenProcessesAreKilledBlindly() throws Exception {
        kill(KILLS, new Random().nextLong(), false);
    }

    /** A part is run alone, and a broken-off run taken up, with {@code -Dglobalsessions.part=N}. */
    @ParameterizedTest(name = "part {0}")
    @MethodSource("longParts")
    @Tag("long")
    void shouldKeepEachAcknowledgedWriteInEveryPartWhenProcessesAreKilledOftener(int part) throws Exception {
        boolean large = part <= LARGE_PARTS;
        long writes = kill(LONG_KILLS, part, large);
        System.out.printf(
                "long run: part=%d kills=%d large=%d keysJudged=%d writes=%d lost=0 torn=0%n",
                part, LONG_KILLS, large ? 1 : 0, LONG_KILLS * HammeringProcess.KEYS, writes);
    }

    static IntStream longParts() {
        Integer only = Integer.getInteger("globalsessions.part");
        return only == null ? IntStream.rangeClosed(1, LONG_PARTS) : IntStream.of(only);
    }

    private long kill(int kills, long seed, boolean large) throws Exception {
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        Waits.warmUp();
        KillNotes notes = KillNotes.open(folder.resolve("notes"));
        int small = large ? kills - 1 : kills;
        try (SharedLru judge = SharedLru.open(HammeringProcess.settings(folder.resolve("segment")));
                ReadyVictims<ChildJvm> victims = new ReadyVictims<>(() -> start(List.of()), small, 3)) {
            for (int i = 0; i < small; i++) {
                try (ChildJvm victim = victims.take()) {
                    killAndJudge(victim, judge, notes, random, waits);
                }
            }
            if (large) {
                try (ChildJvm victim = start(LARGE)) {
                    killAndJudge(victim, judge, notes, random, largeWaits);
                }
            }
        }
        waits.check();
        largeWaits.check();
        return notes.writes();
    }

    private static ChildJvm start(List<String> flags) throws Exception {
        ChildJvm child = ChildJvm.startSoon(flags, HammeringProcess.class);
        assertThat(child.answer()).isEqualTo("ready");
        return child;
    }

    private void killAndJudge(ChildJvm victim, SharedLru judge, KillNotes notes, Random random, Waits timed)
            throws Exception {
        long before = notes.writes();
        String[] words = victim.ask(folder.resolve("segment") + "\t" + folder.resolve("notes"))
                .split("\t", -1);
        long killNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(random.nextInt(MAX_HAMMER_MS));
        // What it writes is whole at any moment, not only after its end.
        while (System.nanoTime() - killNs < 0 || notes.writes() == before) {
            for (int key = 0; key < HammeringProcess.KEYS + HammeringProcess.SHARED_KEYS; key++) {
                KillNotes.wholeNumber(judge, key);
            }
        }
        victim.killWithoutWaiting();
        // While the kernel is still at it: keys that the victim's threads share, and that nobody judges.
        WriteOutcome outcome = new WriteOutcome();
        for (int i = 0; i < HammeringProcess.SHARED_KEYS; i++) {
            int key = HammeringProcess.KEYS + i;
            timed.timed(() -> KillNotes.set(judge, key, 1, outcome));
        }
        victim.kill();
        for (int key = 0; key < HammeringProcess.KEYS; key++) {
            notes.judge(judge, key);
        }
        for (int i = 0; i < HammeringProcess.KEYS; i++) {
            int key = i;
            timed.timed(() -> notes.write(judge, key, outcome));
            notes.judge(judge, key);
        }
        new AttachedSlot(Integer.parseInt(words[0]), Integer.parseInt(words[1])).sweepUntilFree(judge);
        SegmentWholeness.checkAfterDeletes(judge);
    }
}
