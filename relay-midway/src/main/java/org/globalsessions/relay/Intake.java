package org.globalsessions.relay;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.globalsessions.Acknowledgement;
import org.globalsessions.ValueTooLargeException;
import org.globalsessions.Version;
import org.globalsessions.relay.ClientEndPoint.HostId;
import org.globalsessions.segment.EncodedKey;
import org.globalsessions.segment.EntrySnapshot;
import org.globalsessions.segment.RecordDescriptor;
import org.globalsessions.segment.SegmentFile;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.tier.InventoryItem;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.Scheduler;
import org.globalsessions.transport.frame.DeleteFrame;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.SessionFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.globalsessions.transport.frame.SessionReceivedFrame;

/**
 * Takes in what hosts publish: stores it, numbers it, acknowledges it, has it announced, and queues its way to the relief tier.
 *
 * <p>An entry that finds every place held waits, and its connection with it, while hand-offs progress; without progress for
 * ten times {@code unpublished_wait} the oldest entry goes to the spill file. On the relay's event loop alone.
 */
final class Intake {
    private static final int STALL_FACTOR = 10;
    private static final Duration BRING_PAUSE = Duration.ofSeconds(1);

    /** For a minute: what nodes take to come back and be given what they lack. */
    private static final int BRING_ATTEMPTS = 60;

    private static final int MOST_BRINGING = 4_096;

    /** Few beside the questions of hosts. */
    private static final int MOST_ASKING = 256;

    /** Part of the places of tombstones that deletes which relief nodes tell of may hold until all owners have them: more must not keep room from those of hosts. */
    private static final int SPREADING_SHARE = 4;

    /** Far above the way of a set on a working connection, and below the age from which a host sends again what nobody has acknowledged. */
    private static final long LATE_MICROS = TimeUnit.MILLISECONDS.toMicros(400);

    /** Told of an entry of a host that is stored as of a version, before its host is. */
    interface StoreListener {
        void stored(KeyDigest digest, Version version, long life);
    }

    private final SharedLru lru;
    private final SegmentFile file;
    private final Counters counters;
    private final SpillFile spill;
    private final RelayAgent agent;
    private final Announcer announcer;
    private final ChangeRing changes;
    private final ClientInquiry clients;
    private final Scheduler loop;
    private final Duration retryPause;
    private final long stallNs;
    private final WriteOutcome outcome = new WriteOutcome();
    private final EntrySnapshot oldest = new EntrySnapshot();
    private final EntrySnapshot here = new EntrySnapshot();
    private final RecentReceipts receipts = new RecentReceipts();
    private final LostVersions lost = new LostVersions();
    private final Set<ClientEndPoint> waiting = new LinkedHashSet<>();
    private StoreListener onStored = (digest, version, life) -> {};
    private int bringing;
    private int asking;

    /** Deletes that relief nodes have told of and that not all of their owners have, as far as the first attempt tells. */
    private int spreading;

    private boolean retryScheduled;
    private boolean stalled;
    private long stalledSinceNs;

    /**
     * An intake.
     *
     * @param lru             the relay's table
     * @param spill           the spill file, or null for none
     * @param agent           owns the way to the relief tier
     * @param announcer       tells the other hosts
     * @param changes         where each change is noted before anybody is told of it, or one that nobody remembers could have been told to some
     * @param clients         told of each entry that stands here, and of each delete
     * @param loop            the event loop that all of this runs on
     * @param unpublishedWait tenth part of the time without progress after which an entry is spilled
     */
    Intake(
            SharedLru lru,
            SpillFile spill,
            RelayAgent agent,
            Announcer announcer,
            ChangeRing changes,
            ClientInquiry clients,
            Scheduler loop,
            Duration unpublishedWait) {
        this.lru = lru;
        this.file = lru.file();
        this.counters = lru.counters();
        this.spill = spill;
        this.agent = agent;
        this.announcer = announcer;
        this.changes = changes;
        this.clients = clients;
        this.loop = loop;
        this.retryPause = unpublishedWait.compareTo(Duration.ofMillis(1)) < 0 ? Duration.ofMillis(1) : unpublishedWait;
        this.stallNs = unpublishedWait.toNanos() * STALL_FACTOR;
        // A change whose receipt a killed relay has not given comes again: as a new one a delete would take away what
        // has begun since, and a save that has won would lose to that.
        changes.forEachKept(change -> {
            Receipt receipt = change.receipt(file.relayEpoch());
            if (change.isDelete()) {
                receipts.addDelete(change.digest(), change.asked(), receipt);
            } else {
                // Which of them had a condition is not noted.
                receipts.addSaved(change.digest(), change.asked(), receipt);
            }
        });
    }

