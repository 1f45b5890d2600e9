package org.globalsessions.client;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.function.UnaryOperator;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.Version;
import org.globalsessions.VersionedValue;

/**
 * Which gateways there are, and which of them are silent. Each has an entry in the shared table whose number it raises from time to time; all stand in
 * one list. Whose number has not changed for a time, by one's own clock, is silent: it was killed, stopped, or its host is away.
 *
 * <p>One thread.
 */
@SuppressWarnings(
        "FutureReturnValueIgnored") // what is done here alone counts, and that has happened when the future is there
final class GatewayPresence {
    private static final String LIST_KEY = "\u0001G";
    private static final String BEAT_PREFIX = "\u0001g";

    /** Beyond these nobody else is noted: of so many gateways most are long gone, and go from the list as they are found silent. */
    private static final int MOST_LISTED = 1_000;

    private final SessionCacheManager cache;
    private final long own;
    private final Duration silence;
    private final Map<Long, Heard> others = new HashMap<>();
    private long beat;

    /** Whether the relay did not acknowledge the last beat, and since when it has acknowledged all: told on any thread. */
    private volatile boolean cutOff;

    private volatile long inTouchSinceNanos;

    /** The number that another one had, since when. */
    private record Heard(long beat, long sinceNanos) {}

    GatewayPresence(SessionCacheManager cache, long own, Duration silence) {
        this.cache = cache;
        this.own = own;
        this.silence = silence;
        this.inTouchSinceNanos = System.nanoTime() - silence.toNanos();
    }

    /** Says that this one is there. */
    void beat() {
        beat++;
        byte[] number = ByteBuffer.allocate(Long.BYTES).putLong(beat).array();
        if (cache.clientChannel() == null) {
            cache.set(beatKey(own), number);
        } else {
            cache.set(beatKey(own), number, SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY))
                    .whenComplete((stored, failure) -> heardOfRelay(failure == null));
        }
        change(listed -> {
            if (listed.size() < MOST_LISTED) {
                listed.add(own);
            }
            return listed;
        });
    }

    /** While the relay is away nobody of another host is heard: their silence counts from its return. */
    private void heardOfRelay(boolean isThere) {
        if (!isThere) {
            cutOff = true;
        } else if (cutOff) {
            inTouchSinceNanos = System.nanoTime();
            cutOff = false;
        }
    }

    /** A gateway that clients name; followed from now on, if it was not known. */
    void seen(long gateway) {
        if (gateway != own) {
            others.computeIfAbsent(gateway, this::hear);
        }
    }

    /** Those that have been silent for too long. */
    Set<Long> silent() {
        read(get()).forEach(this::seen);
        Set<Long> silent = new HashSet<>();
        others.replaceAll((gateway, heard) -> {
            Heard now = hear(gateway);
            return now.beat() == heard.beat() ? heard : now;
        });
        long now = System.nanoTime();
        if (cutOff || now - inTouchSinceNanos < silence.toNanos()) {
            return silent;
        }
        others.forEach((gateway, heard) -> {
            if (now - heard.sinceNanos() >= silence.toNanos()) {
                silent.add(gateway);
            }
        });
        return silent;
    }

    /** Takes silent ones that nobody names any more from the list. */
    void forget(Set<Long> gateways) {
        change(listed -> {
            listed.removeAll(gateways);
            return listed;
        });
        for (long gateway : gateways) {
            others.remove(gateway);
            cache.delete(beatKey(gateway));
        }
    }

    private Heard hear(long gateway) {
        byte[] value = cache.getLocal(beatKey(gateway));
        long number = value == null || value.length != Long.BYTES
                ? 0
                : ByteBuffer.wrap(value).getLong();
        return new Heard(number, System.nanoTime());
    }

    /** Of several hosts that change the list at a time one may lose: it is back with its next beat. */
    private void change(UnaryOperator<Set<Long>> change) {
        VersionedValue value = get();
        Set<Long> listed = read(value);
        Set<Long> next = change.apply(new HashSet<>(listed));
        if (next.equals(listed)) {
            return;
        }
        ByteBuffer bytes = ByteBuffer.allocate(next.size() * Long.BYTES);
        next.forEach(bytes::putLong);
        Version over = value == null ? Version.NONE : value.version();
        cache.set(LIST_KEY, bytes.array(), SetOptions.DEFAULTS.expectedVersion(over))
                .exceptionally(lost -> null);
    }

    private VersionedValue get() {
        try {
            return cache.getVersioned(LIST_KEY).join();
        } catch (CompletionException e) {
            // The relay is away: with the next beat.
            return null;
        }
    }

    private static Set<Long> read(VersionedValue value) {
        Set<Long> listed = new HashSet<>();
        if (value != null) {
            ByteBuffer bytes = ByteBuffer.wrap(value.value());
            while (bytes.remaining() >= Long.BYTES) {
                listed.add(bytes.getLong());
            }
        }
        return listed;
    }

    private static String beatKey(long gateway) {
        return BEAT_PREFIX + Long.toHexString(gateway);
    }
}
