package org.globalsessions.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigSyntax;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValueType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A validated configuration of one node or client: every key known, typed and within its range, every default filled in.
 * Immutable; any thread may use it.
 */
public final class NodeConfig {
    private final List<Path> files;
    private final NodeKind kind;
    private final String authPath;
    private final Config config;
    private final CacheSection cache;
    private final List<PathSection> paths;
    private final List<Config> relaySections;
    private final List<Setting> settings;
    private final List<Setting> missing;

    NodeConfig(
            List<Path> files,
            NodeKind kind,
            String authPath,
            Config config,
            CacheSection cache,
            List<PathSection> paths,
            List<Config> relaySections,
            List<Setting> settings,
            List<Setting> missing) {
        this.files = List.copyOf(files);
        this.kind = kind;
        this.authPath = authPath;
        this.config = config;
        this.cache = cache;
        this.paths = List.copyOf(paths);
        this.relaySections = List.copyOf(relaySections);
        this.settings = List.copyOf(settings);
        this.missing = List.copyOf(missing);
    }

    /**
     * Reads the file of a node. One without a role describes a relief node, or with a {@code gateway} section a client that is one.
     *
     * @param file the file
     * @return the configuration
     * @throws ConfigurationException with everything that is wrong
     */
    public static NodeConfig load(Path file) {
        IncludedFiles included = new IncludedFiles();
        ConfigObject top = parse(file, included);
        return new NodeConfigReader(filesOf(file, included), top, NodeConfigReader.kindOf(top)).read();
    }

    /**
     * Reads the file of a client: an application, or a tool that works like one.
     *
     * @param file the file
     * @return the configuration
     * @throws ConfigurationException with everything that is wrong
     */
    public static NodeConfig loadClient(Path file) {
        IncludedFiles included = new IncludedFiles();
        ConfigObject top = parse(file, included);
        return new NodeConfigReader(filesOf(file, included), top, NodeKind.CLIENT).read();
    }

    /**
     * Takes a client's configuration that the application has put together itself. Relative paths start at the folder of the
     * file that the configuration came from, or at the working directory.
     *
     * @param config the configuration, resolved
     * @return the configuration
     * @throws ConfigurationException with everything that is wrong
     */
    public static NodeConfig loadClient(Config config) {
        String origin = config.origin().filename();
        return new NodeConfigReader(
                        origin == null ? List.of() : List.of(Path.of(origin)), config.root(), NodeKind.CLIENT)
                .read();
    }

    /**
     * Whether a file without a role looks like a client's: it has a gateway, a relay's section under a name of its own, or none at all.
     *
     * @param file the file
     * @return true for a client's
     * @throws ConfigurationException where it cannot be read
     */
    public static boolean looksLikeClient(Path file) {
        ConfigObject top = parse(file, new IncludedFiles());
        if (NodeConfigReader.hasRole(top)) {
            return false;
        }
        boolean mayBeNodes = top.containsKey("message_relay");
        return NodeConfigReader.hasGateway(top)
                || (!mayBeNodes
                        && (top.values().stream().anyMatch(SchemaReader::isRelaySection) || top.containsKey("lru")));
    }

    /**
     * What the file describes.
     *
     * @return the kind
     */
    public NodeKind kind() {
        return kind;
    }

    /**
     * The file that was read.
     *
     * @return the file, or null where the configuration came from none
     */
    public Path file() {
        return files.isEmpty() ? null : files.get(0);
    }

    /**
     * The files that were read: the one named and those that it includes, except from the class path. Files included by a configuration that
     * the application has put together itself are not known.
     *
     * @return {@link #file()} first; empty where the configuration came from none
     */
    public List<Path> files() {
        return files;
    }

    /**
     * The path: the family of sessions that this node or client works on; the first one of a relay.
     *
     * @return its name, empty for a client without a relay
     */
    public String authPath() {
        return authPath;
    }

    /**
     * Where a relay or sibling listens.
     *
     * @return host name or address
     */
    public String address() {
        return config.getString("address");
    }

    /**
     * Where a relay or sibling listens.
     *
     * @return 1 to 65535
     */
    public int port() {
        return config.getInt("port");
    }

    /**
     * The Unix socket on which a relay or sibling listens besides.
     *
     * @return its file, or null
     */
    public Path unixSocket() {
        return has("unix_socket") ? Path.of(text("unix_socket")) : null;
    }

    /**
     * The segment of this node or client; of a relay's first path.
     *
     * @return the section
     */
    public CacheSection cache() {
        return cache;
    }

    /**
     * The paths of a relay, each with a segment of its own.
     *
     * @return the path that auth_path names, then the others in the order of the file; empty for other kinds
     */
    public List<PathSection> paths() {
        return paths;
    }

