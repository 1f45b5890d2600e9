package org.globalsessions.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.segment.ChildJvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** P10: who buys is killed from outside at any step, and another process goes on with state, memento, queue and limit; judged by what it had been told, and by the table. */
class BuyerKillsTest {
    private static final int KILLS = 8;
    private static final int MOST_BETWEEN = 2_000;

    @TempDir
    Path folder;

    private long acknowledged() throws IOException {
        Path notes = BuyingChild.notes(folder);
        return Files.exists(notes) && Files.size(notes) >= Long.BYTES
                ? ByteBuffer.wrap(Files.readAllBytes(notes)).getLong()
                : 0;
    }

    private static List<String> names(OwnerDirectory owners) {
        return owners.owner(BuyingChild.OWNER).transact(OwnerTransaction::names);
    }

    private static List<String> receipts(OwnerDirectory owners) {
        return owners.owner(BuyingChild.OWNER).transact(t -> t.queue(BuyingChild.RECEIPTS));
    }

    private static long dropped(OwnerDirectory owners) {
        return owners.owner(BuyingChild.OWNER).transact(t -> t.dropped(BuyingChild.RECEIPTS));
    }

    private static List<String> last(long bought) {
        return LongStream.range(Math.max(0, bought - BuyingChild.RECEIPTS_KEPT), bought)
                .mapToObj(item -> "item " + item)
                .toList();
    }

    @Test
    void shouldBuyEachItemOnceWhenTheBuyerIsKilled() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        long before = 0;
        try (SessionCacheManager cache = SessionCacheManager.open(BuyingChild.config(folder));
                OwnerDirectory owners = new OwnerDirectory(cache, QueueSettings.DEFAULTS)) {
            for (int kill = 1; kill <= KILLS; kill++) {
                long enough = before + 1 + random.nextInt(MOST_BETWEEN);
                try (ChildJvm buyer = ChildJvm.start(BuyingChild.class, folder.toString())) {
                    await().pollInterval(Duration.ofMillis(1)).until(() -> acknowledged() >= enough);
                    buyer.kill();
                }
                long told = acknowledged();
                String figures = "seed=%d kill=%d acknowledged=%d".formatted(seed, kill, told);
                long bought = owners.owner(BuyingChild.OWNER).transact(BuyingChild::bought);
                String memento = owners.owner(BuyingChild.OWNER)
                        .transact(t -> t.begin(BuyingChild.CART))
                        .memento();
                assertThat(memento).as(figures).isEqualTo(String.valueOf(bought));
                assertThat(bought).as(figures).isBetween(told, told + 1);
                assertThat(names(owners)).as(figures).containsExactly(BuyingChild.CART, BuyingChild.RECEIPTS);
                assertThat(receipts(owners)).as(figures).isEqualTo(last(bought));
                assertThat(dropped(owners)).as(figures).isEqualTo(Math.max(0, bought - BuyingChild.RECEIPTS_KEPT));
                before = bought;
            }
        }
        System.out.println("buyer kills: seed=" + seed + " kills=" + KILLS + " bought=" + before);
    }
}
