package org.globalsessions.transport.access;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.globalsessions.config.ConfigurationException;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.config.PathSection;
import org.globalsessions.transport.tls.TlsException;
import org.globalsessions.transport.tls.WatchedFiles;

/**
 * The rules of all paths of a relay, as its configuration has them, and again when that file, one that it includes, or one with a secret, has
 * changed. Nothing else of the configuration counts without a restart. Where what is there now cannot be used, the last good rules stay.
 *
 * <p>One thread.
 */
public final class RelayRules {
    private final Path file;

    /** All that the configuration was ever read from: one that is gone for a moment, and with it its mention, is waited for. */
    private final Set<Path> files = new LinkedHashSet<>();

    private WatchedFiles configuration;
    private WatchedFiles secrets;
    private Map<String, AccessRules> byPath;

    /** What was wrong at the last look, or empty: it is told once, and looked at again until it is put right. */
    private String wrong = "";

    private RelayRules(Path file) {
        this.file = file;
    }

    /**
     * The rules of a configuration that was just read.
     *
     * @param config a relay's
     * @return its rules
     * @throws TlsException where a file with a secret cannot be used
     */
    public static RelayRules of(NodeConfig config) {
        RelayRules rules = new RelayRules(config.file());
        rules.files.addAll(config.files());
        rules.read(config, new WatchedFiles(List.copyOf(rules.files)));
        return rules;
    }

    /**
     * What became of changed files.
     *
     * @param succeeded whether the new rules count now; else the last good ones stay
     * @param what      fit for a log line
     */
    public record Reload(boolean succeeded, String what) {}

    /**
     * The rules that count.
     *
     * @return by the names of the paths
     */
    public Map<String, AccessRules> byPath() {
        return byPath;
    }

    /**
     * Looks, at most once a second, whether the files have changed, and reads them if so.
     *
     * @return what became of it, or null where there is nothing to tell
     */
    public Reload refresh() {
        // Both are asked, as each tells of a change once.
        boolean newConfiguration = configuration.haveChanged();
        boolean newSecrets = secrets.haveChanged();
        if (!newConfiguration && !newSecrets && wrong.isEmpty()) {
            return null;
        }
        String before = wrong;
        try {
            WatchedFiles asRead;
            NodeConfig config;
            do {
                // Looked at before they are read: what changes meanwhile is another change.
                asRead = new WatchedFiles(List.copyOf(files));
                config = NodeConfig.load(file);
            } while (files.addAll(config.files()));
            read(config, asRead);
            wrong = "";
            return new Reload(true, "the rules of " + file + " count from now on");
        } catch (ConfigurationException e) {
            wrong = e.problems().stream().map(Object::toString).collect(Collectors.joining("; "));
        } catch (TlsException e) {
            wrong = e.getMessage();
        }
        return wrong.equals(before) ? null : new Reload(false, wrong + "; the rules read before still count");
    }

    private void read(NodeConfig config, WatchedFiles asRead) {
        List<Path> read = new ArrayList<>();
        for (PathSection path : config.paths()) {
            for (Config rule : path.accessSections()) {
                if (rule.hasPath("secret_file")) {
                    read.add(Path.of(rule.getString("secret_file")));
                }
            }
        }
        WatchedFiles watched = new WatchedFiles(read);
        Map<String, AccessRules> rules = new LinkedHashMap<>();
        for (PathSection path : config.paths()) {
            rules.put(path.name(), AccessRules.from(path));
        }
        if (byPath != null && !rules.keySet().equals(byPath.keySet())) {
            throw new TlsException(file + ": has other paths than the relay that runs: " + rules.keySet()
                    + ", there are " + byPath.keySet() + "; start the relay again");
        }
        rules.forEach((name, fresh) -> {
            if (byPath != null && fresh.isOpen() && !byPath.get(name).isOpen()) {
                // So half a file opens nothing.
                throw new TlsException(file + ": path " + name + " had rules and has none now; start the relay again"
                        + " where everybody may do everything from now on");
            }
        });
        configuration = asRead;
        secrets = watched;
        byPath = Map.copyOf(rules);
    }
}
