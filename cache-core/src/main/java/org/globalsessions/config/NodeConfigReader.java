package org.globalsessions.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.security.auth.x500.X500Principal;
import org.globalsessions.segment.RelayPlaces;

/** Puts what was read together. One file, one use. */
final class NodeConfigReader {
    private static final long SMALLEST_SPILL_BYTES = 64 << 10;

    /** Each has two threads and a segment of its own. */
    private static final int MOST_PATHS = 64;

    private final List<Path> files;
    private final Path file;
    private final ConfigObject top;
    private final NodeKind kind;
    private final SchemaReader reader;

    /**
     * Not yet read.
     *
     * @param files the one that was named, then what it includes; none where the configuration came from no file
     */
    NodeConfigReader(List<Path> files, ConfigObject top, NodeKind kind) {
        this.files = files;
        this.file = files.isEmpty() ? null : files.get(0);
        this.top = top;
        this.kind = kind;
        Path absolute = file == null ? Path.of("").toAbsolutePath() : file.toAbsolutePath();
        Path folder = file == null ? absolute : absolute.getParent();
        this.reader = new SchemaReader(file == null ? top.origin().description() : file.toString(), folder, kind);
    }

    static boolean hasRole(ConfigObject top) {
        return isSet(top, "edge_supported_relay") || isSet(top, "half_edge") || isSet(top, "full_edge");
    }

    static boolean hasGateway(ConfigObject top) {
        ConfigValue gateway = top.get("gateway");
        return gateway != null && gateway.valueType() != ConfigValueType.NULL;
    }

    static NodeKind kindOf(ConfigObject top) {
        if (isSet(top, "edge_supported_relay")) {
            return NodeKind.RELAY;
        }
        if (isSet(top, "half_edge")) {
            return NodeKind.SIBLING;
        }
        if (!isSet(top, "full_edge") && hasGateway(top)) {
            return NodeKind.CLIENT;
        }
        ConfigValue relay = top.get("message_relay");
        ConfigValue first = relay instanceof List<?> list && !list.isEmpty() ? (ConfigValue) list.get(0) : relay;
        ConfigValue age = first instanceof ConfigObject section ? section.get("age_or_replica") : null;
        return age != null && "age-out".equals(age.unwrapped()) ? NodeKind.RELIEF_AGING : NodeKind.RELIEF_EXPANSION;
    }

    NodeConfig read() {
        Map<String, Object> values = reader.readTop(top);
        Config config = ConfigValueFactory.fromMap(values).toConfig();
        List<Config> relays = relays(config);
        checkRoles(config);
        String authPath = authPath(config, relays);
        checkNeeded(config, relays);
        requireNoProblem();
        List<PathSection> paths = kind == NodeKind.RELAY ? paths(config, authPath) : List.of();
        CacheSection cache = paths.isEmpty()
                ? cache(config, authPath, kind == NodeKind.SIBLING ? "cache" : "lru.cache", "")
                : paths.get(0).cache();
        requireNoProblem();
        return new NodeConfig(files, kind, authPath, config, cache, paths, relays, reader.settings(), reader.missing());
    }

    private void requireNoProblem() {
        if (!reader.problems().isEmpty()) {
            throw new ConfigurationException(reader.problems());
        }
    }

    private static boolean isSet(ConfigObject top, String name) {
        ConfigValue value = top.get(name);
        try {
            return value != null
                    && value.valueType() != ConfigValueType.NULL
                    && value.atKey("v").getBoolean("v");
        } catch (ConfigException notAFlag) {
            // The reading along the schema reports it.
            return false;
        }
    }

    private List<Config> relays(Config config) {
        List<Config> relays = new ArrayList<>();
        if (config.hasPath("message_relay")) {
            relays.addAll(NodeConfig.sections(config, "message_relay"));
        }
        if (kind == NodeKind.CLIENT) {
            top.entrySet().stream()
                    .filter(entry ->
                            Schema.TOP.key(entry.getKey()) == null && SchemaReader.isRelaySection(entry.getValue()))
                    .sorted(Comparator.comparingInt(
                            entry -> entry.getValue().origin().lineNumber()))
                    .forEach(entry -> relays.add(config.getConfig(NodeConfig.quoted(entry.getKey()))));
        }
        return relays;
    }

