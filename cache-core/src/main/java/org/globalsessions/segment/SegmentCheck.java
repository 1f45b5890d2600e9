package org.globalsessions.segment;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * The check of a whole segment. A place that shows anything is suspect and is looked at again, after a pause where processes
 * live: only what both looks have found alike counts, as others write meanwhile.
 *
 * <p>One use, one thread.
 */
final class SegmentCheck {
    /** Longer than any step of a write that is not stopped. */
    private static final long PAUSE_NS = 20_000_000L;

    /** Suspect places that wait for one common pause; beyond it a place is looked at again at once. */
    private static final int MAX_SUSPECTS = 10_000;

    /** What the first look at a place has found. */
    private record Suspect(PlaceCheck check, long index, List<Finding> findings) {}

    private final SlotHolders holders;
    private final List<PlaceCheck> checks;
    private final WayCheck ways;
    private final TombstoneCheck tombstones;
    private final PageCheck pages;
    private final int maxFindings;
    private final List<Suspect> suspects = new ArrayList<>();
    private final List<Finding> kept = new ArrayList<>();
    private final Map<Finding.Severity, Long> totals = new EnumMap<>(Finding.Severity.class);

    SegmentCheck(CheckedSegment segment, ByteBuffer header, int maxFindings) {
        this.holders = segment.holders();
        this.maxFindings = maxFindings;
        this.ways = new WayCheck(segment);
        this.tombstones = new TombstoneCheck(segment);
        this.pages = new PageCheck(segment);
        this.checks = List.of(
                new HeaderCheck(segment, header),
                new SlotCheck(segment),
                new LockCheck(segment),
                tombstones,
                ways,
                pages);
    }

    SegmentReport run() throws IOException {
        holders.look();
        checks.forEach(PlaceCheck::begin);
        for (PlaceCheck check : checks) {
            long count = check.count();
            for (long index = 0; index < count; index++) {
                look(check, index);
            }
        }
        // What the second looks count again does not belong into the totals.
        SegmentReport counts = report(List.of());
        if (!suspects.isEmpty() && holders.anyLive()) {
            LockSupport.parkNanos(PAUSE_NS);
        }
        holders.look();
        if (!suspects.isEmpty()) {
            checks.forEach(PlaceCheck::begin);
        }
        for (Suspect suspect : suspects) {
            confirm(suspect);
        }
        kept.sort(Comparator.comparing(Finding::severity));
        return new SegmentReport(
                List.copyOf(kept),
                total(Finding.Severity.DAMAGE),
                total(Finding.Severity.TO_BE_RECLAIMED),
                total(Finding.Severity.IN_FLUX),
                counts.visible(),
                counts.reserved(),
                counts.aside(),
                counts.unpublished(),
                counts.tombstones(),
                counts.pagesInUse(),
                counts.live() || holders.anyLive());
    }

    private long total(Finding.Severity severity) {
        return totals.getOrDefault(severity, 0L);
    }

    private SegmentReport report(List<Finding> findings) {
        return new SegmentReport(
                findings,
                0,
                0,
                0,
                ways.visible(),
                ways.reserved(),
                ways.aside(),
                ways.unpublished(),
                tombstones.visible(),
                pages.inUse(),
                holders.anyLive());
    }

    private void look(PlaceCheck check, long index) {
        List<Finding> found = lookAt(check, index);
        if (found.isEmpty()) {
            return;
        }
        Suspect suspect = new Suspect(check, index, found);
        if (suspects.size() < MAX_SUSPECTS) {
            suspects.add(suspect);
        } else {
            confirm(suspect);
        }
    }

    private static List<Finding> lookAt(PlaceCheck check, long index) {
        List<Finding> found = new ArrayList<>(0);
        check.look(index, found::add);
        return found;
    }

    private void confirm(Suspect suspect) {
        List<Finding> again = lookAt(suspect.check(), suspect.index());
        for (Finding finding : again) {
            if (suspect.findings().contains(finding)) {
                totals.merge(finding.severity(), 1L, Long::sum);
                keep(finding);
            }
        }
    }

    /** The list is bounded, and damage comes before the rest also where the list was full before it came. */
    private void keep(Finding finding) {
        if (kept.size() < maxFindings) {
            kept.add(finding);
            return;
        }
        if (finding.severity() == Finding.Severity.DAMAGE) {
            for (int i = 0; i < kept.size(); i++) {
                if (kept.get(i).severity() != Finding.Severity.DAMAGE) {
                    kept.set(i, finding);
                    return;
                }
            }
        }
    }
}
