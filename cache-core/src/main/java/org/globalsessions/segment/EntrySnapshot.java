package org.globalsessions.segment;

import java.util.Arrays;
import org.globalsessions.Version;
import org.globalsessions.tier.SessionEntry;

/**
 * A validated copy of one visible record. The caller owns it and may use it again; one thread at a time. Its arrays grow as
 * needed and are longer than what they hold.
 */
public final class EntrySnapshot {
    private static final byte[] NONE = {};

    byte[] key = NONE;
    int keyLength;
    byte[] value = NONE;
    int valueLength;
    int way;
    long stateWord;
    long versionClock;
    int versionOrigin;
    long life;
    int idleTicks;
    int idleLimitTicks;
    int lifetimeTicks;

    void ensure(int keyCapacity, int valueCapacity) {
        if (key.length < keyCapacity) {
            key = new byte[keyCapacity];
        }
        if (value.length < valueCapacity) {
            value = new byte[valueCapacity];
        }
    }

    /**
     * Number of the record within the segment.
     *
     * @return the way's number
     */
    public int way() {
        return way;
    }

    /**
     * The state word under which all of this was read: what {@link SharedLru#clearMarks} compares with.
     *
     * @return the word
     */
    public long stateWord() {
        return stateWord;
    }

    /**
     * The marks under which it was read.
     *
     * @return bits of {@link RecordDescriptor}: UNPUBLISHED, NOT_HANDED_OFF, LIFE_UNCONFIRMED
     */
    public int marks() {
        return RecordDescriptor.marks(stateWord);
    }

    /**
     * Key bytes.
     *
     * @return a copy
     */
    public byte[] keyCopy() {
        return Arrays.copyOf(key, keyLength);
    }

    /**
     * Value bytes.
     *
     * @return a copy
     */
    public byte[] valueCopy() {
        return Arrays.copyOf(value, valueLength);
    }

    /**
     * The entry's version.
     *
     * @return the version
     */
    public Version version() {
        return new Version(versionClock, versionOrigin);
    }

    /**
     * Clock of the write that began this life.
     *
     * @return the life
     */
    public long life() {
        return life;
    }

    /**
     * Time since the last use.
     *
     * @return ticks of 10 ms
     */
    public int idleTicks() {
        return idleTicks;
    }

    /**
     * Whether it is shown only because the next tier does not have it yet: see {@link SessionEntry#hasEnded}.
     *
     * @return true if so
     */
    public boolean hasEnded() {
        return SessionEntry.hasEnded(lifetimeTicks);
    }

    /**
     * The entry as it travels to other tiers.
     *
     * @return an entry with copies of key and value
     */
    public SessionEntry toEntry() {
        return new SessionEntry(
                keyCopy(),
                valueCopy(),
                version(),
                life,
                (marks() & RecordDescriptor.LIFE_UNCONFIRMED) != 0,
                idleTicks,
                idleLimitTicks,
                lifetimeTicks);
    }
}
