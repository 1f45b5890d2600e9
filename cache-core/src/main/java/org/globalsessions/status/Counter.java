package org.globalsessions.status;

/** Every counter in a segment. Ids are permanent: a counter that goes leaves its id unused. */
public enum Counter {
    /** Gets answered from the segment. */
    HITS(0, "gets answered here"),
    /** Gets that found nothing here. */
    MISSES(1, "gets that found nothing here"),
    /** Entries stored as writes of this host. */
    SETS(2, "sets"),
    /** Deletes requested here. */
    DELETES(3, "deletes"),
    /** Live entries that lost their place. */
    EVICTIONS(4, "live entries evicted"),
    /** Entries removed for age. */
    EXPIRATIONS(5, "entries expired"),
    /** Entries stored from another tier. */
    FILLS(6, "entries filled from another tier"),
    /** Entries evicted before the next tier had acknowledged them, also such as had expired: what they had replaced may come back. */
    LOST_UNPUBLISHED(7, "entries lost unpublished"),
    /** Entries refused because a tombstone beat them. */
    BEATEN_BY_TOMBSTONE(8, "writes that lost to a tombstone"),
    /** Ways set aside because their writer was too slow. */
    WAYS_SET_ASIDE(9, "ways set aside"),
    /** Writes started again because the writer's way had been set aside. */
    WRITES_RESTARTED(10, "writes started again"),
    /** Ways freed after their process died, or after damage that had taken them out of use. */
    WAYS_RECLAIMED(11, "ways of dead processes freed"),
    /** Deletes that found no place for their tombstone. */
    TOMBSTONES_REFUSED(12, "deletes without room for a tombstone"),
    /** Acknowledged tombstones dropped before their retention was over. */
    TOMBSTONES_DROPPED_EARLY(13, "tombstones dropped early"),
    /** Entries published to the next tier. */
    PUBLISHED(14, "entries acknowledged by the next tier"),
    /** Entries handed off. */
    HANDED_OFF(15, "entries handed off"),
    /** Questions sent to the next tier. */
    QUESTIONS(16, "questions to the next tier"),
    /** Questions that the next tier answered with an entry. */
    TIER_HITS(17, "questions answered with an entry"),
    /** Questions that could not be answered. */
    TIER_UNAVAILABLE(18, "questions that no tier could answer"),
    /** Errors seen; texts are in the distinct error log. */
    ERRORS(19, "errors"),
    /** Malformed or foreign frames. */
    BAD_FRAMES(20, "malformed frames refused"),
    /** Messages sent over Aeron IPC. */
    IPC_SENT(21, "messages sent over Aeron IPC"),
    /** Messages received over Aeron IPC. */
    IPC_RECEIVED(22, "messages received over Aeron IPC"),
    /** Sends refused by back pressure on Aeron IPC. */
    IPC_BACK_PRESSURE(23, "sends refused by back pressure on Aeron IPC"),
    /** Entries written to the spill file. */
    SPILLED(24, "entries spilled"),
    /** Entries taken back from the spill file. */
    UNSPILLED(25, "entries replayed from the spill file"),
    /** Entries lost because the spill file was full. */
    LOST_SPILL_FULL(26, "entries lost, spill file full"),
    /** Entries that the last tier lost for space. */
    LOST_FOR_SPACE(27, "entries lost for space by their last owner"),
    /** Child processes started again. */
    SIBLING_RESTARTS(28, "sibling restarts"),
    /** Connections accepted. */
    CONNECTIONS(29, "connections accepted"),
    /** Announcements sent to hosts. */
    ANNOUNCED(30, "announcements sent"),
    /** Announcements applied. */
    ANNOUNCEMENTS_APPLIED(31, "announcements applied"),
    /** Sets that waited because the segment was full of unpublished entries. */
    SETS_WAITED(32, "sets that waited for the link"),
    /** Listeners without protection that other machines reach. */
    PLAIN_TCP_LISTENERS(33, "plain TCP listeners beyond loopback"),
    /** Notifications of listeners dropped because too many waited. */
    NOTIFICATIONS_DROPPED(34, "notifications of listeners dropped"),
    /** Entries whose pages name another head, or whose version or life no writer gives: the file was changed from outside. */
    DAMAGED_ENTRIES(35, "entries found damaged"),
    /** Commands of a relief node's extension that failed, were late or answered too much, or that were not run as too many waited. */
    COMMANDS_FAILED(36, "commands of an extension that failed"),
    /** Writes that lost to a session begun since, though no delete stands between: their own had left this segment. */
    LOST_TO_LATER_LIFE(37, "writes that lost to a session begun since"),
    /** Questions of the relay that no relief node was asked, as by the sibling's filters none has the session. */
    QUESTIONS_FILTERED(38, "questions that filters answered"),
    /** Live entries that a relief node let go because it had more than its {@code relief_quota}. */
    LET_GO_FOR_QUOTA(39, "sessions let go for the quota"),
    /** Questions that a relief node's gateway to another system failed to answer, was late with, or was not asked as too many waited. */
    VALIDATIONS_FAILED(49, "questions that a gateway did not answer"),
    /** Live entries evicted because they were unused for longer than {@code aged_out_secs}. */
    EVICTED_AGED_OUT(40, "entries evicted because unused for too long"),
    /** Loaders run. */
    LOADS(41, "loaders run"),
    /** Misses that waited for another process's loader. */
    LOADS_AWAITED(42, "misses that waited for another process's loader"),
    /** Loaders run without a claim, as too many keys were loaded at once. */
    LOADS_WITHOUT_CLAIM(43, "loaders run without a claim"),
    /** Calls of listeners that threw. */
    LISTENER_FAILURES(44, "calls of listeners that failed"),
    /** Connections closed at once because there were as many as {@code max_connections} allows. */
    CONNECTIONS_TURNED_AWAY(45, "connections turned away because there were too many"),
    /** Times that a host was told of no more values until it had taken what it was sent. */
    CONNECTIONS_QUARANTINED(46, "connections told of no values because they did not drain"),
    /** Questions of a host that waited for its share of what a relay asks further on. */
    QUESTIONS_WAITED(47, "questions that waited for their connection's share"),
    /** Questions of a host that found no room to wait in: answered busy, and not asked further on. */
    QUESTIONS_REFUSED(48, "questions refused, too many of their connection waited"),
    /** Connections that came to nothing by TLS: a peer not trusted, not trusting, or speaking another protocol. */
    TLS_REFUSED(50, "connections refused by TLS"),
    /** Changed files with keys and certificates, or with rights and their secrets, that were read and count. */
    KEYS_RELOADED(51, "keys, certificates and rights reloaded"),
    /** Such files that could not be used; the last good ones stayed. */
    KEY_RELOADS_FAILED(52, "reloads of keys, certificates and rights that failed"),
    /** Connections and requests of peers that have no right to them on the path. */
    REFUSED_WITHOUT_RIGHT(53, "requests refused for want of a right"),
    /** Times that a connection was not read from until its peer had taken what it was sent. */
    CONNECTIONS_SLOWED(54, "connections slowed down because they did not drain"),
    /** Connections closed because their peer did not take what it was sent. */
    CONNECTIONS_NOT_DRAINED(55, "connections closed because they did not drain"),
    /** Entries taken away because the relay could not confirm them after this host had been cut off for too long. */
    DISCARDED_UNCONFIRMED(56, "entries discarded unconfirmed after a cut"),
    /** Hosts that had been away for so long that they could not be told all they had missed. */
    HOSTS_TOO_FAR_BEHIND(57, "hosts that were too far behind to be told what they missed"),
    /** Conditional saves of hosts that lost: another version was here, none, or a delete. */
    CONDITIONS_FAILED(58, "conditional saves that lost"),
    /** Uses of sessions told to the next tier: each session's at most once in an eighth of its idle time-out. */
    TOUCHES(59, "uses told to the next tier"),
    /** Uses that the relief tier was not told of, as the sibling or a node was away or too slow; later ones are. */
    TOUCHES_DROPPED(60, "uses that the relief tier was not told of"),
    /** Changes refused as their versions were further ahead of the relay's clock than it allows: of a host's own, which gives them lower ones. */
    CLOCK_AHEAD(61, "changes refused as too far ahead of the relay's clock"),
    /** Entries and tombstones that a relief node should have had and lacked, copied to it from another one. */
    TRANSFERRED(62, "entries and tombstones copied between relief nodes"),
    /** Walks over what a relief node holds that ended before its end; they are begun anew. */
    TRANSFERS_FAILED(63, "walks over a relief node that failed");

    private final int id;
    private final String label;

    Counter(int id, String label) {
        this.id = id;
        this.label = label;
    }

    /**
     * The permanent id: index of the counter in a slot's row.
     *
     * @return 0 to 63
     */
    public int id() {
        return id;
    }

    /**
     * What is counted.
     *
     * @return a few words
     */
    public String label() {
        return label;
    }
}
