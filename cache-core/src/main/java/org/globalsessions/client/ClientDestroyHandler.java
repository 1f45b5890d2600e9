package org.globalsessions.client;

/** Hears of clients that are gone. */
@FunctionalInterface
public interface ClientDestroyHandler {
    /**
     * An accepted client is gone: it was silent for too long, was destroyed, or has left. Told once for each client, in one process: the one
     * that serves it, or another gateway's where that has ended. A process that is killed within this call has not told it: another one does.
     *
     * <p>Called on threads of the gateway that may block, some time after the end.
     *
     * @param user       whom it acted for; without credentials where another process had accepted it
     * @param identifier what its session went by; not valid any more
     */
    void onDestroyClient(User user, String identifier);
}
