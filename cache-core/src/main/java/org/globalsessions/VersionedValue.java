package org.globalsessions;

import java.util.Objects;

/**
 * A session's value with the version under which it was read: who writes back what it read passes that version on.
 *
 * <p>The array belongs to the caller. The text names no value.
 *
 * @param value   the value's bytes, may be empty
 * @param version the version of the write that stored them
 */
public record VersionedValue(byte[] value, Version version) {
    /**
     * Checks that both are there.
     *
     * @param value   the value's bytes, may be empty
     * @param version the version of the write that stored them
     */
    public VersionedValue {
        Objects.requireNonNull(value, "value");
        Objects.requireNonNull(version, "version");
    }

    @Override
    public String toString() {
        return "VersionedValue[valueBytes=" + value.length + ", version=" + version + "]";
    }
}
