package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;

/**
 * Main of a child JVM whose threads all write until it is killed: each its own keys, and some that all of them share. What it is
 * about to do and what has come back it notes outside, where a judge reads it after its end.
 */
final class HammeringProcess {
    static final int THREADS = 4;
    static final int KEYS = 64;

    /** Keys that anybody writes at any time; only their wholeness can be judged. */
    static final int SHARED_KEYS = 4;

    private HammeringProcess() {}

    static SegmentSettings settings(Path file) {
        // Pages for all keys at a time: an entry that has to go for another one's pages is lost to the judge.
        return new SegmentSettings(file).elCount(1_000).overflowShare(0.6);
    }

    public static void main(String[] arguments) throws IOException {
        System.out.println("ready");
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        String line = input.readLine();
        if (line == null) {
            // Nobody needs it any more.
            return;
        }
        String[] words = line.split("\t", -1);
        SharedLru lru = SharedLru.open(settings(Path.of(words[0])));
        KillNotes notes = KillNotes.open(Path.of(words[1]));
        for (int i = 0; i < THREADS; i++) {
            int first = i;
            new Thread(() -> hammer(lru, notes, first), "hammer-" + i).start();
        }
        System.out.println(lru.file().slot() + "\t" + lru.file().incarnation());
    }

    private static void hammer(SharedLru lru, KillNotes notes, int first) {
        WriteOutcome outcome = new WriteOutcome();
        for (long round = 0; ; round++) {
            for (int key = first; key < KEYS; key += THREADS) {
                notes.write(lru, key, outcome);
            }
            KillNotes.set(lru, KEYS + (int) (round % SHARED_KEYS), round, outcome);
        }
    }
}
