package org.globalsessions.sibling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.globalsessions.Version;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.sibling.Membership.Kind;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.Receipt.Outcome;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.ConnectionStub;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.CompareFrame;
import org.globalsessions.transport.frame.ComparedFrame;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FetchFrame;
import org.globalsessions.transport.frame.FetchedFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.InventoriedFrame;
import org.globalsessions.transport.frame.InventoryFrame;
import org.globalsessions.transport.frame.MovedFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.globalsessions.transport.frame.SessionReceivedFrame;

/** A relief node over a map, which answers when a test lets it; all entries are of one life. */
final class PlayedNode {
    private final SharedLru digests;
    private final NodeId id;
    private final Kind kind;
    private final Map<KeyDigest, SessionEntry> entries = new LinkedHashMap<>();
    private final Map<KeyDigest, Version> tombstones = new LinkedHashMap<>();
    private ConnectionStub connection;
    private ReliefEndPoint endPoint;
    private int walks;
    private int room = Integer.MAX_VALUE;
    private boolean silent;

    /** A node that is not connected; the segment is only used to compute digests. */
    PlayedNode(SharedLru digests, long id, Kind kind) {
        this.digests = digests;
        this.id = new NodeId(id, id);
        this.kind = kind;
    }

    NodeId id() {
        return id;
    }

    ReliefEndPoint endPoint() {
        return endPoint;
    }

    /** A new connection. */
    ReliefEndPoint connect() {
        connection = new ConnectionStub();
        endPoint = new ReliefEndPoint(new Seat(id, 100, ""), kind, connection);
        return endPoint;
    }

    /** Its connection ends: what it was asked has no answer. */
    ReliefEndPoint disconnect() {
        connection.close();
        connection.takeSent();
        return endPoint;
    }

    boolean isConnected() {
        return connection != null && connection.isOpen();
    }

    /** How many walks over it have begun. */
    int walks() {
        return walks;
    }

    /** Entries that it takes copies up to. */
    void room(int value) {
        room = value;
    }

    /** Whether to leave what comes unanswered. */
    void silent(boolean value) {
        silent = value;
    }

    void keep(SessionEntry entry) {
        entries.put(digest(entry), entry);
    }

    int size() {
        return entries.size();
    }

    boolean holds(String key) {
        return entries.containsKey(digests.encode(key).digest());
    }

    boolean holdsTombstone(String key) {
        return tombstones.containsKey(digests.encode(key).digest());
    }

    void bury(String key, Version version) {
        tombstones.put(digests.encode(key).digest(), version);
    }

    private KeyDigest digest(SessionEntry entry) {
        return digests.encode(entry.key()).digest();
    }

    /** Answers what has come; false where nothing has. */
    boolean answer(ReliefRouter router) {
        List<Frame> asked = connection.takeSent();
        for (Frame frame : asked) {
            walks += frame instanceof InventoryFrame ? 1 : 0;
            Frame answer = silent ? null : answer(frame);
            if (answer != null && !endPoint.answerInquiry(answer)) {
                router.onAnswer(endPoint, answer);
            }
        }
        return !asked.isEmpty();
    }

    private Frame answer(Frame frame) {
        long asked = frame.correlationId();
        if (frame instanceof InventoryFrame) {
            List<InventoryItem> items = new ArrayList<>();
            entries.forEach((digest, entry) -> items.add(InventoryItem.entry(digest, entry.version(), entry.life())));
            tombstones.forEach((digest, version) -> items.add(InventoryItem.tombstone(digest, version)));
            return new InventoriedFrame(asked, 0, items);
        } else if (frame instanceof CompareFrame compare) {
            BitSet lacking = new BitSet();
            for (int i = 0; i < compare.items().size(); i++) {
                lacking.set(i, lacks(compare.items().get(i)));
            }
            return new ComparedFrame(asked, compare.items().size(), lacking);
        } else if (frame instanceof FetchFrame fetch) {
            return new FetchedFrame(
                    asked,
                    fetch.digests().size(),
                    fetch.digests().stream()
                            .filter(entries::containsKey)
                            .map(entries::get)
                            .toList());
        } else if (frame instanceof SessionBackupFrame backup) {
            if (backup.freeOnly() && entries.size() >= room && !entries.containsKey(digest(backup.entry()))) {
                return new ErrorFrame(asked, ErrorCode.BUSY, "no room");
            }
            if (tombstones.containsKey(digest(backup.entry()))) {
                return new SessionReceivedFrame(
                        asked, new Receipt(Outcome.BEATEN_BY_TOMBSTONE, Version.NONE, 0, false, 0, 0));
            }
            keep(backup.entry());
            return received(asked, backup.entry().version());
        } else if (frame instanceof SessionFrame session) {
            keep(session.entry());
            return received(asked, session.entry().version());
        } else if (frame instanceof DeleteFrame delete) {
            entries.remove(delete.digest());
            tombstones.put(delete.digest(), delete.tombstone());
            return received(asked, delete.tombstone());
        } else if (frame instanceof MovedFrame moved) {
            for (InventoryItem item : moved.items()) {
                assertThat(entries.remove(item.digest()).version()).isEqualTo(item.version());
            }
            return received(asked, Version.NONE);
        } else if (frame instanceof NeedSessionFrame need) {
            SessionEntry entry = entries.get(digests.encode(need.key()).digest());
            return new SessionKnownFrame(asked, entry == null ? Status.MISSING : Status.FOUND, 0, 0, entry);
        }
        return null;
    }

    private boolean lacks(InventoryItem item) {
        if (item.tombstone() || tombstones.containsKey(item.digest())) {
            return item.tombstone() && !tombstones.containsKey(item.digest());
        }
        SessionEntry entry = entries.get(item.digest());
        return entry == null || entry.version().compareTo(item.version()) < 0;
    }

    private static Frame received(long asked, Version version) {
        return new SessionReceivedFrame(asked, new Receipt(Outcome.STORED, version, 1, false, 0, 0));
    }
}
