package org.globalsessions.config;

/**
 * One line of an effective configuration.
 *
 * @param path   full path of the key
 * @param value  the value that counts, as a file would have it
 * @param origin file and line, or "default"
 * @param note   what the value does not do in this version; empty where it does what it says
 */
public record Setting(String path, String value, String origin, String note) {
    /** The origin of a value that the file does not have. */
    public static final String DEFAULT_ORIGIN = "default";
}
