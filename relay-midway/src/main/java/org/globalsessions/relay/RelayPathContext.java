package org.globalsessions.relay;

/** Settings of a further path of a relay, given to {@link RelayContext#path}. Fluent, used by one thread. */
public final class RelayPathContext extends PathSettings<RelayPathContext> {
    /** Settings with every default; path and segment have none. */
    public RelayPathContext() {}

    @Override
    RelayPathContext self() {
        return this;
    }
}
