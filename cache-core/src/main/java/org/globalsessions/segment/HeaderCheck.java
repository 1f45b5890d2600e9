package org.globalsessions.segment;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.globalsessions.segment.Finding.Region;
import org.globalsessions.status.DistinctErrors;

/** The rules of the header's changing fields, its leases and its note, and of the distinct errors. One place: the header. */
final class HeaderCheck implements PlaceCheck {
    /** First byte and end of what LAYOUT.md says is reserved and 0. */
    static final int[][] RESERVED = {
        {4, 8},
        {64, 72},
        {152, 192},
        {196, 256},
        {296, 320},
        {328, 384},
        {392, 448},
        {456, 512},
        {568, 576},
        {580, 640}
    };

    private final CheckedSegment segment;
    private final FileView view;
    private final DistinctErrors errors;

    HeaderCheck(CheckedSegment segment, ByteBuffer header) {
        this.segment = segment;
        this.view = segment.view();
        this.errors = new DistinctErrors(SegmentFile.errorsOf(header), () -> 0);
    }

    @Override
    public long count() {
        return 1;
    }

    private Finding damage(long at, long word, String what) {
        return segment.damage(Region.HEADER, 0, at, word, what);
    }

    @Override
    public void look(long index, Findings findings) {
        for (int[] range : RESERVED) {
            if (!view.isZero(range[0], range[1])) {
                findings.add(damage(range[0], 0, "reserved bytes are not 0: " + range[0] + " to " + (range[1] - 1)));
            }
        }
        int origin = view.getInt(SegmentDescriptor.ORIGIN_OFFSET);
        if (origin <= 0) {
            findings.add(damage(SegmentDescriptor.ORIGIN_OFFSET, origin, "origin is not above 0"));
        }
        int role = view.getInt(SegmentDescriptor.ROLE_OFFSET);
        if (role < 0 || role >= SegmentSettings.Role.values().length) {
            findings.add(damage(SegmentDescriptor.ROLE_OFFSET, role, "role is unknown"));
        }
        int retired = view.getInt(SegmentDescriptor.RETIRED_OFFSET);
        if (retired != 0 && retired != 1) {
            findings.add(damage(SegmentDescriptor.RETIRED_OFFSET, retired, "retired is neither 0 nor 1"));
        }
        lookAtNumbers(findings);
        lookAtRelays(findings);
        int cursor = view.getInt(SegmentDescriptor.PAGE_CURSOR_OFFSET);
        if (cursor < 0 || cursor >= Math.max(1, segment.geometry().pageCount())) {
            findings.add(
                    damage(SegmentDescriptor.PAGE_CURSOR_OFFSET, cursor, "cursor names a page that does not exist"));
        }
        for (SegmentFile.Duty duty : SegmentFile.Duty.values()) {
            lookAtLease(duty, findings);
        }
        lookAtClaims(findings);
        lookAtNote(findings);
        for (int place : errors.mangledPlaces()) {
            long at = SegmentDescriptor.ERRORS_OFFSET + (long) place * SegmentDescriptor.ERROR_LENGTH;
            findings.add(segment.damage(
                    Region.ERRORS, place, at, view.getLong(at), "text, hash, count and times do not fit each other"));
        }
    }

    private void lookAtNumbers(Findings findings) {
        requireNotNegative(SegmentDescriptor.TICK_OFFSET, "tick", findings);
        requireNotNegative(SegmentDescriptor.WALL_CLOCK_MS_OFFSET, "wall clock", findings);
        requireNotNegative(SegmentDescriptor.STEP_OFFSET, "recency step", findings);
        requireNotNegative(SegmentDescriptor.HIGHEST_VERSION_OFFSET, "highest version", findings);
        requireNotNegative(SegmentDescriptor.UNJUDGED_OFFSET, "clock of what claims nothing", findings);
        int known = view.getInt(SegmentDescriptor.DELETES_KNOWN_OFFSET);
        if (known != 0 && known != 1) {
            findings.add(damage(
                    SegmentDescriptor.DELETES_KNOWN_OFFSET,
                    known,
                    "whether earlier deletes are known is neither 0 nor 1"));
        }
        for (int place = 0; place < SegmentDescriptor.PLACE_COUNT; place++) {
            int lease = SegmentDescriptor.LEASES_OFFSET + place * SegmentDescriptor.LEASE_LENGTH;
            requireNotNegative(lease + SegmentDescriptor.LEASE_END_OFFSET, "end of a relay's lease", findings);
            requireNotNegative(lease + SegmentDescriptor.LEASE_CUT_OFFSET, "clock of the last cut", findings);
        }
        lookAtYoungestDropped(findings);
        requireEpoch(SegmentDescriptor.RELAY_EPOCH_OFFSET, SegmentDescriptor.POSITION_OFFSET, "a position", findings);
        requireEpoch(SegmentDescriptor.RELAY_EPOCH_OFFSET, SegmentDescriptor.HORIZON_OFFSET, "a horizon", findings);
    }

