package org.globalsessions.tier;

import org.globalsessions.Version;

/**
 * A session as it travels between tiers: key, value, version, life, and times as ages, never as wall-clock times.
 *
 * <p>Immutable by convention: neither side changes the arrays after handing the entry over. Its text names no key and no
 * value.
 *
 * @param key            the key's bytes, UTF-8 of the application's string, 1 byte or more
 * @param value          the value's bytes, may be empty
 * @param version        the version of this write
 * @param life           clock of the version that began this life
 * @param beginsLife     whether the relay has not yet confirmed this life
 * @param idleTicks      ticks of 10 ms since the last use that the sender knows, 0 or more
 * @param idleLimitTicks idle time-out in ticks, 0 for none
 * @param lifetimeTicks  remaining lifetime in ticks, 0 for no limit
 */
public record SessionEntry(
        byte[] key,
        byte[] value,
        Version version,
        long life,
        boolean beginsLife,
        int idleTicks,
        int idleLimitTicks,
        int lifetimeTicks) {
    /**
     * Whether the sender knows of no use within the idle time-out.
     *
     * @return true if so; another host may have used it since
     */
    public boolean isIdle() {
        return idleLimitTicks > 0 && idleTicks >= idleLimitTicks;
    }

    /**
     * Whether nothing is left of its lifetime, or as good as nothing: it makes older versions void, and nobody is given it.
     *
     * @return true if so
     */
    public boolean hasEnded() {
        return hasEnded(lifetimeTicks);
    }

    /**
     * The same by what is left of a lifetime.
     *
     * @param lifetimeTicks ticks left, 0 for no lifetime
     * @return true if so
     */
    public static boolean hasEnded(int lifetimeTicks) {
        return lifetimeTicks == 1;
    }

    /**
     * The same, used at this moment.
     *
     * @return a copy that shares key and value
     */
    public SessionEntry usedNow() {
        return new SessionEntry(key, value, version, life, beginsLife, 0, idleLimitTicks, lifetimeTicks);
    }

    /**
     * The same after some time in which nobody used it.
     *
     * @param ticks how long, 0 or more
     * @return a copy that shares key and value; one whose lifetime is over by then has {@linkplain #hasEnded() ended}
     */
    public SessionEntry agedBy(long ticks) {
        int passed = (int) Math.min(Integer.MAX_VALUE, ticks);
        int lifetime = lifetimeTicks == 0 ? 0 : Math.max(1, lifetimeTicks - passed);
        int idle = (int) Math.min(Integer.MAX_VALUE, (long) idleTicks + passed);
        return new SessionEntry(key, value, version, life, beginsLife, idle, idleLimitTicks, lifetime);
    }

    @Override
    public String toString() {
        return "SessionEntry[valueBytes=" + value.length + ", version=" + version + ", life=" + life + "]";
    }
}
