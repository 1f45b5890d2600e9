package org.globalsessions.client;

/**
 * Whom a remote client acts for. The application implements it, and gets its own object back in every later callback of that client.
 *
 * <p>Only the name leaves this process: it is kept with the client's session, so that all processes can find the clients of a user.
 */
public interface User {
    /**
     * Names the user.
     *
     * @return 1 to {@value ClientDirectory#MAX_USER_NAME_BYTES} bytes of UTF-8; the same each time
     */
    String name();

    /**
     * What the application keeps with the user. It never leaves the process that accepted the client.
     *
     * @return anything, or null: also where another process accepted the client, see {@link ClientHandler#onResumedClient}
     */
    Object credentials();

    /**
     * A user of whom this process knows the name alone.
     *
     * @param name the name
     * @return a user without credentials
     */
    static User named(String name) {
        return new NamedUser(name);
    }
}
