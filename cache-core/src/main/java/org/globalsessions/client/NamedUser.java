package org.globalsessions.client;

/**
 * A user of whom this process knows the name alone.
 *
 * @param name the name
 */
record NamedUser(String name) implements User {
    @Override
    public Object credentials() {
        return null;
    }

    @Override
    public String toString() {
        return "NamedUser";
    }
}