    /** Has somebody told of each entry that is stored. */
    void onStored(StoreListener told) {
        onStored = told;
    }

    /** Whether a change was taken before, as far as that is remembered: it is answered as then. */
    boolean isKnown(KeyDigest digest, Version version) {
        return given(digest, version) != null;
    }

    /** The receipt of a change that must not be judged once more; null where none is remembered. */
    private Receipt given(KeyDigest digest, Version version) {
        Receipt kept = receipts.ofKept(digest, version);
        return kept != null ? kept : receipts.find(digest, version);
    }

    /**
     * Whether nobody here can tell if the life still stands that an entry claims to be of: it is not here, and deletes that its host has not
     * applied are forgotten.
     *
     * @param fromBefore whether deletes from before this relay's epoch are among them
     */
    boolean mustConfirm(SessionFrame frame, boolean fromBefore) {
        SessionEntry entry = frame.entry();
        boolean here = frame.claimEpoch() == file.relayEpoch() && frame.claimPosition() < lru.horizon();
        if (entry.beginsLife() || !(here || fromBefore)) {
            return false;
        }
        EncodedKey key = lru.encode(entry.key());
        LostVersions.Lost gone = lost.of(key.digest());
        // What was let go here stood in this life, and no delete has come since.
        boolean stood = gone != null && gone.life() == entry.life();
        return !stood && !lru.find(key, oldest) && lru.tombstone(key.digest()).equals(Version.NONE);
    }

    /** Every tier has been asked for what {@link #mustConfirm} asks for; what was found is here now. */
    void onConfirmed(ClientEndPoint endPoint, SessionFrame frame, Status status) {
        switch (status) {
            case FOUND, FOUND_KEPT -> onSession(endPoint, frame);
            case MISSING -> {
                counters.increment(Counter.DISCARDED_UNCONFIRMED);
                Version version = frame.entry().version();
                Receipt receipt =
                        new Receipt(Receipt.Outcome.SUPERSEDED, version, 0, false, file.relayEpoch(), file.position());
                endPoint.send(new SessionReceivedFrame(frame.correlationId(), receipt));
            }
            case UNAVAILABLE, MISSING_HERE ->
                endPoint.send(refused(
                        frame.correlationId(), ErrorCode.UNAVAILABLE, "a tier behind did not say whether it lives"));
        }
    }

    /** Whether the tiers behind have to be asked before a condition can be judged: the key is not here, nor was this very save taken before. */
    boolean mustLook(SessionFrame frame) {
        EncodedKey key = lru.encode(frame.entry().key());
        return given(key.digest(), frame.entry().version()) == null && !lru.find(key, here);
    }

    /** Every tier has been asked for what {@link #mustLook} asks for; what was found is here now, where there was room for it. */
    void onLooked(ClientEndPoint endPoint, SessionFrame frame, Status status, SessionEntry behind) {
        if (status == Status.UNAVAILABLE) {
            endPoint.send(refused(
                    frame.correlationId(),
                    ErrorCode.UNAVAILABLE,
                    "a tier behind did not say which version it has, nothing is stored"));
        } else {
            onConditional(endPoint, frame, behind);
        }
    }

    /**
     * A host wants an entry stored on a condition, and the tiers behind have nothing newer of its key than what is given.
     *
     * @param behind what they have, null where nothing or where the key is here
     */
    void onConditional(ClientEndPoint endPoint, SessionFrame frame, SessionEntry behind) {
        try {
            decide(endPoint, frame, behind);
        } catch (ValueTooLargeException e) {
            counters.increment(Counter.ERRORS);
            endPoint.send(new ErrorFrame(frame.correlationId(), ErrorCode.TOO_LARGE, e.getMessage()));
        }
    }

    private void decide(ClientEndPoint endPoint, SessionFrame frame, SessionEntry behind) {
        EncodedKey key = lru.encode(frame.entry().key());
        KeyDigest digest = key.digest();
        Receipt given = given(digest, frame.entry().version());
        if (given != null) {
            again(endPoint, frame, key, given);
            return;
        }
        boolean sameEpoch = frame.claimEpoch() == file.relayEpoch();
        LostVersions.Lost gone = lost.of(digest);
        // What was let go is there to be saved over, and nobody's to create over but as if there were nothing.
        boolean counts = gone != null
                && !frame.expected().equals(Version.NONE)
                && (behind == null || gone.version().compareTo(behind.version()) > 0);
        lru.acceptIf(
                key,
                judged(frame, sameEpoch),
                applied(frame.claimEpoch(), frame.claimPosition()),
                frame.seenTombstone(),
                frame.expected(),
                counts ? gone.ofKey(frame.entry().key()) : behind,
                outcome);
        switch (outcome.status()) {
            // Its own host is told too: it has the older version, and may never get the receipt.
            case STORED -> onStored(endPoint, frame, digest, null);
            case OTHER_VERSION, ABSENT -> {
                counters.increment(Counter.CONDITIONS_FAILED);
                answer(endPoint, frame, Receipt.Outcome.CONDITION_FAILED, file.position());
            }
            case BEATEN_BY_TOMBSTONE -> {
                counters.increment(Counter.CONDITIONS_FAILED);
                answer(endPoint, frame, Receipt.Outcome.BEATEN_BY_TOMBSTONE, file.position());
            }
            case NO_ROOM -> {
                // Not held: what the tiers behind have would have to be asked for again.
                makeRoom(digest);
                endPoint.send(refused(
                        frame.correlationId(), ErrorCode.BUSY, "no room until more is handed off, nothing is stored"));
            }
            default -> endPoint.send(refused(frame.correlationId(), ErrorCode.INTERNAL, "not stored"));
        }
    }

