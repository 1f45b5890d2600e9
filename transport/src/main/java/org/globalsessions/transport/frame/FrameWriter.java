package org.globalsessions.transport.frame;

import io.netty.buffer.ByteBuf;
import java.util.List;
import org.globalsessions.Version;
import org.globalsessions.tier.ClientQuery;
import org.globalsessions.tier.FoundClients;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.PushMessage;
import org.globalsessions.tier.PushReach;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.Touch;

/** Writes payloads, and says beforehand how long they are. Static, any thread. */
final class FrameWriter {
    /** Payload of a session before its entry: level, claim's epoch and position, tombstone seen. The longest such. */
    static final int SESSION_FIXED = 1 + 8 + 8 + 12 + 1;

    /** Bytes that the condition of a session adds. */
    static final int CONDITION_LENGTH = 12;

    /** Bytes that the clock of an error adds. */
    private static final int CLOCK_LENGTH = 16;

    private FrameWriter() {}

    static long payloadLength(Frame frame) {
        // As long, since the lengths of key and value may add up beyond an int.
        if (frame instanceof HelloFrame hello) {
            return 37L
                    + FrameCodec.utf8(hello.path()).length
                    + FrameCodec.utf8(hello.secret()).length
                    + (hello.kind().isRelief() ? 5L + FrameCodec.utf8(hello.hostId()).length : 0);
        } else if (frame instanceof WelcomeFrame) {
            return 39;
        } else if (frame instanceof ErrorFrame error) {
            return 4L + FrameCodec.utf8(error.text()).length + (error.tellsClock() ? CLOCK_LENGTH : 0);
        } else if (frame instanceof PingFrame || frame instanceof PongFrame) {
            return 8;
        } else if (frame instanceof GoodbyeFrame) {
            return 1;
        } else if (frame instanceof SubscribeFrame || frame instanceof RenewFrame) {
            return 24;
        } else if (frame instanceof RenewedFrame) {
            return 16;
        } else if (frame instanceof NeedEverywhereFrame) {
            return 32;
        } else if (frame instanceof EverywhereFrame) {
            return 8;
        } else if (frame instanceof AdministerFrame) {
            return 17;
        } else if (frame instanceof AdministeredFrame administered) {
            return 7 + (long) administered.hosts().size() * FrameCodec.KNOWN_HOST_LENGTH;
        } else if (frame instanceof SessionFrame session) {
            return SESSION_FIXED
                    + (session.isConditional() ? CONDITION_LENGTH : 0)
                    + FrameCodec.entryLength(session.entry());
        } else if (frame instanceof AnnounceSessionFrame announce) {
            return 16 + FrameCodec.entryLength(announce.entry());
        } else if (frame instanceof SessionReceivedFrame) {
            return 38;
        } else if (frame instanceof NeedSessionFrame need) {
            return 2L + need.key().length;
        } else if (frame instanceof SessionKnownFrame known) {
            return 17L + (known.entry() == null ? 0 : FrameCodec.entryLength(known.entry()));
        } else if (frame instanceof SessionBackupFrame backup) {
            return 1 + FrameCodec.entryLength(backup.entry());
        } else if (frame instanceof DeleteFrame) {
            return 45;
        } else if (frame instanceof AnnounceDeleteFrame || frame instanceof AnnounceInvalidationFrame) {
            return 44;
        } else if (frame instanceof VoidFrame voided) {
            return 2 + (long) voided.voided().size() * FrameCodec.VOIDED_LENGTH;
        } else if (frame instanceof TouchFrame touch) {
            return 2 + (long) touch.touches().size() * FrameCodec.TOUCH_LENGTH;
        }
        return pushLength(frame);
    }

    private static long pushLength(Frame frame) {
        if (frame instanceof AttendFrame) {
            return 1;
        } else if (frame instanceof NotifyFrame notify) {
            return pushLength(notify.message());
        } else if (frame instanceof NotifiedFrame) {
            return 8;
        } else if (frame instanceof PushFrame push) {
            return pushLength(push.message());
        } else if (frame instanceof FindClientsFrame find) {
            return 1L + FrameCodec.TEXT_LENGTH + FrameCodec.utf8(find.query().name()).length + 8 + 2;
        } else if (frame instanceof ClientsFoundFrame clients) {
            return 4L + 1 + 8 + 2 + (long) clients.found().identifiers().length * Long.BYTES;
        } else if (frame instanceof ClientsCheckedFrame) {
            return 4 + 4 + 8 + 4 + 4;
        }
        return transferLength(frame);
    }

