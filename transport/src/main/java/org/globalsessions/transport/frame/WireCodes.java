package org.globalsessions.transport.frame;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import org.globalsessions.Acknowledgement;
import org.globalsessions.tier.Receipt.Outcome;
import org.globalsessions.transport.Right;

/**
 * Numbers of enumerated fields: the index in these tables, whatever the order of the constants in Java. Tables are only ever
 * appended to; null stands for a number that no constant has.
 */
final class WireCodes {
    private static final PeerKind[] KINDS = {
        PeerKind.HOST, PeerKind.AGING, PeerKind.EXPANSION, PeerKind.SIBLING, PeerKind.CLIENT
    };

    private static final SessionKnownFrame.Status[] STATUSES = {
        SessionKnownFrame.Status.FOUND,
        SessionKnownFrame.Status.MISSING,
        SessionKnownFrame.Status.UNAVAILABLE,
        SessionKnownFrame.Status.MISSING_HERE,
        SessionKnownFrame.Status.FOUND_KEPT
    };

    private static final Outcome[] OUTCOMES = {
        Outcome.STORED, Outcome.SUPERSEDED, Outcome.BEATEN_BY_TOMBSTONE, Outcome.CONDITION_FAILED
    };

    /** {@link Acknowledgement#LOCAL} never leaves its host, so 0 means nothing. */
    private static final Acknowledgement[] LEVELS = {null, Acknowledgement.RELAY, Acknowledgement.RELIEF};

    /** Bit 0, bit 1 and so on. */
    private static final Right[] RIGHTS = {Right.PUBLISH, Right.READ, Right.SUBSCRIBE, Right.ADMINISTER};

    private static final AdministerFrame.Action[] ACTIONS = {
        AdministerFrame.Action.LIST,
        AdministerFrame.Action.FORGET,
        AdministerFrame.Action.DRAIN,
        AdministerFrame.Action.CHECK_CLIENTS
    };

    private static final AdministeredFrame.Outcome[] ADMINISTERED = {
        AdministeredFrame.Outcome.DONE,
        AdministeredFrame.Outcome.UNKNOWN_HOST,
        AdministeredFrame.Outcome.CONNECTED,
        AdministeredFrame.Outcome.LAST
    };

    /** In a call: a command for the node's extension. */
    static final int COMMAND = 0;

    /** In a call: a key that the node's gateway may know. */
    static final int VALIDATION = 1;

    private static final CalledFrame.Outcome[] CALLED = {
        CalledFrame.Outcome.DONE,
        CalledFrame.Outcome.NO_NODE,
        CalledFrame.Outcome.UNKNOWN_COMMAND,
        CalledFrame.Outcome.FAILED,
        CalledFrame.Outcome.LATE,
        CalledFrame.Outcome.BUSY,
        CalledFrame.Outcome.TOO_LONG
    };

    private static final WhereaboutsFrame.Fate[] FATES = {
        WhereaboutsFrame.Fate.KEPT, WhereaboutsFrame.Fate.LAST, WhereaboutsFrame.Fate.UNKNOWN
    };

    private WireCodes() {}

    static int code(WhereaboutsFrame.Fate fate) {
        return codeOf(fate, FATES);
    }

    static WhereaboutsFrame.Fate fate(FieldReader in) throws FrameException {
        return read("fate", FATES, in);
    }

    static int code(CalledFrame.Outcome outcome) {
        return codeOf(outcome, CALLED);
    }

    static CalledFrame.Outcome called(FieldReader in) throws FrameException {
        return read("outcome", CALLED, in);
    }

    static int code(AdministerFrame.Action action) {
        return codeOf(action, ACTIONS);
    }

    static int code(AdministeredFrame.Outcome outcome) {
        return codeOf(outcome, ADMINISTERED);
    }

    static AdministerFrame.Action action(FieldReader in) throws FrameException {
        return read("action", ACTIONS, in);
    }

    static AdministeredFrame.Outcome administered(FieldReader in) throws FrameException {
        return read("outcome", ADMINISTERED, in);
    }

    static int code(PeerKind kind) {
        return codeOf(kind, KINDS);
    }

    static int code(SessionKnownFrame.Status status) {
        return codeOf(status, STATUSES);
    }

    static int code(Outcome outcome) {
        return codeOf(outcome, OUTCOMES);
    }

    static int code(Acknowledgement level) {
        return codeOf(level, LEVELS);
    }

    static int code(Set<Right> rights) {
        int code = 0;
        for (Right right : rights) {
            code |= 1 << codeOf(right, RIGHTS);
        }
        return code;
    }

    static PeerKind kind(FieldReader in) throws FrameException {
        return read("kind", KINDS, in);
    }

    static SessionKnownFrame.Status status(FieldReader in) throws FrameException {
        return read("status", STATUSES, in);
    }

    static Outcome outcome(FieldReader in) throws FrameException {
        return read("outcome", OUTCOMES, in);
    }

    static Acknowledgement level(FieldReader in) throws FrameException {
        return read("level", LEVELS, in);
    }

    static Set<Right> rights(FieldReader in) throws FrameException {
        int code = in.u8();
        if (code >= 1 << RIGHTS.length) {
            throw in.bad("rights unknown: rights=" + code + ", limit=" + ((1 << RIGHTS.length) - 1));
        }
        EnumSet<Right> rights = EnumSet.noneOf(Right.class);
        for (int bit = 0; bit < RIGHTS.length; bit++) {
            if ((code & 1 << bit) != 0) {
                rights.add(RIGHTS[bit]);
            }
        }
        return Collections.unmodifiableSet(rights);
    }

    private static <T> int codeOf(T value, T[] table) {
        for (int code = 0; code < table.length; code++) {
            if (table[code] == value && value != null) {
                return code;
            }
        }
        throw new IllegalArgumentException("has no number on the wire: value=" + value);
    }

    private static <T> T read(String name, T[] table, FieldReader in) throws FrameException {
        int code = in.u8();
        T value = code < table.length ? table[code] : null;
        if (value == null) {
            throw in.bad(name + " unknown: " + name + "=" + code + ", limit=" + (table.length - 1));
        }
        return value;
    }
}