    /** A claim as a position of this relay's epoch: one of another epoch says nothing here. */
    private long applied(long claimEpoch, long claimPosition) {
        return claimEpoch == file.relayEpoch() ? claimPosition : 0;
    }

    /** Its receipt was lost on the way: it has won, whatever was stored since. */
    private void again(ClientEndPoint endPoint, SessionFrame frame, EncodedKey key, Receipt given) {
        if (lru.find(key, here) && here.version().equals(given.version())) {
            acknowledge(endPoint, frame, here.way(), ofLife(given, here.life()));
        } else {
            endPoint.send(new SessionReceivedFrame(frame.correlationId(), ofLife(given, 0)));
        }
    }

    /** A receipt that was given before a restart is remembered without the life. */
    private static Receipt ofLife(Receipt given, long life) {
        return new Receipt(given.outcome(), given.version(), life, false, given.epoch(), given.position());
    }

    /** That its host holds the expected version counts only where no delete that it has missed is forgotten here. */
    private SessionEntry judged(SessionFrame frame, boolean sameEpoch) {
        SessionEntry entry = frame.entry();
        return entry.beginsLife() || (sameEpoch && frame.claimPosition() >= lru.horizon())
                ? entry
                : new SessionEntry(
                        entry.key(),
                        entry.value(),
                        entry.version(),
                        entry.version().clock(),
                        true,
                        entry.idleTicks(),
                        entry.idleLimitTicks(),
                        entry.lifetimeTicks());
    }

    /** A host publishes an entry. */
    void onSession(ClientEndPoint endPoint, SessionFrame frame) {
        try {
            take(endPoint, frame);
        } catch (ValueTooLargeException e) {
            // The host's records are larger than ours. The message names the key's digest, size and limit.
            counters.increment(Counter.ERRORS);
            endPoint.send(new ErrorFrame(frame.correlationId(), ErrorCode.TOO_LARGE, e.getMessage()));
        }
    }

    private void take(ClientEndPoint endPoint, SessionFrame frame) {
        if (tryTake(endPoint, frame)) {
            return;
        }
        long nowNs = file.nanoTime();
        if (!stalled) {
            stalled = true;
            stalledSinceNs = nowNs;
        }
        if (nowNs - stalledSinceNs >= stallNs && spillOldest(frame) && tryTake(endPoint, frame)) {
            return;
        }
        endPoint.hold(frame);
        waiting.add(endPoint);
        scheduleRetry();
    }

