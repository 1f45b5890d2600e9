package org.globalsessions.config;

import com.typesafe.config.ConfigIncludeContext;
import com.typesafe.config.ConfigIncluder;
import com.typesafe.config.ConfigIncluderFile;
import com.typesafe.config.ConfigIncluderURL;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseable;
import java.io.File;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Notes the files that a configuration includes, also those of which no value counts, and leaves the including to the library. What is
 * included from the class path, or from elsewhere than this machine's files, is not noted; nor is a file named by {@code include "NAME"} that is
 * not there. One file with what it includes, one use.
 */
final class IncludedFiles implements ConfigIncluder, ConfigIncluderFile, ConfigIncluderURL {
    /** What a name without an ending may have, as the library tries them. */
    private static final List<String> ENDINGS = List.of("", ".conf", ".json", ".properties");

    private final Set<Path> found = new LinkedHashSet<>();
    private ConfigIncluder library;

    /** The files noted so far, in the order in which they were met. */
    List<Path> found() {
        return List.copyOf(found);
    }

    @Override
    public ConfigIncluder withFallback(ConfigIncluder fallback) {
        if (fallback != this) {
            library = fallback;
        }
        return this;
    }

    @Override
    public ConfigObject include(ConfigIncludeContext context, String what) {
        for (String ending : ENDINGS) {
            ConfigParseable named = context.relativeTo(what + ending);
            String file = named == null ? null : named.origin().filename();
            if (file != null) {
                found.add(Path.of(file));
            }
        }
        noteUrl(what);
        return library.include(context, what);
    }

    @Override
    public ConfigObject includeFile(ConfigIncludeContext context, File what) {
        found.add(what.toPath());
        return ((ConfigIncluderFile) library).includeFile(context, what);
    }

    @Override
    public ConfigObject includeURL(ConfigIncludeContext context, URL what) {
        noteUrl(what.toString());
        return ((ConfigIncluderURL) library).includeURL(context, what);
    }

    private void noteUrl(String what) {
        if (what.startsWith("file:")) {
            try {
                found.add(Path.of(new URI(what)));
            } catch (URISyntaxException | IllegalArgumentException | FileSystemNotFoundException e) {
                // No file's: the library says what it makes of it.
            }
        }
    }
}
