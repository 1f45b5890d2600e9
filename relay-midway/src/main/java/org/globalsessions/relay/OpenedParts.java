package org.globalsessions.relay;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What was opened, in order; closed in the reverse one. One that fails to close does not keep the others open. One thread. */
final class OpenedParts implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(OpenedParts.class);

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    void push(AutoCloseable part) {
        opened.push(part);
    }

    @Override
    public void close() {
        while (!opened.isEmpty()) {
            AutoCloseable next = opened.pop();
            try {
                next.close();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (Exception e) {
                LOGGER.error("Closing a part of the relay failed", e);
            }
        }
    }
}
