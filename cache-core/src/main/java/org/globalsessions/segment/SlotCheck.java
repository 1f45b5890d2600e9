package org.globalsessions.segment;

import static org.globalsessions.segment.SegmentDescriptor.SLOT_COUNT;

import org.globalsessions.segment.Finding.Region;
import org.globalsessions.segment.SegmentInspector.ProcessState;

/** The rules of an attach slot and of its row of counters. */
final class SlotCheck implements PlaceCheck {
    static final int RESERVED_OFFSET = 44;
    private static final int UNUSED_SHIFT = 49;

    private final CheckedSegment segment;
    private final FileView view;

    SlotCheck(CheckedSegment segment) {
        this.segment = segment;
        this.view = segment.view();
    }

    @Override
    public long count() {
        return SLOT_COUNT;
    }

    @Override
    public void look(long slot, Findings findings) {
        int at = ProcessTable.base((int) slot);
        long word = view.longAcquire(at + SegmentDescriptor.SLOT_STATE_OFFSET);
        if (word >>> UNUSED_SHIFT != 0) {
            findings.add(damage(slot, at, word, "slot word has bits that mean nothing"));
        }
        if (ProcessTable.state(word) == ProcessTable.FREE) {
            if (ProcessTable.pid(word) != 0) {
                findings.add(damage(slot, at, word, "free slot names a process"));
            }
        } else {
            lookAtTaken(slot, at, word, findings);
        }
        long insertions = view.longAcquire(at + SegmentDescriptor.SLOT_INSERTIONS_OFFSET);
        if (insertions < 0) {
            findings.add(
                    damage(slot, at + SegmentDescriptor.SLOT_INSERTIONS_OFFSET, insertions, "insertions are below 0"));
        }
        int atRelays = view.getInt(at + SegmentDescriptor.SLOT_AT_RELAYS_OFFSET);
        if (atRelays != 0 && atRelays != 1) {
            findings.add(damage(
                    slot,
                    at + SegmentDescriptor.SLOT_AT_RELAYS_OFFSET,
                    atRelays,
                    "whether it works with relays is neither 0 nor 1"));
        }
        if (!view.isZero(at + RESERVED_OFFSET, at + (long) SegmentDescriptor.SLOT_LENGTH)) {
            findings.add(
                    damage(slot, at + RESERVED_OFFSET, view.getInt(at + RESERVED_OFFSET), "reserved bytes are not 0"));
        }
        lookAtCounters(slot, findings);
    }

    private Finding damage(long slot, long at, long word, String what) {
        return segment.damage(Region.PROCESSES, slot, at, word, what);
    }

    private void lookAtTaken(long slot, long at, long word, Findings findings) {
        if (ProcessTable.incarnation(word) == 0) {
            findings.add(damage(slot, at, word, "taken slot has incarnation 0"));
        }
        if (ProcessTable.pid(word) <= 0) {
            findings.add(damage(slot, at, word, "taken slot names no process"));
        }
        ProcessState state = segment.holders().state((int) slot);
        if (state == ProcessState.DEAD) {
            findings.add(segment.leftover(
                    Region.PROCESSES,
                    slot,
                    at,
                    word,
                    "process " + ProcessTable.pid(word) + " is dead",
                    "the slot is free again after the next full sweep"));
        } else if (ProcessTable.state(word) == ProcessTable.CLAIMED) {
            findings.add(segment.inFlux(
                    Region.PROCESSES, slot, at, word, "process " + ProcessTable.pid(word) + " is attaching"));
        }
    }

    private void lookAtCounters(long slot, Findings findings) {
        long row = SegmentDescriptor.COUNTERS_OFFSET + slot * SegmentDescriptor.COUNTER_COUNT * Long.BYTES;
        for (int counter = 0; counter < SegmentDescriptor.COUNTER_COUNT; counter++) {
            long at = row + (long) counter * Long.BYTES;
            long value = view.longAcquire(at);
            if (value < 0) {
                findings.add(segment.damage(Region.COUNTERS, slot, at, value, "counter " + counter + " is below 0"));
            }
        }
    }
}
