package org.globalsessions.sibling;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.Ticks;
import org.globalsessions.transport.net.LinkSettings;
import org.globalsessions.transport.net.PipelineSecurity;

/**
 * Settings of a sibling endpoint. Fluent, used by one thread, concluded once by {@link SiblingEndpoint#launch}.
 */
public final class SiblingContext {
    /** Most owners of a key among the nodes of a kind. */
    static final int MAX_REPLICAS = 8;

    private static final int MAX_REFILL_RATE = 10_000_000;

    private final SegmentSettings segment;
    private String pathName = "";
    private String address = "localhost";
    private int port;
    private Path unixSocket;
    private PipelineSecurity security = PipelineSecurity.plain();
    private LinkSettings links = LinkSettings.DEFAULTS;
    private int agingReplicas = 1;
    private int expansionReplicas = 1;
    /** Below the relay's 1.5 s and a host's 2 s: an outer tier that gives up first would throw late answers away. */
    private Duration requestTimeout = Duration.ofSeconds(1);

    private int refillRate = 10_000;
    private Duration leaveAfter = Duration.ofMinutes(5);
    private Duration antiEntropyInterval = Duration.ZERO;
    private Duration driverTimeout = Duration.ofSeconds(10);
    private String aeronDir;
    private boolean stopWithParent;
    private boolean concluded;

    /**
     * Settings with every default.
     *
     * @param segment the relay's segment: geometry, seed and path as the relay has them. The sibling attaches and never
     *                creates it, whatever they say
     */
    public SiblingContext(SegmentSettings segment) {
        this.segment =
                Objects.requireNonNull(segment, "segment").initializer(false).role(Role.RELAY);
    }

    /**
     * Settings as a configuration file has them.
     *
     * @param config configuration of a sibling
     * @return the settings
     * @throws org.globalsessions.transport.tls.TlsException where its keys or certificates cannot be used
     */
    public static SiblingContext from(NodeConfig config) {
        SiblingContext context = new SiblingContext(config.cache().toSegmentSettings(Role.RELAY))
                .pathName(config.authPath())
                .address(config.address())
                .port(config.port())
                .unixSocket(config.unixSocket())
                .security(PipelineSecurity.forListener(config))
                .replicas((int) config.number("replicas"))
                .refillRate((int) config.number("refill_rate"))
                .leaveAfter(config.duration("leave_after"))
                .antiEntropyInterval(
                        config.text("anti_entropy_interval").equals("off")
                                ? Duration.ZERO
                                : config.duration("anti_entropy_interval"))
                .stopWithParent(config.cache().stopChild());
        if (config.has("aging_replicas")) {
            context.agingReplicas((int) config.number("aging_replicas"));
        }
        if (config.has("expansion_replicas")) {
            context.expansionReplicas((int) config.number("expansion_replicas"));
        }
        return config.has("aeron_dir") ? context.aeronDir(config.text("aeron_dir")) : context;
    }

    /**
     * The path ({@code auth_path}) that is served: relief nodes of another one are refused. Default empty.
     *
     * @param value the name
     * @return this
     */
    public SiblingContext pathName(String value) {
        pathName = Objects.requireNonNull(value, "pathName");
        return this;
    }

    /**
     * Host name or address to listen on for relief nodes. Default {@code localhost}.
     *
     * @param value name or address
     * @return this
     */
    public SiblingContext address(String value) {
        address = Objects.requireNonNull(value, "address");
        return this;
    }

    /**
     * TCP port to listen on for relief nodes. Default 0: a free one.
     *
     * @param value 0 to 65535
     * @return this
     */
    public SiblingContext port(int value) {
        port = value;
        return this;
    }

    /**
     * Sets the Unix socket to listen on besides. Default none.
     *
     * @param value its file, or null
     * @return this
     */
    public SiblingContext unixSocket(Path value) {
        unixSocket = value;
        return this;
    }

    /**
     * What protects connections of relief nodes. Default none.
     *
     * @param value TLS with its keys, or none
     * @return this
     */
    public SiblingContext security(PipelineSecurity value) {
        security = Objects.requireNonNull(value, "security");
        return this;
    }

    /**
     * Limits and time-outs of connections of relief nodes. Default {@link LinkSettings#DEFAULTS}.
     *
     * @param value the limits
     * @return this
     */
    public SiblingContext links(LinkSettings value) {
        links = Objects.requireNonNull(value, "links");
        return this;
    }