    private static long pushLength(PushMessage message) {
        return 1L
                + FrameCodec.TEXT_LENGTH
                + FrameCodec.utf8(message.to()).length
                + FrameCodec.TEXT_LENGTH
                + FrameCodec.utf8(message.method()).length
                + Integer.BYTES
                + FrameCodec.utf8(message.params()).length;
    }

    private static long transferLength(Frame frame) {
        if (frame instanceof InventoryFrame) {
            return 11;
        } else if (frame instanceof InventoriedFrame inventoried) {
            return 10 + (long) inventoried.items().size() * FrameCodec.ITEM_LENGTH;
        } else if (frame instanceof CompareFrame compare) {
            return 2 + (long) compare.items().size() * FrameCodec.ITEM_LENGTH;
        } else if (frame instanceof ComparedFrame compared) {
            return 2L + (compared.count() + 7) / 8;
        } else if (frame instanceof FetchFrame fetch) {
            return 2 + (long) fetch.digests().size() * FrameCodec.DIGEST_LENGTH;
        } else if (frame instanceof FetchedFrame fetched) {
            long length = FrameCodec.FETCHED_FIXED;
            for (SessionEntry entry : fetched.entries()) {
                length += FrameCodec.entryLength(entry);
            }
            return length;
        } else if (frame instanceof MovedFrame moved) {
            return 2 + (long) moved.items().size() * FrameCodec.ITEM_LENGTH;
        } else if (frame instanceof WhereaboutsFrame whereabouts) {
            return 2L + whereabouts.fates().size();
        } else if (frame instanceof FilterFrame) {
            return 13;
        } else if (frame instanceof FilteredFrame filtered) {
            return 22 + (long) filtered.words().length * Long.BYTES;
        }
        return callLength(frame);
    }

    private static long callLength(Frame frame) {
        if (frame instanceof CommandFrame command) {
            return 1L
                    + FrameCodec.DIGEST_LENGTH
                    + FrameCodec.TEXT_LENGTH
                    + FrameCodec.utf8(command.name()).length
                    + textsLength(command.arguments());
        } else if (frame instanceof ValidateFrame validate) {
            return 3L + validate.key().length;
        } else if (frame instanceof CalledFrame called) {
            return 1 + textsLength(called.lines());
        }
        throw unknown(frame);
    }

    private static long textsLength(List<String> texts) {
        long length = 2;
        for (String text : texts) {
            length += FrameCodec.TEXT_LENGTH + FrameCodec.utf8(text).length;
        }
        return length;
    }

    static void writePayload(Frame frame, ByteBuf out) {
        if (frame instanceof HelloFrame hello) {
            writeHello(hello, out);
        } else if (frame instanceof WelcomeFrame welcome) {
            writeU16("version", welcome.version(), 1, out);
            out.writeLongLE(welcome.epoch());
            writeNotNegative("position", welcome.position(), out);
            out.writeLongLE(welcome.clockMicros());
            out.writeIntLE(inRange("maxFrame", welcome.maxFrame(), FrameCodec.HEADER_LENGTH, Integer.MAX_VALUE));
            out.writeByte(WireCodes.code(welcome.rights()));
            writeNotNegative("maxStale", welcome.maxStaleMs(), out);
        } else if (frame instanceof ErrorFrame error) {
            writeU16("code", error.code(), 0, out);
            writeText("text", error.text(), FrameCodec.MAX_TEXT, out);
            if (error.tellsClock()) {
                writeNotNegative("clockMicros", error.clockMicros(), out);
                writeNotNegative("highest", error.highest(), out);
            }
        } else if (frame instanceof PingFrame ping) {
            out.writeLongLE(ping.nanos());
        } else if (frame instanceof PongFrame pong) {
            out.writeLongLE(pong.nanos());
        } else if (frame instanceof GoodbyeFrame goodbye) {
            out.writeByte(inRange("reason", goodbye.reason(), 0, 255));
        } else if (frame instanceof SubscribeFrame subscribe) {
            out.writeLongLE(subscribe.leaseEpoch());
            out.writeLongLE(subscribe.epoch());
            writeNotNegative("position", subscribe.position(), out);
        } else if (frame instanceof RenewFrame renew) {
            out.writeLongLE(renew.leaseEpoch());
            out.writeLongLE(renew.epoch());
            writeNotNegative("position", renew.position(), out);
        } else if (frame instanceof RenewedFrame renewed) {
            out.writeLongLE(renewed.epoch());
            writeNotNegative("position", renewed.position(), out);
        } else if (frame instanceof NeedEverywhereFrame need) {
            writeDigest(need.digest(), out);
            out.writeLongLE(need.epoch());
            writeNotNegative("position", need.position(), out);
        } else if (frame instanceof EverywhereFrame everywhere) {
            writeNotNegative("position", everywhere.position(), out);
        } else if (frame instanceof AdministerFrame administer) {
            out.writeByte(WireCodes.code(administer.action()));
            writeDigest(administer.host(), out);
        } else if (frame instanceof AdministeredFrame administered) {
            writeAdministered(administered, out);
        } else {
            writeSessionPayload(frame, out);
        }
    }

