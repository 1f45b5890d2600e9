package org.globalsessions.relief.extension;

/**
 * A gateway to another system that knows sessions, too: asked for a session that no tier has, before "missing" is answered.
 *
 * <p>Several threads call it at a time, each of which is interrupted where a call takes longer than a second.
 */
@FunctionalInterface
public interface SessionValidator {
    /**
     * Asks the other system.
     *
     * @param key the application's key
     * @return the session as that system knows it, or null where it does not know it
     * @throws Exception where it does not answer: the session is unavailable then, not missing; the segment's errors name the exception's
     *     class alone
     */
    ValidSession validate(String key) throws Exception;
}
