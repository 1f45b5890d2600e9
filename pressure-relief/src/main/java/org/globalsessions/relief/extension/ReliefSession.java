package org.globalsessions.relief.extension;

/**
 * A session as an extension sees it. Its text shows neither key nor value.
 *
 * @param key   the application's key
 * @param value the value
 */
public record ReliefSession(String key, byte[] value) {
    @Override
    public String toString() {
        return "ReliefSession[valueBytes=" + value.length + "]";
    }
}
