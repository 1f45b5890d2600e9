package org.globalsessions.config;

import static org.globalsessions.config.NodeKind.CLIENT;
import static org.globalsessions.config.NodeKind.RELAY;
import static org.globalsessions.config.NodeKind.RELIEF_AGING;
import static org.globalsessions.config.NodeKind.RELIEF_EXPANSION;
import static org.globalsessions.config.NodeKind.SIBLING;

import java.util.regex.Pattern;
import org.globalsessions.segment.SegmentSettings;

/**
 * Every key that a configuration file may have: the one place that says type, unit, default, range and meaning.
 *
 * <p>Reading, {@code check}, the samples' test and the documents go by this table; a key that is not here is refused.
 */
public final class Schema {
    /** Longest path of a Unix socket, in bytes: the address has 108, of which the JDK keeps two. */
    public static final int UNIX_SOCKET_PATH_BYTES = 106;

    /** Most connections that a relay may be allowed to have. */
    public static final int MAX_CONNECTIONS = 1_000_000;

    /** Most remote clients that a relay may be set to know. */
    public static final int MAX_INDEXED_CLIENTS = 16_000_000;

    /** Largest message that a gateway may be allowed to take from a client, in bytes. */
    public static final int MAX_CLIENT_MESSAGE = 1 << 20;

    /** Longest shared secret, in bytes. */
    static final int SECRET_BYTES = 255;

    private static final long DAY_MS = 86_400_000L;
    private static final long MINUTE_MS = 60_000L;
    private static final int MAX_REFILL_RATE = 10_000_000;

    /** Also what the list of relief nodes may have in a line, so no blanks. */
    private static final Pattern HOST_ID = Pattern.compile("[!-~]{1,64}");

    /** Keys of a {@code tls} section. */
    static final SectionSpec TLS = new SectionSpec(
            key("server_key", KeyType.PATH, "Private key of the listening side, PEM, mode 0600 or 0400."),
            key(
                    "server_cert",
                    KeyType.PATH,
                    "Certificate of the listening side, PEM; at a client, what it trusts servers by."),
            key("client_key", KeyType.PATH, "Private key of the connecting side, PEM, mode 0600 or 0400."),
            key(
                    "client_cert",
                    KeyType.PATH,
                    "Certificate of the connecting side, PEM; at a server, what it trusts clients by."),
            key("key_password", KeyType.TEXT, "Password of this side's key where that is encrypted.")
                    .secret(),
            key(
                    "key_password_file",
                    KeyType.PATH,
                    "File of mode 0600 or 0400 whose first line is that password, in place of key_password."),
            key("provider", KeyType.CHOICE, "Which implementation of TLS is used.")
                    .choices("bcjsse", "jdk", "bcfips")
                    .byDefault("bcjsse"));

    /** Keys of an {@code eviction_schedule} section. */
    static final SectionSpec EVICTION_SCHEDULE = new SectionSpec(
            key("interval", KeyType.DURATION, "Time between two eviction runs.")
                    .unit("ms")
                    .range(1, 240 * DAY_MS)
                    .byDefault("1m"),
            key("time_shift", KeyType.DURATION, "How far the runs are shifted within the interval.")
                    .unit("ms")
                    .range(0, 240 * DAY_MS)
                    .byDefault("0"),
            key("max_evicts", KeyType.INTEGER, "Most sessions that one of these runs takes.")
                    .range(1, 16_000_000)
                    .byDefault("20"));

