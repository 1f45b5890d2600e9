package org.globalsessions.cli;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;

/**
 * One thread of {@code load}: one operation after the other until a deadline, each timed. What it has found may be read once it has ended
 * ({@link #join}).
 *
 * <p>The next operation begins when the one before has ended. So a pause of the machine counts once for each thread, and not for all operations that
 * would have begun meanwhile.
 */
final class LoadWorker extends Thread {
    /**
     * What all threads do.
     *
     * @param sessions  different sessions, drawn uniformly
     * @param valueSize bytes of a value
     * @param readRatio gets among all operations
     * @param options   of the sets
     */
    record Mix(int sessions, int valueSize, double readRatio, SetOptions options) {}

    /** A tier ends every future within its own time-out; this only guards against one that does not. */
    private static final long ANSWER_LIMIT_S = 30;

    private static final long HIGHEST_NS = TimeUnit.MINUTES.toNanos(1);

    private final SessionCacheManager cache;
    private final SessionSource source;
    private final Mix mix;
    private final long endNs;
    private final SplittableRandom random;

    private final Histogram gets = newHistogram();
    private final Histogram sets = newHistogram();
    private long misses;
    private long errors;
    private long wrong;
    private String firstError;

    LoadWorker(SessionCacheManager cache, SessionSource source, Mix mix, long endNs, long seed) {
        super("global-sessions-load");
        this.cache = cache;
        this.source = source;
        this.mix = mix;
        this.endNs = endNs;
        this.random = new SplittableRandom(seed);
        setDaemon(true);
    }

    static Histogram newHistogram() {
        return new Histogram(HIGHEST_NS, 3);
    }

    @Override
    public void run() {
        while (endNs - System.nanoTime() > 0 && !isInterrupted()) {
            String key = source.key(random.nextInt(mix.sessions));
            byte[] value = source.value(key, mix.valueSize);
            boolean read = random.nextDouble() < mix.readRatio;
            long startedNs = System.nanoTime();
            try {
                if (read) {
                    judge(cache.get(key).get(ANSWER_LIMIT_S, TimeUnit.SECONDS), value);
                } else {
                    cache.set(key, value, mix.options).get(ANSWER_LIMIT_S, TimeUnit.SECONDS);
                }
            } catch (InterruptedException e) {
                return;
            } catch (ExecutionException e) {
                failed(e.getCause());
            } catch (Exception e) {
                failed(e);
            }
            Histogram times = read ? gets : sets;
            times.recordValue(Math.min(HIGHEST_NS, System.nanoTime() - startedNs));
        }
    }

    private void judge(byte[] found, byte[] stored) {
        if (found == null) {
            misses++;
        } else if (!Arrays.equals(found, stored)) {
            wrong++;
        }
    }

    private void failed(Throwable cause) {
        errors++;
        if (firstError == null) {
            firstError = cause.getClass().getSimpleName() + ": " + cause.getMessage();
        }
    }

    /** Times of gets in ns, those that ended with an error too. */
    Histogram gets() {
        return gets;
    }

    /** Times of sets in ns, those that ended with an error too. */
    Histogram sets() {
        return sets;
    }

    /** Gets that every tier has answered with nothing. */
    long misses() {
        return misses;
    }

    /** Operations that ended exceptionally. */
    long errors() {
        return errors;
    }

    /** Gets that returned other bytes than were stored. */
    long wrong() {
        return wrong;
    }

    /** The first error, or null. */
    String firstError() {
        return firstError;
    }
}