    private static void writeSessionPayload(Frame frame, ByteBuf out) {
        if (frame instanceof SessionFrame session) {
            out.writeByte(WireCodes.code(session.level()));
            out.writeLongLE(session.claimEpoch());
            writeNotNegative("position", session.claimPosition(), out);
            writeVersion(session.seenTombstone(), out);
            out.writeByte(session.isConditional() ? 1 : 0);
            if (session.isConditional()) {
                writeVersion(session.expected(), out);
            }
            writeEntry(session.entry(), out);
        } else if (frame instanceof AnnounceSessionFrame announce) {
            out.writeLongLE(announce.epoch());
            writeNotNegative("position", announce.position(), out);
            writeEntry(announce.entry(), out);
        } else if (frame instanceof SessionReceivedFrame received) {
            writeReceipt(received.receipt(), out);
        } else if (frame instanceof NeedSessionFrame need) {
            writeKey(need.key(), out);
        } else if (frame instanceof SessionKnownFrame known) {
            writeKnown(known, out);
        } else if (frame instanceof SessionBackupFrame backup) {
            out.writeByte(backup.freeOnly() ? 1 : 0);
            writeEntry(backup.entry(), out);
        } else if (frame instanceof DeleteFrame delete) {
            out.writeByte(WireCodes.code(delete.level()));
            out.writeLongLE(delete.claimEpoch());
            writeNotNegative("position", delete.claimPosition(), out);
            writeDigest(delete.digest(), out);
            writeVersion(delete.tombstone(), out);
        } else if (frame instanceof AnnounceDeleteFrame announce) {
            out.writeLongLE(announce.epoch());
            writeNotNegative("position", announce.position(), out);
            writeDigest(announce.digest(), out);
            writeVersion(announce.tombstone(), out);
        } else if (frame instanceof AnnounceInvalidationFrame announce) {
            out.writeLongLE(announce.epoch());
            writeNotNegative("position", announce.position(), out);
            writeDigest(announce.digest(), out);
            writeVersion(announce.version(), out);
        } else if (frame instanceof VoidFrame voided) {
            out.writeShortLE(inRange("count", voided.voided().size(), 0, FrameCodec.MAX_VOIDED));
            for (VoidFrame.Voided one : voided.voided()) {
                writeDigest(one.digest(), out);
                writeVersion(one.version(), out);
            }
        } else if (frame instanceof TouchFrame touch) {
            out.writeShortLE(inRange("count", touch.touches().size(), 0, FrameCodec.MAX_TOUCHES));
            for (Touch one : touch.touches()) {
                writeDigest(one.digest(), out);
                writeNotNegative("life", one.life(), out);
                out.writeIntLE(inRange("idleTicks", one.idleTicks(), 0, Integer.MAX_VALUE));
            }
        } else {
            writePushPayload(frame, out);
        }
    }

