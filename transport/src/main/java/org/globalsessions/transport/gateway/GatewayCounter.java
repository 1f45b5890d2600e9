package org.globalsessions.transport.gateway;

import java.util.Locale;

/** What a gateway counts since its start. */
public enum GatewayCounter {
    /** Clients that were let in. */
    ACCEPTED,
    /** Clients that the application has sent away, that it did not answer in time, or of whom there are too many. */
    DENIED,
    /** Clients that went on here after another gateway had served them. */
    RESUMED,
    /** Clients of which the application was told that they are gone. */
    DESTROYED,
    /** Of these, those that had been silent for too long. */
    TIMED_OUT,
    /** Of these, those of a gateway that had been silent for too long. */
    TAKEN_OVER,
    /** Messages of clients. */
    RECEIVED,
    /** Messages to clients that went to a connection. */
    SENT,
    /** Messages to clients who did not read, or were not connected for too long. */
    DROPPED,
    /** Requests refused as too many of that client wait. */
    REQUESTS_REFUSED,
    /** Times that a client sent faster than allowed, and was read later. */
    SLOWED,
    /** Requests and connections that were none of this protocol, or not allowed. */
    REFUSED,
    /** Callbacks of the application that threw. */
    CALLBACK_FAILURES,
    /** Bindings that ended as the client asked for nothing for too long. */
    UNBOUND_IDLE;

    /**
     * The counter in words.
     *
     * @return lower case, with blanks
     */
    public String words() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
