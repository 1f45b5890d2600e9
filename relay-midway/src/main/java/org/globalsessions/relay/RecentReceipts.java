package org.globalsessions.relay;

import java.util.LinkedHashMap;
import java.util.Map;
import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;

/**
 * Receipts of the last changes of a path: a host whose receipt was lost on the way sends the change again, and is given the same
 * receipt instead of a second number and a second announcement.
 *
 * <p>Of entries a table with one place for each hash, of bounded size. A receipt that a later change has displaced
 * is forgotten: the entry is then taken, numbered and announced once more, which its version makes harmless. A delete that is taken once more
 * would take away what has begun since, as one that is long on its way stands above every version seen, and an entry with a condition that is judged once more
 * fails by what has been saved over it: of these the last {@value #MOST_KEPT} are all remembered. {@link ChangeRing} gives them back after a restart. On the relay's event loop alone.
 */
final class RecentReceipts {
    /** Places; a power of two. */
    static final int CAPACITY = 16_384;

    /** About 200 bytes each. A minute of a thousand a second: a host sends again after half a second, or when it is back. */
    static final int MOST_KEPT = 65_536;

    private record Known(KeyDigest digest, Version sent, Receipt receipt) {}

    private record Change(KeyDigest digest, Version sent) {}

    private final Known[] places = new Known[CAPACITY];