    /** Keys of a {@code cache} section. */
    static final SectionSpec CACHE = new SectionSpec(
            key(
                    "token_path",
                    KeyType.PATH,
                    "Names the segment: processes that name the same path share one table. By default the kind and the"
                            + " file's own path; needed in a sibling's file."),
            key(
                    "segment_dir",
                    KeyType.PATH,
                    "Folder of the segment's file. By default /dev/shm if the segment is there or has room there, else the temp"
                            + " folder."),
            key(
                            "am_initializer",
                            KeyType.FLAG,
                            "Whether to create the segment where it is absent; false only attaches.")
                    .byDefault("true"),
            key("seed", KeyType.INTEGER, "Seed of the choice of buckets; equal for all processes of a segment.")
                    .byDefault("0"),
            key(
                            "record_size",
                            KeyType.SIZE,
                            "Bytes of a whole record: 52 of header, then key and value. Rounded up to 64.")
                    .unit("bytes")
                    .range(128, 65_536)
                    .byDefault("384"),
            key("el_count", KeyType.INTEGER, "Live sessions held before the first eviction.")
                    .unit("sessions")
                    .range(1, 16_000_000)
                    .byDefault("20000"),
            key("max_value_size", KeyType.SIZE, "Largest value. What does not fit a record lies in the overflow area.")
                    .unit("bytes")
                    .range(1, SegmentSettings.MAX_VALUE_SIZE)
                    .byDefault("64KiB"),
            key(
                            "sessions_length",
                            KeyType.DURATION,
                            "Lifetime of a session from the write that set it; 0 for no limit.")
                    .unit("ms")
                    .range(0, 240 * DAY_MS)
                    .byDefault("0"),
            key("idle_timeout", KeyType.DURATION, "A session unused for longer expires; 0 for no limit.")
                    .unit("ms")
                    .range(0, 192 * DAY_MS)
                    .byDefault("0"),
            key(
                            "untouched_aging",
                            KeyType.INTEGER,
                            "How many times faster a session ages that was never read after it was set.")
                    .range(1, 4)
                    .byDefault("2"),
            key(
                            "overflow_share",
                            KeyType.DECIMAL,
                            "Share of the segment that holds values larger than a record, in pages of 4 KiB; 0: a value has to fit its"
                                    + " record.")
                    .decimals(0, 0.9)
                    .byDefault("0.1"),
            key(
                            "lock_wait",
                            KeyType.DURATION,
                            "How long a writer waits for another one of the same bucket before it goes past it.")
                    .unit("ms")
                    .range(1, 1000)
                    .byDefault("1ms"),
            key(
                            "unpublished_wait",
                            KeyType.DURATION,
                            "How long a set into a segment full of unpublished entries waits without an acknowledgement; ten times"
                                    + " that in all.")
                    .unit("ms")
                    .range(0, 60_000)
                    .byDefault("50ms"),
            key(
                            "attach_timeout",
                            KeyType.DURATION,
                            "How long to wait for a segment that another process has to create.")
                    .unit("ms")
                    .range(0, DAY_MS)
                    .byDefault("10s"),
            key(
                            "aged_out_secs",
                            KeyType.DURATION,
                            "A session unused for longer is due: eviction runs and the API's evictions may take it, "
                                    + "and nothing fresher. 0: none is ever due, and no run takes anything. Equal for all "
                                    + "processes of a segment.")
                    .unit("s")
                    .range(0, 240 * DAY_MS)
                    .byDefault("0"),
            key(
                            "max_evictions",
                            KeyType.INTEGER,
                            "Most sessions that one eviction run takes where its schedule does not say; never more "
                                    + "than 65536.")
                    .range(0, 16_000_000)
                    .byDefault("20"),
            key(
                            "immediate_evictions",
                            KeyType.FLAG,
                            "Whether an eviction run follows at once when a live session had to go because its place "
                                    + "was needed. A full table makes room in either case, one session for each new one.")
                    .byDefault("false"),
            key("evictions_timeout", KeyType.FLAG, "Whether sessions_length is also the period of eviction runs.")
                    .byDefault("false"),
            key(
                            "eviction_schedule",
                            KeyType.SECTION,
                            "When further eviction runs take place, in the segment's own time.")
                    .section(EVICTION_SCHEDULE),
            key(
                            "stop_child",
                            KeyType.FLAG,
                            "Whether a sibling that was started by its relay ends when the relay has ended.")
                    .only(SIBLING)
                    .byDefault("true"));

