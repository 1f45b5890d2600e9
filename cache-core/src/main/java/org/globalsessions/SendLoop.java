package org.globalsessions;

import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Sends what waits, one after the other: what finds the window full keeps its turn.
 *
 * <p>One thread, the publisher's.
 *
 * @param <T> what is sent
 */
final class SendLoop<T> {
    private final Supplier<T> next;
    private final Predicate<T> sender;

    /** What found the window full, and is sent next. */
    private T held;

    /**
     * Holds nothing yet.
     *
     * @param next   takes what is sent next, null where nothing waits
     * @param sender sends it, or tells its caller; false where the window is full
     */
    SendLoop(Supplier<T> next, Predicate<T> sender) {
        this.next = next;
        this.sender = sender;
    }

    /** Sends until nothing waits; false where the window is full. */
    boolean send() {
        while (true) {
            if (held == null) {
                held = next.get();
            }
            if (held == null) {
                return true;
            }
            if (!sender.test(held)) {
                return false;
            }
            held = null;
        }
    }

    /** What has found the window full, null for nothing. */
    T held() {
        return held;
    }

    /** Gives up what has found the window full. */
    void drop(Consumer<T> told) {
        if (held != null) {
            told.accept(held);
            held = null;
        }
    }
}