    private void checkRoles(Config config) {
        List<String> roles = new ArrayList<>();
        for (String role : List.of("edge_supported_relay", "half_edge", "full_edge")) {
            if (config.hasPath(role) && config.getBoolean(role)) {
                roles.add(role);
            }
        }
        if (roles.size() > 1) {
            problem(roles.get(1), "a file describes one node, but it has the roles " + String.join(" and ", roles));
        }
        if (kind == NodeKind.CLIENT && !roles.isEmpty()) {
            problem(roles.get(0), "this is a node's file, a client's has no role");
        }
    }

    private String authPath(Config config, List<Config> relays) {
        if (config.hasPath("auth_path")) {
            return config.getString("auth_path");
        }
        String found = "";
        for (Config relay : relays) {
            String name = relay.hasPath("auth_path") ? relay.getString("auth_path") : "";
            if (!found.isEmpty() && !name.isEmpty() && !found.equals(name)) {
                problem("", "one segment holds one path, but the relay sections name " + found + " and " + name);
            }
            found = found.isEmpty() ? name : found;
        }
        return found;
    }

    private void checkNeeded(Config config, List<Config> relays) {
        if (kind == NodeKind.RELAY || kind == NodeKind.SIBLING) {
            need(config, "auth_path", "");
            need(config, "port", "");
        }
        if (kind == NodeKind.RELAY) {
            checkPaths(config);
        }
        if (kind == NodeKind.SIBLING) {
            need(config, "cache.token_path", ": it names the relay's segment, as in the relay's own file");
        }
        if (kind.isRelief() && relays.isEmpty() && !top.containsKey("message_relay")) {
            problem("message_relay", "is missing: it says where the sibling is");
        }
        for (Config relay : relays) {
            need(relay, "auth_path", "");
            if (!relay.hasPath("unix_socket")) {
                need(relay, "port", "");
            } else if (relay.hasPath("tls")) {
                problem("unix_socket", "a Unix socket has no TLS: leave unix_socket out, or tls");
            }
            checkUnixSocket(relay);
            checkTls(relay, List.of("client_key", "client_cert", "server_cert"));
            checkSecret(relay, "message_relay");
        }
        if (kind == NodeKind.CLIENT && reader.problems().isEmpty()) {
            checkRelays(relays);
        }
        if (config.hasPath("gateway")) {
            need(config, "gateway.application", ": it lets clients in and answers them");
            need(config, "gateway.port", "");
            checkGatewayTls(config);
        }
        checkQueues(config, relays);
        checkUnixSocket(config);
        checkTls(config, List.of("server_key", "server_cert", "client_cert"));
        checkSpillLimit(config, "spill_limit");
        if (config.hasPath("node_id") && !config.getString("node_id").matches("[0-9a-fA-F]{32}")) {
            problem("node_id", "out of range, allowed is 32 hexadecimal digits");
        }
        checkQuota(config);
        if (config.hasPath("host_id") && !Schema.isHostId(config.getString("host_id"))) {
            problem("host_id", "out of range, allowed is 1 to 64 characters from ! to ~");
        }
    }

    /** What is set together only wrongly. A value that is wrong by itself is not there, and was told. */
    private void checkQueues(Config config, List<Config> relays) {
        if (!top.containsKey("queues")) {
            return;
        }
        Duration idle = durationOf(config, "queues.queue_idle");
        Duration timeout = durationOf(config, "queues.backchannel_timeout");
        if (idle != null && timeout != null && idle.compareTo(timeout) < 0) {
            problem("queues.queue_idle", "is below backchannel_timeout: a name would go while somebody pulls");
        }
        String bytes = "queues.max_message_bytes";
        String most = "lru.cache.max_value_size";
        if (config.hasPath(bytes) && config.hasPath(most) && config.getLong(bytes) >= config.getLong(most)) {
            problem(
                    bytes,
                    "is not below " + most + ", which is " + config.getLong(most)
                            + ": all that is kept of an owner is one entry");
        }
        String level = "queues.acknowledgement";
        if (config.hasPath(level) && !config.getString(level).equals("local") && relays.isEmpty()) {
            problem(level, "needs a relay, of which there is none");
        }
    }

    private static Duration durationOf(Config config, String path) {
        return config.hasPath(path) ? config.getDuration(path) : null;
    }

    /** One that is never met would let its author believe that it is kept. */
    private void checkQuota(Config config) {
        if (config.hasPath("relief_quota") && config.hasPath("lru.cache.el_count")) {
            long elCount = config.getLong("lru.cache.el_count");
            if (config.getLong("relief_quota") > elCount) {
                problem("relief_quota", "out of range, allowed is 1 to lru.cache.el_count, which is " + elCount);
            }
        }
    }

