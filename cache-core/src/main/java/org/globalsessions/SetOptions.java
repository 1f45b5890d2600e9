package org.globalsessions;

import java.time.Duration;
import java.util.Objects;

/**
 * How a value is to be stored. Immutable: each method returns new options, so one instance may be kept and shared.
 *
 * <pre>{@code cache.set(key, value, SetOptions.DEFAULTS.ttl(Duration.ofMinutes(30)).acknowledgement(Acknowledgement.RELAY))}</pre>
 */
public final class SetOptions {
    /** The segment's own lifetime, {@link Acknowledgement#LOCAL}, no condition. */
    public static final SetOptions DEFAULTS = new SetOptions(Duration.ZERO, Acknowledgement.LOCAL, null);

    /** Longest lifetime: what 31 bits of ticks of 10 ms hold, rounded down. */
    static final Duration MAX_TTL = Duration.ofDays(240);

    private static final long TICK_MS = 10;

    private final Duration ttl;
    private final Acknowledgement acknowledgement;
    private final Version expectedVersion;

    private SetOptions(Duration ttl, Acknowledgement acknowledgement, Version expectedVersion) {
        this.ttl = ttl;
        this.acknowledgement = acknowledgement;
        this.expectedVersion = expectedVersion;
    }

    /**
     * Limits the session's lifetime, counted from this write.
     *
     * @param value from 10 ms to 240 days, rounded up to 10 ms; zero for the lifetime that the configuration gives
     * @return options with this lifetime
     */
    public SetOptions ttl(Duration value) {
        Objects.requireNonNull(value, "ttl");
        if (value.isNegative() || value.compareTo(MAX_TTL) > 0) {
            throw new IllegalArgumentException("ttl is out of range: ttl=" + value + ", limit=" + MAX_TTL);
        }
        return new SetOptions(value, acknowledgement, expectedVersion);
    }

    /**
     * Says how far the write has to have gone before its future completes.
     *
     * @param value how far
     * @return options with this acknowledgement
     */
    public SetOptions acknowledgement(Acknowledgement value) {
        return new SetOptions(ttl, Objects.requireNonNull(value, "acknowledgement"), expectedVersion);
    }

    /**
     * Stores only over this very version; otherwise the future ends with {@link ConditionFailedException} and nothing is stored.
     *
     * <p>With {@link Acknowledgement#LOCAL} this host alone decides: the comparison is made in its segment and holds among all its
     * processes; of another host's write it knows only what has reached this host. With {@link Acknowledgement#RELAY} or
     * {@link Acknowledgement#RELIEF} the key's relay decides, so that of several hosts that save over one version exactly one succeeds; this
     * host has the value once the relay has said yes, and until then what it had. Where the relay is away, or there is none, the future
     * ends with {@link TierUnavailableException}.
     *
     * @param value a version that {@link SessionCacheManager#getVersioned} or an earlier set gave; {@link Version#NONE} where
     *              no live session may be there
     * @return options with this condition
     */
    public SetOptions expectedVersion(Version value) {
        return new SetOptions(ttl, acknowledgement, Objects.requireNonNull(value, "expectedVersion"));
    }

    Acknowledgement acknowledgement() {
        return acknowledgement;
    }

    /** The version that has to be there, or null for a plain set. */
    Version expectedVersion() {
        return expectedVersion;
    }

    /** The lifetime in ticks, rounded up so that a session never ends early; 0 for the segment's own. */
    int lifetimeTicks() {
        return (int) ((ttl.toMillis() + (ttl.toNanosPart() % 1_000_000 == 0 ? 0 : 1) + TICK_MS - 1) / TICK_MS);
    }

    @Override
    public String toString() {
        return "SetOptions[ttl=" + ttl + ", acknowledgement=" + acknowledgement + ", expectedVersion=" + expectedVersion
                + "]";
    }
}