    /** Keys of the section of a relay, at a client, or of a sibling, at a relief node. */
    static final SectionSpec MESSAGE_RELAY = new SectionSpec(
            key("auth_path", KeyType.TEXT, "Path: the family of sessions that this segment holds."),
            key(
                            "name",
                            KeyType.TEXT,
                            "What this relay goes by where keys are spread over several; the same on every host. By default the Unix"
                                    + " socket, or address and port, as this file has them.")
                    .only(CLIENT),
            key("address", KeyType.TEXT, "Host name or address to connect to.").byDefault("localhost"),
            key("port", KeyType.INTEGER, "Port to connect to.").range(1, 65_535),
            key(
                    "unix_socket",
                    KeyType.PATH,
                    "Unix socket to connect to in place of address and port; without tls. At most 106 bytes."),
            key("tls", KeyType.SECTION, "Keys and certificates of this connection.")
                    .section(TLS),
            key("secret", KeyType.TEXT, "Secret by which the relay gives this client its rights. At most 255 bytes.")
                    .only(CLIENT)
                    .secret(),
            key(
                            "secret_file",
                            KeyType.PATH,
                            "File of mode 0600 or 0400 whose first line is that secret, in place of secret.")
                    .only(CLIENT),
            key("age_or_replica", KeyType.CHOICE, "What a relief node takes: old sessions, or every new one.")
                    .choices("age-out", "replicating")
                    .byDefault("replicating")
                    .only(RELIEF_AGING, RELIEF_EXPANSION),
            key(
                            "max_reconnect",
                            KeyType.INTEGER,
                            "Attempts to connect after which the connection is given up; -1 for no limit.")
                    .range(-1, Integer.MAX_VALUE)
                    .byDefault("-1"),
            key(
                            "reconnect_wait",
                            KeyType.DURATION,
                            "First pause between two attempts to connect; it grows to 5 s, for a refused relief node to 1 min.")
                    .unit("ms")
                    .range(1, 60_000)
                    .byDefault("200ms"),
            key(
                            "request_timeout",
                            KeyType.DURATION,
                            "How long a question or a publish of a client waits for its answer.")
                    .unit("ms")
                    .range(1, 600_000)
                    .byDefault("2s"),
            key("window", KeyType.INTEGER, "Most frames that a client has sent and that are not yet answered.")
                    .unit("frames")
                    .range(1, 65_536)
                    .byDefault("1024"));

    /** Keys of the {@code tls} section of a gateway: its clients are browsers, which show no certificates. */
    static final SectionSpec GATEWAY_TLS = new SectionSpec(
            TLS.key("server_key"),
            TLS.key("server_cert"),
            TLS.key("key_password"),
            TLS.key("key_password_file"),
            TLS.key("provider"));