    /** A section, or a list of such. */
    static List<Config> sections(Config config, String path) {
        return config.getValue(path).valueType() == ConfigValueType.LIST
                ? List.copyOf(config.getConfigList(path))
                : List.of(config.getConfig(path));
    }

    /**
     * Relays of a client, siblings of a relief node: {@code message_relay} first, then others in the order of the file. Each
     * has another {@link #relayName}, and auth_path, address, port and the rest of the schema, with durations that {@link Config#getDuration(String)} reads.
     *
     * @return the sections, empty for a client without a relay
     */
    public List<Config> relaySections() {
        return relaySections;
    }

    /**
     * What a relay goes by where keys are spread over it and others.
     *
     * @param section one of {@link #relaySections}
     * @return its {@code name}, by default its Unix socket, or address and port, as the file has them
     */
    public static String relayName(Config section) {
        if (section.hasPath("name")) {
            return section.getString("name");
        }
        return section.hasPath("unix_socket")
                ? "unix:" + section.getString("unix_socket")
                : section.getString("address") + ":" + section.getInt("port");
    }

    /**
     * The gateway for remote clients that a client's file describes, with everything of the schema.
     *
     * @return the section, with durations that {@link Config#getDuration(String)} reads; null where there is none
     */
    public Config gateway() {
        return has("gateway") ? config.getConfig("gateway") : null;
    }

    /**
     * Refuses this configuration for a value that only its user can judge.
     *
     * @param path full path of the key
     * @param text what is wrong, with what is allowed
     * @return to be thrown; names where the value stands
     */
    public ConfigurationException refusal(String path, String text) {
        String origin = settings.stream()
                .filter(setting -> setting.path().equals(path))
                .map(Setting::origin)
                .findFirst()
                .orElse(String.valueOf(file()));
        return new ConfigurationException(List.of(new ConfigurationProblem(origin, 0, path, text)));
    }

    /**
     * Whether a key has a value, from the file or by default.
     *
     * @param path full path of the key
     * @return true if so
     */
    public boolean has(String path) {
        return config.hasPath(path);
    }

    /**
     * A text, word or path; paths are absolute.
     *
     * @param path full path of a key that has a value
     * @return the value
     */
    public String text(String path) {
        return config.getString(path);
    }

    /**
     * A whole number, or a size in bytes.
     *
     * @param path full path of a key that has a value
     * @return the value
     */
    public long number(String path) {
        return config.getLong(path);
    }

    /**
     * A number with a fraction.
     *
     * @param path full path of a key that has a value
     * @return the value
     */
    public double decimal(String path) {
        return config.getDouble(path);
    }

    /**
     * A time span.
     *
     * @param path full path of a key that has a value
     * @return the value
     */
    public Duration duration(String path) {
        return config.getDuration(path);
    }

    /**
     * True or false.
     *
     * @param path full path of a key that has a value
     * @return the value
     */
    public boolean flag(String path) {
        return config.getBoolean(path);
    }

    /**
     * Every value that counts, with where it comes from.
     *
     * @return the settings in the order of the schema
     */
    public List<Setting> settings() {
        return settings;
    }

    /**
     * What the file asks for and this version does not have: who starts the node says so and does not start it.
     *
     * @return the settings concerned, empty where all is there
     */
    public List<Setting> missing() {
        return missing;
    }

    static String quoted(String name) {
        return ConfigUtil.quoteString(name);
    }

    private static List<Path> filesOf(Path file, IncludedFiles included) {
        List<Path> files = new ArrayList<>();
        files.add(file);
        files.addAll(included.found());
        return files;
    }

    private static ConfigObject parse(Path file, IncludedFiles included) {
        if (!Files.isRegularFile(file)) {
            throw refused(file, 0, Files.exists(file) ? "not a file" : "no such file");
        }
        try {
            ConfigParseOptions options = ConfigParseOptions.defaults()
                    .setSyntax(ConfigSyntax.CONF)
                    .setAllowMissing(false)
                    .prependIncluder(included);
            return ConfigFactory.parseFile(file.toFile(), options).resolve().root();
        } catch (StackOverflowError e) {
            // The parser goes one call deeper for each bracket.
            throw refused(file, 0, "sections or lists are nested too deeply");
        } catch (IllegalArgumentException e) {
            // The parser's, for a character that there is not, such as a backslash and u-1.
            throw refused(file, 0, "not readable: " + e.getMessage());
        } catch (ConfigException e) {
            int line = e.origin() == null ? 0 : Math.max(0, e.origin().lineNumber());
            String prefix = e.origin() == null ? "" : e.origin().description() + ": ";
            String text = String.valueOf(e.getMessage());
            throw refused(file, line, text.startsWith(prefix) ? text.substring(prefix.length()) : text);
        }
    }

    private static ConfigurationException refused(Path file, int line, String text) {
        return new ConfigurationException(List.of(new ConfigurationProblem(file.toString(), line, "", text)));
    }
}
