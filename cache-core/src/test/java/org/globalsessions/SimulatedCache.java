package org.globalsessions;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.SimulatedMachine;
import org.globalsessions.simulation.SimulatedProcess;
import org.globalsessions.tier.NextTier;
import org.globalsessions.tier.TierHost;

/** A whole {@link SessionCacheManager} in a simulated process: its threads are never started, what they would do is done in turns. */
public final class SimulatedCache {
    private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(200);

    private final SharedLru lru;
    private final SessionCacheManager cache;
    private final List<Publisher> publishers = new ArrayList<>();
    private Housekeeping housekeeping;

    private SimulatedCache(SharedLru lru, SimulatedProcess process, Map<String, Function<TierHost, NextTier>> relays) {
        this.lru = lru;
        cache = SessionCacheManager.open(
                lru,
                relays.entrySet().stream()
                        .map(relay -> new RelaySource(relay.getKey(), relay.getValue()))
                        .toList(),
                // A write that finds no room does not wait: nobody else has a turn before it returns.
                Duration.ZERO,
                process::executeAnyhow,
                this::neverStarted);
        process.threads(() -> SimulatedMachine.tick(lru), this::work, PAUSE_NS);
    }

    /**
     * Opens a cache.
     *
     * @param lru     its segment, opened with the relays' ids
     * @param process where it lives
     * @param relays  what makes the link to each relay, by its name
     */
    public static SimulatedCache open(
            SharedLru lru, SimulatedProcess process, Map<String, Function<TierHost, NextTier>> relays) {
        return new SimulatedCache(lru, process, relays);
    }

    private Thread neverStarted(Runnable loop) {
        if (loop instanceof Publisher publisher) {
            publishers.add(publisher);
        } else {
            housekeeping = (Housekeeping) loop;
        }
        return new Thread(loop) {
            @Override
            public void start() {
                // Its rounds are called instead.
            }
        };
    }

    private void work() {
        housekeeping.round();
        for (Publisher publisher : publishers) {
            publisher.round();
        }
    }

    /** The cache under test. */
    public SessionCacheManager cache() {
        return cache;
    }

    /** Its segment. */
    public SharedLru lru() {
        return lru;
    }
}