    private boolean tryTake(ClientEndPoint endPoint, SessionFrame frame) {
        EncodedKey key = lru.encode(frame.entry().key());
        KeyDigest digest = key.digest();
        Receipt given = receipts.find(digest, frame.entry().version());
        if (given != null && lru.find(key, here) && here.version().equals(given.version())) {
            // Sent again, and still what counts here: it is neither numbered nor announced a second time.
            acknowledge(endPoint, frame, here.way(), ofLife(given, here.life()));
            return true;
        }
        if (isAnothers(endPoint, frame.entry()) && lru.find(key, here) && isEqual(here, frame.entry())) {
            // Several hosts have it and publish it again.
            lru.renew(digest, here.life(), frame.entry().idleTicks());
            Receipt receipt = new Receipt(
                    Receipt.Outcome.STORED, here.version(), here.life(), false, file.relayEpoch(), file.position());
            acknowledge(endPoint, frame, here.way(), receipt);
            return true;
        }
        Receipt replaced = receipts.ofReplacing(digest, frame.entry().version());
        if (replaced != null) {
            lru.renew(digest, replaced.life(), frame.entry().idleTicks());
            endPoint.send(new SessionReceivedFrame(frame.correlationId(), overtaken(replaced)));
            return true;
        }
        if (!takeBack(digest, key, frame.entry())) {
            makeRoom(digest);
            return false;
        }
        LostVersions.Lost gone = lost.of(digest);
        if (gone != null && lru.find(key, here)) {
            gone = null;
        }
        if (gone != null && gone.beats(frame.entry())) {
            Receipt receipt = new Receipt(
                    Receipt.Outcome.SUPERSEDED, gone.version(), gone.life(), false, file.relayEpoch(), file.position());
            endPoint.send(new SessionReceivedFrame(frame.correlationId(), receipt));
            return true;
        }
        SessionEntry entry = gone == null ? frame.entry() : gone.joinedBy(frame.entry());
        long applied = applied(frame.claimEpoch(), frame.claimPosition());
        lru.accept(key, entry, applied, frame.seenTombstone(), outcome);
        if (hasLost(outcome)
                && lru.find(key, here)
                && receipts.isLaterThan(digest, entry, here.version(), here.life())) {
            lru.accept(key, raised(entry, here.version(), here.life()), applied, frame.seenTombstone(), outcome);
        }
        switch (outcome.status()) {
            case STORED -> onStored(endPoint, frame, digest, endPoint.host());
            case SUPERSEDED -> {
                // Whoever has set it has used the session all the same.
                lru.renew(digest, outcome.life(), frame.entry().idleTicks());
                receipts.addLost(
                        digest,
                        frame.entry().version(),
                        answer(endPoint, frame, Receipt.Outcome.SUPERSEDED, file.position()));
            }
            case BEATEN_BY_TOMBSTONE -> answer(endPoint, frame, Receipt.Outcome.BEATEN_BY_TOMBSTONE, file.position());
            case NO_ROOM -> {
                makeRoom(digest);
                return false;
            }
            default -> endPoint.send(refused(frame.correlationId(), ErrorCode.INTERNAL, "not stored"));
        }
        return true;
    }

    /** Whether one that is newer than a version has been let go, of a key of which nothing stands here. */
    boolean isLost(EncodedKey key, Version version) {
        return lost.isNewerThan(key.digest(), version) && !lru.find(key, here);
    }

    private static boolean isAnothers(ClientEndPoint endPoint, SessionEntry entry) {
        return entry.version().origin() != endPoint.origin() && !entry.beginsLife();
    }

    private static boolean isEqual(EntrySnapshot stored, SessionEntry entry) {
        return stored.version().equals(entry.version()) && stored.life() == entry.life();
    }

    /** What lies in the spill file decides as what stands here does; false where there is no room for it. */
    private boolean takeBack(KeyDigest digest, EncodedKey key, SessionEntry entry) {
        SessionEntry spilled = spilled(digest);
        if (spilled == null || lru.find(key, here)) {
            return true;
        }
        if (spilled.life() == entry.life() && spilled.version().compareTo(entry.version()) < 0) {
            // It is replaced in any case.
            return true;
        }
        lru.fill(key, spilled, Long.MAX_VALUE, RecordDescriptor.NOT_HANDED_OFF, true, outcome);
        if (outcome.status() == WriteOutcome.Status.STORED) {
            clients.stored(digest, spilled);
        }
        takenBack(digest, spilled, outcome);
        return outcome.status() != WriteOutcome.Status.NO_ROOM;
    }

    /** Takes an entry out of the spill file once the segment holds it. */
    void takenBack(KeyDigest digest, SessionEntry spilled, WriteOutcome filled) {
        if (filled.status() == WriteOutcome.Status.STORED && spill.removeUpTo(digest, spilled.version())) {
            counters.increment(Counter.UNSPILLED);
        }
    }

    private static boolean hasLost(WriteOutcome outcome) {
        return outcome.status() == WriteOutcome.Status.SUPERSEDED
                || outcome.status() == WriteOutcome.Status.BEATEN_BY_TOMBSTONE;
    }

    /** An entry as of a version just above another one, in a life. */
    private static SessionEntry raised(SessionEntry entry, Version other, long life) {
        Version above = new Version(
                Math.max(entry.version().clock(), other.clock() + 1),
                entry.version().origin());
        return new SessionEntry(
                entry.key(),
                entry.value(),
                above,
                life,
                false,
                entry.idleTicks(),
                entry.idleLimitTicks(),
                entry.lifetimeTicks());
    }

