package org.globalsessions.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The keys of one section of a configuration file. Immutable once the schema stands. */
public final class SectionSpec {
    private final Map<String, KeySpec> keys = new LinkedHashMap<>();

    SectionSpec(KeySpec... keys) {
        for (KeySpec key : keys) {
            this.keys.put(key.name(), key);
        }
    }

    /**
     * One key.
     *
     * @param name its name
     * @return the key, or null where the section has none of that name
     */
    public KeySpec key(String name) {
        return keys.get(name);
    }

    /**
     * All keys, in the order in which the documents show them.
     *
     * @return the keys
     */
    public List<KeySpec> keys() {
        return new ArrayList<>(keys.values());
    }
}
