package org.globalsessions.transport.frame;

import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.globalsessions.Acknowledgement;
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
import org.globalsessions.transport.Right;

/** The frames of the golden vectors, by the names that they have in {@code golden-vectors.txt}. */
public final class FrameSamples {
    private static final Version VERSION = new Version(0x0102030405060708L, 0xa1a2a3a4);
    private static final KeyDigest DIGEST = new KeyDigest(0x1112131415161718L, 0x2122232425262728L);
    private static final SessionEntry ENTRY = new SessionEntry(
            ascii("key-1"), ascii("value"), VERSION, 0x0102030405060000L, true, 100, 180_000, 8_640_000);
    private static final SessionEntry EMPTY_VALUE =
            new SessionEntry(new byte[] {(byte) 0xff}, new byte[0], new Version(1, 0), 0, false, 0, 0, 0);

    private FrameSamples() {}

    /** All of them, in the order of the file. */
    public static Map<String, Frame> all() {
        Map<String, Frame> samples = new LinkedHashMap<>();
        samples.put(
                "hello-host",
                new HelloFrame(
                        1, 1, 1, PeerKind.HOST, 0x0a0b0c0d0e0f1011L, -2, 0xcafebabe, 3, 7, "sessions", "s\u00e9cret"));
        samples.put(
                "hello-aging",
                new HelloFrame(2, 1, 2, PeerKind.AGING, 1, 2, 0, 0, 0, "p\u00e4th", "", 10_000, "rack-7/m3", true));
        samples.put("hello-expansion", new HelloFrame(2, 1, 65_535, PeerKind.EXPANSION, 1, 2, 0, 0, 0, "", ""));
        samples.put("hello-sibling", new HelloFrame(2, 1, 1, PeerKind.SIBLING, 1, 2, 0, 0, 0, "sessions", ""));
        samples.put("hello-client", new HelloFrame(2, 1, 1, PeerKind.CLIENT, 1, 2, 3, 0, 1, "sessions", ""));
        samples.put(
                "welcome",
                new WelcomeFrame(
                        1,
                        1,
                        0x7fffffffffffffffL,
                        42,
                        1_700_000_000_000_000L,
                        FrameCodec.MAX_FRAME,
                        Right.ALL,
                        300_000));
        samples.put("error", new ErrorFrame(9, 6, "no room: bucket=7"));
        samples.put("error-clock-ahead", new ErrorFrame(9, 8, "", 1_700_000_000_000_000L, 1_740_800_000_000_000_002L));
        samples.put("error-of-connection", new ErrorFrame(0, 1, ""));
        samples.put("ping", new PingFrame(1, -1));
        samples.put("pong", new PongFrame(1, -1));
        samples.put("goodbye", new GoodbyeFrame(GoodbyeFrame.ENDING));
        samples.put("subscribe", new SubscribeFrame(5, 11, 12, 13));
        samples.put("session", new SessionFrame(6, Acknowledgement.RELAY, 12, 13, new Version(5, 6), ENTRY));
        samples.put("session-relief", new SessionFrame(6, Acknowledgement.RELIEF, 0, 0, Version.NONE, EMPTY_VALUE));
        samples.put(
                "session-conditional",
                new SessionFrame(6, Acknowledgement.RELAY, 12, 13, new Version(5, 6), new Version(7, 8), ENTRY));
        samples.put(
                "session-creating",
                new SessionFrame(6, Acknowledgement.RELIEF, 0, 0, Version.NONE, Version.NONE, EMPTY_VALUE));
        samples.put("announce-session", new AnnounceSessionFrame(12, 14, ENTRY));
        samples.put(
                "session-received",
                new SessionReceivedFrame(6, new Receipt(Receipt.Outcome.STORED, VERSION, 7, false, 12, 14)));
        samples.put(
                "session-received-beaten",
                new SessionReceivedFrame(
                        6, new Receipt(Receipt.Outcome.BEATEN_BY_TOMBSTONE, VERSION, 0, true, 12, 15)));
        samples.put(
                "session-received-superseded",
                new SessionReceivedFrame(6, new Receipt(Receipt.Outcome.SUPERSEDED, VERSION, 7, false, 12, 15)));
        samples.put(
                "session-received-condition",
                new SessionReceivedFrame(6, new Receipt(Receipt.Outcome.CONDITION_FAILED, VERSION, 7, false, 12, 15)));
        samples.put("need-session", new NeedSessionFrame(7, ascii("key-1")));
        samples.put("session-known", new SessionKnownFrame(7, SessionKnownFrame.Status.FOUND, 12, 14, ENTRY));
        samples.put("session-missing", new SessionKnownFrame(7, SessionKnownFrame.Status.MISSING, 12, 14, null));
        samples.put(
                "session-unavailable", new SessionKnownFrame(7, SessionKnownFrame.Status.UNAVAILABLE, 12, 14, null));
        samples.put("session-backup", new SessionBackupFrame(8, ENTRY));
        samples.put("session-backup-copy", new SessionBackupFrame(8, EMPTY_VALUE, true));
        samples.put("delete", new DeleteFrame(9, Acknowledgement.RELAY, 12, 13, DIGEST, VERSION));
        samples.put("delete-relief", new DeleteFrame(9, Acknowledgement.RELIEF, DIGEST, VERSION));
        samples.put("announce-delete", new AnnounceDeleteFrame(12, 15, DIGEST, VERSION));
        samples.put("announce-invalidation", new AnnounceInvalidationFrame(12, 15, DIGEST, VERSION));
        samples.put("renew", new RenewFrame(5, 11, 12, 13));
        samples.put("renewed", new RenewedFrame(5, 12, 14));
        samples.put("need-everywhere", new NeedEverywhereFrame(9, DIGEST, 12, 15));
        samples.put("everywhere", new EverywhereFrame(9, 15));
        samples.put("touch-none", new TouchFrame(11, List.of()));
        samples.put(
                "touch",
                new TouchFrame(
                        11,
                        List.of(
                                new Touch(DIGEST, 0x0102030405060000L, 100),
                                new Touch(new KeyDigest(-1, 0), 1, Integer.MAX_VALUE))));
        samples.put("administer", new AdministerFrame(11, AdministerFrame.Action.LIST, AdministerFrame.NO_HOST));
        samples.put("administer-forget", new AdministerFrame(11, AdministerFrame.Action.FORGET, DIGEST));
        samples.put("administer-drain", new AdministerFrame(11, AdministerFrame.Action.DRAIN, DIGEST));
        samples.put("administered", new AdministeredFrame(11, AdministeredFrame.Outcome.UNKNOWN_HOST, 0, List.of()));
        samples.put(
                "administered-hosts",
                new AdministeredFrame(
                        11,
                        AdministeredFrame.Outcome.DONE,
                        3,
                        List.of(
                                new AdministeredFrame.KnownHost(DIGEST, 0, 90_000),
                                new AdministeredFrame.KnownHost(new KeyDigest(-1, 0), 2, 0))));
        samples.put("administered-last", new AdministeredFrame(11, AdministeredFrame.Outcome.LAST, 0, List.of()));
        samples.put("void-none", new VoidFrame(10, List.of()));
        samples.put(
                "void",
                new VoidFrame(
                        10,
                        List.of(
                                new VoidFrame.Voided(DIGEST, VERSION),
                                new VoidFrame.Voided(new KeyDigest(-1, 0), new Version(1, -1)))));
        List<InventoryItem> items = List.of(
                InventoryItem.entry(DIGEST, VERSION, 0x0102030405060000L),
                InventoryItem.tombstone(new KeyDigest(-1, 0), new Version(2, -1)));
        samples.put("inventory", new InventoryFrame(12, 0, FrameCodec.MAX_ITEMS, false));
        samples.put("inventory-on", new InventoryFrame(12, 0x0000000102030405L, 1, true));
        samples.put("inventoried-none", new InventoriedFrame(12, 0, List.of()));
        samples.put("inventoried", new InventoriedFrame(12, 0x0000000102030405L, items));
        samples.put("inventoried-untold", new InventoriedFrame(0, 0, items));
        samples.put("compare-none", new CompareFrame(13, List.of()));
        samples.put("compare", new CompareFrame(13, items));
        samples.put("compared-none", new ComparedFrame(13, 0, new BitSet()));
        samples.put("compared", new ComparedFrame(13, 10, BitSet.valueOf(new byte[] {0x41, 0x02})));
        samples.put("compared-nothing-lacking", new ComparedFrame(13, 10, new BitSet()));
        samples.put("fetch-none", new FetchFrame(14, List.of()));
        samples.put("fetch", new FetchFrame(14, List.of(DIGEST, new KeyDigest(-1, 0))));
        samples.put("fetched-none", new FetchedFrame(14, 0, List.of()));
        samples.put("fetched", new FetchedFrame(14, 3, List.of(ENTRY, EMPTY_VALUE)));
        samples.put("moved-none", new MovedFrame(15, List.of()));
        samples.put("moved", new MovedFrame(15, items));
        samples.put("call-command", new CommandFrame(16, DIGEST, "count", List.of("a", "\u00e9")));
        samples.put("call-list", new CommandFrame(16, DIGEST, "", List.of()));
        samples.put("call-validate", new ValidateFrame(16, new byte[] {'k', '-', '1'}));
        samples.put("called-none", new CalledFrame(16, CalledFrame.Outcome.DONE));
        samples.put("called-lines", new CalledFrame(16, CalledFrame.Outcome.DONE, List.of("one", "", "s\u00e9cond")));
        samples.put("called-too-long", new CalledFrame(16, CalledFrame.Outcome.TOO_LONG));
        samples.put("whereabouts-none", new WhereaboutsFrame(17, List.of()));
        samples.put(
                "whereabouts",
                new WhereaboutsFrame(
                        17,
                        List.of(
                                WhereaboutsFrame.Fate.KEPT,
                                WhereaboutsFrame.Fate.LAST,
                                WhereaboutsFrame.Fate.UNKNOWN)));
        samples.put("filter", new FilterFrame(17, 0, FrameCodec.MAX_FILTER_BITS, FrameCodec.MAX_FILTER_HASHES));
        samples.put("filter-places", new FilterFrame(17, 0, 0, 1));
        samples.put("filter-on", new FilterFrame(17, 0x0102030405L, 64, 8));
        samples.put("filtered-none", new FilteredFrame(17, 0x0102030405L, 320_000, 1024, 0));
        samples.put(
                "filtered",
                new FilteredFrame(17, 0, 320_000, 200_000, 4_194_302, 0x8000000000000001L, 0x0123456789abcdefL));
        samples.put("filtered-void", FilteredFrame.ofNoMoreUse());
        samples.put("attend", new AttendFrame(17, true));
        samples.put("notify", new NotifyFrame(17, new PushMessage(false, "user.7", "news", "{}")));
        samples.put("notified", new NotifiedFrame(17, new PushReach(3, 7)));
        samples.put("notified-role", new NotifiedFrame(17, new PushReach(3, PushReach.UNKNOWN)));
        samples.put(
                "find-clients",
                new FindClientsFrame(18, new ClientQuery(ClientQuery.By.USER, "ann", 5, ClientQuery.MOST)));
        samples.put(
                "administer-clients",
                new AdministerFrame(11, AdministerFrame.Action.CHECK_CLIENTS, AdministerFrame.NO_HOST));
        samples.put("clients-checked", new ClientsCheckedFrame(19, 5, 3, 7, 4, 1));
        samples.put("clients-found", new ClientsFoundFrame(18, new FoundClients(3, true, 9, new long[] {
            1, -2, Long.MIN_VALUE, 4
        })));
        samples.put("push", new PushFrame(new PushMessage(true, "user", "news", "{}")));
        return samples;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
