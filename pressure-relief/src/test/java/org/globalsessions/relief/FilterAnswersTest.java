package org.globalsessions.relief;

import static org.assertj.core.api.Assertions.assertThat;
import static org.globalsessions.relief.Entries.digest;
import static org.globalsessions.relief.Entries.entry;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import org.globalsessions.Acknowledgement;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FilterFrame;
import org.globalsessions.transport.frame.FilteredFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a node says when a sibling asks it for a filter of its keys. */
class FilterAnswersTest {
    private static final int EL_COUNT = 3_000;
    private static final int BITS = 640_000;
    private static final int HASHES = 7;

    @TempDir
    private Path folder;

    private SharedLru segment;
    private AgingNode node;

    @BeforeEach
    void open() throws IOException {
        segment = SharedLru.open(settings());
        node = new AgingNode(segment, false);
    }

    @AfterEach
    void close() {
        segment.close();
    }

    private SegmentSettings settings() {
        return new SegmentSettings(folder.resolve("relief.segment"))
                .elCount(EL_COUNT)
                .recordSize(128)
                .role(Role.RELIEF)
                .pathName("test");
    }

    private void store(int from, int to) {
        for (int i = from; i < to; i++) {
            node.answer(new SessionBackupFrame(1, entry("key " + i, 10)));
        }
    }

    private Frame ask(long cursor) {
        return node.answer(new FilterFrame(9, cursor, BITS, HASHES));
    }

    private FilteredFrame part(long cursor) {
        FilteredFrame part = (FilteredFrame) ask(cursor);
        assertThat(part.correlationId()).isEqualTo(9);
        assertThat(part.words()).hasSizeLessThanOrEqualTo(FrameCodec.MAX_FILTER_WORDS);
        return part;
    }

    /** The whole filter, where {@code between} runs after each part. */
    private BitSet filter(Runnable between) {
        long[] words = new long[BITS / Long.SIZE];
        int there = 0;
        FilteredFrame part = part(0);
        while (true) {
            if (part.words().length > 0) {
                assertThat(part.firstWord()).isEqualTo(there);
                System.arraycopy(part.words(), 0, words, there, part.words().length);
                there += part.words().length;
            }
            if (part.nextCursor() == 0) {
                assertThat(there).isEqualTo(words.length);
                return BitSet.valueOf(words);
            }
            between.run();
            part = part(part.nextCursor());
        }
    }

    /** As PROTOCOL.md has it. */
    private static BitSet bitsOf(KeyDigest digest) {
        BitSet bits = new BitSet();
        long at = Long.remainderUnsigned(digest.high(), BITS);
        long step = Long.remainderUnsigned(digest.low(), BITS);
        for (int i = 1; i <= HASHES; i++) {
            bits.set((int) at);
            at = Math.floorMod(at - step, (long) BITS);
            step = Math.floorMod(step - i, (long) BITS);
        }
        return bits;
    }

    private boolean has(BitSet filter, String key) {
        BitSet bits = bitsOf(digest(segment, key));
        BitSet both = (BitSet) bits.clone();
        both.and(filter);
        return both.equals(bits);
    }

    @Test
    void shouldTellItsPlacesAndNothingElseWhenNoBitsAreWanted() {
        FilteredFrame places = (FilteredFrame) node.answer(new FilterFrame(9, 0, 0, 1));
        assertThat(places.places()).isBetween(EL_COUNT, 2 * EL_COUNT);
        assertThat(places.nextCursor()).isZero();
        assertThat(places.words()).isEmpty();
    }

    @Test
    void shouldHaveExactlyTheBitsOfItsKeysWhenAllPartsAreThere() {
        store(0, 2_500);
        KeyDigest deleted = digest(segment, "key 0");
        node.answer(new DeleteFrame(1, Acknowledgement.RELIEF, deleted, new Version(20, 7)));
        BitSet expected = new BitSet();
        for (int i = 1; i < 2_500; i++) {
            expected.or(bitsOf(digest(segment, "key " + i)));
        }
        assertThat(filter(() -> {})).isEqualTo(expected);
        assertThat(has(expected, "key 0")).isFalse();
    }

