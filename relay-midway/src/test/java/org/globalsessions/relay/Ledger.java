package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * What one host has asked for of its keys, each in order, and what of that the relay has acknowledged: kept by a test, outside of all that may be
 * killed. One thread begins; any thread ends and judges.
 */
public final class Ledger {
    /** What an answer is worth. */
    public enum Verdict {
        RIGHT,
        /** Older than what was acknowledged before the question, or not there. */
        LOST,
        /** What nobody has set. */
        TORN,
        /** Older than a delete that was acknowledged before the question. */
        RESURRECTED
    }

    private static final int DELETED = 1;

    private final String prefix;
    private final int count;
    private int number;

    /** Number of the last change of a key, twice, and 1 more where that is a delete; 0 for none. */
    private final AtomicIntegerArray asked;

    /** The last one that was acknowledged. */
    private final AtomicIntegerArray acknowledged;

    /** Number of the last delete of a key. */
    private final AtomicIntegerArray deletes;

    private final AtomicIntegerArray open;

    public Ledger(String prefix, int count) {
        this.prefix = prefix;
        this.count = count;
        asked = new AtomicIntegerArray(count);
        acknowledged = new AtomicIntegerArray(count);
        deletes = new AtomicIntegerArray(count);
        open = new AtomicIntegerArray(count);
    }

    public int count() {
        return count;
    }

    public String key(int index) {
        return prefix + index;
    }

    /** Whether the last change of a key has not ended yet. */
    public boolean isOpen(int index) {
        return open.get(index) != 0;
    }

    /** Whether a delete of a key was ever asked for. */
    public boolean isDeleted(int index) {
        return deletes.get(index) != 0;
    }

    /** A change begins; the change, for its end. */
    public int begin(int index, boolean delete) {
        number++;
        int change = number << 1 | (delete ? DELETED : 0);
        if (delete) {
            deletes.set(index, number);
        }
        asked.set(index, change);
        open.set(index, 1);
        return change;
    }

    /** The value that a change sets. */
    public byte[] value(int index, int change) {
        return (key(index) + "=" + (change >> 1)).getBytes(UTF_8);
    }

    public void end(int index, int change, boolean wasAcknowledged) {
        if (wasAcknowledged) {
            acknowledged.set(index, change);
        }
        open.set(index, 0);
    }

    /** What is acknowledged by now, for {@link #judge} once the answer has come. */
    public int acknowledged(int index) {
        return acknowledged.get(index);
    }

    /**
     * Judges what the relay answers.
     *
     * @param before what was acknowledged before it was asked
     * @param value  the answer, null for none
     */
    public Verdict judge(int index, int before, byte[] value) {
        if (value == null) {
            return deletes.get(index) >= before >> 1 ? Verdict.RIGHT : Verdict.LOST;
        }
        int found = numberOf(index, value);
        if (found <= 0 || found > asked.get(index) >> 1) {
            return Verdict.TORN;
        }
        if (found >= before >> 1 && !(found == before >> 1 && (before & DELETED) != 0)) {
            return Verdict.RIGHT;
        }
        return (before & DELETED) != 0 ? Verdict.RESURRECTED : Verdict.LOST;
    }

    /** Whether an answer is what the host has asked for last, acknowledged or not. */
    public boolean isLast(int index, byte[] value) {
        int last = asked.get(index);
        return value == null
                ? last == 0 || (last & DELETED) != 0
                : (last & DELETED) == 0 && numberOf(index, value) == last >> 1;
    }

    private int numberOf(int index, byte[] value) {
        String text = new String(value, UTF_8);
        String expected = key(index) + "=";
        String digits = text.startsWith(expected) ? text.substring(expected.length()) : "";
        return digits.matches("[1-9][0-9]{0,8}") ? Integer.parseInt(digits) : -1;
    }
}
