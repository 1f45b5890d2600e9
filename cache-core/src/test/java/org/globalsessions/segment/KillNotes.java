package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * The oracle outside a victim: a mapped file, which a SIGKILL does not touch, with two numbers a key, that of the write begun
 * last and that of the write that has returned last. Every eighth write of a key is a delete, so the number tells which it was.
 *
 * <p>Each key is written by one thread at a time; after a victim's end the judge is the next one.
 */
final class KillNotes {
    private static final int IN_RECORD = 200;

    /** The longest, in two pages. */
    static final int IN_PAGES = 5_000;

    private final ByteBuffer notes;

    private KillNotes(ByteBuffer notes) {
        this.notes = notes;
    }

    static KillNotes open(Path file) throws IOException {
        if (!Files.exists(file)) {
            Files.write(file, new byte[HammeringProcess.KEYS * 16]);
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return new KillNotes(channel.map(FileChannel.MapMode.READ_WRITE, 0, HammeringProcess.KEYS * 16L)
                    .order(ByteOrder.LITTLE_ENDIAN));
        }
    }

    private static boolean isDelete(long number) {
        return number % 8 == 7;
    }

    private static String name(int key) {
        return "key-" + key;
    }

    /** One write of a key, noted before it begins and after it has returned. Volatile, so that neither note slips past it. */
    void write(SharedLru lru, int key, WriteOutcome outcome) {
        long number = begun(key) + 1;
        Words.LONG.setVolatile(notes, key * 16, number);
        if (isDelete(number)) {
            lru.delete(lru.encode(name(key)), outcome);
        } else {
            set(lru, key, number, outcome);
        }
        assertStored(outcome);
        Words.LONG.setVolatile(notes, key * 16 + 8, number);
    }

    private static void assertStored(WriteOutcome outcome) {
        if (outcome.status() != WriteOutcome.Status.STORED) {
            throw new IllegalStateException(outcome.status().name());
        }
    }

    static void set(SharedLru lru, int key, long number, WriteOutcome outcome) {
        byte[] value = value(key, number);
        lru.set(lru.encode(name(key)), value, 0, value.length, 0, null, false, outcome);
    }

    private long begun(int key) {
        return (long) Words.LONG.getVolatile(notes, key * 16);
    }

    private long returned(int key) {
        return (long) Words.LONG.getVolatile(notes, key * 16 + 8);
    }

    long writes() {
        long sum = 0;
        for (int key = 0; key < HammeringProcess.KEYS; key++) {
            sum += returned(key);
        }
        return sum;
    }

    /** The value that belongs to a key and a number: every byte of it, so that a mixture of two shows. Each fourth one of a key lies in pages. */
    static byte[] value(int key, long number) {
        byte[] value = new byte[(key + number) % 4 == 0 ? IN_PAGES : IN_RECORD];
        Arrays.fill(value, (byte) (number * 31 + key));
        ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).putLong(number).putInt(key);
        return value;
    }

    /** Fails where a key shows what is not whole or another's; the number of its value, -1 where it has none. */
    static long wholeNumber(SharedLru lru, int key) {
        byte[] value = lru.get(lru.encode(name(key)));
        if (value == null) {
            return -1;
        }
        assertThat(value).as("value of key %d", key).hasSizeGreaterThanOrEqualTo(IN_RECORD);
        long number = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getLong();
        assertThat(Arrays.equals(value, value(key, number)))
                .as("value of key %d, number %d, is whole and its own", key, number)
                .isTrue();
        return number;
    }

    /** Judges a key that nobody writes any more: it shows the write that returned last, or the one begun after it. */
    void judge(SharedLru lru, int key) {
        long shown = wholeNumber(lru, key);
        long returned = returned(key);
        long begun = begun(key);
        assertThat(begun - returned).isBetween(0L, 1L);
        if (returned == 0 && begun == 0) {
            assertThat(shown).isEqualTo(-1);
            return;
        }
        long ofReturned = returned == 0 || isDelete(returned) ? -1 : returned;
        long ofBegun = isDelete(begun) ? -1 : begun;
        assertThat(shown)
                .as("number shown of key %d, returned %d, begun %d", key, returned, begun)
                .isIn(ofReturned, ofBegun);
    }
}