    private final Map<Change, Receipt> kept = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Change, Receipt> eldest) {
            return size() > MOST_KEPT;
        }
    };

    /** Those that tell another version than the change came with, by that one. */
    private final Known[] raised = new Known[CAPACITY];

    /** Of each host's entries of a key the one of the highest version, whether it was stored or has lost. */
    private final Known[] latest = new Known[CAPACITY];

    /**
     * Remembers the receipt of an entry that is stored.
     *
     * @param digest  digest of the key
     * @param sent    version with which the entry came
     * @param receipt what its host is told
     */
    void addStored(KeyDigest digest, Version sent, Receipt receipt) {
        Known known = new Known(digest, sent, receipt);
        places[placeOf(digest, sent)] = known;
        addRaised(known);
        addLatest(known);
    }

    /**
     * Remembers the receipt of an entry that is stored on a condition.
     *
     * @param digest  digest of the key
     * @param sent    version with which the entry came
     * @param receipt what its host is told
     */
    void addSaved(KeyDigest digest, Version sent, Receipt receipt) {
        kept.put(new Change(digest, sent), receipt);
        addStored(digest, sent, receipt);
    }

    /**
     * Remembers the receipt of an entry that has lost: nothing of it is here, and it has lost if it comes again.
     *
     * @param digest  digest of the key
     * @param sent    version with which the entry came
     * @param receipt what its host is told
     */
    void addLost(KeyDigest digest, Version sent, Receipt receipt) {
        addLatest(new Known(digest, sent, receipt));
    }

    /**
     * Remembers the receipt of a delete.
     *
     * @param digest  digest of the key
     * @param sent    version with which the delete came
     * @param receipt what its host is told
     */
    void addDelete(KeyDigest digest, Version sent, Receipt receipt) {
        kept.put(new Change(digest, sent), receipt);
        addRaised(new Known(digest, sent, receipt));
    }

    private void addRaised(Known known) {
        if (!known.receipt.version().equals(known.sent)) {
            raised[placeOf(known.digest, known.receipt.version())] = known;
        }
    }

    private void addLatest(Known known) {
        int place = placeOf(known.digest, known.sent.origin());
        Known before = latest[place];
        if (before == null
                || !isOfSameHost(before, known.digest, known.sent)
                // Of the same one what was last said of it: it may have been stored once, and have lost when it came
                // again.
                || before.sent.compareTo(known.sent) <= 0) {
            latest[place] = known;
        }
    }

    /**
     * The receipt of what has replaced an entry: of a later one by the same host, or of one to which it lost when it came before. So this one
     * does not count any more, whatever has become of the other meanwhile: if that has expired or has gone on to the next tier, this one must
     * not come back in its place.
     *
     * @param digest digest of the key
     * @param sent   version with which the entry came
     * @return the receipt, or null where none is remembered
     */
    Receipt ofReplacing(KeyDigest digest, Version sent) {
        Known known = latest[placeOf(digest, sent.origin())];
        if (known == null || !isOfSameHost(known, digest, sent)) {
            return null;
        }
        int order = known.sent.compareTo(sent);
        return order > 0 || (order == 0 && known.receipt.outcome() == Receipt.Outcome.SUPERSEDED)
                ? known.receipt
                : null;
    }

    private static boolean isOfSameHost(Known known, KeyDigest digest, Version sent) {
        return known.digest.equals(digest) && known.sent.origin() == sent.origin();
    }

    /**
     * The receipt of a delete, or of an entry that was stored on a condition.
     *
     * @param digest digest of the key
     * @param sent   version with which it came
     * @return the receipt, or null where none is remembered
     */
    Receipt ofKept(KeyDigest digest, Version sent) {
        return kept.get(new Change(digest, sent));
    }

    /**
     * The receipt of an entry, with a condition or without.
     *
     * @param digest digest of the key
     * @param sent   version with which the entry came
     * @return the receipt, or null where none is remembered
     */
    Receipt find(KeyDigest digest, Version sent) {
        Known known = places[placeOf(digest, sent)];
        return known != null && known.sent.equals(sent) && known.digest.equals(digest) ? known.receipt : null;
    }

    /**
     * The receipt of a later delete by the same host, which stands now, above the version that it came with. By the versions alone an
     * earlier one that was long on its way looks like one that was made after it.
     *
     * @param digest   digest of the key
     * @param sent     version with which the earlier delete came
     * @param standing version of the tombstone that stands
     * @return the receipt, or null where none is remembered
     */
    Receipt ofLaterDelete(KeyDigest digest, Version sent, Version standing) {
        Known known = raised[placeOf(digest, standing)];
        boolean later = known != null
                && known.digest.equals(digest)
                && known.receipt.version().equals(standing)
                && known.sent.origin() == sent.origin()
                && known.sent.compareTo(sent) > 0;
        return later ? known.receipt : null;
    }

    /**
     * Whether an entry was stored by its host after one that has got a higher version here, and so lost to that one by the versions alone:
     * another process of the host has sent it before the host heard of that.
     *
     * @param digest   digest of the key
     * @param entry    the entry that has lost
     * @param standing version of the entry that is here
     * @param life     its life
     * @return true if so, as far as that is remembered
     */
    boolean isLaterThan(KeyDigest digest, SessionEntry entry, Version standing, long life) {
        Known known = raised[placeOf(digest, standing)];
        return known != null
                && known.digest.equals(digest)
                && known.receipt.version().equals(standing)
                && known.sent.origin() == entry.version().origin()
                && known.sent.compareTo(entry.version()) < 0
                && (entry.life() == life || entry.life() == known.sent.clock());
    }

    /**
     * Whether a tombstone also stands for another host's delete which its own host had not heard of.
     *
     * @param digest   digest of the key
     * @param standing version of the tombstone that stands
     * @return true if its receipt says so, and is remembered
     */
    boolean isMoreThanHeardOf(KeyDigest digest, Version standing) {
        Known known = raised[placeOf(digest, standing)];
        return known != null
                && known.digest.equals(digest)
                && known.receipt.version().equals(standing)
                && known.receipt.outcome() == Receipt.Outcome.SUPERSEDED;
    }

    private static int placeOf(KeyDigest digest, Version sent) {
        // The digest's bits are even already; the version's clock differs in its lower ones.
        return placeOf(digest, sent.clock());
    }

    private static int placeOf(KeyDigest digest, long further) {
        long mixed = digest.low() + further * 0x9e3779b97f4a7c15L;
        return (int) (mixed >>> 32) & (CAPACITY - 1);
    }
}
