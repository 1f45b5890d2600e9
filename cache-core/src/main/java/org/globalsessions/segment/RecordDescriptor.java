package org.globalsessions.segment;

/**
 * Layout of one record and of its state word. Static, no state; {@code LAYOUT.md} is the specification.
 *
 * <pre>
 *   0  state      8   kind, marks, holder, generation; changes only by compare-and-set
 *   8  access     8   last access in ticks (low half), the generation (high half); compare-and-set
 *  16  version    8   clock of the version
 *  24  life       8   clock of the version that began the life
 *  32  origin     4   origin of the version
 *  36  expiry     4   segment tick at which the lifetime ends, 0 for none
 *  40  idle limit 4   idle time-out in ticks, 0 for none
 *  44  value      4   length of the value in bytes
 *  48  key        2   length of the key in bytes
 *  50  flags      2   OVERFLOWED
 *  52  key bytes, then value bytes, or 4 bytes with the number of the value's first page
 * </pre>
 */
public final class RecordDescriptor {
    /** Offset of the state word. */
    public static final int STATE_OFFSET = 0;

    /** Offset of last access and generation. */
    public static final int ACCESS_OFFSET = 8;

    /** Offset of the version's clock. */
    public static final int VERSION_OFFSET = 16;

    /** Offset of the life. */
    public static final int LIFE_OFFSET = 24;

    /** Offset of the version's origin. */
    public static final int ORIGIN_OFFSET = 32;

    /** Offset of the tick at which the lifetime ends. */
    public static final int EXPIRY_OFFSET = 36;

    /** Offset of the idle limit in ticks. */
    public static final int IDLE_LIMIT_OFFSET = 40;

    /** Offset of the value's length. */
    public static final int VALUE_LENGTH_OFFSET = 44;

    /** Offset of the key's length. */
    public static final int KEY_LENGTH_OFFSET = 48;

    /** Offset of the flags. */
    public static final int FLAGS_OFFSET = 50;

    /** Flag: the value lies in pages of the overflow area; behind the key stands the number of the first one. */
    public static final int OVERFLOWED = 1;

    /** Where the key's bytes begin: the size of a record's header. */
    public static final int KEY_OFFSET = 52;

    /** Kind: nobody's. */
    public static final int FREE = 0;

    /** Kind: a writer fills it, or takes it away. */
    public static final int RESERVED = 1;

    /** Kind: readers see it. */
    public static final int VISIBLE = 2;

    /** Kind: its writer was too slow; only that writer, or the sweeper after its death, frees it. */
    public static final int ASIDE = 3;

    /** Mark: the next tier has not acknowledged this version. */
    public static final int UNPUBLISHED = 1;

    /** Mark: no aging owner has acknowledged a copy. */
    public static final int NOT_HANDED_OFF = 2;

    /** Mark: the relay has not yet confirmed the life that this entry belongs to. */
    public static final int LIFE_UNCONFIRMED = 4;

    private static final int MARKS_SHIFT = 3;
    private static final long MARKS_MASK = 7L << MARKS_SHIFT;
    private static final int SLOT_SHIFT = 8;
    private static final int SLOT_MASK = 0x1FF;
    private static final int INCARNATION_SHIFT = 17;
    private static final int INCARNATION_MASK = 0x7FFF;
    private static final int GENERATION_SHIFT = 32;

    private RecordDescriptor() {}

    static int kind(long word) {
        return (int) word & 7;
    }

    static int marks(long word) {
        return (int) ((word & MARKS_MASK) >>> MARKS_SHIFT);
    }

    static int slot(long word) {
        return (int) (word >>> SLOT_SHIFT) & SLOT_MASK;
    }

    static int incarnation(long word) {
        return (int) (word >>> INCARNATION_SHIFT) & INCARNATION_MASK;
    }

    static int generation(long word) {
        return (int) (word >>> GENERATION_SHIFT);
    }

    static long withMarks(long word, int marks) {
        return (word & ~MARKS_MASK) | ((long) marks << MARKS_SHIFT);
    }

    static long free(int generation) {
        return (long) generation << GENERATION_SHIFT;
    }

    static long held(int kind, int slot, int incarnation, int generation) {
        return ((long) generation << GENERATION_SHIFT)
                | ((long) incarnation << INCARNATION_SHIFT)
                | ((long) slot << SLOT_SHIFT)
                | kind;
    }

    static long visible(int marks, int generation) {
        return ((long) generation << GENERATION_SHIFT) | ((long) marks << MARKS_SHIFT) | VISIBLE;
    }
}