    private static void writePushPayload(Frame frame, ByteBuf out) {
        if (frame instanceof AttendFrame attend) {
            out.writeByte(attend.wanted() ? 1 : 0);
        } else if (frame instanceof NotifyFrame notify) {
            writePush(notify.message(), out);
        } else if (frame instanceof NotifiedFrame notified) {
            out.writeIntLE(inRange("processes", notified.reach().processes(), 0, Integer.MAX_VALUE));
            out.writeIntLE(inRange("clients", notified.reach().clients(), PushReach.UNKNOWN, Integer.MAX_VALUE));
        } else if (frame instanceof PushFrame push) {
            writePush(push.message(), out);
        } else if (frame instanceof FindClientsFrame find) {
            ClientQuery query = find.query();
            out.writeByte(query.by() == ClientQuery.By.ADDRESS ? 0 : 1);
            writeText("name", query.name(), FrameCodec.MAX_TEXT, out);
            writeNotNegative("after", query.after(), out);
            out.writeShortLE(query.most());
        } else if (frame instanceof ClientsFoundFrame clients) {
            writeFound(clients.found(), out);
        } else if (frame instanceof ClientsCheckedFrame checked) {
            out.writeIntLE(inRange("clients", checked.clients(), 0, Integer.MAX_VALUE));
            out.writeIntLE(inRange("addresses", checked.addresses(), 0, Integer.MAX_VALUE));
            writeNotNegative("refused", checked.refused(), out);
            out.writeIntLE(inRange("entries", checked.entries(), 0, Integer.MAX_VALUE));
            out.writeIntLE(inRange("differing", checked.differing(), 0, Integer.MAX_VALUE));
        } else {
            writeTransferPayload(frame, out);
        }
    }

    private static void writeFound(FoundClients found, ByteBuf out) {
        out.writeIntLE(inRange("total", found.total(), 0, Integer.MAX_VALUE));
        out.writeByte(found.complete() ? 1 : 0);
        writeNotNegative("next", found.next(), out);
        out.writeShortLE(inRange("count", found.identifiers().length / 2, 0, ClientQuery.MOST));
        for (long number : found.identifiers()) {
            // Most significant first, as an identifier's bytes are.
            out.writeLong(number);
        }
    }

    private static void writePush(PushMessage message, ByteBuf out) {
        out.writeByte(message.toRole() ? 1 : 0);
        writeText("to", message.to(), FrameCodec.MAX_PUSH_NAME, out);
        writeText("method", message.method(), FrameCodec.MAX_PUSH_NAME, out);
        byte[] params = FrameCodec.utf8(message.params());
        out.writeIntLE(inRange("params in bytes", params.length, 0, FrameCodec.MAX_PUSH));
        out.writeBytes(params);
    }

    private static void writeTransferPayload(Frame frame, ByteBuf out) {
        if (frame instanceof InventoryFrame inventory) {
            writeNotNegative("cursor", inventory.cursor(), out);
            out.writeShortLE(inRange("maxItems", inventory.maxItems(), 1, FrameCodec.MAX_ITEMS));
            out.writeByte(inventory.deletesOnly() ? 1 : 0);
        } else if (frame instanceof InventoriedFrame inventoried) {
            writeNotNegative("nextCursor", inventoried.nextCursor(), out);
            writeItems(inventoried.items(), out);
        } else if (frame instanceof CompareFrame compare) {
            writeItems(compare.items(), out);
        } else if (frame instanceof ComparedFrame compared) {
            writeCompared(compared, out);
        } else if (frame instanceof FetchFrame fetch) {
            out.writeShortLE(inRange("count", fetch.digests().size(), 0, FrameCodec.MAX_ITEMS));
            fetch.digests().forEach(digest -> writeDigest(digest, out));
        } else if (frame instanceof FetchedFrame fetched) {
            int covered = inRange("covered", fetched.covered(), 0, FrameCodec.MAX_ITEMS);
            out.writeShortLE(covered);
            out.writeShortLE(inRange("count", fetched.entries().size(), 0, covered));
            fetched.entries().forEach(entry -> writeEntry(entry, out));
        } else if (frame instanceof MovedFrame moved) {
            writeItems(moved.items(), out);
        } else if (frame instanceof WhereaboutsFrame whereabouts) {
            out.writeShortLE(inRange("count", whereabouts.fates().size(), 0, FrameCodec.MAX_ITEMS));
            whereabouts.fates().forEach(fate -> out.writeByte(WireCodes.code(fate)));
        } else if (frame instanceof FilterFrame filter) {
            writeFilter(filter, out);
        } else if (frame instanceof FilteredFrame filtered) {
            writeFiltered(filtered, out);
        } else {
            writeCallPayload(frame, out);
        }
    }

