package org.globalsessions.transport.frame;

/** Types of frames. Codes are permanent. */
public enum FrameType {
    /** First frame of whoever connects. */
    HELLO(1),
    /** Answer to {@link #HELLO}. */
    WELCOME(2),
    /** Something was refused or failed. */
    ERROR(3),
    /** Are you there? */
    PING(4),
    /** Answer to {@link #PING}. */
    PONG(5),
    /** The sender is about to close, on purpose. */
    GOODBYE(6),
    /** Topic {@code subscribe}: a host's link owner wants announcements. */
    SUBSCRIBE(7),
    /** Topic {@code session}, operation S: publishes an entry. */
    SESSION(10),
    /** Topic {@code session}, operation S: the relay tells of an entry stored by another host. */
    ANNOUNCE_SESSION(11),
    /** Topic {@code session_received}: acknowledges a change. */
    SESSION_RECEIVED(12),
    /** Topic {@code need_session}, operation G: asks for a key. */
    NEED_SESSION(13),
    /** Topic {@code session_known}: answers {@link #NEED_SESSION}. */
    SESSION_KNOWN(14),
    /** Topic {@code session_backup}: hands an entry off. */
    SESSION_BACKUP(15),
    /** Topic {@code session}, operation D: deletes. */
    DELETE(16),
    /** Topic {@code session}, operation D: the relay tells of a delete by another host. */
    ANNOUNCE_DELETE(17),
    /** Older versions of these keys are void. */
    VOID(18),
    /** Topic {@code session}, operation S: the relay tells that another host has stored a newer version. */
    ANNOUNCE_INVALIDATION(19),
    /** A host's link owner wants the host's lease renewed. */
    RENEW(20),
    /** Answers {@link #RENEW}. */
    RENEWED(21),
    /** Asks to be told when a delete has reached every host. */
    NEED_EVERYWHERE(22),
    /** Answers {@link #NEED_EVERYWHERE}. */
    EVERYWHERE(23),
    /** Sessions were used: their idle times begin anew. */
    TOUCH(24),
    /** A host's process wants messages to remote clients. */
    ATTEND(25),
    /** A host's process sends a message to remote clients. */
    NOTIFY(26),
    /** Answers {@link #NOTIFY}. */
    NOTIFIED(27),
    /** The relay passes a message on. */
    PUSH(28),
    /** A host's process asks for remote clients. */
    FIND_CLIENTS(29),
    /** An operator asks which hosts the relay remembers, or has it forget one. */
    ADMINISTER(30),
    /** Answers {@link #ADMINISTER}. */
    ADMINISTERED(31),
    /** Asks a relief node what it holds, a part at a time. */
    INVENTORY(32),
    /** Answers {@link #INVENTORY}. */
    INVENTORIED(33),
    /** Asks a relief node what it lacks of what another one holds. */
    COMPARE(34),
    /** Answers {@link #COMPARE}. */
    COMPARED(35),
    /** Asks a relief node for whole entries. */
    FETCH(36),
    /** Answers {@link #FETCH}. */
    FETCHED(37),
    /** Tells a relief node that others have entries of it by now. */
    MOVED(38),
    /** Asks for something of the application's extension at a relief node. */
    CALL(39),
    /** Answers {@link #CALL}. */
    CALLED(40),
    /** A sibling answers a relief node's {@link #COMPARE}: who keeps what the node has let go. */
    WHEREABOUTS(41),
    /** Answers {@link #FIND_CLIENTS}. */
    CLIENTS_FOUND(42),
    /** Asks a relief node for a filter of the keys that it has. */
    FILTER(43),
    /** Answers {@link #FILTER}, or says that earlier answers do not count any more. */
    FILTERED(44),
    /** Answers {@link #ADMINISTER} where the relay was to check what it knows of remote clients. */
    CLIENTS_CHECKED(45);

    private static final FrameType[] BY_CODE = new FrameType[46];

    static {
        for (FrameType type : values()) {
            BY_CODE[type.code] = type;
        }
    }

    private final int code;

    FrameType(int code) {
        this.code = code;
    }

    /**
     * The code on the wire.
     *
     * @return 1 to 255
     */
    public int code() {
        return code;
    }

    /**
     * Finds a type.
     *
     * @param code a code from the wire
     * @return the type, or null if unknown
     */
    public static FrameType of(int code) {
        return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
    }
}
