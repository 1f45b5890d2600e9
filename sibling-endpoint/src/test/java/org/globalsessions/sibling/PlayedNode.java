package org.globalsessions.sibling;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
import org.globalsessions.transport.frame.CalledFrame;
import org.globalsessions.transport.frame.CommandFrame;
import org.globalsessions.transport.frame.CompareFrame;
import org.globalsessions.transport.frame.ComparedFrame;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.FetchFrame;
import org.globalsessions.transport.frame.FetchedFrame;
import org.globalsessions.transport.frame.FilterFrame;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameType;
import org.globalsessions.transport.frame.InventoriedFrame;
import org.globalsessions.transport.frame.InventoryFrame;
import org.globalsessions.transport.frame.MovedFrame;
import org.globalsessions.transport.frame.NeedSessionFrame;
import org.globalsessions.transport.frame.SessionBackupFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.globalsessions.transport.frame.SessionReceivedFrame;
import org.globalsessions.transport.frame.VoidFrame;

/** A relief node over a map, which answers when a test lets it; all entries are of one life. Its filter has no key that came after it was begun. */
final class PlayedNode {
    private final SharedLru digests;
    private final NodeId id;
    private final Kind kind;
    private final Map<KeyDigest, SessionEntry> entries = new LinkedHashMap<>();
    private final Map<KeyDigest, Version> tombstones = new LinkedHashMap<>();
    private final List<Frame> told = new ArrayList<>();
    private ConnectionStub connection;
    private ReliefEndPoint endPoint;
    private final Map<FrameType, Integer> taken = new EnumMap<>(FrameType.class);
    private int walks;
    private int room = Integer.MAX_VALUE;
    private boolean silent;
    private final ArrayDeque<Frame> asked = new ArrayDeque<>();
    private final PlayedFilter filter = new PlayedFilter();
    private int questions;

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
        asked.clear();
        endPoint = new ReliefEndPoint(new Seat(id, 100, ""), kind, !entries.isEmpty(), connection);
        return endPoint;
    }

    /** Its connection ends: what it was asked has no answer. */
    ReliefEndPoint disconnect() {
        connection.close();
        connection.takeSent();
        asked.clear();
        return endPoint;
    }

    /** What was sent to it and that it has not looked at; it never will. */
    List<Frame> takeSent() {
        return connection.takeSent();
    }

    boolean isConnected() {
        return connection != null && connection.isOpen();
    }

    /** How many walks over it have begun. */
    int walks() {
        return walks;
    }

    /** How many frames of a type have come. */
    int taken(FrameType type) {
        return taken.getOrDefault(type, 0);
    }

    /** How many frames have come. */
    int taken() {
        return taken.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** Entries that it takes copies up to. */
    void room(int value) {
        room = value;
    }

    /** Whether to leave what comes unanswered. */
    void silent(boolean value) {
        silent = value;
    }

    /** Answers that it was given since the last call. */
    List<Frame> takeTold() {
        List<Frame> taken = new ArrayList<>(told);
        told.clear();
        return taken;
    }

    void drop(String key) {
        entries.remove(digests.encode(key).digest());
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
        boolean any = false;
        while (answerNext(router)) {
            any = true;
        }
        return any;
    }

    /** Answers the next of what has come; false where nothing has. */
    boolean answerNext(ReliefRouter router) {
        if (asked.isEmpty()) {
            // What comes of the answers is for the next time.
            asked.addAll(connection.takeSent());
        }
        Frame frame = asked.poll();
        if (frame == null) {
            return false;
        }
        walks += frame instanceof InventoryFrame ? 1 : 0;
        taken.merge(frame.type(), 1, Integer::sum);
        Frame answer = silent ? null : answer(frame);
        if (answer != null && !endPoint.answerInquiry(answer)) {
            router.onAnswer(endPoint, answer);
        }
        return true;
    }

    /** As {@link #answerNext}, and nothing where it is not connected. */
    void answerNextIfConnected(ReliefRouter router) {
        if (isConnected()) {
            answerNext(router);
        }
    }

    /** How often it was asked for a key. */
    int questions() {
        return questions;
    }

    /** How it answers when it is asked for a filter. */
    PlayedFilter filter() {
        return filter;
    }

    /** Digests of the keys that it has. */
    Set<KeyDigest> keys() {
        return entries.keySet();
    }

    private Frame answer(Frame frame) {
        long asked = frame.correlationId();
        if (frame instanceof InventoryFrame inventory && inventory.deletesOnly()) {
            return deletes(inventory);
        } else if (frame instanceof InventoryFrame) {
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
        } else if (frame instanceof VoidFrame voids) {
            for (VoidFrame.Voided voided : voids.voided()) {
                entries.computeIfPresent(
                        voided.digest(),
                        (digest, entry) -> entry.version().compareTo(voided.version()) < 0 ? null : entry);
            }
            return received(asked, Version.NONE);
        } else if (frame instanceof MovedFrame moved) {
            for (InventoryItem item : moved.items()) {
                entries.computeIfPresent(
                        item.digest(), (digest, entry) -> entry.version().equals(item.version()) ? null : entry);
            }
            return received(asked, Version.NONE);
        } else if (frame instanceof CommandFrame command) {
            List<String> lines = new ArrayList<>(List.of(id.low() + " " + command.name()));
            lines.addAll(command.arguments());
            return new CalledFrame(asked, CalledFrame.Outcome.DONE, lines);
        } else if (frame instanceof FilterFrame question) {
            return filter.answer(question, entries.keySet());
        } else if (frame instanceof NeedSessionFrame need) {
            questions++;
            SessionEntry entry = entries.get(digests.encode(need.key()).digest());
            return new SessionKnownFrame(asked, entry == null ? Status.MISSING : Status.FOUND, 0, 0, entry);
        }
        told.add(frame);
        return null;
    }

    /** One in each part. */
    private Frame deletes(InventoryFrame inventory) {
        List<InventoryItem> all = new ArrayList<>();
        tombstones.forEach((digest, version) -> all.add(InventoryItem.tombstone(digest, version)));
        int at = (int) inventory.cursor();
        long next = at + 1 < all.size() ? at + 1 : 0;
        return new InventoriedFrame(inventory.correlationId(), next, all.isEmpty() ? all : List.of(all.get(at)));
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
