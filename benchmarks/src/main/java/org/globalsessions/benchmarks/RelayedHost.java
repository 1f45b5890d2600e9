package org.globalsessions.benchmarks;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.TierUnavailableException;

/** A host of a {@link NodeServer} that is a relay. Static, no state. */
final class RelayedHost {
    private static final long LOOK_AGAIN_NS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long CONNECT_LIMIT_NS = TimeUnit.SECONDS.toNanos(20);

    private RelayedHost() {}

    /**
     * Opens its cache and waits until it is connected.
     *
     * @param folder  for its segment
     * @param name    of its segment
     * @param port    the relay's
     * @param entries entries that have to fit
     */
    static SessionCacheManager open(String folder, String name, int port, int entries) throws IOException {
        SessionCacheManager cache = SessionCacheManager.open(ConfigFactory.parseMap(Map.of(
                "lru.cache.token_path",
                folder + "/" + name,
                "lru.cache.segment_dir",
                folder,
                "lru.cache.el_count",
                entries,
                "message_relay.auth_path",
                NodeServer.PATH_NAME,
                "message_relay.port",
                port)));
        try {
            awaitRelay(cache);
            return cache;
        } catch (RuntimeException e) {
            cache.close();
            throw e;
        }
    }

    private static void awaitRelay(SessionCacheManager cache) {
        long begunNs = System.nanoTime();
        while (true) {
            try {
                cache.set("first", new byte[1], SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY))
                        .join();
                return;
            } catch (RuntimeException e) {
                if (!(e.getCause() instanceof TierUnavailableException)
                        || System.nanoTime() - begunNs > CONNECT_LIMIT_NS) {
                    throw e;
                }
                LockSupport.parkNanos(LOOK_AGAIN_NS);
            }
        }
    }
}
