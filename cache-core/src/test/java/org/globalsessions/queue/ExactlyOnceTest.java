package org.globalsessions.queue;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.globalsessions.SessionCacheManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** P10: a client buys a list of items, is cut off at any step, and begins again, at any process: each item is bought once. */
class ExactlyOnceTest {
    private static final int RUNS = 1_000;
    private static final int ITEMS = 5;

    /** One step in so many is cut off, half of them when it was done and its client has not heard of it. */
    private static final int STEPS_A_CUT = 4;

    @TempDir
    Path folder;

    private final List<SessionCacheManager> caches = new ArrayList<>();
    private final List<OwnerDirectory> processes = new ArrayList<>();

    @BeforeEach
    void open() throws IOException {
        for (int i = 0; i < 2; i++) {
            SessionCacheManager cache = SessionCacheManager.open(ConfigFactory.parseMap(Map.of(
                    "lru.cache.token_path", folder.resolve("table").toString(),
                    "lru.cache.segment_dir", folder.toString(),
                    "lru.cache.el_count", 2_000)));
            caches.add(cache);
            processes.add(new OwnerDirectory(cache, QueueSettings.DEFAULTS));
        }
    }

    @AfterEach
    void close() {
        processes.forEach(OwnerDirectory::close);
        caches.forEach(SessionCacheManager::close);
    }

    /** The client is cut off: what it holds is gone. */
    private static final class Cut extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** Buys items in order; the memento is the number of the next one. */
    private final class Client {
        private final String owner;
        private final Random random;
        private int cuts;

        Client(String owner, Random random) {
            this.owner = owner;
            this.random = random;
        }

        void buyAll() {
            while (true) {
                try {
                    buyFromWhereItWas();
                    return;
                } catch (Cut e) {
                    cuts++;
                }
            }
        }

        private void buyFromWhereItWas() {
            Begun begun = step(t -> t.begin("cart"));
            int next = begun.memento() == null ? 0 : Integer.parseInt(begun.memento());
            for (int item = next; item < ITEMS; item++) {
                int bought = item;
                step(t -> {
                    if (!t.remember("cart", begun.nonce(), String.valueOf(bought + 1))) {
                        throw new IllegalStateException("another client goes on");
                    }
                    t.state((bought(t) + bought + ";").getBytes(UTF_8));
                    return null;
                });
            }
        }

        private <T> T step(Function<OwnerTransaction, T> function) {
            int fate = random.nextInt(2 * STEPS_A_CUT);
            if (fate == 0) {
                throw new Cut();
            }
            T result =
                    processes.get(random.nextInt(processes.size())).owner(owner).transact(function);
            if (fate == 1) {
                throw new Cut();
            }
            return result;
        }
    }

    private static String bought(OwnerTransaction transaction) {
        byte[] state = transaction.state();
        return state == null ? "" : new String(state, UTF_8);
    }

    @Test
    void shouldBuyEachItemOnceWhenTheClientIsCutOffAtAnyStep() {
        long seed = System.nanoTime();
        System.out.println("purchases: seed=" + seed + " runs=" + RUNS);
        Random random = new Random(seed);
        String all =
                String.join("", IntStream.range(0, ITEMS).mapToObj(i -> i + ";").toList());
        int cuts = 0;
        for (int run = 0; run < RUNS; run++) {
            Client client = new Client("client-" + run, random);
            client.buyAll();
            cuts += client.cuts;
            String bought = processes.get(0).owner(client.owner).transact(ExactlyOnceTest::bought);
            assertThat(bought)
                    .as("seed=%d run=%d cuts=%d", seed, run, client.cuts)
                    .isEqualTo(all);
        }
        assertThat(cuts).isGreaterThan(RUNS / 2);
    }
}
