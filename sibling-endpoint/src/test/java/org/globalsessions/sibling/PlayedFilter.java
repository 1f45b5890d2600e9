package org.globalsessions.sibling;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Set;
import org.apache.commons.collections4.bloomfilter.EnhancedDoubleHasher;
import org.apache.commons.collections4.bloomfilter.Shape;
import org.apache.commons.collections4.bloomfilter.SimpleBloomFilter;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.frame.FilterFrame;
import org.globalsessions.transport.frame.FilteredFrame;
import org.globalsessions.transport.frame.Frame;

/** The filter of a node that is played: a few keys are looked at for each answer, then a few words given; what comes meanwhile is left out. */
final class PlayedFilter {
    private static final int KEYS_A_PART = 25;
    private static final int WORDS_A_PART = 9;

    private int places = 64;
    private Deque<KeyDigest> toLookAt = new ArrayDeque<>();
    private SimpleBloomFilter filter;
    private long cursor;
    private int keys;
    private int made;

    /** Places that it says it has. */
    void places(int value) {
        places = value;
    }

    /** How many filters it has given. */
    int made() {
        return made;
    }

    Frame answer(FilterFrame question, Set<KeyDigest> here) {
        if (question.bits() == 0) {
            return new FilteredFrame(question.correlationId(), 0, places, 0, 0);
        }
        if (question.cursor() == 0) {
            toLookAt = new ArrayDeque<>(here);
            filter = new SimpleBloomFilter(Shape.fromKM(question.hashes(), question.bits()));
            cursor = 0;
            keys = 0;
        } else if (question.cursor() != cursor) {
            throw new AssertionError("a filter was asked for from " + question.cursor() + " on, not " + cursor);
        }
        return toLookAt.isEmpty() ? piece(question) : look(question, here);
    }

    private Frame look(FilterFrame question, Set<KeyDigest> here) {
        for (int i = 0; i < KEYS_A_PART && !toLookAt.isEmpty(); i++) {
            KeyDigest digest = toLookAt.remove();
            if (here.contains(digest)) {
                filter.merge(new EnhancedDoubleHasher(digest.high(), digest.low()));
                keys++;
            }
        }
        cursor++;
        return new FilteredFrame(question.correlationId(), cursor, places, keys, 0);
    }

    private Frame piece(FilterFrame question) {
        long wordsFrom = 1L << 20;
        int first = (int) Math.max(0, cursor - wordsFrom);
        long[] words = filter.asBitMapArray();
        int end = Math.min(words.length, first + WORDS_A_PART);
        cursor = end == words.length ? 0 : wordsFrom + end;
        made += cursor == 0 ? 1 : 0;
        return new FilteredFrame(
                question.correlationId(), cursor, places, keys, first, Arrays.copyOfRange(words, first, end));
    }
}