    private void checkRelays(List<Config> relays) {
        if (relays.size() > RelayPlaces.MAX_RELAYS) {
            problem(
                    "message_relay",
                    "too many relays: found " + relays.size() + ", allowed is 1 to " + RelayPlaces.MAX_RELAYS);
        }
        Set<String> names = new HashSet<>();
        for (Config relay : relays) {
            String name = NodeConfig.relayName(relay);
            if (!names.add(name)) {
                problem("message_relay", "two relays go by one name, which keys are spread by: " + name);
            }
        }
    }

    private void checkSpillLimit(Config config, String at) {
        if (config.hasPath(at) && config.getLong(at) > 0 && config.getLong(at) < SMALLEST_SPILL_BYTES) {
            problem(at, "out of range, allowed is 0 for no spill file, or 64KiB to 1GiB");
        }
    }

    private void checkUnixSocket(Config section) {
        if (section.hasPath("unix_socket")) {
            int bytes = section.getString("unix_socket").getBytes(StandardCharsets.UTF_8).length;
            if (bytes > Schema.UNIX_SOCKET_PATH_BYTES) {
                problem(
                        "unix_socket",
                        "path too long: bytes=" + bytes + " from the root on, limit=" + Schema.UNIX_SOCKET_PATH_BYTES
                                + "; give a shorter folder");
            }
        }
    }

    private void checkTls(Config section, List<String> needed) {
        if (!section.hasPath("tls")) {
            return;
        }
        for (String name : needed) {
            need(
                    section,
                    "tls." + name,
                    ": each side has a key and a certificate, and knows what to trust the other by");
        }
        checkKeyPassword(section, "tls");
    }

    private void checkGatewayTls(Config config) {
        if (config.hasPath("gateway.tls")) {
            need(config, "gateway.tls.server_key", ": browsers know the gateway by its certificate");
            need(config, "gateway.tls.server_cert", ": browsers know the gateway by its certificate");
            checkKeyPassword(config, "gateway.tls");
        }
    }

    private void checkKeyPassword(Config section, String tls) {
        if (section.hasPath(tls + ".key_password") && section.hasPath(tls + ".key_password_file")) {
            problem(tls + ".key_password_file", "give the password in one place: there is key_password as well");
        }
    }

    private void checkSecret(Config section, String at) {
        if (section.hasPath("secret") && section.hasPath("secret_file")) {
            problem(at, "give the secret in one place: there is secret_file besides secret");
        }
        if (section.hasPath("secret")
                && section.getString("secret").getBytes(StandardCharsets.UTF_8).length > Schema.SECRET_BYTES) {
            problem(at, "secret too long: limit=" + Schema.SECRET_BYTES + " bytes");
        }
    }

    /** What nobody could meet is refused here, where the operator looks, and not by keeping every host out. */
    private void checkRights(Config config, String authPath) {
        String path = "path_types." + NodeConfig.quoted(authPath) + ".rights";
        if (!config.hasPath(path)) {
            return;
        }
        String at = "path_types." + authPath + ".rights";
        for (Config rule : NodeConfig.sections(config, path)) {
            checkSecret(rule, at);
            if (!rule.hasPath("may") && reader.problems().isEmpty()) {
                problem(at, "a rule has no may: it says what a peer may do that meets the rule");
            }
            if (!rule.hasPath("subject")
                    && !rule.hasPath("user")
                    && !rule.hasPath("secret")
                    && !rule.hasPath("secret_file")) {
                problem(
                        at,
                        "a rule asks for nothing: give it a subject, a user, a secret or a secret_file; without rules"
                                + " whoever is let in may do everything");
            }
            if (rule.hasPath("subject")) {
                checkSubject(config, rule.getString("subject"), at);
            }
            if (rule.hasPath("user") && !config.hasPath("unix_socket")) {
                problem(at, "a rule asks for a user, who is known on a Unix socket alone: there is no unix_socket");
            }
        }
    }

    private void checkSubject(Config config, String subject, String at) {
        if (!config.hasPath("tls")) {
            problem(at, "a rule asks for a subject, which a peer shows over TLS alone: there is no tls section");
        }
        try {
            new X500Principal(subject);
        } catch (IllegalArgumentException e) {
            problem(at, "a rule's subject is no distinguished name such as CN=shop-1,O=Example");
        }
    }

