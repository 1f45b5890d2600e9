package org.globalsessions.config;

/**
 * One thing that is wrong with a configuration file.
 *
 * @param file the file, or a description of where the configuration came from
 * @param line line in the file counted from 1, 0 where it is not known
 * @param key  full path of the key, empty where the file as a whole is meant
 * @param text what is wrong, with the allowed range or the nearest known key
 */
public record ConfigurationProblem(String file, int line, String key, String text) {
    /**
     * The problem in one line: file, line, key, what is wrong.
     *
     * @return the line
     */
    @Override
    public String toString() {
        StringBuilder line = new StringBuilder(file);
        if (this.line > 0) {
            line.append(':').append(this.line);
        }
        if (!key.isEmpty()) {
            line.append(": ").append(key);
        }
        return line.append(": ").append(text).toString();
    }
}