    /** The host given knows of it and is not told. */
    private void onStored(ClientEndPoint endPoint, SessionFrame frame, KeyDigest digest, HostId knowing) {
        Version version = outcome.version();
        long life = outcome.life();
        int way = outcome.way();
        onStored.stored(digest, version, life);
        lost.remove(digest);
        long position = file.nextPosition();
        if (outcome.evicted() && !agent.hasSibling()) {
            counters.increment(Counter.LOST_FOR_SPACE);
        }
        if (spill != null && spill.size() > 0) {
            // What lies there is older than what was just stored, and must not answer for it later.
            spill.removeUpTo(digest, version);
        }
        Receipt receipt = new Receipt(Receipt.Outcome.STORED, version, life, false, file.relayEpoch(), position);
        if (frame.expected() == null) {
            receipts.addStored(digest, frame.entry().version(), receipt);
        } else {
            receipts.addSaved(digest, frame.entry().version(), receipt);
        }
        changes.add(position, knowing, digest, frame.entry().version(), version, way);
        SessionEntry stored = asStored(frame.entry(), version, life);
        clients.stored(digest, stored);
        acknowledge(endPoint, frame, way, receipt);
        announcer.announce(knowing, digest, stored, position);
        if (agent.hasSibling()) {
            checkRoom(digest);
            if (isLate(version)) {
                bringNewer(frame.entry().key(), version, frame.entry().beginsLife(), BRING_ATTEMPTS);
            }
        }
    }

    /** Passes an entry on that is stored, and gives its receipt at once or when the relief tier has it. */
    private void acknowledge(ClientEndPoint endPoint, SessionFrame frame, int way, Receipt receipt) {
        boolean waits = frame.level() == Acknowledgement.RELIEF && agent.hasSibling();
        if (!waits) {
            endPoint.send(new SessionReceivedFrame(frame.correlationId(), receipt));
        }
        if (agent.hasSibling()) {
            ClientSide.Waiter waiter = waits ? waiterFor(endPoint, frame.correlationId(), receipt) : null;
            if (!agent.publish(way, receipt.version(), waiter) && waits) {
                endPoint.send(refused(frame.correlationId(), ErrorCode.BUSY, "too many changes under way"));
            }
        }
    }

    private static SessionEntry asStored(SessionEntry entry, Version version, long life) {
        return new SessionEntry(
                entry.key(),
                entry.value(),
                version,
                life,
                false,
                entry.idleTicks(),
                entry.idleLimitTicks(),
                entry.lifetimeTicks());
    }

    private static ErrorFrame refused(long correlationId, int code, String why) {
        return new ErrorFrame(correlationId, code, why);
    }

    private ClientSide.Waiter waiterFor(ClientEndPoint endPoint, long correlationId, Receipt here) {
        return far -> {
            if (far == null) {
                endPoint.send(refused(correlationId, ErrorCode.UNAVAILABLE, "no relief node has acknowledged in time"));
                return;
            }
            boolean beaten = far.outcome() == Receipt.Outcome.BEATEN_BY_TOMBSTONE;
            Receipt receipt = beaten
                    ? new Receipt(far.outcome(), far.version(), 0, false, here.epoch(), here.position())
                    : new Receipt(
                            here.outcome(),
                            here.version(),
                            here.life(),
                            here.held() || far.held(),
                            here.epoch(),
                            here.position());
            endPoint.send(new SessionReceivedFrame(correlationId, receipt));
        };
    }

    private Receipt answer(ClientEndPoint endPoint, SessionFrame frame, Receipt.Outcome how, long position) {
        long life = how == Receipt.Outcome.BEATEN_BY_TOMBSTONE ? 0 : outcome.life();
        Receipt receipt = new Receipt(how, outcome.version(), life, false, file.relayEpoch(), position);
        endPoint.send(new SessionReceivedFrame(frame.correlationId(), receipt));
        return receipt;
    }

    /** What the host of an entry is told that a later change of it has overtaken on the way. */
    private static Receipt overtaken(Receipt later) {
        return new Receipt(
                Receipt.Outcome.SUPERSEDED, later.version(), later.life(), false, later.epoch(), later.position());
    }

