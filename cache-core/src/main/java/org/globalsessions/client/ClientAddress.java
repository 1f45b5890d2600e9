package org.globalsessions.client;

import java.util.Objects;

/**
 * Where a unicast goes: {@code role.name}, such as {@code user.42}. Each part has 1 or more of letters, digits, {@code _} and {@code -}, and both
 * together at most {@value #MAX_LENGTH} characters.
 *
 * @param role what kind of client it is for: a node serves one
 * @param name whom it is for within the role
 */
public record ClientAddress(String role, String name) {
    /** Most characters of an address, its point included. */
    public static final int MAX_LENGTH = 128;

    /**
     * Checks both parts.
     *
     * @param role the role
     * @param name the name
     * @throws IllegalArgumentException where a part is refused; the message says which, and does not quote the name
     */
    public ClientAddress {
        checkPart("role", role);
        checkPart("name", name);
        if (role.length() + 1 + name.length() > MAX_LENGTH) {
            throw new IllegalArgumentException(
                    "address is too long: characters=" + (role.length() + 1 + name.length()) + ", limit=" + MAX_LENGTH);
        }
    }

    /**
     * Reads an address.
     *
     * @param text {@code role.name}
     * @return the address
     * @throws IllegalArgumentException where it is none; the message says which part is wrong, and does not quote the name
     */
    public static ClientAddress parse(String text) {
        Objects.requireNonNull(text, "address");
        int point = text.indexOf('.');
        if (point < 0) {
            throw new IllegalArgumentException("address has no role: expected=role.name");
        }
        if (text.indexOf('.', point + 1) >= 0) {
            throw new IllegalArgumentException("address has more than two parts: expected=role.name");
        }
        return new ClientAddress(text.substring(0, point), text.substring(point + 1));
    }

    /**
     * Checks a role, as addresses and configurations have it.
     *
     * @param role the role
     * @return the same
     * @throws IllegalArgumentException where it is empty or has other characters than letters, digits, {@code _} and {@code -}
     */
    public static String checkRole(String role) {
        checkPart("role", role);
        return role;
    }

    private static void checkPart(String part, String text) {
        Objects.requireNonNull(text, part);
        if (text.isEmpty()) {
            throw new IllegalArgumentException("address has an empty " + part + ": expected=role.name");
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean allowed =
                    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
            if (!allowed) {
                throw new IllegalArgumentException("address has a character in its " + part
                        + " that is none of letters, digits, _ and -: at=" + i);
            }
        }
    }

    /**
     * The address as it is written.
     *
     * @return {@code role.name}
     */
    public String text() {
        return role + "." + name;
    }

    /** Without the name: that is whom messages are for. */
    @Override
    public String toString() {
        return "ClientAddress[role=" + role + "]";
    }
}
