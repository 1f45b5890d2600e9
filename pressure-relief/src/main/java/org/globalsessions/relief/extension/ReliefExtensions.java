package org.globalsessions.relief.extension;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeMap;
import org.globalsessions.config.ConfigurationException;
import org.globalsessions.config.ConfigurationProblem;
import org.globalsessions.config.NodeConfig;
import org.globalsessions.config.Setting;

/** The extensions on the class path. Static, any thread. */
public final class ReliefExtensions {
    private static final String KEY = "extension";

    private ReliefExtensions() {}

    /**
     * The extension that a relief node's file names.
     *
     * @param config the file
     * @return a new instance, or null where the file names none
     * @throws ConfigurationException where there is none of that name, or several; it names those that there are
     */
    public static ReliefExtension of(NodeConfig config) {
        if (!config.kind().isRelief() || !config.has(KEY)) {
            return null;
        }
        String wanted = config.text(KEY);
        TreeMap<String, ReliefExtension> found = new TreeMap<>();
        List<String> broken = new ArrayList<>();
        boolean twice = false;
        Iterator<ReliefExtension> each = ServiceLoader.load(
                        ReliefExtension.class, ReliefExtension.class.getClassLoader())
                .iterator();
        while (true) {
            try {
                if (!each.hasNext()) {
                    break;
                }
                ReliefExtension extension = each.next();
                String name = String.valueOf(extension.name());
                twice |= found.put(name, extension) != null && name.equals(wanted);
            } catch (ServiceConfigurationError e) {
                // Somebody else's extension that cannot be made is no reason to go without this one.
                broken.add(String.valueOf(e.getMessage()));
            } catch (RuntimeException | LinkageError e) {
                broken.add(e.getClass().getName());
            }
        }
        if (twice) {
            throw refused(config, "several extensions on the class path have the name " + wanted);
        }
        if (!found.containsKey(wanted)) {
            throw refused(
                    config,
                    "no extension of that name on the class path: found " + wanted + ", there are "
                            + (found.isEmpty() ? "none" : String.join(", ", found.keySet()))
                            + (broken.isEmpty() ? "" : "; cannot be used: " + String.join(", ", broken)));
        }
        return found.get(wanted);
    }

    private static ConfigurationException refused(NodeConfig config, String text) {
        String origin = config.settings().stream()
                .filter(setting -> setting.path().equals(KEY))
                .map(Setting::origin)
                .findFirst()
                .orElse(config.file().toString());
        return new ConfigurationException(List.of(new ConfigurationProblem(origin, 0, KEY, text)));
    }
}