    /** A host publishes a delete. */
    void onDelete(ClientEndPoint endPoint, DeleteFrame frame) {
        KeyDigest digest = frame.digest();
        Version standing = lru.tombstone(digest);
        Receipt given = receipts.ofKept(digest, frame.tombstone());
        if (given == null) {
            given = receipts.ofLaterDelete(digest, frame.tombstone(), standing);
        }
        if (given != null) {
            // Sent again, or overtaken by a later one of its host. It took away what was here then, and says nothing of
            // what has begun since.
            acknowledge(endPoint, frame, given);
            return;
        }
        long applied = applied(frame.claimEpoch(), frame.claimPosition());
        boolean ownIsMore = receipts.isMoreThanHeardOf(digest, standing);
        // What it takes away may have gone on to the relief nodes meanwhile, as a later version than it has itself.
        long elsewhere = agent.hasSibling() && isLate(frame.tombstone()) ? lru.versionClock() : 0;
        lru.acceptDelete(digest, frame.tombstone(), applied, ownIsMore, elsewhere, outcome);
        if (outcome.status() == WriteOutcome.Status.NO_TOMBSTONE_ROOM) {
            endPoint.send(
                    refused(frame.correlationId(), ErrorCode.BUSY, "no room for a tombstone, nothing is deleted yet"));
            return;
        }
        boolean held = outcome.held();
        if (spill != null && spill.delete(digest, outcome.version())) {
            held = true;
        }
        Version version = outcome.version();
        lost.removeDeleted(digest, version);
        long position = outcome.position() != 0 ? outcome.position() : file.nextPosition();
        Receipt.Outcome how =
                outcome.status() == WriteOutcome.Status.STORED ? Receipt.Outcome.STORED : Receipt.Outcome.SUPERSEDED;
        Receipt receipt = new Receipt(how, version, 0, held, file.relayEpoch(), position);
        receipts.addDelete(digest, frame.tombstone(), receipt);
        changes.addDelete(endPoint.host(), digest, frame.tombstone(), receipt);
        clients.deleted(digest);
        acknowledge(endPoint, frame, receipt);
        announcer.announceDelete(endPoint.host(), digest, version, position);
        lru.numberDelete(digest, version, position);
        if (!agent.hasSibling()) {
            lru.confirmDelete(digest, version, receipt);
        }
    }

    /** Passes a delete on that is applied, and gives its receipt at once or when the relief tier has it. */
    private void acknowledge(ClientEndPoint endPoint, DeleteFrame frame, Receipt receipt) {
        boolean waits = frame.level() == Acknowledgement.RELIEF && agent.hasSibling();
        if (!waits) {
            endPoint.send(new SessionReceivedFrame(frame.correlationId(), receipt));
        }
        if (agent.hasSibling()) {
            ClientSide.Waiter waiter = waits ? waiterFor(endPoint, frame.correlationId(), receipt) : null;
            if (!agent.delete(frame.digest(), receipt.version(), receipt.position(), waiter) && waits) {
                endPoint.send(refused(frame.correlationId(), ErrorCode.BUSY, "too many changes under way"));
            }
        }
    }

    /** A relief node beats an entry of ours: its tombstone holds here and for the hosts, too. */
    void onBeaten(KeyDigest digest, Version tombstone) {
        if (isNews(digest, tombstone)) {
            spreadDelete(digest, tombstone);
        } else {
            // Who was killed before it had taken away what the tombstone beats hands that off for ever.
            removeDeleted(digest, tombstone);
        }
    }

    /** Relief nodes know of deletes from before this relay's epoch. */
    void onEarlierDeletes(List<InventoryItem> deletes) {
        for (InventoryItem delete : deletes) {
            if (delete.tombstone() && isNews(delete.digest(), delete.version())) {
                spreadDelete(delete.digest(), delete.version());
            }
        }
    }

    /** Of a delete that some relief node knows: an owner that is away may lack it still when it is forgotten elsewhere. */
    private void spreadDelete(KeyDigest digest, Version tombstone) {
        boolean waits = spreading < lru.tombstoneCapacity() / SPREADING_SHARE;
        Receipt receipt = applyDelete(null, digest, tombstone, !waits);
        if (waits) {
            spreading++;
            agent.delete(digest, tombstone, receipt.position(), done -> spreading -= done == null ? 0 : 1);
        } else {
            lru.confirmDelete(digest, tombstone, receipt);
        }
    }

    /** A host knows of deletes from before this relay's epoch, which nobody else may know. */
    void onEarlierDeletes(ClientEndPoint endPoint, List<InventoryItem> deletes) {
        for (InventoryItem delete : deletes) {
            if (delete.tombstone() && isNews(delete.digest(), delete.version())) {
                Receipt receipt = applyDelete(endPoint.host(), delete.digest(), delete.version(), false);
                if (agent.hasSibling()) {
                    // Where there is no room for it, or nobody answers, the sweep sends it.
                    agent.delete(delete.digest(), delete.version(), receipt.position(), null);
                } else {
                    lru.confirmDelete(delete.digest(), delete.version(), receipt);
                }
                if (outcome.status() == WriteOutcome.Status.NO_TOMBSTONE_ROOM) {
                    // Nobody would send it to the relief tier: the host comes back and tells it again.
                    endPoint.connection().close();
                    return;
                }
            }
        }
    }

    private boolean isNews(KeyDigest digest, Version tombstone) {
        return lru.tombstone(digest).compareTo(tombstone) < 0;
    }