    /** Keys of a {@code gateway} section. */
    static final SectionSpec GATEWAY = new SectionSpec(
            key(
                    "application",
                    KeyType.TEXT,
                    "Name of the application behind the gateway, found on the class path: it lets clients in and answers them."),
            key("address", KeyType.TEXT, "Host name or address to listen on.").byDefault("localhost"),
            key("port", KeyType.INTEGER, "Port to listen on.").range(1, 65_535),
            key(
                            "tls",
                            KeyType.SECTION,
                            "Key and certificate that browsers see; without them the gateway speaks plain HTTP.")
                    .section(GATEWAY_TLS),
            key("role", KeyType.TEXT, "Role of this gateway's clients, the first part of their addresses.")
                    .byDefault("user"),
            key(
                    "origins",
                    KeyType.WORDS,
                    "Sites besides the gateway's own whose pages may connect, such as \"https://shop.example\"."),
            key(
                            "accept_timeout",
                            KeyType.DURATION,
                            "How long the application may take to let a client in, and a client to ask for it.")
                    .unit("ms")
                    .range(1, DAY_MS)
                    .byDefault("10s"),
            key("client_timeout", KeyType.DURATION, "How long a client may be silent, until it is destroyed.")
                    .unit("ms")
                    .range(1, DAY_MS)
                    .byDefault("1m"),
            key("timeout_check", KeyType.DURATION, "How often silent clients are looked for.")
                    .unit("ms")
                    .range(1, DAY_MS)
                    .byDefault("10s"),
            key(
                            "session_timeout",
                            KeyType.DURATION,
                            "How long a client may ask for nothing, until it is unbound. Pings do not count.")
                    .unit("ms")
                    .range(1, DAY_MS)
                    .byDefault("30m"),
            key(
                            "poll_timeout",
                            KeyType.DURATION,
                            "How long a poll waits for a message, but never longer than half of client_timeout.")
                    .unit("ms")
                    .range(1, DAY_MS)
                    .byDefault("25s"),
            key("max_message_size", KeyType.SIZE, "Largest message of a client.")
                    .unit("bytes")
                    .range(256, MAX_CLIENT_MESSAGE)
                    .byDefault("64KiB"),
            key(
                            "max_clients",
                            KeyType.INTEGER,
                            "Most clients at a time; as many connections again may be open for those who come and go.")
                    .unit("clients")
                    .range(1, 1_000_000)
                    .byDefault("20000"),
            key(
                            "max_clients_per_user",
                            KeyType.INTEGER,
                            "Most clients of a user at a time, wherever they are connected; 0 for no limit.")
                    .unit("clients")
                    .range(0, 1_000_000)
                    .byDefault("0"),
            key(
                            "max_pending_size",
                            KeyType.SIZE,
                            "Most that waits for a client which does not read, or is not connected for a moment. Further messages are"
                                    + " dropped and counted.")
                    .unit("bytes")
                    .range(1024, 64L << 20)
                    .byDefault("256KiB"),
            key(
                            "max_message_rate",
                            KeyType.INTEGER,
                            "Most messages of a client in a second. What comes faster is read later, and counted.")
                    .unit("messages a second")
                    .range(1, 1_000_000)
                    .byDefault("100"),
            key("max_requests", KeyType.INTEGER, "Most requests of a client that wait for the application.")
                    .unit("requests")
                    .range(1, 10_000)
                    .byDefault("64"),
            key("callback_threads", KeyType.INTEGER, "Most threads that wait in the application's callbacks at a time.")
                    .unit("threads")
                    .range(1, 10_000)
                    .byDefault("256"));

    /** Keys of a {@code queues} section. */
    static final SectionSpec QUEUES = new SectionSpec(
            key(
                            "max_messages",
                            KeyType.INTEGER,
                            "Most messages that wait under a name without a limit of its own; the oldest is dropped, and counted.")
                    .unit("messages")
                    .range(1, 10_000)
                    .byDefault("100"),
            key(
                            "max_message_bytes",
                            KeyType.SIZE,
                            "Most bytes of messages that wait for an owner, 12 with each; the oldest of the queue that takes most is"
                                    + " dropped, and counted. Well below max_value_size.")
                    .unit("bytes")
                    .range(16L << 10, 16L << 20)
                    .byDefault("32KiB"),
            key(
                            "max_sessions",
                            KeyType.INTEGER,
                            "How many names an owner should have at most: those go whose messages nobody fetches.")
                    .unit("names")
                    .range(1, 10_000)
                    .byDefault("100"),
            key("backchannel_timeout", KeyType.DURATION, "How long a pull waits for a message.")
                    .unit("ms")
                    .range(1, 60 * MINUTE_MS)
                    .byDefault("30s"),
            key(
                            "queue_idle",
                            KeyType.DURATION,
                            "After how long without use a name goes under which nothing is kept. Not below backchannel_timeout.")
                    .unit("ms")
                    .range(1_000, 240 * DAY_MS)
                    .byDefault("1d"),
            key(
                            "acknowledgement",
                            KeyType.CHOICE,
                            "How far a transaction has to have gone before it counts; local is for owners that one host alone serves. Without"
                                    + " it the relay where there is one, else this host.")
                    .choices("local", "relay", "relief"));

