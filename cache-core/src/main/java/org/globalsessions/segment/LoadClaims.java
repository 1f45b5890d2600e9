package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.CLAIMS_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.CLAIM_COUNT;
import static org.globalsessions.segment.SegmentDescriptor.CLAIM_HIGH_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.CLAIM_LENGTH;
import static org.globalsessions.segment.SegmentDescriptor.CLAIM_LOW_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.CLAIM_TICK_OFFSET;
import static org.globalsessions.segment.SegmentDescriptor.CLAIM_WORD_OFFSET;

import java.nio.ByteBuffer;

/**
 * Claims of keys whose values are being loaded, in the segment's header: of all processes of a host that miss a key, one holds its
 * claim and loads, the others wait for what it stores.
 *
 * <p>Any thread of any process. A word changes by compare-and-set only; who claims a key does so under the lock of the key's first
 * bucket, so that two never claim one key in two places. A claim that was not renewed for {@link #LEASE_TICKS} is anybody's: its
 * process is dead or stopped.
 */
public final class LoadClaims {
    /** Ticks that a claim lasts from its renewal: one second. */
    static final int LEASE_TICKS = 100;

    private static final long NOTHING = 1L << 32;
    private static final int NAME_SHIFT = 33;
    private static final int LOOKS = 8;

    private final Segment segment;
    private final ByteBuffer header;
    private final long holder;

    LoadClaims(Segment segment) {
        this.segment = segment;
        this.header = segment.file().header();
        this.holder = HolderWord.holder(segment.file());
    }

    /**
     * What a claim came to.
     *
     * @param place number of the claim's place, -1 where all are taken by other keys
     * @param word  the word in it, for the methods of {@link LoadClaims}
     * @param high  upper half of the key's digest
     * @param low   lower half of the key's digest
     * @param mine  whether this process holds it and has to load
     */
    public record Claim(int place, long word, long high, long low, boolean mine) {
        /** Every place is taken: who loads now does so without a claim. */
        static final Claim NONE = new Claim(-1, 0, 0, 0, false);

        /**
         * Names key and epoch in the outcome: the place may name another key for a moment, while its next one is written, and for long
         * where a holder that was stopped over that has gone on. Nobody may take "nothing" of one key for the answer to another.
         */
        private long name() {
            return KeyHash.mix(low ^ HolderWord.epoch(word)) >>> NAME_SHIFT << NAME_SHIFT;
        }

        /**
         * Whether there was a place.
         *
         * @return false where the value has to be loaded without a claim
         */
        public boolean exists() {
            return place >= 0;
        }
    }

    /** How a claim that another process held has ended. */
    public enum End {
        /** It is still held. */
        HELD,
        /** Given up after the loader had found nothing. */
        NOTHING,
        /** Given up, lapsed or taken over: look for the value, then claim again. */
        OVER
    }

    /**
     * Claims a key, under the lock of its first bucket.
     *
     * @param beyond word of a claim of the key that is not waited for any longer, 0 for none
     */
    Claim claim(EncodedKey key, long beyond) {
        Claim claim = null;
        for (int i = 0; i < LOOKS && claim == null; i++) {
            claim = tryClaim(key, beyond);
        }
        return claim == null ? Claim.NONE : claim;
    }

    private Claim tryClaim(EncodedKey key, long beyond) {
        int free = -1;
        long freeWord = 0;
        int tick = segment.now();
        for (int i = 0; i < CLAIM_COUNT; i++) {
            // Not always from the first: a place just given up still says what its loader found.
            int place = (int) (key.low + i) & (CLAIM_COUNT - 1);
            long word = word(place); // LAYOUT load 1
            boolean held = !HolderWord.isFree(word);
            boolean lapsed = held && hasLapsed(place, tick);
            if (held && isOf(place, key.high, key.low) && word(place) == word) {
                return lapsed || word == beyond
                        ? take(place, word, key)
                        : new Claim(place, word, key.high, key.low, false);
            }
            if (free < 0 && (!held || lapsed)) {
                free = place;
                freeWord = word;
            }
        }
        return free < 0 ? Claim.NONE : take(free, freeWord, key);
    }