    /** A delete that others know under its version holds here and for the hosts too, but the one that told of it. */
    private Receipt applyDelete(HostId knowing, KeyDigest digest, Version tombstone, boolean isAtRelief) {
        // Known by its number, or a host away since before could not be found to have missed it.
        long position = file.nextPosition();
        if (isAtRelief) {
            lru.applyDelete(digest, tombstone, position, outcome);
        } else {
            lru.applyUnconfirmedDelete(digest, tombstone, position, outcome);
        }
        removeDeleted(digest, tombstone);
        Receipt receipt = new Receipt(Receipt.Outcome.STORED, tombstone, 0, false, file.relayEpoch(), position);
        changes.addDelete(knowing, digest, tombstone, receipt);
        clients.deleted(digest);
        announcer.announceDelete(knowing, digest, tombstone, position);
        return receipt;
    }

    /** What lies outside the segment goes with a delete that stands in it. */
    private void removeDeleted(KeyDigest digest, Version tombstone) {
        if (spill != null) {
            spill.delete(digest, tombstone);
        }
        lost.removeDeleted(digest, tombstone);
    }

    /**
     * A relief node holds a higher version than what was published or handed off: that was long on its way, and took the place of an entry
     * that had left this segment meanwhile. What counts more comes back, and hosts are told of it: some of them have the other one.
     */
    void onSuperseded(byte[] key, Version newer) {
        if (isOlderOrGone(key, Version.NONE, newer)) {
            bringNewer(key, new Version(newer.clock() - 1, newer.origin()), false, BRING_ATTEMPTS);
        }
    }

    /**
     * Brings back what the relief tier has that counts more than a version which its host was told to be stored.
     *
     * @param joins whether that goes on in a life which it finds, as one that has begun without knowing of it
     */
    private void bringNewer(byte[] key, Version told, boolean joins, int attempts) {
        if (asking >= MOST_ASKING) {
            bringNewerLater(key, told, joins, attempts);
            return;
        }
        asking++;
        boolean asked = agent.ask(key, (status, entry) -> {
            asking--;
            if (status == Status.UNAVAILABLE) {
                bringNewerLater(key, told, joins, attempts - 1);
            } else if (status.isFound() && Arrays.equals(key, entry.key())) {
                settle(told, joins, entry);
            }
        });
        if (!asked) {
            asking--;
            bringNewerLater(key, told, joins, attempts - 1);
        }
    }

    /** Of what is here and what the relief tier has, that stands here then which counts for all hosts. */
    private void settle(Version told, boolean joins, SessionEntry behind) {
        boolean higher = isOlderOrGone(behind.key(), told, behind.version());
        if (higher && lru.find(lru.encode(behind.key()), here) && here.life() > behind.life()) {
            // What is here has begun since, by a clock that lags: hosts that have the other one go by its version.
            takeNewer(raised(here.toEntry(), behind.version(), here.life()), RecordDescriptor.UNPUBLISHED);
        } else if (higher) {
            takeNewer(behind, 0);
        } else if (isOfEarlierLife(behind)) {
            // As had it been here: who has either goes by the version.
            SessionEntry counts = joins ? here.toEntry() : behind;
            takeNewer(raised(counts, here.version(), behind.life()), RecordDescriptor.UNPUBLISHED);
        }
    }

    /** Nodes are away or returning, so that nobody could say which version counts: hosts keep different ones until somebody does. */
    private void bringNewerLater(byte[] key, Version told, boolean joins, int attempts) {
        if (attempts > 0 && bringing < MOST_BRINGING) {
            bringing++;
            loop.schedule(
                    () -> {
                        bringing--;
                        bringNewer(key, told, joins, attempts);
                    },
                    BRING_PAUSE);
        }
    }

    /**
     * Whether a set or delete was so long on its way, or its clock lags so far behind others', that one of a higher version may have come, and gone on to the relief
     * nodes, before it.
     */
    private boolean isLate(Version version) {
        return lru.versionClock() - version.clock() > LATE_MICROS << Version.LOGICAL_BITS;
    }

    /** Whether what is here has a higher version than what the relief tier has, in a life before that one's. */
    private boolean isOfEarlierLife(SessionEntry behind) {
        return lru.find(lru.encode(behind.key()), here)
                && here.life() < behind.life()
                && here.version().compareTo(behind.version()) > 0;
    }

    /** Whether what is here is older, or, where it has left segment and spill file meanwhile, what was told to be here. */
    private boolean isOlderOrGone(byte[] key, Version told, Version newer) {
        if (lru.find(lru.encode(key), here)) {
            return here.version().compareTo(newer) < 0;
        }
        SessionEntry spilled = spilled(lru.encode(key).digest());
        Version gone = spilled == null ? told : spilled.version();
        return gone.compareTo(newer) < 0 && !lost.isNewerThan(lru.encode(key).digest(), newer);
    }

