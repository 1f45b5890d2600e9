package org.globalsessions.client;

/**
 * A client as the shared table knows it. The text names no one.
 *
 * @param identifier    what its session goes by now; another one than asked for where that was given up by a rename
 * @param gateway       the gateway that serves it, or served it last
 * @param userName      whom it acts for
 * @param address       what it is bound to, or null
 * @param authorisation what was bound with it, the caller's own copy; null where the client is not bound
 */
public record ClientState(
        String identifier, long gateway, String userName, ClientAddress address, byte[] authorisation) {
    /**
     * Whether the client is bound: with or without an address.
     *
     * @return true where there is authorisation data
     */
    public boolean isBound() {
        return authorisation != null;
    }

    @Override
    public String toString() {
        return "ClientState[bound=" + isBound() + "]";
    }
}
