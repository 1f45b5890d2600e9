package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.typesafe.config.ConfigFactory;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.status.Counter;

/**
 * An application on a host of its own, as a process without flags. Takes a command a line and answers each with a line. Keys are a prefix and
 * a number; a value names its key and the round in which it was set.
 */
final class HostProcess {
    private static final int WINDOW = 256;
    private static final int TRIES = 10;
    private static final long LIMIT_SECONDS = 120;
    private static final SetOptions TO_RELAY = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);

    private final SessionCacheManager cache;

    private HostProcess(SessionCacheManager cache) {
        this.cache = cache;
    }

    /**
     * Runs until its standard input ends.
     *
     * @param arguments folder, name of the segment, relay's address and port, el_count
     */
    public static void main(String[] arguments) throws Exception {
        String config =
                """
                message_relay { name : relay, auth_path : auths, address : "%s", port : %s, reconnect_wait : 50ms }
                lru { cache { token_path : "%s/%s", segment_dir : "%s", el_count : %s, record_size : 128 } }
                """.formatted(arguments[2], arguments[3], arguments[0], arguments[1], arguments[0], arguments[4]);
        try (SessionCacheManager cache = SessionCacheManager.open(ConfigFactory.parseString(config));
                BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, UTF_8))) {
            HostProcess host = new HostProcess(cache);
            System.out.println("ready");
            for (String line = commands.readLine(); line != null; line = commands.readLine()) {
                System.out.println(host.answer(line.split(" ", -1)));
            }
        }
    }

    private String answer(String[] words) throws Exception {
        return switch (words[0]) {
            case "connect" -> connect();
            case "publish" -> publish(words[1], number(words[2]), number(words[3]));
            case "set" -> set(words[1], number(words[2]), number(words[3]));
            case "have" -> have(words[1], number(words[2]));
            case "delete" -> delete(words[1], number(words[2]), number(words[3]));
            case "use" -> use(words[1], number(words[2]), number(words[3]));
            case "agree" -> agree(words[1], number(words[2]), words[3], number(words[4]), number(words[5]));
            case "find" -> find(words[1], number(words[2]));
            case "count" -> String.valueOf(cache.counter(Counter.valueOf(words[1])));
            default -> throw new IllegalArgumentException("unknown command: " + words[0]);
        };
    }

    private static int number(String word) {
        return Integer.parseInt(word);
    }

    private static String key(String prefix, int number) {
        return prefix + "-" + number;
    }

    private static byte[] value(String prefix, int number, int round) {
        return (key(prefix, number) + "=" + round).getBytes(UTF_8);
    }

    private static void await(BooleanSupplier condition) throws TimeoutException {
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (!condition.getAsBoolean()) {
            if (deadlineNs - System.nanoTime() < 0) {
                throw new TimeoutException();
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
        }
    }

    /** Does something for each number, with a bounded count of futures open; how many have ended well. */
    private static int all(int count, IntFunction<CompletableFuture<?>> action) throws InterruptedException {
        Semaphore window = new Semaphore(WINDOW);
        AtomicInteger well = new AtomicInteger();
        for (int i = 0; i < count; i++) {
            acquire(window, 1);
            var unused = action.apply(i).whenComplete((result, failure) -> {
                if (failure == null) {
                    well.incrementAndGet();
                }
                window.release();
            });
        }
        acquire(window, WINDOW);
        return well.get();
    }

    /** Until it is acknowledged: on a busy machine an answer may come too late. */
    private static <T> CompletableFuture<T> again(int tries, Supplier<CompletableFuture<T>> action) {
        CompletableFuture<T> first = action.get();
        return tries == 1 ? first : first.exceptionallyCompose(late -> again(tries - 1, action));
    }

    private static void acquire(Semaphore window, int permits) throws InterruptedException {
        if (!window.tryAcquire(permits, LIMIT_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("a future has not ended: limit=" + LIMIT_SECONDS + " s");
        }
    }

    private String connect() throws TimeoutException {
        await(() -> cache.get("nobody's")
                .handle((value, failure) -> failure == null)
                .join());
        return "connected";
    }

    /** Sets, acknowledged by the relay. */
    private String publish(String prefix, int count, int round) throws InterruptedException {
        return "published "
                + all(count, i -> again(TRIES, () -> cache.set(key(prefix, i), value(prefix, i, round), TO_RELAY)));
    }

    /** Sets on this host, whoever hears of it. */
    private String set(String prefix, int count, int round) {
        for (int i = 0; i < count; i++) {
            cache.set(key(prefix, i), value(prefix, i, round));
        }
        return "set " + count;
    }

    /** Waits until all of them are on this host. */
    private String have(String prefix, int count) throws TimeoutException {
        for (int i = 0; i < count; i++) {
            String key = key(prefix, i);
            await(() -> cache.getLocal(key) != null);
        }
        return "has " + count;
    }

    /** Deletes, acknowledged by the relay, spread over a time. */
    private String delete(String prefix, int count, int millis) throws InterruptedException {
        long beganNs = System.nanoTime();
        long pauseNs = TimeUnit.MILLISECONDS.toNanos(millis) / count;
        return "deleted "
                + all(count, i -> {
                    long earlyNs = beganNs + i * pauseNs - System.nanoTime();
                    if (earlyNs > 0) {
                        LockSupport.parkNanos(earlyNs);
                    }
                    return again(TRIES, () -> cache.delete(key(prefix, i), Acknowledgement.RELAY));
                });
    }

    /** Overwrites a third of them, touches another and gets the last, again and again for a time, each once at least. */
    private String use(String prefix, int count, int millis) {
        long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        int[] used = new int[3];
        for (int round = 1; round == 1 || endNs - System.nanoTime() > 0; round++) {
            Arrays.fill(used, 0);
            for (int i = 0; i < count; i++) {
                if (useOnce(prefix, i, round)) {
                    used[i % 3]++;
                }
                if (i % 64 == 0) {
                    // Others have to have the processor, too.
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
                }
            }
        }
        return "overwritten " + used[0] + " touched " + used[1] + " got " + used[2];
    }

    private boolean useOnce(String prefix, int number, int round) {
        String key = key(prefix, number);
        return switch (number % 3) {
            case 0 -> {
                cache.set(key, value(prefix, number, round));
                yield true;
            }
            case 1 -> cache.touch(key).join();
            default -> cache.get(key).join() != null;
        };
    }

    /** Waits until this host serves none of the deleted ones and all others as they were set in a round. */
    private String agree(String deleted, int deletedCount, String kept, int keptCount, int round)
            throws TimeoutException {
        for (int i = 0; i < deletedCount; i++) {
            String key = key(deleted, i);
            await(() -> cache.getLocal(key) == null);
        }
        for (int i = 0; i < keptCount; i++) {
            String key = key(kept, i);
            byte[] value = value(kept, i, round);
            await(() -> cache.get(key)
                    .handle((found, failure) -> Arrays.equals(found, value))
                    .join());
        }
        return "agreed";
    }

    /** Asks for each, here and at the tiers behind. */
    private String find(String prefix, int count) throws InterruptedException {
        AtomicInteger found = new AtomicInteger();
        int answered =
                all(count, i -> cache.get(key(prefix, i)).thenAccept(value -> found.addAndGet(value == null ? 0 : 1)));
        return "found " + found + " of " + answered;
    }
}