    /** Keys of an {@code lru} section. */
    static final SectionSpec LRU = new SectionSpec(
            key(
                            "manage_section",
                            KeyType.FLAG,
                            "Whether to create the segment where it is absent; false only attaches.")
                    .byDefault("true"),
            key(
                            "private_segment",
                            KeyType.FLAG,
                            "Whether the segment is the process's alone and ends with it, for a process that works with the sessions of its"
                                    + " relays and shares no table with others of its host.")
                    .only(CLIENT)
                    .byDefault("false"),
            key("cache", KeyType.SECTION, "The segment.").section(CACHE).always());

    /** Keys of a path's {@code relay} section. */
    static final SectionSpec PATH_RELAY = new SectionSpec(
            key(
                    "proc_name",
                    KeyType.WORDS,
                    "Command and arguments that start the sibling; arguments that begin with a dot are paths from this file's"
                            + " folder. Without it no sibling is started."),
            key(
                            "sibling",
                            KeyType.CHOICE,
                            "Who starts the sibling: the relay, as a child, if there is a proc_name; or somebody else, external.")
                    .choices("child", "external")
                    .byDefault("child"),
            key("peers", KeyType.WORDS, "Other relays of the path.")
                    .effect(Effect.NONE_YET, "no effect yet: several relays of one path come with a later version"));

    /** Keys of one rule of a path's {@code rights}. */
    static final SectionSpec RIGHT = new SectionSpec(
            key(
                    "subject",
                    KeyType.TEXT,
                    "Subject of the certificate that a peer shows, such as \"CN=shop-1,O=Example\"; the whole of it."),
            key("user", KeyType.TEXT, "User of the process at the other end of the Unix socket."),
            key("secret", KeyType.TEXT, "Secret that a peer shows: its message_relay.secret. At most 255 bytes.")
                    .secret(),
            key(
                    "secret_file",
                    KeyType.PATH,
                    "File of mode 0600 or 0400 whose first line is that secret, in place of secret."),
            key("may", KeyType.WORDS, "What a peer may do that meets all of the above that is given.")
                    .choices("publish", "read", "subscribe", "administer"));

    /** Keys of one entry of {@code path_types}. */
    static final SectionSpec PATH_TYPE = new SectionSpec(
            key("relay", KeyType.SECTION, "What stands behind the relay on this path.")
                    .section(PATH_RELAY),
            key(
                            "rights",
                            KeyType.SECTIONS,
                            "Who may do what on this path: a peer has the rights of every rule that it meets, and is sent away"
                                    + " where it meets none. Without rules whoever is let in may do everything.")
                    .section(RIGHT),
            key(
                            "announce",
                            KeyType.CHOICE,
                            "What other hosts are told of a session stored on this path, in place of the relay's"
                                    + " announce.")
                    .choices("full", "invalidate", "off"),
            key("spill_limit", KeyType.SIZE, "Largest size of this path's file, in place of the relay's spill_limit.")
                    .unit("bytes")
                    .range(0, 1L << 30),
            key("cache", KeyType.SECTION, "The relay's segment of this path.")
                    .section(CACHE)
                    .always());