    /** What lies in the spill file of a key; null for nothing. */
    SessionEntry spilled(KeyDigest digest) {
        return spill == null || spill.size() == 0 ? null : spill.get(digest, file.tick());
    }

    private void takeNewer(SessionEntry entry, int marks) {
        takeNewer(entry, marks, BRING_ATTEMPTS);
    }

    private void takeNewer(SessionEntry entry, int marks, int attempts) {
        EncodedKey key = lru.encode(entry.key());
        KeyDigest digest = key.digest();
        lru.fill(key, entry, Long.MAX_VALUE, marks | RecordDescriptor.NOT_HANDED_OFF, true, outcome);
        if (outcome.status() == WriteOutcome.Status.NO_ROOM) {
            makeRoom(digest);
            takeNewerLater(entry, marks, attempts - 1);
        }
        if (outcome.status() != WriteOutcome.Status.STORED) {
            return;
        }
        int way = outcome.way();
        Version version = entry.version();
        onStored.stored(digest, version, entry.life());
        long position = file.nextPosition();
        if (spill != null) {
            spill.removeUpTo(digest, version);
        }
        changes.add(position, null, digest, version, version, way);
        clients.stored(digest, entry);
        announcer.announce(null, digest, entry, position);
        if (marks != 0) {
            // As if somebody waited for relief nodes: what it stands for may be something that they have acknowledged.
            agent.publish(way, version, done -> {});
        }
        checkRoom(digest);
    }

    /** Once there is room. Whatever stands here by then, what counts more than both of two entries counts more than either of them alone. */
    private void takeNewerLater(SessionEntry entry, int marks, int attempts) {
        if (attempts > 0 && bringing < MOST_BRINGING) {
            bringing++;
            long sinceTick = file.tick();
            loop.schedule(
                    () -> {
                        bringing--;
                        takeNewer(entry.agedBy(file.tick() - sinceTick), marks, attempts);
                    },
                    BRING_PAUSE);
        }
    }

    /** Has the agent hand off from a key's buckets where they have too few takeable ways. */
    void checkRoom(KeyDigest digest) {
        checkBucket(lru.firstBucket(digest));
        checkBucket(lru.secondBucket(digest));
    }

    private void checkBucket(int bucket) {
        if (lru.takeable(bucket) < HandOffs.TAKEABLE) {
            agent.makeRoom(bucket);
        }
    }

    private void makeRoom(KeyDigest digest) {
        agent.makeRoom(lru.firstBucket(digest));
        agent.makeRoom(lru.secondBucket(digest));
    }

    /** Puts the entry that would have to go into the spill file, or lets it go; false where there is a place already. */
    private boolean spillOldest(SessionFrame frame) {
        EncodedKey key = lru.encode(frame.entry().key());
        if (!lru.oldestFor(key, oldest)) {
            return true;
        }
        SessionEntry entry = oldest.toEntry();
        int way = oldest.way();
        long word = oldest.stateWord();
        KeyDigest digest = lru.encode(entry.key()).digest();
        boolean spilled = spill != null && spill.put(digest, entry, file.tick());
        if (!lru.clearMarks(way, word, RecordDescriptor.NOT_HANDED_OFF)) {
            // Changed meanwhile; a copy in the spill file does no harm, the agent hands it off or a newer one removes
            // it.
            return true;
        }
        counters.increment(spilled ? Counter.SPILLED : Counter.LOST_SPILL_FULL);
        if (!spilled) {
            lost.add(digest, entry.version(), entry.life());
        }
        return true;
    }

    /** Hand-offs were acknowledged: those who wait try again, in the order in which they came. */
    void onHandOffProgress() {
        stalled = false;
        retry();
    }

    private void retry() {
        for (ClientEndPoint endPoint : new ArrayList<>(waiting)) {
            SessionFrame frame = endPoint.waiting();
            if (!endPoint.connection().isOpen()) {
                waiting.remove(endPoint);
                continue;
            }
            onSessionAgain(endPoint, frame);
        }
    }

    private void onSessionAgain(ClientEndPoint endPoint, SessionFrame frame) {
        waiting.remove(endPoint);
        onSession(endPoint, frame);
        if (!waiting.contains(endPoint)) {
            endPoint.release();
        }
    }

    private void scheduleRetry() {
        if (retryScheduled) {
            return;
        }
        retryScheduled = true;
        loop.schedule(
                () -> {
                    retryScheduled = false;
                    retry();
                },
                retryPause);
    }

    /** A connection is gone: what it waited with was not acknowledged. */
    void onClose(ClientEndPoint endPoint) {
        waiting.remove(endPoint);
    }
}
