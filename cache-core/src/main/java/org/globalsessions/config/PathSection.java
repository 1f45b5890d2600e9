package org.globalsessions.config;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.List;

/** One of a relay's paths: a validated entry of {@code path_types} with every default filled in. Immutable. */
public final class PathSection {
    private final String name;
    private final Config section;
    private final Config top;
    private final CacheSection cache;

    PathSection(String name, Config section, Config top, CacheSection cache) {
        this.name = name;
        this.section = section;
        this.top = top;
        this.cache = cache;
    }

    /**
     * Name of the path.
     *
     * @return the name, not empty
     */
    public String name() {
        return name;
    }

    /**
     * The relay's segment of this path.
     *
     * @return the section
     */
    public CacheSection cache() {
        return cache;
    }

    /**
     * The command that starts the sibling.
     *
     * @return command and arguments, empty where the relay starts none on this path
     */
    public List<String> siblingCommand() {
        return isSiblingExternal() || !section.hasPath("relay.proc_name")
                ? List.of()
                : List.copyOf(section.getStringList("relay.proc_name"));
    }

    /**
     * Whether somebody else starts the sibling.
     *
     * @return true if so
     */
    public boolean isSiblingExternal() {
        return section.hasPath("relay.sibling")
                && section.getString("relay.sibling").equals("external");
    }

    /**
     * Rules that say who may do what.
     *
     * @return validated sections, each with {@code may} and with something that a peer has to meet; empty where whoever is let in
     *         may do everything
     */
    public List<Config> accessSections() {
        return section.hasPath("rights") ? NodeConfig.sections(section, "rights") : List.of();
    }

    /**
     * What other hosts are told of a session stored: the path's own setting, else the relay's.
     *
     * @return full, invalidate or off
     */
    public String announce() {
        return with("announce").getString("announce");
    }

    /**
     * Largest size of the spill file: the path's own setting, else the relay's.
     *
     * @return bytes, 0 for none
     */
    public long spillLimit() {
        return with("spill_limit").getLong("spill_limit");
    }

    /**
     * How long a host that is cut off serves what it cannot confirm: the relay's setting, for all its paths.
     *
     * @return zero for no limit
     */
    public Duration maxStale() {
        return top.getString("max_stale").equals("off") ? Duration.ZERO : top.getDuration("max_stale");
    }

    /**
     * How far a host's clock may be ahead of the relay's: the relay's setting, for all its paths.
     *
     * @return 1 second to 1 day
     */
    public Duration maxClockSkew() {
        return top.getDuration("max_clock_skew");
    }

    /**
     * How many remote clients of each path a relay knows: its setting, for all its paths.
     *
     * @return 1 or more
     */
    public int maxIndexedClients() {
        return top.getInt("max_indexed_clients");
    }

    private Config with(String key) {
        return section.hasPath(key) ? section : top;
    }
}
