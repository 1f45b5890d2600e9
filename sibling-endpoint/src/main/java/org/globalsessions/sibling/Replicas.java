package org.globalsessions.sibling;

import org.globalsessions.sibling.Membership.Kind;

/**
 * How many nodes of each kind keep a session.
 *
 * @param aging     aging nodes, 1 or more
 * @param expansion expansion nodes, 1 or more
 */
record Replicas(int aging, int expansion) {
    /** Whether there are keys with several owners. */
    boolean areSeveral() {
        return aging > 1 || expansion > 1;
    }

    int of(Kind kind) {
        return kind == Kind.AGING ? aging : expansion;
    }
}
