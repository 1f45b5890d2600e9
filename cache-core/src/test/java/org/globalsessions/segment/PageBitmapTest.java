package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which pages may be free. */
class PageBitmapTest {
    private static PageBitmap bitmap(int pages) {
        ByteBuffer words = ByteBuffer.allocateDirect(PageBitmap.length(pages)).order(ByteOrder.LITTLE_ENDIAN);
        return new PageBitmap(words, pages);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 63, 64, 65, 4_095, 4_096, 4_097, 300_000})
    void shouldOfferEachPageOnceFromTheLowestOnWhenNoneIsGivenBack(int pages) {
        PageBitmap bitmap = bitmap(pages);
        for (int page = 0; page < pages; page++) {
            assertThat(bitmap.claim()).isEqualTo(page);
        }
        assertThat(bitmap.claim()).isEqualTo(OverflowArea.NONE);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 64, 65, 4_097, 300_000})
    void shouldOfferAPageAgainWhenItIsGivenBack(int pages) {
        PageBitmap bitmap = bitmap(pages);
        for (int page = 0; page < pages; page++) {
            assertThat(bitmap.claim()).isEqualTo(page);
        }
        for (int page : new int[] {pages - 1, 0, pages / 2}) {
            bitmap.offer(page);
            assertThat(bitmap.claim()).isEqualTo(page);
            assertThat(bitmap.claim()).isEqualTo(OverflowArea.NONE);
        }
    }

    @Test
    void shouldHaveNoPageWhenTheAreaHasNone() {
        assertThat(PageBitmap.length(0)).isZero();
        assertThat(bitmap(0).claim()).isEqualTo(OverflowArea.NONE);
    }

    @Test
    void shouldGiveNoPageToTwoAndLoseNoneWhenThreadsTakeAndGiveBackAtOnce() throws Exception {
        int pages = 2 * 64;
        long seed = System.nanoTime();
        PageBitmap bitmap = bitmap(pages);
        AtomicIntegerArray owners = new AtomicIntegerArray(pages);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> ends = new ArrayList<>();
            for (int thread = 1; thread <= 4; thread++) {
                int owner = thread;
                ends.add(threads.submit(() -> takeAndGiveBack(bitmap, owners, owner, seed + owner)));
            }
            for (Future<?> end : ends) {
                end.get(60, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
        for (int page = 0; page < pages; page++) {
            assertThat(bitmap.claim()).as("seed %d", seed).isEqualTo(page);
        }
    }

    /** Each takes up to 40 of 128 pages, so that groups are full and not full again all the time. */
    private static void takeAndGiveBack(PageBitmap bitmap, AtomicIntegerArray owners, int owner, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int[] mine = new int[40];
        for (int round = 0; round < 20_000; round++) {
            int count = 0;
            for (int wanted = random.nextInt(1, mine.length + 1); count < wanted; count++) {
                int page = bitmap.claim();
                if (page == OverflowArea.NONE) {
                    break;
                }
                assertThat(owners.compareAndSet(page, 0, owner))
                        .as("page %d, seed %d", page, seed)
                        .isTrue();
                mine[count] = page;
            }
            while (count > 0) {
                count--;
                owners.set(mine[count], 0);
                bitmap.offer(mine[count]);
            }
        }
    }
}