    private static void writeCallPayload(Frame frame, ByteBuf out) {
        if (frame instanceof CommandFrame command) {
            out.writeByte(WireCodes.COMMAND);
            writeDigest(command.node(), out);
            writeText("name", command.name(), FrameCodec.MAX_COMMAND, out);
            writeTexts("arguments", command.arguments(), FrameCodec.MAX_ARGUMENTS, out);
        } else if (frame instanceof ValidateFrame validate) {
            out.writeByte(WireCodes.VALIDATION);
            writeKey(validate.key(), out);
        } else if (frame instanceof CalledFrame called) {
            out.writeByte(WireCodes.code(called.outcome()));
            writeTexts("lines", called.lines(), FrameCodec.MAX_LINES, out);
        } else {
            throw unknown(frame);
        }
    }

    private static void writeKey(byte[] key, ByteBuf out) {
        out.writeShortLE(inRange("keyLength", key.length, 1, FrameCodec.MAX_KEY));
        out.writeBytes(key);
    }

    private static void writeTexts(String name, List<String> texts, int limit, ByteBuf out) {
        out.writeShortLE(inRange("count of " + name, texts.size(), 0, limit));
        for (String text : texts) {
            writeText(name, text, FrameCodec.MAX_TEXT, out);
        }
    }

    private static void writeItems(List<InventoryItem> items, ByteBuf out) {
        out.writeShortLE(inRange("count", items.size(), 0, FrameCodec.MAX_ITEMS));
        for (InventoryItem item : items) {
            if (item.tombstone() && item.life() != 0) {
                throw new IllegalArgumentException("a tombstone has no life: life=" + item.life() + ", limit=0");
            }
            writeDigest(item.digest(), out);
            writeVersion(item.version(), out);
            writeNotNegative("life", item.life(), out);
            out.writeByte(item.tombstone() ? 1 : 0);
        }
    }

    private static void writeCompared(ComparedFrame compared, ByteBuf out) {
        int count = inRange("count", compared.count(), 0, FrameCodec.MAX_ITEMS);
        out.writeShortLE(count);
        byte[] bits = compared.lacking().toByteArray();
        inRange("bits", compared.lacking().length(), 0, count);
        out.writeBytes(bits);
        out.writeZero((count + 7) / 8 - bits.length);
    }

    private static void writeFilter(FilterFrame filter, ByteBuf out) {
        writeNotNegative("cursor", filter.cursor(), out);
        int bits = inRange("bits", filter.bits(), filter.cursor() == 0 ? 0 : Long.SIZE, FrameCodec.MAX_FILTER_BITS);
        inRange("bits beyond a multiple of " + Long.SIZE, bits % Long.SIZE, 0, 0);
        out.writeIntLE(bits);
        out.writeByte(inRange("hashes", filter.hashes(), 1, FrameCodec.MAX_FILTER_HASHES));
    }

    private static void writeFiltered(FilteredFrame filtered, ByteBuf out) {
        writeNotNegative("nextCursor", filtered.nextCursor(), out);
        out.writeIntLE(inRange("places", filtered.places(), 0, Integer.MAX_VALUE));
        out.writeIntLE(inRange("keys", filtered.keys(), 0, Integer.MAX_VALUE));
        int count = inRange("count", filtered.words().length, 0, FrameCodec.MAX_FILTER_WORDS);
        int mostBefore = FrameCodec.MAX_FILTER_BITS / Long.SIZE - count;
        out.writeIntLE(inRange("firstWord", filtered.firstWord(), 0, mostBefore));
        out.writeShortLE(count);
        for (long word : filtered.words()) {
            out.writeLongLE(word);
        }
    }

    private static void writeHello(HelloFrame hello, ByteBuf out) {
        writeU16("minVersion", hello.minVersion(), 1, out);
        writeU16("maxVersion", hello.maxVersion(), hello.minVersion(), out);
        out.writeByte(WireCodes.code(hello.kind()));
        out.writeLongLE(hello.idHigh());
        out.writeLongLE(hello.idLow());
        out.writeIntLE(hello.origin());
        out.writeIntLE(hello.slot());
        out.writeIntLE(hello.incarnation());
        writeText("path", hello.path(), FrameCodec.MAX_PATH, out);
        writeText("secret", hello.secret(), FrameCodec.MAX_SECRET, out);
        if (hello.kind().isRelief()) {
            out.writeShortLE(inRange("weight", hello.weight(), 1, FrameCodec.MAX_WEIGHT));
            writeText("hostId", hello.hostId(), FrameCodec.MAX_HOST_ID, out);
            out.writeByte(hello.holdsSessions() ? 1 : 0);
        }
    }