    private Claim take(int place, long word, EncodedKey key) {
        long mine = HolderWord.next(word, holder);
        int at = at(place);
        // Before the word, or another key's process might find the claim lapsed in its first moment.
        Words.LONG.setVolatile(header, at + CLAIM_TICK_OFFSET, segment.now() & 0xFFFF_FFFFL); // LAYOUT load 2
        if (!Words.LONG.compareAndSet(header, at + CLAIM_WORD_OFFSET, word, mine)) { // LAYOUT load 2
            return null;
        }
        // Who looks in between takes it for a claim of the place's last key, and waits until the next one is named.
        Words.LONG.setOpaque(header, at + CLAIM_HIGH_OFFSET, key.high); // LAYOUT load 2
        Words.LONG.setVolatile(header, at + CLAIM_LOW_OFFSET, key.low); // LAYOUT load 2
        return new Claim(place, mine, key.high, key.low, true);
    }

    /**
     * Says that the loader is still at work; to be called several times a second.
     *
     * @param claim one's own
     */
    public void renew(Claim claim) {
        if (claim.exists() && word(claim.place) == claim.word) {
            Words.LONG.setOpaque(header, at(claim.place) + CLAIM_TICK_OFFSET, segment.now() & 0xFFFF_FFFFL);
        }
    }

    /**
     * Gives a claim up; nothing happens where it was taken over.
     *
     * @param claim   the claim
     * @param nothing whether the loader found nothing, which those who wait take for their answer
     */
    public void release(Claim claim, boolean nothing) {
        if (!claim.exists() || word(claim.place) != claim.word) {
            return;
        }
        long outcome = (segment.now() & 0xFFFF_FFFFL) | (nothing ? NOTHING | claim.name() : 0);
        // Before the word, whose release lets those who wait look at it.
        Words.LONG.setRelease(header, at(claim.place) + CLAIM_TICK_OFFSET, outcome); // LAYOUT load 6
        // LAYOUT load 6
        Words.LONG.compareAndSet(
                header, at(claim.place) + CLAIM_WORD_OFFSET, claim.word, HolderWord.released(claim.word));
    }

    /** Gives up what dead processes have claimed: for a sweep that has found some. */
    void releaseOfDead() {
        for (int place = 0; place < CLAIM_COUNT; place++) {
            long word = word(place);
            if (HolderWord.isOfDead(word, segment.file())) {
                release(new Claim(place, word, 0, 0, false), false); // LAYOUT sweep 4
            }
        }
    }

    /**
     * How another process's claim stands.
     *
     * @param claim as it was found
     * @return HELD while it is to be waited for
     */
    public End look(Claim claim) {
        for (int i = 0; i < LOOKS; i++) {
            long word = word(claim.place);
            if (word == claim.word) {
                boolean isOther = !isOf(claim.place, claim.high, claim.low);
                return isOther || hasLapsed(claim.place, segment.now()) ? End.OVER : End.HELD;
            }
            if (word != HolderWord.released(claim.word)) {
                return End.OVER;
            }
            long outcome = (long) Words.LONG.getVolatile(header, at(claim.place) + CLAIM_TICK_OFFSET);
            if (word(claim.place) == word) {
                boolean nothing = (outcome & NOTHING) != 0 && outcome >>> NAME_SHIFT << NAME_SHIFT == claim.name();
                return nothing ? End.NOTHING : End.OVER;
            }
        }
        return End.OVER;
    }

    private boolean isOf(int place, long high, long low) {
        return (long) Words.LONG.getVolatile(header, at(place) + CLAIM_LOW_OFFSET) == low
                && (long) Words.LONG.getVolatile(header, at(place) + CLAIM_HIGH_OFFSET) == high;
    }

    private boolean hasLapsed(int place, int tick) {
        int age = tick - (int) (long) Words.LONG.getVolatile(header, at(place) + CLAIM_TICK_OFFSET);
        return age >= LEASE_TICKS || age <= -LEASE_TICKS;
    }

    private long word(int place) {
        return (long) Words.LONG.getVolatile(header, at(place) + CLAIM_WORD_OFFSET);
    }

    private static int at(int place) {
        return CLAIMS_OFFSET + place * CLAIM_LENGTH;
    }
}
