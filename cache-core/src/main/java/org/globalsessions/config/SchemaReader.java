package org.globalsessions.config;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Walks a parsed file along the schema: collects every problem, and the values that count in one form (durations with their
 * unit, sizes as bytes, paths absolute). Used once, by one thread.
 */
final class SchemaReader {
    /** What is shown of a secret. */
    private static final String HIDDEN = "***";

    private final String file;
    private final NodeKind kind;
    private final ValueReader values;
    private final List<ConfigurationProblem> problems = new ArrayList<>();
    private final List<Setting> settings = new ArrayList<>();
    private final List<Setting> missing = new ArrayList<>();

    /**
     * Begins a reading.
     *
     * @param file   what the file is called in messages
     * @param folder where relative paths start
     * @param kind   what the file describes
     */
    SchemaReader(String file, Path folder, NodeKind kind) {
        this.file = file;
        this.kind = kind;
        this.values = new ValueReader(folder);
    }

    /** Reads the whole file; in a client's, further sections that look like a relay's are read as such. */
    Map<String, Object> readTop(ConfigObject top) {
        Map<String, Object> result = new LinkedHashMap<>();
        List<Map.Entry<String, ConfigValue>> own = new ArrayList<>();
        Map<String, ConfigObject> relays = new LinkedHashMap<>();
        for (Map.Entry<String, ConfigValue> entry : inOrder(top)) {
            boolean known = Schema.TOP.key(entry.getKey()) != null;
            if (!known && kind == NodeKind.CLIENT && isRelaySection(entry.getValue())) {
                relays.put(entry.getKey(), (ConfigObject) entry.getValue());
            } else {
                own.add(entry);
            }
        }
        readInto(Schema.TOP, own, "", result);
        relays.forEach((name, section) -> result.put(name, read(Schema.MESSAGE_RELAY, section, name)));
        return result;
    }

    List<ConfigurationProblem> problems() {
        return problems;
    }

    List<Setting> settings() {
        return settings;
    }

    List<Setting> missing() {
        return missing;
    }

    void problem(ConfigOrigin origin, String key, String text) {
        problems.add(new ConfigurationProblem(fileOf(origin), lineOf(origin), key, text));
    }

    static boolean isRelaySection(ConfigValue value) {
        return value.valueType() == ConfigValueType.OBJECT
                && ((ConfigObject) value).keySet().containsAll(List.of("auth_path", "address", "port"));
    }

    private Map<String, Object> read(SectionSpec spec, ConfigObject section, String path) {
        Map<String, Object> result = new LinkedHashMap<>();
        readInto(spec, inOrder(section), path, result);
        return result;
    }

    private void readInto(
            SectionSpec spec, List<Map.Entry<String, ConfigValue>> entries, String path, Map<String, Object> result) {
        Map<String, ConfigValue> given = new LinkedHashMap<>();
        for (Map.Entry<String, ConfigValue> entry : entries) {
            KeySpec key = spec.key(entry.getKey());
            ConfigValue value = entry.getValue();
            if (key == null) {
                problem(value.origin(), join(path, entry.getKey()), unknown(spec, entry.getKey()));
            } else if (!key.kinds().contains(kind)) {
                problem(value.origin(), join(path, entry.getKey()), misplaced(key));
            } else if (value.valueType() != ConfigValueType.NULL) {
                given.put(entry.getKey(), value);
            }
        }
        for (KeySpec key : spec.keys()) {
            if (key.kinds().contains(kind)) {
                readKey(key, given.get(key.name()), join(path, key.name()), result);
            }
        }
    }

    private void readKey(KeySpec key, ConfigValue value, String path, Map<String, Object> result) {
        if (key.type().isSection()) {
            readSection(key, value, path, result);
        } else if (value != null) {
            try {
                Object read = values.read(key, value);
                result.put(key.name(), read);
                note(
                        key,
                        new Setting(
                                path,
                                key.isSecret() ? HIDDEN : values.shown(value),
                                where(value.origin()),
                                key.effectNote()));
            } catch (ValueException wrong) {
                problem(value.origin(), path, wrong.getMessage());
            }
        } else if (!key.defaultText().isEmpty()) {
            result.put(key.name(), values.readDefault(key));
            settings.add(new Setting(path, key.defaultText(), Setting.DEFAULT_ORIGIN, ""));
        }
    }

