package org.globalsessions.config;

/** What the value of a key is. */
public enum KeyType {
    /** Any text. */
    TEXT("text"),
    /** A path; a relative one starts at the folder of the file. */
    PATH("path"),
    /** True or false. */
    FLAG("true or false"),
    /** A whole number. */
    INTEGER("whole number"),
    /** A number with a fraction. */
    DECIMAL("number"),
    /** A time span: a number with a unit such as 30m, or a bare number in the key's own unit. */
    DURATION("duration"),
    /** A number of bytes: a number with a unit such as 64KiB, or a bare number of bytes. */
    SIZE("size"),
    /** One of a few words. */
    CHOICE("word"),
    /** A list of texts: a command and its arguments. */
    WORDS("list of texts"),
    /** A section with keys of its own. */
    SECTION("section"),
    /** A section with keys of its own, or a list of such. */
    SECTIONS("section or list of sections"),
    /** A section whose keys are names chosen by the operator, each with a section of its own. */
    NAMED_SECTIONS("section of named sections");

    private final String words;

    KeyType(String words) {
        this.words = words;
    }

    /**
     * The type in words, for messages.
     *
     * @return such as "whole number"
     */
    public String words() {
        return words;
    }

    boolean isSection() {
        return this == SECTION || this == SECTIONS || this == NAMED_SECTIONS;
    }
}