    private void checkPaths(Config config) {
        if (!config.hasPath("path_types") || !config.hasPath("auth_path")) {
            need(config, "path_types", ": it has the segment of the path that auth_path names");
            return;
        }
        String authPath = config.getString("auth_path");
        ConfigObject paths = config.getObject("path_types");
        if (!paths.containsKey(authPath)) {
            problem(
                    "path_types",
                    "has no section for the path that auth_path names: auth_path=" + authPath + ", there is "
                            + String.join(", ", paths.keySet()));
        }
        if (paths.size() > MOST_PATHS) {
            problem("path_types", "out of range: found " + paths.size() + " paths, allowed is 1 to " + MOST_PATHS);
        }
        for (String name : paths.keySet()) {
            checkRights(config, name);
            checkSpillLimit(config, "path_types." + NodeConfig.quoted(name) + ".spill_limit");
        }
    }

    private void need(Config config, String path, String why) {
        boolean wrong =
                reader.problems().stream().anyMatch(problem -> problem.key().endsWith(path));
        if (!config.hasPath(path) && !wrong) {
            problem(path, "is missing" + why);
        }
    }

    private void problem(String key, String text) {
        ConfigValue value = null;
        try {
            value = key.isEmpty() || !top.toConfig().hasPath(key)
                    ? null
                    : top.toConfig().getValue(key);
        } catch (ConfigException e) {
            // A name that is no path expression: the file as a whole is named.
            value = null;
        }
        reader.problem(value == null ? null : value.origin(), key, text);
    }

    /** The path that auth_path names comes first: its segment keeps its place when further ones are added to the file. */
    private List<PathSection> paths(Config config, String authPath) {
        List<String> names = new ArrayList<>(config.getObject("path_types").keySet());
        names.sort(Comparator.comparing((String name) -> !name.equals(authPath)).thenComparing(this::lineOfPath));
        List<PathSection> paths = new ArrayList<>();
        Map<String, String> segments = new HashMap<>();
        for (String name : names) {
            String at = "path_types." + NodeConfig.quoted(name);
            CacheSection cache = cache(config, name, at + ".cache", name.equals(authPath) ? "" : "#" + name);
            String other = segments.putIfAbsent(cache.place(), name);
            if (other != null) {
                problem(
                        at + ".cache.token_path",
                        "names the segment of another path, " + other + "; each path needs its own");
            }
            paths.add(new PathSection(name, config.getConfig(at), config, cache));
        }
        return paths;
    }

    private int lineOfPath(String name) {
        return top.toConfig()
                .getValue("path_types." + NodeConfig.quoted(name))
                .origin()
                .lineNumber();
    }

    private boolean isPrivate(Config config, Config section, boolean manage) {
        String key = "lru.private_segment";
        if (!config.hasPath(key) || !config.getBoolean(key)) {
            return false;
        }
        if (!manage || !section.getBoolean("am_initializer")) {
            problem(key, "has no segment of another process: am_initializer and manage_section have to be true");
        } else if (section.hasPath("token_path")) {
            problem(key, "has no name by which others find the segment: without token_path");
        } else if (config.hasPath("gateway")) {
            problem(key, "is not for a gateway, whose clients have to outlive its process");
        } else if (relays(config).isEmpty()) {
            problem(key, "is for a client of a relay: nothing would outlive the process");
        }
        requireNoProblem();
        return true;
    }

    private CacheSection cache(Config config, String pathName, String at, String suffix) {
        Config section = config.getConfig(at);
        boolean manage = !config.hasPath("lru.manage_section") || config.getBoolean("lru.manage_section");
        boolean initializer = kind != NodeKind.SIBLING && manage && section.getBoolean("am_initializer");
        String token = section.hasPath("token_path")
                ? SegmentLocation.canonical(Path.of(section.getString("token_path")))
                : kind.tokenWord() + ":" + (file == null ? pathName : SegmentLocation.canonical(file)) + suffix;
        CacheSection cache =
                new CacheSection(section, token, pathName, initializer, isPrivate(config, section, manage));
        String impossible = cache.geometryProblem();
        if (!impossible.isEmpty()) {
            // Each number is within its range, and all together are not.
            problem(at + ".overflow_share", impossible);
            requireNoProblem();
        }
        return cache;
    }
}
