package org.globalsessions.client;

/** Takes the answer to a client that wants in: one, the first that is given. Any thread. */
public interface ClientHandle {
    /**
     * Lets the client in. Blocks until its session stands in the shared table.
     *
     * @param user whom it acts for; given to every later callback of this client
     * @return what the application does with the client from now on
     * @throws IllegalStateException where an answer was given before, the time for it is over, the client is gone, or its user has as many as are allowed; it is not let in
     */
    ClientControl accept(User user);

    /** Sends the client away. After another answer it does nothing. */
    void deny();
}
