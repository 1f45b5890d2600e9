package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/**
 * Main of a child JVM that reads, writes and deletes for a while, more keys than fit, and counts its reads and those that showed
 * what was not whole or another key's.
 */
final class CheckingProcess {
    private static final int KEYS = 8_000;
    private static final int EL_COUNT = 5_000;
    private static final int BATCH = 1_000;

    private CheckingProcess() {}

    public static void main(String[] arguments) throws IOException {
        System.out.println("ready");
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        String line = input.readLine();
        if (line == null) {
            return;
        }
        String[] words = line.split("\t", -1);
        try (SharedLru lru = SharedLru.open(new SegmentSettings(Path.of(words[0])).elCount(EL_COUNT))) {
            System.out.println("attached");
            work(lru, System.nanoTime() + TimeUnit.SECONDS.toNanos(Integer.parseInt(words[1])));
        }
    }

    private static void work(SharedLru lru, long endNs) {
        String[] names = new String[KEYS];
        Arrays.setAll(names, key -> "key-" + key);
        SplittableRandom random = new SplittableRandom();
        WriteOutcome outcome = new WriteOutcome();
        byte[] read = new byte[KillNotes.IN_PAGES];
        long reads = 0;
        long wrong = 0;
        while (System.nanoTime() - endNs < 0) {
            for (int i = 0; i < BATCH; i++) {
                int key = random.nextInt(KEYS);
                int length = lru.getInto(lru.encode(names[key]), read, 0);
                reads++;
                if (length != SharedLru.ABSENT && !isOwn(key, read, length)) {
                    wrong++;
                }
                if (i % 20 == 0) {
                    byte[] value = KillNotes.value(key, random.nextInt());
                    lru.set(lru.encode(names[key]), value, 0, value.length, 0, null, false, outcome);
                } else if (i % 200 == 1) {
                    lru.delete(lru.encode(names[key]), outcome);
                }
            }
        }
        System.out.println(reads + "\t" + wrong);
    }

    private static boolean isOwn(int key, byte[] read, int length) {
        long number = ByteBuffer.wrap(read).order(ByteOrder.LITTLE_ENDIAN).getLong();
        byte[] expected = KillNotes.value(key, number);
        return Arrays.equals(read, 0, Math.max(0, length), expected, 0, expected.length);
    }
}
