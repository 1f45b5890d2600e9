package org.globalsessions.transport;

/** Codes of error frames. Numbers are permanent; a receiver treats one that it does not know as {@link #INTERNAL}. */
public final class ErrorCode {
    /** The bytes are no frame, or a field is out of its range. The connection is closed. */
    public static final int MALFORMED = 1;

    /** No protocol version in common. The connection is closed. */
    public static final int UNSUPPORTED_VERSION = 2;

    /** The frame is longer than the limit. The connection is closed. */
    public static final int TOO_LARGE = 3;

    /** A well-formed frame that this peer may not send at this moment. The connection is closed. */
    public static final int UNEXPECTED = 4;

    /** A tier behind is away: the question or change has no answer. Try again later. */
    public static final int UNAVAILABLE = 5;

    /** No room at the moment. Try again later. */
    public static final int BUSY = 6;

    /** This peer has no right to do that, or the path is not served here. */
    public static final int REFUSED = 7;

    /** The version is further ahead of the receiver's clock than allowed. Nothing of it is taken; the sender gives what it sent a lower one. */
    public static final int CLOCK_AHEAD = 8;

    /** The answering side failed. */
    public static final int INTERNAL = 9;

    /** Another segment with the same 32-bit origin is connected: draw another one. The connection is closed. */
    public static final int ORIGIN_CLASH = 10;

    /** The lease epoch is older than one seen before: another process is link owner. */
    public static final int STALE_LEASE = 11;

    /** The host was away for so long that it cannot be told all it has missed: it drops what it cannot confirm and subscribes anew. */
    public static final int MUST_CONFIRM = 12;

    private ErrorCode() {}
}
