package org.globalsessions;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.globalsessions.segment.SegmentFile.Duty;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SharedLru;

/**
 * Main of a child JVM that works on the segment named by its first argument: "alone" without a tier behind, "away" in front of one
 * that never answers, "owner" as a process that holds the link owner's lease and nothing else.
 */
final class CacheChild {
    /** Keys that the hammering child writes. */
    static final int KEYS = 64;

    /** Bytes of the file in which it notes what it attempted and what was acknowledged: two longs a key. */
    static final int NOTES_LENGTH = KEYS * 16;

    private static final int VALUE_LENGTH = 200;

    private CacheChild() {}

    public static void main(String[] arguments) throws IOException {
        SegmentSettings settings = settings(Path.of(arguments[0]), arguments[1].equals("alone"));
        if (arguments[1].equals("owner")) {
            own(settings);
            return;
        }
        try (SessionCacheManager cache = SessionCacheManager.open(
                        settings,
                        arguments[1].equals("alone")
                                ? List.of()
                                : List.of(new RelaySource("relay", host -> new AwayTier())),
                        Duration.ofMillis(50),
                        new CompletableFuture<>().defaultExecutor());
                BufferedReader input = new BufferedReader(new InputStreamReader(System.in, UTF_8))) {
            System.out.println("ready");
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                System.out.println(answer(cache, line.split(" ", -1)));
            }
        }
    }

    static SegmentSettings settings(Path segment, boolean alone) {
        return new SegmentSettings(segment)
                .elCount(1000)
                .pathName(MemoryRelay.PATH)
                .role(alone ? Role.STANDALONE : Role.HOST);
    }

    /** The value that belongs to a key and a number: every byte of it, so that a mixture of two shows. */
    static byte[] value(int key, long number) {
        byte[] value = new byte[VALUE_LENGTH];
        Arrays.fill(value, (byte) (number * 31 + key));
        ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).putLong(number).putInt(key);
        return value;
    }

    /** The number that a value was made of, or -1 where it is not whole. */
    static long number(int key, byte[] value) {
        if (value.length != VALUE_LENGTH) {
            return -1;
        }
        long number = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getLong();
        return Arrays.equals(value, value(key, number)) ? number : -1;
    }

    private static void own(SegmentSettings settings) throws IOException {
        try (SharedLru lru = SharedLru.open(settings);
                BufferedReader input = new BufferedReader(new InputStreamReader(System.in, UTF_8))) {
            System.out.println("ready");
            while (input.readLine() != null) {
                boolean held = lru.file().acquireOrRenew(Duty.LINK_OWNER) > 0;
                System.out.println(held ? "held" : "not held");
            }
        }
    }

    private static final List<CompletableFuture<byte[]>> loads = new ArrayList<>();

    private static void pause(long ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Object answer(SessionCacheManager cache, String... words) throws IOException {
        switch (words[0]) {
            case "set" -> {
                cache.set(words[1], words[2].getBytes(UTF_8));
                return "set";
            }
            case "load" -> {
                CountDownLatch begun = new CountDownLatch(1);
                CompletableFuture<byte[]> loaded = cache.get(words[1], key -> {
                    begun.countDown();
                    pause(Long.parseLong(words[3]));
                    return words[2].equals("null") ? null : words[2].getBytes(UTF_8);
                });
                awaitQuietly(begun);
                loads.add(loaded);
                return "loading";
            }
            case "loaded" -> {
                byte[] value = loads.remove(0).join();
                return value == null ? "null" : new String(value, UTF_8);
            }
            case "get" -> {
                byte[] value = cache.get(words[1]).join();
                return value == null ? "null" : new String(value, UTF_8);
            }
            case "delete" -> {
                return cache.delete(words[1]).join();
            }
            case "hammer" -> {
                hammer(cache, Path.of(words[1]));
                return "never";
            }
            default -> throw new IllegalArgumentException(words[0]);
        }
    }

    /** Overwrites the keys for ever; notes in a mapped file, which outlives a SIGKILL, what it attempts and what came back. */
    private static void hammer(SessionCacheManager cache, Path notes) throws IOException {
        MappedByteBuffer noted;
        try (FileChannel channel = FileChannel.open(notes, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            noted = channel.map(FileChannel.MapMode.READ_WRITE, 0, NOTES_LENGTH);
        }
        noted.order(ByteOrder.LITTLE_ENDIAN);
        System.out.println("hammering");
        while (true) {
            for (int key = 0; key < KEYS; key++) {
                long number = noted.getLong(key * 16) + 1;
                noted.putLong(key * 16, number);
                cache.set("key-" + key, value(key, number));
                noted.putLong(key * 16 + 8, number);
            }
        }
    }
}