    @Test
    void shouldHaveWhateverStaysWhenOthersComeMeanwhile() {
        store(0, 1_000);
        int[] next = {1_000};
        BitSet filter = filter(() -> {
            store(next[0], next[0] + 200);
            next[0] += 200;
        });
        for (int i = 0; i < 1_000; i++) {
            assertThat(has(filter, "key " + i)).isTrue();
        }
    }

    @Test
    void shouldLookAtABoundedPartForEachAnswer() {
        store(0, 2_500);
        FilteredFrame first = part(0);
        assertThat(first.keys()).isEqualTo(FilterAnswers.PART_ITEMS);
        assertThat(first.words()).isEmpty();
        assertThat(part(first.nextCursor()).keys()).isEqualTo(2 * FilterAnswers.PART_ITEMS);
    }

    @Test
    void shouldBeginAnewWhenAskedFromTheStart() {
        store(0, 2_500);
        part(part(0).nextCursor());
        assertThat(filter(() -> {}).cardinality()).isPositive();
    }

    @Test
    void shouldRefuseToGoOnWithWhatIsNotBeingMade() {
        assertBusy(ask(5));
        long next = part(0).nextCursor();
        assertBusy(ask(next + 1));
        assertBusy(ask(next));
        next = part(0).nextCursor();
        assertBusy(node.answer(new FilterFrame(9, next, BITS - 64, HASHES)));
        next = part(0).nextCursor();
        assertBusy(node.answer(new FilterFrame(9, next, BITS, HASHES + 1)));
    }

    private static void assertBusy(Frame answer) {
        assertThat(answer)
                .isInstanceOfSatisfying(
                        ErrorFrame.class, error -> assertThat(error.code()).isEqualTo(ErrorCode.BUSY));
        assertThat(answer.correlationId()).isEqualTo(9);
    }

    @Test
    void shouldGiveNoneWhenItWorksForSeveralSiblings() {
        for (ReliefBehaviour shared : Arrays.asList(new AgingNode(segment, true), new ExpansionNode(segment, true))) {
            assertThat(shared.answer(new FilterFrame(9, 0, 0, 1)))
                    .isInstanceOfSatisfying(
                            ErrorFrame.class, error -> assertThat(error.code()).isEqualTo(ErrorCode.REFUSED));
        }
    }

    @Test
    void shouldGiveNoneWhileAnotherHasItsSegmentOpenAndSayThatEarlierOnesAreOfNoMoreUse() throws IOException {
        filter(() -> {});
        assertThat(node.filters().takeNoMoreUse()).isFalse();
        try (SharedLru other = SharedLru.open(settings())) {
            assertThat(other.size()).isZero();
            assertBusy(ask(0));
            assertThat(node.filters().takeNoMoreUse()).isTrue();
            assertThat(node.filters().takeNoMoreUse()).isFalse();
            assertBusy(ask(0));
        }
        filter(() -> {});
        assertThat(node.filters().takeNoMoreUse()).isFalse();
    }

    @Test
    void shouldNotGoOnWhenAnotherHasOpenedItsSegmentAndClosedItMeanwhile() throws IOException {
        filter(() -> {});
        long next = part(0).nextCursor();
        SharedLru.open(settings()).close();
        assertBusy(ask(next));
        assertBusy(ask(0));
        assertThat(node.filters().takeNoMoreUse()).isTrue();
        filter(() -> {});
    }

    @Test
    void shouldHoldNothingWhenTheConnectionHasEnded() throws IOException {
        long next = part(0).nextCursor();
        node.filters().forget();
        assertBusy(ask(next));
        SharedLru.open(settings()).close();
        assertThat(node.filters().takeNoMoreUse()).isFalse();
    }
}
