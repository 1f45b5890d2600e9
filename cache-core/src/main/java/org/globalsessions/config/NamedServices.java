package org.globalsessions.config;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.function.Function;

/** What an application adds to a node, found on the class path by the name that the node's file gives. Static, any thread. */
public final class NamedServices {
    private NamedServices() {}

    /**
     * The service that a file names.
     *
     * @param <T>    type of the service
     * @param type   what is looked for with {@link ServiceLoader}, by the class loader that has the type
     * @param name   asks one for its name
     * @param config the file
     * @param key    full path of the key that has the name; its last part is what messages call the service
     * @return a new instance
     * @throws ConfigurationException where there is none of that name, or several; it names those that there are
     */
    public static <T> T find(Class<T> type, Function<T, String> name, NodeConfig config, String key) {
        String wanted = config.text(key);
        String word = key.substring(key.lastIndexOf('.') + 1);
        TreeMap<String, T> found = new TreeMap<>();
        List<String> broken = new ArrayList<>();
        boolean twice = false;
        Iterator<T> each = ServiceLoader.load(type, type.getClassLoader()).iterator();
        while (true) {
            try {
                if (!each.hasNext()) {
                    break;
                }
                T service = each.next();
                String itsName = String.valueOf(name.apply(service));
                twice |= found.put(itsName, service) != null && itsName.equals(wanted);
            } catch (ServiceConfigurationError e) {
                // Somebody else's that cannot be made is no reason to go without this one.
                broken.add(String.valueOf(e.getMessage()));
            } catch (RuntimeException | LinkageError e) {
                broken.add(e.getClass().getName());
            }
        }
        if (twice) {
            throw config.refusal(key, "several " + word + "s on the class path have the name " + wanted);
        }
        if (!found.containsKey(wanted)) {
            throw config.refusal(
                    key,
                    "no " + word + " of that name on the class path: found " + wanted + ", there are "
                            + (found.isEmpty() ? "none" : String.join(", ", found.keySet()))
                            + (broken.isEmpty() ? "" : "; cannot be used: " + String.join(", ", broken)));
        }
        return found.get(wanted);
    }
}
