package org.globalsessions.client;

import java.util.Objects;

/**
 * A declared token, as a request has it. The text does not show the value.
 *
 * @param name  its name: of a header in lower case, else as declared
 * @param type  where it was
 * @param value its value; of several with one name the first
 */
public record TokenData(String name, Token.Type type, String value) {
    /**
     * Checks that all is there.
     *
     * @param name  its name
     * @param type  where it was
     * @param value its value
     */
    public TokenData {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(value, "value");
    }

    @Override
    public String toString() {
        return "TokenData[name=" + name + ", type=" + type + ", valueLength=" + value.length() + "]";
    }
}