    /** Keys of the file as a whole. */
    static final SectionSpec TOP = new SectionSpec(
            key("edge_supported_relay", KeyType.FLAG, "True: the file describes a relay.")
                    .byDefault("false"),
            key("half_edge", KeyType.FLAG, "True: the file describes a sibling.")
                    .byDefault("false"),
            key("full_edge", KeyType.FLAG, "True: the file describes a relief node, as does a file without a role.")
                    .byDefault("false"),
            key(
                            "auth_path",
                            KeyType.TEXT,
                            "Path: the family of sessions that this node serves; a relay serves all of its path_types, and this"
                                    + " one comes first.")
                    .only(RELAY, SIBLING),
            key("address", KeyType.TEXT, "Host name or address to listen on.")
                    .only(RELAY, SIBLING)
                    .byDefault("localhost"),
            key("port", KeyType.INTEGER, "Port to listen on.")
                    .only(RELAY, SIBLING)
                    .range(1, 65_535),
            key(
                            "unix_socket",
                            KeyType.PATH,
                            "Unix socket to listen on besides address and port, for processes of the same user; tls does not"
                                    + " concern it. Its folder has mode 0700 and is made where it is absent. At most 106 bytes.")
                    .only(RELAY, SIBLING),
            key("tls", KeyType.SECTION, "Keys and certificates of the listener.")
                    .only(RELAY, SIBLING)
                    .section(TLS),
            key("path_types", KeyType.NAMED_SECTIONS, "The relay's paths: name, what stands behind, segment.")
                    .only(RELAY)
                    .section(PATH_TYPE),
            key(
                            "announce",
                            KeyType.CHOICE,
                            "What other hosts are told of a session stored: all of it, that older copies are void, or nothing.")
                    .only(RELAY)
                    .choices("full", "invalidate", "off")
                    .byDefault("full"),
            key("max_stale", KeyType.DURATION, "How long a host that is cut off serves what it cannot confirm.")
                    .only(RELAY)
                    .unit("ms")
                    .range(1000, 240 * DAY_MS)
                    .choices("off")
                    .byDefault("5m"),
            key(
                            "max_clock_skew",
                            KeyType.DURATION,
                            "How far a host's clock may be ahead of the relay's; what is written by one further ahead gets the relay's time.")
                    .only(RELAY)
                    .unit("ms")
                    .range(1000, DAY_MS)
                    .byDefault("60s"),
            key(
                            "spill_limit",
                            KeyType.SIZE,
                            "Largest size of the file that takes hand-offs while the relief tier is away.")
                    .only(RELAY)
                    .unit("bytes")
                    .range(0, 1L << 30)
                    .byDefault("64MiB"),
            key(
                            "max_connections",
                            KeyType.INTEGER,
                            "Most connections of hosts at a time, of all paths and listeners together. Further ones are told so, closed"
                                    + " and counted. Each takes a file descriptor: ulimit -n has to be above it.")
                    .only(RELAY)
                    .unit("connections")
                    .range(1, MAX_CONNECTIONS)
                    .byDefault("10000"),
            key(
                            "max_indexed_clients",
                            KeyType.INTEGER,
                            "Most remote clients of a path that the relay knows by address and user, each in about 250 bytes of its heap. Where"
                                    + " there are more, hosts look for them in their own segments, too.")
                    .only(RELAY)
                    .unit("clients")
                    .range(1, MAX_INDEXED_CLIENTS)
                    .byDefault("1000000"),
            key(
                            "aeron_dir",
                            KeyType.PATH,
                            "Folder of the Aeron media driver. By default a fresh one for each start of the relay.")
                    .only(RELAY, SIBLING),
            key("replicas", KeyType.INTEGER, "Relief nodes of a kind that keep each session.")
                    .only(SIBLING)
                    .range(1, 8)
                    .byDefault("1"),
            key("aging_replicas", KeyType.INTEGER, "Aging nodes that keep each session, in place of replicas.")
                    .only(SIBLING)
                    .range(1, 8),
            key("expansion_replicas", KeyType.INTEGER, "Expansion nodes that keep each session, in place of replicas.")
                    .only(SIBLING)
                    .range(1, 8),
            key(
                            "leave_after",
                            KeyType.DURATION,
                            "How long a relief node is away before others get the copies that its sessions lack.")
                    .only(SIBLING)
                    .unit("ms")
                    .range(1000, 240 * DAY_MS)
                    .byDefault("5m"),
            key(
                            "refill_rate",
                            KeyType.INTEGER,
                            "Most sessions a second that are compared between relief nodes, and copied where one lacks them.")
                    .only(SIBLING)
                    .unit("sessions a second")
                    .range(1, MAX_REFILL_RATE)
                    .byDefault("10000"),
            key(
                            "anti_entropy_interval",
                            KeyType.DURATION,
                            "How long after one comparison of all that relief nodes hold the next one begins. Longer than tombstones stay.")
                    .only(SIBLING)
                    .unit("ms")
                    .range(6 * MINUTE_MS, 240 * DAY_MS)
                    .choices("off")
                    .byDefault("1h"),
            key(
                            "node_id",
                            KeyType.TEXT,
                            "Id of this relief node, 32 hexadecimal digits. By default random, kept in its segment.")
                    .only(RELIEF_AGING, RELIEF_EXPANSION),
            key(
                            "weight",
                            KeyType.DECIMAL,
                            "Share of sessions that this relief node takes, beside the others' weights; in steps of 0.01.")
                    .only(RELIEF_AGING, RELIEF_EXPANSION)
                    .decimals(0.01, 100)
                    .byDefault("1"),
            key(
                            "host_id",
                            KeyType.TEXT,
                            "Names this machine: no two relief nodes with the same one keep copies of the same session. At most 64"
                                    + " characters, without blanks.")
                    .only(RELIEF_AGING, RELIEF_EXPANSION),
            key(
                            "relief_quota",
                            KeyType.INTEGER,
                            "Most sessions that this relief node keeps, where that is less than el_count. Beyond it those go that were"
                                    + " unused for longest.")
                    .only(RELIEF_AGING, RELIEF_EXPANSION)
                    .unit("sessions")
                    .range(1, 16_000_000),
            key(
                            "extension",
                            KeyType.TEXT,
                            "Name of the extension that this relief node runs: what an application adds to it, found on the class path.")
                    .only(RELIEF_AGING, RELIEF_EXPANSION),
            key("cache", KeyType.SECTION, "The relay's segment, to which the sibling attaches.")
                    .only(SIBLING)
                    .section(CACHE)
                    .always(),
            key("lru", KeyType.SECTION, "This process's segment.")
                    .only(RELIEF_AGING, RELIEF_EXPANSION, CLIENT)
                    .section(LRU)
                    .always(),
            key(
                            "message_relay",
                            KeyType.SECTIONS,
                            "The relay of a client, or a list of relays; the sibling of a relief node.")
                    .only(RELIEF_AGING, RELIEF_EXPANSION, CLIENT)
                    .section(MESSAGE_RELAY),
            key(
                            "gateway",
                            KeyType.SECTION,
                            "A gateway for remote clients, which global-sessions runs by this file. Other processes that open the file share its"
                                    + " segment.")
                    .only(CLIENT)
                    .section(GATEWAY),
            key(
                            "queues",
                            KeyType.SECTION,
                            "How the queues of owners behave. All processes of a path should have the same.")
                    .only(CLIENT)
                    .section(QUEUES)
                    .always());

    private Schema() {}

    /**
     * Whether a text may name a machine.
     *
     * @param text the text
     * @return false where it is empty, too long or has other characters than those from {@code !} to {@code ~}
     */
    public static boolean isHostId(String text) {
        return HOST_ID.matcher(text).matches();
    }

    /**
     * Keys of the file as a whole; sections lead to the others.
     *
     * @return the top of the schema
     */
    public static SectionSpec top() {
        return TOP;
    }

    private static KeySpec key(String name, KeyType type, String doc) {
        return new KeySpec(name, type, doc);
    }
}