    /** Taken from the tick that is published, which is read after it here and only grows. */
    private void lookAtYoungestDropped(Findings findings) {
        int at = SegmentDescriptor.YOUNGEST_DROPPED_OFFSET;
        requireNotNegative(at, "tick of the youngest dropped tombstone", findings);
        long dropped = view.longAcquire(at);
        if (dropped > view.longAcquire(SegmentDescriptor.TICK_OFFSET)) {
            findings.add(damage(at, dropped, "the youngest dropped tombstone was written in the future"));
        }
    }

    /** The position is 0 while the epoch changes, and is read before it here. */
    private void requireEpoch(int epochAt, int at, String what, Findings findings) {
        long position = RelayPosition.of(view.longAcquire(at));
        if (position != 0 && view.longAcquire(epochAt) == 0) {
            findings.add(damage(at, position, "there is " + what + " without a relay epoch"));
        }
    }

    private void lookAtRelays(Findings findings) {
        int list = view.getInt(SegmentDescriptor.RELAY_LIST_OFFSET);
        if (list >>> SegmentDescriptor.PLACE_COUNT != 0) {
            findings.add(
                    damage(SegmentDescriptor.RELAY_LIST_OFFSET, list, "list of relays names places that do not exist"));
        }
        int relays = Integer.bitCount(list);
        if (relays > RelayPlaces.MAX_RELAYS) {
            findings.add(damage(
                    SegmentDescriptor.RELAY_LIST_OFFSET,
                    list,
                    "list of relays has more than " + RelayPlaces.MAX_RELAYS + ": " + relays));
        }
        for (int place = 0; place < SegmentDescriptor.PLACE_COUNT; place++) {
            int at = RelayPlaces.offset(place);
            int epochAt = at + SegmentDescriptor.PLACE_EPOCH_OFFSET;
            requireEpoch(epochAt, at + SegmentDescriptor.PLACE_POSITION_OFFSET, "a position", findings);
            requireEpoch(epochAt, at + SegmentDescriptor.PLACE_HORIZON_OFFSET, "a horizon", findings);
            if (view.getLong(at + SegmentDescriptor.PLACE_ID_OFFSET) == 0 && (list & 1 << place) != 0) {
                findings.add(damage(at, list, "list of relays names a place without a relay"));
            }
        }
    }

    private void requireNotNegative(int at, String name, Findings findings) {
        long value = view.longAcquire(at);
        if (value < 0) {
            findings.add(damage(at, value, name + " is below 0"));
        }
    }

    private void lookAtLease(SegmentFile.Duty duty, Findings findings) {
        int at = Leases.offset(duty);
        long word = view.longAcquire(at);
        int slot = Leases.slot(word);
        if (slot >= SegmentDescriptor.SLOT_COUNT) {
            findings.add(damage(at, word, "lease names a slot that does not exist: slot=" + slot));
        } else if (slot >= 0 && Leases.epoch(word) == 0) {
            findings.add(damage(at, word, "held lease has epoch 0"));
        }
    }

    /** Claim words name their holders as lock words do. */
    private void lookAtClaims(Findings findings) {
        for (int claim = 0; claim < SegmentDescriptor.CLAIM_COUNT; claim++) {
            long at = SegmentDescriptor.CLAIMS_OFFSET + (long) claim * SegmentDescriptor.CLAIM_LENGTH;
            long word = view.longAcquire(at);
            if (HolderWord.slot(word) >= 0) {
                findings.add(segment.held(
                        Region.HEADER,
                        claim,
                        at,
                        word,
                        HolderWord.slot(word),
                        HolderWord.incarnation(word),
                        "a key's load is claimed"));
            }
        }
    }

    private void lookAtNote(Findings findings) {
        int word = view.getInt(SegmentDescriptor.NOTE_OFFSET);
        int length = word & 0xFFFF;
        if (length > SegmentDescriptor.NOTE_MAX_LENGTH) {
            findings.add(
                    damage(SegmentDescriptor.NOTE_OFFSET, word, "note is longer than its place: length=" + length));
            return;
        }
        byte[] text = new byte[length];
        view.get(SegmentDescriptor.NOTE_OFFSET + Integer.BYTES, text, 0, length);
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(text));
        } catch (CharacterCodingException e) {
            // No word of the text in the finding: somebody else may have written it.
            findings.add(damage(SegmentDescriptor.NOTE_OFFSET, word, "note is not UTF-8"));
        }
    }
}
