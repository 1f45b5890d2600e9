package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.globalsessions.tier.KeyDigest;

/**
 * Main of a child JVM that uses segments which the test mangles: a crash is the end of this process and not of the test's. Each
 * line is a command; each answer says what came of it.
 *
 * <p>Every value is its key over and over, all of one length, so that a value tells whose it is.
 */
final class MangledChild {
    static final int EL_COUNT = 1;
    static final int RECORD_SIZE = 128;
    static final int STORED = 20;

    private static final int KEY_LENGTH = 9;
    private static final int COPIES = 6;
    private static final int COLLECT_EVERY = 400;

    private MangledChild() {}

    static SegmentSettings settings(Path file, int elCount) {
        return new SegmentSettings(file)
                .elCount(elCount)
                .recordSize(RECORD_SIZE)
                .pathName("mangled")
                .attachTimeout(Duration.ofMillis(30));
    }

    static String key(int number) {
        return String.format("k%08d", number);
    }

    static byte[] value(int number) {
        return key(number).repeat(COPIES).getBytes(UTF_8);
    }

    public static void main(String[] arguments) throws IOException {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        System.out.println("ready");
        int opened = 0;
        AtomicBoolean stop = new AtomicBoolean();
        LiveUse live = null;
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] words = line.split(" ", 4);
            switch (words[0]) {
                case "open" -> System.out.println(open(Path.of(words[1])));
                case "start" -> {
                    stop.set(false);
                    live = new LiveUse(Path.of(words[3]), Integer.parseInt(words[1]), Long.parseLong(words[2]), stop);
                    System.out.println("started");
                }
                case "stop" -> {
                    stop.set(true);
                    System.out.println(live == null ? "not started" : live.end());
                }
                default -> throw new IllegalArgumentException(line);
            }
            if (++opened % COLLECT_EVERY == 0) {
                // Mappings go with the objects; a process may have some 65,000 of them.
                System.gc();
            }
        }
    }

    /** Opens the file as a process would and as a tool would, and uses whatever of it opens. */
    private static String open(Path file) {
        String inspected = inspect(file);
        if (inspected.startsWith("failed")) {
            return inspected;
        }
        try (SharedLru lru = SharedLru.open(settings(file, EL_COUNT))) {
            return use(lru);
        } catch (SegmentException e) {
            return "refused " + e.getMessage();
        } catch (Exception | Error e) {
            return failed(e);
        }
    }

    private static String inspect(Path file) {
        try {
            SegmentInspector inspector = SegmentInspector.open(file);
            inspector.processes();
            inspector.leases();
            inspector.errors();
            inspector.note();
            inspector.identity();
            return "inspected " + inspector.role();
        } catch (SegmentException e) {
            return "refused " + e.getMessage();
        } catch (Exception | Error e) {
            return failed(e);
        }
    }

    private static String use(SharedLru lru) {
        WriteOutcome outcome = new WriteOutcome();
        for (int i = 0; i < STORED; i++) {
            byte[] value = lru.get(lru.encode(key(i)));
            if (value != null && !java.util.Arrays.equals(value, value(i))) {
                return "wrong value under key " + i;
            }
        }
        for (int i = STORED; i < STORED + 5; i++) {
            set(lru, i, outcome);
            byte[] value = lru.get(lru.encode(key(i)));
            if (outcome.status() != WriteOutcome.Status.STORED || !java.util.Arrays.equals(value, value(i))) {
                return "not stored: key " + i + ", " + outcome.status();
            }
            lru.touch(lru.encode(key(i)));
        }
        lru.delete(lru.encode(key(STORED)), outcome);
        if (lru.get(lru.encode(key(STORED))) != null) {
            return "not deleted: key " + STORED;
        }
        lru.sweep(0, lru.bucketCount());
        lru.scan(0, lru.bucketCount(), 0, entry -> true);
        lru.scanTombstones((digest, version, position) -> true);
        lru.file().note();
        lru.file().errors().read();
        for (SegmentFile.Duty duty : SegmentFile.Duty.values()) {
            lru.file().acquireOrRenew(duty);
        }
        return "opened";
    }

    static void set(SharedLru lru, int number, WriteOutcome outcome) {
        byte[] value = value(number);
        lru.set(lru.encode(key(number)), value, 0, value.length, 0, null, false, outcome);
    }

    private static String failed(Throwable e) {
        StringBuilder text = new StringBuilder("failed " + e);
        for (StackTraceElement frame : e.getStackTrace()) {
            text.append(" < ")
                    .append(frame.getFileName())
                    .append(':')
                    .append(frame.getLineNumber())
                    .append(' ')
                    .append(frame.getMethodName());
        }
        return text.toString().replace('\n', ' ');
    }

    /** Threads that read and write a segment while somebody mangles its body. */
    private static final class LiveUse {
        private static final int THREADS = 2;
        private static final int KEYS = 400;
        private static final int FRESH = 1_000_000;

        private final SharedLru lru;
        private final AtomicBoolean stop;
        private final List<Thread> threads = new ArrayList<>();
        private final AtomicLong hits = new AtomicLong();
        private final AtomicLong operations = new AtomicLong();
        private volatile String problem;

        LiveUse(Path file, int elCount, long seed, AtomicBoolean stop) throws IOException {
            this.stop = stop;
            lru = SharedLru.open(settings(file, elCount));
            for (int i = 0; i < THREADS; i++) {
                Random random = new Random(seed * 31 + i);
                Thread thread = new Thread(() -> run(random), "user-" + i);
                thread.setDaemon(true);
                threads.add(thread);
                thread.start();
            }
        }

        private void run(Random random) {
            try {
                WriteOutcome outcome = new WriteOutcome();
                while (!stop.get()) {
                    step(random, outcome);
                    operations.incrementAndGet();
                }
            } catch (Exception | Error e) {
                problem = failed(e);
            }
        }

        private void step(Random random, WriteOutcome outcome) {
            int number = random.nextInt(KEYS);
            switch (random.nextInt(40)) {
                case 0 -> lru.delete(lru.encode(key(number)), outcome);
                case 1 -> lru.touch(lru.encode(key(number)));
                case 2 -> {
                    KeyDigest digest = lru.encode(key(number)).digest();
                    lru.applyDelete(digest, new org.globalsessions.Version(1, 1), 1, outcome);
                }
                case 3 -> lru.sweep(0, lru.bucketCount());
                case 4 -> lru.scan(0, lru.bucketCount(), 0, entry -> true);
                case 5 -> lru.scanTombstones((digest, version, position) -> true);
                case 6 -> lru.find(lru.encode(key(number)), new EntrySnapshot());
                case 7 -> {
                    lru.oldestFor(lru.encode(key(number)), new EntrySnapshot());
                    lru.takeable(random.nextInt(lru.bucketCount()));
                    lru.size();
                }
                case 8, 9, 10, 11, 12, 13, 14, 15, 16, 17 -> set(lru, number, outcome);
                default -> {
                    byte[] value = lru.get(lru.encode(key(number)));
                    if (value != null) {
                        hits.incrementAndGet();
                        check(number, value);
                    }
                }
            }
        }

        /** Bytes may be mangled and so may the length; another key in place of one's own is another's value. */
        private void check(int number, byte[] value) {
            String text = new String(value, java.nio.charset.StandardCharsets.ISO_8859_1);
            String own = key(number);
            for (int at = 0; at + KEY_LENGTH <= text.length(); at += KEY_LENGTH) {
                String copy = text.substring(at, at + KEY_LENGTH);
                if (!copy.equals(own) && copy.matches("k0{5}[0-9]{3}") && differences(copy, own) > 1) {
                    problem = "wrong: key " + own + " has " + copy;
                }
            }
        }

        private static int differences(String one, String two) {
            int count = 0;
            for (int i = 0; i < one.length(); i++) {
                count += one.charAt(i) == two.charAt(i) ? 0 : 1;
            }
            return count;
        }

        /** Ends the use; nobody mangles any more. What is set from now on has to be there. */
        String end() {
            for (Thread thread : threads) {
                try {
                    thread.join(20_000);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                if (thread.isAlive()) {
                    StringBuilder where = new StringBuilder("hangs:");
                    for (StackTraceElement frame : thread.getStackTrace()) {
                        where.append(" < ").append(frame);
                    }
                    return where.toString();
                }
            }
            if (problem != null) {
                return problem;
            }
            int stored = 0;
            try {
                WriteOutcome outcome = new WriteOutcome();
                for (int i = FRESH; i < FRESH + KEYS; i++) {
                    set(lru, i, outcome);
                    byte[] value = lru.get(lru.encode(key(i)));
                    boolean isStored = outcome.status() == WriteOutcome.Status.STORED;
                    if (isStored && !java.util.Arrays.equals(value, value(i))) {
                        return "wrong: key " + i + " is not there after its set";
                    }
                    stored += isStored ? 1 : 0;
                }
            } catch (Exception | Error e) {
                return failed(e);
            }
            lru.close();
            return "used " + operations.get() + " " + hits.get() + " " + stored + " " + KEYS;
        }
    }
}