    private void readSection(KeySpec key, ConfigValue value, String path, Map<String, Object> result) {
        if (value == null) {
            if (key.isAlways()) {
                result.put(key.name(), read(key.section(), ConfigFactory.empty().root(), path));
            }
            return;
        }
        if (key.effect() != Effect.FULL) {
            note(key, new Setting(path, "{...}", where(value.origin()), key.effectNote()));
        }
        if (value.valueType() == ConfigValueType.OBJECT) {
            ConfigObject section = (ConfigObject) value;
            if (key.type() == KeyType.NAMED_SECTIONS) {
                result.put(key.name(), readNamed(key, section, path));
            } else {
                result.put(key.name(), read(key.section(), section, path));
            }
        } else if (value.valueType() == ConfigValueType.LIST && key.type() == KeyType.SECTIONS) {
            result.put(key.name(), readList(key, (ConfigList) value, path));
        } else {
            problem(
                    value.origin(),
                    path,
                    "wrong type: " + ValueReader.found(value) + ", expected "
                            + key.type().words());
        }
    }

    private Map<String, Object> readNamed(KeySpec key, ConfigObject sections, String path) {
        Map<String, Object> named = new LinkedHashMap<>();
        for (Map.Entry<String, ConfigValue> entry : inOrder(sections)) {
            String at = join(path, entry.getKey());
            if (entry.getValue().valueType() == ConfigValueType.OBJECT) {
                named.put(entry.getKey(), read(key.section(), (ConfigObject) entry.getValue(), at));
            } else {
                problem(
                        entry.getValue().origin(),
                        at,
                        "wrong type: " + ValueReader.found(entry.getValue()) + ", expected section");
            }
        }
        return named;
    }

    private List<Object> readList(KeySpec key, ConfigList list, String path) {
        List<Object> sections = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            ConfigValue element = list.get(i);
            String at = path + "[" + i + "]";
            if (element.valueType() == ConfigValueType.OBJECT) {
                sections.add(read(key.section(), (ConfigObject) element, at));
            } else {
                problem(element.origin(), at, "wrong type: " + ValueReader.found(element) + ", expected section");
            }
        }
        return sections;
    }

    private void note(KeySpec key, Setting setting) {
        settings.add(setting);
        if (key.effect() == Effect.MISSING) {
            missing.add(setting);
        }
    }

    private String unknown(SectionSpec spec, String name) {
        List<String> here = new ArrayList<>();
        for (KeySpec key : spec.keys()) {
            if (key.kinds().contains(kind)) {
                here.add(key.name());
            }
        }
        String nearest = NearestKey.of(name, here);
        return nearest.isEmpty()
                ? "unknown key, known here are " + String.join(", ", here)
                : "unknown key, nearest known key is " + nearest;
    }

    private String misplaced(KeySpec key) {
        StringBuilder belongs = new StringBuilder();
        for (NodeKind each : key.kinds()) {
            belongs.append(belongs.isEmpty() ? "" : ", ").append(each.words());
        }
        return "has no meaning in the file of a " + kind.words() + ", it belongs to: " + belongs;
    }

    private String where(ConfigOrigin origin) {
        int line = lineOf(origin);
        return line > 0 ? fileOf(origin) + ":" + line : fileOf(origin);
    }

    private String fileOf(ConfigOrigin origin) {
        String name = origin == null ? null : origin.filename();
        return name == null ? file : name;
    }

    private static int lineOf(ConfigOrigin origin) {
        return origin == null ? 0 : Math.max(0, origin.lineNumber());
    }

    private static String join(String path, String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    private static List<Map.Entry<String, ConfigValue>> inOrder(ConfigObject section) {
        List<Map.Entry<String, ConfigValue>> entries = new ArrayList<>(section.entrySet());
        entries.sort(Comparator.<Map.Entry<String, ConfigValue>>comparingInt(
                        entry -> lineOf(entry.getValue().origin()))
                .thenComparing(Map.Entry::getKey));
        return entries;
    }

    /** A value that its key does not allow. */
    static final class ValueException extends ConfigException {
        private static final long serialVersionUID = 1L;

        ValueException(String message) {
            super(message);
        }
    }
}
