package org.globalsessions.relief.extension;

import org.globalsessions.config.NamedServices;
import org.globalsessions.config.NodeConfig;

/** The extensions on the class path. Static, any thread. */
public final class ReliefExtensions {
    private static final String KEY = "extension";

    private ReliefExtensions() {}

    /**
     * The extension that a relief node's file names.
     *
     * @param config the file
     * @return a new instance, or null where the file names none
     * @throws org.globalsessions.config.ConfigurationException where there is none of that name, or several; it names those that there are
     */
    public static ReliefExtension of(NodeConfig config) {
        return config.kind().isRelief() && config.has(KEY)
                ? NamedServices.find(ReliefExtension.class, ReliefExtension::name, config, KEY)
                : null;
    }
}
