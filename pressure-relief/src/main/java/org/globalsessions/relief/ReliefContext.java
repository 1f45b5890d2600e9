package org.globalsessions.relief;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.config.NodeKind;
import org.globalsessions.config.Schema;
import org.globalsessions.relief.extension.ReliefExtension;
import org.globalsessions.relief.extension.ReliefExtensions;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.tier.HexId;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.net.PeerAddress;
import org.globalsessions.transport.net.PipelineSecurity;
import org.globalsessions.transport.net.ReconnectPolicy;

/**
 * Settings of a relief node. Fluent, used by one thread, concluded once by {@link ReliefNode#launch}.
 */
public final class ReliefContext {
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);

    /** A sibling that has refused a node will do so again, unless a person changes something. */
    private static final Duration REFUSED_WAIT = Duration.ofMinutes(1);

    /**
     * Where a sibling is.
     *
     * @param peer     its address
     * @param policy   pauses between attempts to connect
     * @param security what protects the connection
     */
    public record SiblingAddress(PeerAddress peer, ReconnectPolicy policy, PipelineSecurity security) {}

    private final SegmentSettings segment;
    private final List<SiblingAddress> siblings = new ArrayList<>();
    private boolean aging;
    private String pathName = "";
    private String nodeId;
    private double weight = 1;
    private String hostId = "";
    private ReliefExtension extension;
    private int quota;
    private boolean concluded;

    /**
     * Settings with every default and no sibling.
     *
     * @param segment the node's own segment
     */
    public ReliefContext(SegmentSettings segment) {
        this.segment = Objects.requireNonNull(segment, "segment").role(Role.RELIEF);
    }

    /**
     * Settings as a configuration file has them.
     *
     * @param config configuration of an aging or expansion node
     * @return the settings
     * @throws org.globalsessions.config.ConfigurationException where its extension is not on the class path
     * @throws org.globalsessions.transport.tls.TlsException where its keys or certificates cannot be used
     */
    public static ReliefContext from(NodeConfig config) {
        ReliefContext context = new ReliefContext(config.cache().toSegmentSettings(Role.RELIEF))
                .pathName(config.authPath())
                .aging(config.kind() == NodeKind.RELIEF_AGING)
                .weight(config.decimal("weight"))
                .extension(ReliefExtensions.of(config));
        for (Config section : config.relaySections()) {
            Duration wait = section.getDuration("reconnect_wait");
            Duration longest = wait.compareTo(LONGEST_WAIT) > 0 ? wait : LONGEST_WAIT;
            int attempts = Math.max(0, section.getInt("max_reconnect"));
            context.sibling(new SiblingAddress(
                    PeerAddress.from(section),
                    new ReconnectPolicy(wait, longest, REFUSED_WAIT, attempts),
                    PipelineSecurity.forConnector(section)));
        }
        if (config.has("host_id")) {
            context.hostId(config.text("host_id"));
        }
        if (config.has("relief_quota")) {
            context.quota((int) config.number("relief_quota"));
        }
        return config.has("node_id") ? context.nodeId(config.text("node_id")) : context;
    }

    /**
     * Whether this is an aging node, which keeps what is handed off until it expires, or an expansion node, which takes every
     * new session and lets the oldest go. Default false: an expansion node.
     *
     * @param value true for an aging node
     * @return this
     */
    public ReliefContext aging(boolean value) {
        aging = value;
        return this;
    }

    /**
     * The path ({@code auth_path}) that is served. Default empty.
     *
     * @param value the name
     * @return this
     */
    public ReliefContext pathName(String value) {
        pathName = Objects.requireNonNull(value, "pathName");
        return this;
    }

    /**
     * Adds a sibling to connect to, trying for ever.
     *
     * @param address host name or address
     * @param port    TCP port, 1 to 65535
     * @return this
     */
    public ReliefContext sibling(String address, int port) {
        return sibling(address, port, ReconnectPolicy.DEFAULT);
    }

    /**
     * Adds a sibling to connect to, without protection.
     *
     * @param address host name or address
     * @param port    TCP port, 1 to 65535
     * @param policy  pauses between attempts to connect
     * @return this
     */
    public ReliefContext sibling(String address, int port, ReconnectPolicy policy) {
        return sibling(new SiblingAddress(PeerAddress.tcp(address, port), policy, PipelineSecurity.plain()));
    }

    /**
     * Adds a sibling to connect to.
     *
     * @param value where it is, and how to connect
     * @return this
     */
    public ReliefContext sibling(SiblingAddress value) {
        siblings.add(value);
        return this;
    }

    /**
     * The node's stable id. Default null: the identity of its segment, random and kept there.
     *
     * @param value 32 hexadecimal digits, or null
     * @return this
     */
    public ReliefContext nodeId(String value) {
        nodeId = value;
        return this;
    }

    /**
     * The node's share of sessions beside the other nodes' weights. Default 1, from 0.01 to 100 in steps of 0.01.
     *
     * @param value the weight
     * @return this
     */
    public ReliefContext weight(double value) {
        weight = value;
        return this;
    }

    /**
     * Names the machine: no two nodes of one machine keep copies of the same session. Default empty: it counts as alone on its
     * machine.
     *
     * @param value at most 64 characters from {@code !} to {@code ~}
     * @return this
     */
    public ReliefContext hostId(String value) {
        hostId = Objects.requireNonNull(value, "hostId");
        return this;
    }

    /**
     * What the application adds to the node, which closes it. Default null: nothing.
     *
     * @param value the extension, or null
     * @return this
     */
    public ReliefContext extension(ReliefExtension value) {
        extension = value;
        return this;
    }

    /**
     * Most sessions that the node keeps; beyond it those go that were unused for longest. Default 0: as many as its segment has places for.
     *
     * @param value 1 or more, or 0 for no quota
     * @return this
     */
    public ReliefContext quota(int value) {
        quota = value;
        return this;
    }

    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException where one is out of its range
     * @throws IllegalStateException    where this was called before
     */
    void conclude() {
        if (concluded) {
            throw new IllegalStateException("a context is concluded once");
        }
        if (siblings.isEmpty()) {
            throw new IllegalArgumentException("no sibling to connect to: siblings=0, limit=1 or more");
        }
        if (nodeId != null && !HexId.isId(nodeId)) {
            throw new IllegalArgumentException(
                    "node_id is no id: node_id=" + nodeId + ", limit=" + HexId.DIGITS + " hexadecimal digits");
        }
        if (weightInHundredths() < 1 || weightInHundredths() > FrameCodec.MAX_WEIGHT) {
            throw new IllegalArgumentException("weight out of range: weight=" + weight + ", limit=0.01..100");
        }
        if (!Schema.isHostId(hostId) && !hostId.isEmpty()) {
            throw new IllegalArgumentException(
                    "host_id out of range: host_id=" + hostId + ", limit=1..64 characters from ! to ~");
        }
        if (quota < 0) {
            throw new IllegalArgumentException(
                    "relief_quota out of range: relief_quota=" + quota + ", limit=0 or more");
        }
        concluded = true;
    }

    SegmentSettings segment() {
        return segment;
    }

    List<SiblingAddress> siblings() {
        return List.copyOf(siblings);
    }

    boolean isAging() {
        return aging;
    }

    String pathName() {
        return pathName;
    }

    long weightInHundredths() {
        return Math.round(weight * 100);
    }

    /** The application's, or null. */
    ReliefExtension extension() {
        return extension;
    }

    /** 0 where there is none. */
    int quota() {
        return quota;
    }

    String hostId() {
        return hostId;
    }

    /** The configured id's upper half, or the segment's. */
    long nodeIdHigh(long identityHigh) {
        return nodeId == null ? identityHigh : HexId.high(nodeId);
    }

    /** The configured id's lower half, or the segment's. */
    long nodeIdLow(long identityLow) {
        return nodeId == null ? identityLow : HexId.low(nodeId);
    }
}