    /**
     * How many relief nodes of each kind own a key. Default 1, from 1 to 8.
     *
     * @param value count
     * @return this
     */
    public SiblingContext replicas(int value) {
        return agingReplicas(value).expansionReplicas(value);
    }

    /**
     * How many aging nodes own a key. Default 1, from 1 to 8.
     *
     * @param value count
     * @return this
     */
    public SiblingContext agingReplicas(int value) {
        agingReplicas = value;
        return this;
    }

    /**
     * How many expansion nodes own a key. Default 1, from 1 to 8.
     *
     * @param value count
     * @return this
     */
    public SiblingContext expansionReplicas(int value) {
        expansionReplicas = value;
        return this;
    }

    /**
     * How long relief nodes have for their answers. Default 2 s, from 1 ms.
     *
     * @param value the time
     * @return this
     */
    public SiblingContext requestTimeout(Duration value) {
        requestTimeout = Objects.requireNonNull(value, "requestTimeout");
        return this;
    }

    /**
     * How many entries a second are at most compared between relief nodes, and copied where one lacks them. Default 10,000, from 1 to 10,000,000.
     *
     * @param value entries a second
     * @return this
     */
    public SiblingContext refillRate(int value) {
        refillRate = value;
        return this;
    }

    /**
     * How long a relief node is away before others are given the copies that it had. Default 5 min.
     *
     * @param value the time
     * @return this
     */
    public SiblingContext leaveAfter(Duration value) {
        leaveAfter = Objects.requireNonNull(value, "leaveAfter");
        return this;
    }

    /**
     * How long to wait before relief nodes are compared again as a whole, where a key has several owners. Default 0, for never. To be
     * longer than tombstones stay, which is 5 min.
     *
     * @param value the time
     * @return this
     */
    public SiblingContext antiEntropyInterval(Duration value) {
        antiEntropyInterval = Objects.requireNonNull(value, "antiEntropyInterval");
        return this;
    }

    /**
     * After how long without a sign of life a media driver counts as gone. Default 10 s, as Aeron has it; from 1 s.
     *
     * @param value the time
     * @return this
     */
    public SiblingContext driverTimeout(Duration value) {
        driverTimeout = Objects.requireNonNull(value, "driverTimeout");
        return this;
    }

    /**
     * Folder of the media driver. Default null: the one that the relay has noted in its segment.
     *
     * @param value folder, or null
     * @return this
     */
    public SiblingContext aeronDir(String value) {
        aeronDir = value;
        return this;
    }

    /**
     * Whether to close when standard input ends, if it is a pipe: so a sibling does not outlive the relay that started it.
     * Default false.
     *
     * @param value true to close then
     * @return this
     */
    public SiblingContext stopWithParent(boolean value) {
        stopWithParent = value;
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
        inRange("port", port, 0, 65_535);
        inRange("aging replicas", agingReplicas, 1, MAX_REPLICAS);
        inRange("expansion replicas", expansionReplicas, 1, MAX_REPLICAS);
        inRange("refillRate", refillRate, 1, MAX_REFILL_RATE);
        inRange("leaveAfter in ms", leaveAfter.toMillis(), 0, Ticks.MAX.toMillis());
        inRange("antiEntropyInterval in ms", antiEntropyInterval.toMillis(), 0, Ticks.MAX.toMillis());
        inRange("requestTimeout in ms", requestTimeout.toMillis(), 1, 600_000);
        inRange("driverTimeout in ms", driverTimeout.toMillis(), 1000, 600_000);
        concluded = true;
    }

    private static void inRange(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    name + " out of range: value=" + value + ", limit=" + least + ".." + most);
        }
    }

    SegmentSettings segment() {
        return segment;
    }

    String pathName() {
        return pathName;
    }

    String address() {
        return address;
    }

    int port() {
        return port;
    }

    Path unixSocket() {
        return unixSocket;
    }

    LinkSettings links() {
        return links;
    }

    PipelineSecurity security() {
        return security;
    }

    Replicas replicas() {
        return new Replicas(agingReplicas, expansionReplicas);
    }

    Duration requestTimeout() {
        return requestTimeout;
    }

    int refillRate() {
        return refillRate;
    }

    Duration leaveAfter() {
        return leaveAfter;
    }

    Duration antiEntropyInterval() {
        return antiEntropyInterval;
    }

    Duration driverTimeout() {
        return driverTimeout;
    }

    String aeronDir() {
        return aeronDir;
    }

    boolean stopWithParent() {
        return stopWithParent;
    }
}