    private static void writeAdministered(AdministeredFrame administered, ByteBuf out) {
        out.writeByte(WireCodes.code(administered.outcome()));
        out.writeIntLE(inRange("total", administered.total(), 0, Integer.MAX_VALUE));
        out.writeShortLE(inRange("count", administered.hosts().size(), 0, FrameCodec.MAX_HOSTS_TOLD));
        for (AdministeredFrame.KnownHost known : administered.hosts()) {
            writeDigest(known.host(), out);
            out.writeIntLE(inRange("connections", known.connections(), 0, Integer.MAX_VALUE));
            writeNotNegative("away", known.awayMs(), out);
        }
    }

    private static void writeReceipt(Receipt receipt, ByteBuf out) {
        out.writeByte(WireCodes.code(receipt.outcome()));
        writeVersion(receipt.version(), out);
        writeNotNegative("life", receipt.life(), out);
        out.writeByte(receipt.held() ? 1 : 0);
        out.writeLongLE(receipt.epoch());
        writeNotNegative("position", receipt.position(), out);
    }

    private static void writeKnown(SessionKnownFrame known, ByteBuf out) {
        boolean found = known.status().isFound();
        if (found != (known.entry() != null)) {
            throw new IllegalArgumentException("an entry belongs to FOUND and FOUND_KEPT and to nothing else: status="
                    + known.status() + ", entry=" + (known.entry() != null));
        }
        out.writeByte(WireCodes.code(known.status()));
        out.writeLongLE(known.epoch());
        writeNotNegative("position", known.position(), out);
        if (found) {
            writeEntry(known.entry(), out);
        }
    }

    private static void writeEntry(SessionEntry entry, ByteBuf out) {
        out.writeShortLE(inRange("keyLength", entry.key().length, 1, FrameCodec.MAX_KEY));
        out.writeIntLE(entry.value().length);
        writeVersion(entry.version(), out);
        writeNotNegative("life", entry.life(), out);
        out.writeByte(entry.beginsLife() ? 1 : 0);
        out.writeIntLE(inRange("idleTicks", entry.idleTicks(), 0, Integer.MAX_VALUE));
        out.writeIntLE(inRange("idleLimitTicks", entry.idleLimitTicks(), 0, Integer.MAX_VALUE));
        out.writeIntLE(inRange("lifetimeTicks", entry.lifetimeTicks(), 0, Integer.MAX_VALUE));
        out.writeBytes(entry.key());
        out.writeBytes(entry.value());
    }

    private static void writeDigest(KeyDigest digest, ByteBuf out) {
        out.writeLongLE(digest.high());
        out.writeLongLE(digest.low());
    }

    private static void writeVersion(Version version, ByteBuf out) {
        writeNotNegative("clock", version.clock(), out);
        out.writeIntLE(version.origin());
    }

    private static void writeText(String name, String text, int limit, ByteBuf out) {
        byte[] bytes = FrameCodec.utf8(text);
        out.writeShortLE(inRange(name + " in bytes", bytes.length, 0, limit));
        out.writeBytes(bytes);
    }

    private static void writeU16(String name, int value, int lowest, ByteBuf out) {
        out.writeShortLE(inRange(name, value, lowest, 65_535));
    }

    private static void writeNotNegative(String name, long value, ByteBuf out) {
        if (value < 0) {
            throw new IllegalArgumentException(name + " out of range: " + name + "=" + value + ", lowest=0");
        }
        out.writeLongLE(value);
    }

    private static int inRange(String name, int value, int lowest, int highest) {
        if (value < lowest || value > highest) {
            throw new IllegalArgumentException(
                    name + " out of range: value=" + value + ", allowed=" + lowest + ".." + highest);
        }
        return value;
    }

    private static IllegalArgumentException unknown(Frame frame) {
        return new IllegalArgumentException("frame not known to the codec: type=" + frame.type());
    }
}
