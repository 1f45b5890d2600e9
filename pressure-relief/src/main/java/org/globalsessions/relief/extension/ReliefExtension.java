package org.globalsessions.relief.extension;

import java.util.Map;

/**
 * What an application adds to a relief node: it sees which sessions come and go there, has commands for an operator, and may be a gateway to another
 * system that knows sessions. Found by
 * {@link java.util.ServiceLoader} on the node's class path; the key {@code extension} of the node's file names the one that is used.
 *
 * <p>The node calls {@link #onStored} and {@link #onGone} on one thread, in order, each command on another one, and the gateway on further ones: an
 * implementation shares what they use accordingly. What an extension throws is counted, and its message is neither logged nor told. One that hangs
 * misses what comes meanwhile, and holds nothing else up.
 *
 * <p>Constructed by {@code check} as well, so a constructor opens and starts nothing.
 */
public interface ReliefExtension extends AutoCloseable {
    /**
     * What the configuration calls it.
     *
     * @return the name, the same at each call
     */
    String name();

    /**
     * A session was stored here, or a newer version of one. Also where it is a copy that another node had before.
     *
     * @param session the session; its array is the callee's own
     */
    default void onStored(ReliefSession session) {}

    /**
     * A session is here no more.
     *
     * @param session the session as it was last; its array is the callee's own
     * @param why     what has become of it
     */
    default void onGone(ReliefSession session, Departure why) {}

    /**
     * The commands that an operator may have run by {@code global-sessions call}. Asked for once, when the node starts.
     *
     * @return the commands by their names: 1 to 64 of the characters {@code a} to {@code z}, digits and {@code -}
     */
    default Map<String, ReliefCommand> commands() {
        return Map.of();
    }

    /**
     * The gateway to another system that knows sessions, too. Asked for once, when the node starts.
     *
     * @return the gateway, or null where there is none
     */
    default SessionValidator validator() {
        return null;
    }

    /** The node ends: nothing is called any more. The node waits for half a second at most. */
    @Override
    default void close() {}
}
