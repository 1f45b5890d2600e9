package org.globalsessions.segment;

/** The rules of one kind of place: each of the places is looked at alone, so that a suspect one can be looked at again. */
interface PlaceCheck {
    /** Takes what a look at a place finds. */
    @FunctionalInterface
    interface Findings {
        void add(Finding finding);
    }

    /** Before the first look at any place, and again before the second looks. */
    default void begin() {}

    /** How many places there are. */
    long count();

    /** Looks at one place. */
    void look(long index, Findings findings);
}
