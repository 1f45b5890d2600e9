package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Main of a child JVM that reads, writes and deletes values of several pages while a test overwrites the words of pages;
 * a crash is the end of this process and not of the test's. Every eight bytes of a value say whose it is and how long, so that a
 * piece of another one shows.
 */
final class PagesChild {
    /** Keys that are written again and again. */
    static final int BUSY_KEYS = 40;

    /** Keys that are only read, beginning with {@link #BUSY_KEYS}. */
    static final int RESTING_KEYS = 20;

    private static final int THREADS = 2;
    private static final int MAX_LONGS = 5_000;

    private final AtomicBoolean stop = new AtomicBoolean();
    private final AtomicLong hits = new AtomicLong();
    private final AtomicLong operations = new AtomicLong();
    private volatile String problem;

    private PagesChild() {}

    /** With pages enough for all keys: none that is only read has to go for one that is written. */
    static SegmentSettings settings(Path file) {
        return new SegmentSettings(file)
                .elCount(1_000)
                .maxValueSize(MAX_LONGS * Long.BYTES)
                .overflowShare(0.85);
    }

    static String key(int number) {
        return "key-" + number;
    }

    static byte[] value(int number, int longs) {
        ByteBuffer value = ByteBuffer.allocate(longs * Long.BYTES);
        while (value.hasRemaining()) {
            value.putLong(stamp(number, longs));
        }
        return value.array();
    }

    private static long stamp(int number, int longs) {
        return ((long) number << 32) | longs;
    }

    /** Whether a value is one whole write of its key. */
    static boolean isWhole(int number, byte[] value) {
        long wanted = stamp(number, value.length / Long.BYTES);
        ByteBuffer read = ByteBuffer.wrap(value);
        while (read.remaining() >= Long.BYTES) {
            if (read.getLong() != wanted) {
                return false;
            }
        }
        return !read.hasRemaining();
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        SharedLru lru = SharedLru.open(settings(Path.of(arguments[0])));
        PagesChild child = new PagesChild();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            Random random = new Random(Long.parseLong(arguments[1]) * 31 + i);
            Thread thread = new Thread(() -> child.run(lru, random), "user-" + i);
            thread.setDaemon(true);
            thread.start();
            threads.add(thread);
        }
        System.out.println("ready");
        new BufferedReader(new InputStreamReader(System.in, UTF_8)).readLine();
        child.stop.set(true);
        for (Thread thread : threads) {
            thread.join(20_000);
            if (thread.isAlive()) {
                child.problem = "hangs: " + List.of(thread.getStackTrace());
            }
        }
        lru.close();
        System.out.println(child.problem == null ? "used " + child.operations + " " + child.hits : child.problem);
    }

    private void run(SharedLru lru, Random random) {
        try {
            WriteOutcome outcome = new WriteOutcome();
            while (!stop.get() && problem == null) {
                step(lru, random, outcome);
                operations.incrementAndGet();
            }
        } catch (Exception | Error e) {
            problem = "failed " + e + " " + List.of(e.getStackTrace());
        }
    }

    private void step(SharedLru lru, Random random, WriteOutcome outcome) {
        int number = random.nextInt(BUSY_KEYS);
        switch (random.nextInt(16)) {
            case 0 -> lru.delete(lru.encode(key(number)), outcome);
            case 1 -> lru.scan(0, lru.bucketCount(), 0, entry -> true);
            case 2, 3, 4, 5, 6 -> {
                byte[] value = value(number, 100 + random.nextInt(MAX_LONGS - 100));
                lru.set(lru.encode(key(number)), value, 0, value.length, 0, null, false, outcome);
            }
            default -> read(lru, random.nextInt(BUSY_KEYS + RESTING_KEYS));
        }
    }

    private void read(SharedLru lru, int number) {
        byte[] value = lru.get(lru.encode(key(number)));
        if (value != null) {
            hits.incrementAndGet();
            if (!isWhole(number, value)) {
                problem = "not a whole value of key " + number;
            }
        }
    }
}
