package org.globalsessions.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.queue.Begun;
import org.globalsessions.queue.OwnerDirectory;
import org.globalsessions.queue.QueueSettings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * P10: a client buys a list of items over a gateway and a relay, and is cut off, or client, application or relay is killed at any moment, and begins again: each item is bought
 * exactly once. Judged by what another host reads of the owner, as the relay decides.
 */
class PurchaseKillsTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int ITEMS = 5;

    /** More where a kill from outside has to meet a purchase. */
    private static final int ITEMS_FOR_A_KILL = 40;

    private static final int STEPS_A_CUT = 6;
    private static final int LONG_PARTS = 10;

    @TempDir
    Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);
    private TestProcess relay;
    private TestProcess shop;
    private TestProcess client;
    private int relayPort;
    private int shopPort;
    private OwnerDirectory oracle;
    private int purchases;
    private long cuts;

    private TestProcess start(Class<?> main, String... arguments) throws IOException {
        return opened.keep(new TestProcess(main, folder.resolve(main.getSimpleName() + ".log"), arguments));
    }

    private void startRelay() throws IOException {
        relay = start(RelayProcess.class, folder.resolve("relay.segment").toString(), "20000", "" + relayPort);
        relayPort = RelayProcess.port(relay.readLine());
    }

    private void startShop() throws IOException {
        shop = start(ShopProcess.class, folder.toString(), "" + relayPort, "" + shopPort);
        String port = shop.readLine();
        assertThat(port).as("the shop's port").isNotNull();
        shopPort = Integer.parseInt(port);
    }

    private void startClient() throws IOException {
        client = start(BuyerProcess.class, "" + shopPort, "" + random.nextLong());
        assertThat(client.readLine()).isEqualTo("ready");
    }

    @BeforeEach
    void open() throws Exception {
        startRelay();
        startShop();
        startClient();
        SessionCacheManager cache = opened.keep(ShopProcess.open(folder, "oracle", relayPort));
        oracle = opened.keep(new OwnerDirectory(cache, QueueSettings.DEFAULTS));
    }

    @AfterEach
    void tell() {
        System.out.println("purchases: seed=" + seed + " purchases=" + purchases + " cuts=" + cuts);
    }

    private String tellClientToBuy(int items, int stepsACut) throws IOException {
        String owner = "owner-" + purchases;
        client.writeLine(owner + " " + items + " " + stepsACut);
        return owner;
    }

    /** Waits for the client's word that it has bought all, and looks whether it has. */
    private void checkBought(String owner, int items) throws Exception {
        CompletableFuture<String> told = CompletableFuture.supplyAsync(() -> {
            try {
                return client.readLine();
            } catch (IOException e) {
                return e.toString();
            }
        });
        String[] words = told.get(LIMIT.toSeconds(), TimeUnit.SECONDS).split(" ", -1);
        assertThat(words[0]).as("seed=%d purchase=%d", seed, purchases).isEqualTo(owner);
        cuts += Long.parseLong(words[1]);
        String[] bought = new String[1];
        Begun begun = read(owner, bought);
        String all =
                String.join("", IntStream.range(0, items).mapToObj(i -> i + ";").toList());
        assertThat(bought[0])
                .as("seed=%d purchase=%d cuts=%s", seed, purchases, words[1])
                .isEqualTo(all);
        assertThat(begun.memento()).isEqualTo(String.valueOf(items));
        purchases++;
    }

    /** What was bought, in a transaction that changes something: so that the relay decides. */
    private Begun read(String owner, String[] bought) throws Exception {
        long deadlineNs = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            CompletableFuture<Begun> begun = oracle.owner(owner).transactAsync(t -> {
                bought[0] = ShopProcess.bought(t);
                return t.begin(ShopProcess.CART);
            });
            Throwable failure = begun.handle((value, error) -> error).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            if (failure == null) {
                return begun.join();
            }
            // The relay has just been started, and this host is not connected again.
            assertThat(System.nanoTime()).as("%s", failure).isLessThan(deadlineNs);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }

    private void buyWithCuts(int count) throws Exception {
        for (int i = 0; i < count; i++) {
            checkBought(tellClientToBuy(ITEMS, STEPS_A_CUT), ITEMS);
        }
    }

    /** Each kill at a moment of the time that the purchase before has taken, of each of the three in turn. Returns how many met a purchase that was under way. */
    private int buyWithKills(int kills) throws Exception {
        int met = 0;
        for (int kill = 0; kill < kills; kill++) {
            // How long one takes changes as the processes warm up.
            long beganNs = System.nanoTime();
            checkBought(tellClientToBuy(ITEMS_FOR_A_KILL, 0), ITEMS_FOR_A_KILL);
            long usualNs = System.nanoTime() - beganNs;
            long cutsBefore = cuts;
            String owner = tellClientToBuy(ITEMS_FOR_A_KILL, 0);
            LockSupport.parkNanos((long) (usualNs * random.nextDouble()));
            switch (kill % 3) {
                case 0 -> {
                    met += client.hasSaidMore() ? 0 : 1;
                    client.kill();
                    startClient();
                    tellClientToBuy(ITEMS_FOR_A_KILL, 0);
                }
                case 1 -> {
                    shop.kill();
                    startShop();
                }
                default -> {
                    relay.kill();
                    startRelay();
                }
            }
            checkBought(owner, ITEMS_FOR_A_KILL);
            met += cuts > cutsBefore ? 1 : 0;
        }
        return met;
    }

    @Test
    @Tag("slow")
    void shouldBuyEachItemOnceWhenTheConnectionIsCutAtAnyStep() throws Exception {
        buyWithCuts(950);
        assertThat(cuts).isGreaterThan(500);
    }

    @Test
    @Tag("slow")
    void shouldBuyEachItemOnceWhenClientApplicationOrRelayIsKilledAtAnyMoment() throws Exception {
        int kills = 50;
        int met = buyWithKills(kills);
        System.out.println("purchases: kills=" + kills + " of which met a purchase " + met);
        assertThat(met).isGreaterThan(kills / 4);
    }

    private static int[] longParts() {
        Integer only = Integer.getInteger("globalsessions.part");
        return only != null
                ? new int[] {only}
                : IntStream.rangeClosed(1, LONG_PARTS).toArray();
    }

    @ParameterizedTest
    @MethodSource("longParts")
    @Tag("long")
    void shouldBuyEachItemOnceInTheLongRun(int part) throws Exception {
        int kills = 200;
        int met = buyWithKills(kills);
        buyWithCuts(1_800);
        System.out.println("long run: part=" + part + " seed=" + seed + " purchases=" + purchases + " kills=" + kills
                + " of which met a purchase " + met + " cuts=" + cuts);
    }
}
