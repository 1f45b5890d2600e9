package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.stream.IntStream;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.StepStops.Shown;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.KeyDigest;

/** What the processes of a host with a relay do, and what a relay's does. */
enum TierOperation implements SteppedOperation {
    /** Into a table without a free way, of entries that an announcement on its way may be older than. */
    HOST_SET_EVICTING(Role.HOST, "set 9") {
        @Override
        public void prepare(SharedLru lru, SteppedJvm holder) {
            fillWays(lru);
        }

        @Override
        public String before() {
            return null;
        }

        @Override
        public boolean isLeftToSweep() {
            return true;
        }

        /** What has gone may be announced yet, by a message that is older. */
        @Override
        public void checkLeft(SharedLru lru) {
            BucketTable buckets = new BucketTable(lru.file());
            int others = lru.size() - (SteppedOperation.get(lru) == null ? 0 : 1);
            long noted = IntStream.range(0, lru.bucketCount())
                    .mapToLong(bucket -> buckets.departed(bucket, bucket, Long.MAX_VALUE))
                    .max()
                    .orElseThrow();
            if (others < lru.bucketCount() * SegmentDescriptor.WAYS) {
                assertThat(noted).isEqualTo(TierWrites.LIFE);
            }
        }
    },
    /** Over a record whose lifetime is over and of which the relay has not heard. */
    HOST_SET_OVER_OWED(Role.HOST, "set 9") {
        @Override
        public void prepare(SharedLru lru, SteppedJvm holder) {
            SteppedOperation.set(lru, KEY, OLD, 1);
            WorkForSweep.awaitTicks(lru, 3);
        }

        @Override
        public String before() {
            return null;
        }

        /** Where the other bucket shows the one that is owed first, nobody is answered by either. */
        @Override
        public Object[] shown(Shown shown) {
            return shown == Shown.AFTER ? new Object[] {after(), null} : super.shown(shown);
        }
    },
    /** An answer to a get, into a table without a free way. */
    HOST_FILL_EVICTING(Role.HOST, "set 9") {
        @Override
        public void prepare(SharedLru lru, SteppedJvm holder) {
            fillWays(lru);
        }

        @Override
        public String before() {
            return null;
        }

        @Override
        public String command(SharedLru lru) {
            return "fill\t" + KEY + "\t" + after();
        }

        @Override
        public String tooLate(long nextVersion) {
            return "SUPERSEDED ";
        }
    },
    HOST_ANNOUNCED_SET(Role.HOST, "set 9") {
        @Override
        public void prepare(SharedLru lru, SteppedJvm holder) {
            TierWrites.fill(lru, KEY, OLD, TierWrites.LIFE, 0);
        }

        @Override
        public String command(SharedLru lru) {
            return "announce next\t" + KEY + "\t" + after();
        }

        @Override
        public String tooLate(long nextVersion) {
            return "SUPERSEDED ";
        }
    },
    HOST_DELETE(Role.HOST, "delete 2") {
        @Override
        public String command(SharedLru lru) {
            return "delete\t" + KEY;
        }

        @Override
        public String after() {
            return null;
        }
    },
    HOST_ANNOUNCED_DELETE(Role.HOST, "delete 2") {
        @Override
        public void prepare(SharedLru lru, SteppedJvm holder) {
            TierWrites.fill(lru, KEY, OLD, TierWrites.LIFE, 0);
        }

        @Override
        public String command(SharedLru lru) {
            return "announce delete\t" + KEY + "\t" + (TierWrites.LIFE + 1);
        }

        @Override
        public String after() {
            return null;
        }
    },
    /** Of a session that was set here meanwhile: one update is lost, and counted. */
    HOST_ANNOUNCED_DELETE_OF_UPDATE(Role.HOST, "delete 2") {
        @Override
        public void prepare(SharedLru lru, SteppedJvm holder) {
            TierWrites.fill(lru, KEY, "a host's far away", TierWrites.LIFE, 0);
            SteppedOperation.set(lru, KEY, OLD);
        }

        @Override
        public String command(SharedLru lru) {
            return "announce delete\t" + KEY + "\t" + (TierWrites.LIFE + 1);
        }

        @Override
        public String after() {
            return null;
        }

        @Override
        public void checkLate(SharedLru lru, int entries) {
            assertThat(lru.counters().get(Counter.BEATEN_BY_TOMBSTONE)).isOne();
        }
    },
    /** Where each place that its tombstone could take has one that the relay has not acknowledged. */
    HOST_ANNOUNCED_DELETE_WITHOUT_ROOM(Role.HOST, "delete 3") {
        @Override
        public void prepare(SharedLru lru, SteppedJvm holder) {
            SteppedOperation.fillTombstones(lru);
            TierWrites.fill(lru, KEY, OLD, TierWrites.LIFE, 0);
        }

        @Override
        public String command(SharedLru lru) {
            return "announce delete\t" + KEY + "\t" + (TierWrites.LIFE + 1);
        }

        @Override
        public String after() {
            return null;
        }

        @Override
        public String done() {
            return "NO_TOMBSTONE_ROOM ";
        }
    },
    /** Of a version that the relay has refused: the value stays. It has not happened while the refused one still shows. */
    HOST_LOWER(Role.HOST, "set 10") {
        @Override
        public void prepare(SharedLru lru, SteppedJvm holder) {
            TierWrites.fill(lru, KEY, "a host's far away", TierWrites.ahead(2), 0);
            SteppedOperation.set(lru, KEY, OLD);
        }

        @Override
        public String command(SharedLru lru) {
            return "lower\t" + KEY;
        }

        @Override
        public String after() {
            return before();
        }

        @Override
        public String tooLate(long nextVersion) {
            return "OTHER_VERSION ";
        }

        @Override
        public boolean isLeftToSweep() {
            return true;
        }

        /** What was left of it is the refused version, which is lowered again, or the lower one. */
        @Override
        public void checkLeft(SharedLru lru) {
            assertThat(TierWrites.lower(lru, KEY).status())
                    .isIn(WriteOutcome.Status.STORED, WriteOutcome.Status.SUPERSEDED);
            EntrySnapshot left = TierWrites.find(lru, KEY);
            assertThat(left.versionClock).isLessThan(TierWrites.ahead(1));
            assertThat(left.marks()).isEqualTo(RecordDescriptor.UNPUBLISHED);
        }
    },
    HOST_LOWER_DELETE(Role.HOST, "delete 2") {
        @Override
        public void prepare(SharedLru lru, SteppedJvm holder) {
            TierWrites.fill(lru, KEY, "a host's far away", TierWrites.ahead(2), 0);
            lru.delete(lru.encode(KEY), new WriteOutcome());
        }

        @Override
        public String command(SharedLru lru) {
            return "lower delete\t" + KEY;
        }

        @Override
        public String before() {
            return null;
        }

        @Override
        public String after() {
            return null;
        }

        /** The relay waits for it whatever has begun over it. */
        @Override
        public WhenLate whenLate() {
            return WhenLate.LEAVES_IT;
        }

        @Override
        public String tooLate(long nextVersion) {
            return done();
        }

        @Override
        public boolean isLeftToSweep() {
            return true;
        }

        @Override
        public void checkWhole(SharedLru lru) throws IOException {
            SegmentWholeness.checkAfterDeletes(lru);
        }

        @Override
        public void checkLeft(SharedLru lru) {
            assertThat(TierWrites.lowerDelete(lru, KEY).status())
                    .isIn(WriteOutcome.Status.STORED, WriteOutcome.Status.SUPERSEDED);
            KeyDigest digest = lru.encode(KEY).digest();
            assertThat(lru.awaitedDelete(digest).clock()).isLessThan(TierWrites.ahead(1));
            assertThat(lru.tombstone(digest)).isEqualTo(lru.awaitedDelete(digest));
        }
    },
    /** By a receipt that says which higher version counts: the value stays. */
    HOST_LIFT(Role.HOST, "set 9") {
        @Override
        public String command(SharedLru lru) {
            return "confirm raised\t" + KEY;
        }

        @Override
        public String after() {
            return before();
        }

        @Override
        public String done() {
            return "confirmed";
        }

        @Override
        public String tooLate(long nextVersion) {
            return done();
        }
    },
    HOST_SWEEP(Role.HOST, NO_WRITE) {
        @Override
        public void prepare(SharedLru lru, SteppedJvm holder) throws Exception {
            super.prepare(lru, holder);
            TierWrites.fill(lru, "short, of another host", OLD, TierWrites.LIFE, 1);
            WorkForSweep.leave(lru, this);
        }

        @Override
        public String command(SharedLru lru) {
            return "sweep";
        }

        @Override
        public String after() {
            return before();
        }

        @Override
        public String done() {
            return "swept true";
        }

        @Override
        public String tooLate(long nextVersion) {
            return done();
        }

        @Override
        public boolean isStopped() {
            return true;
        }

        @Override
        public int meanwhile(SharedLru lru) {
            return WorkForSweep.setAgain(lru);
        }

        @Override
        public void checkLate(SharedLru lru, int entries) {
            WorkForSweep.checkSetAgain(lru, entries);
        }
    },
    RELAY_ACCEPT(Role.RELAY, "set 9") {
        @Override
        public String command(SharedLru lru) {
            return "accept\t" + KEY + "\t" + after();
        }

        @Override
        public String tooLate(long nextVersion) {
            return "SUPERSEDED ";
        }
    },
    /** With its number, and raised above what is there. */
    RELAY_ACCEPT_DELETE(Role.RELAY, "delete 2") {
        @Override
        public String command(SharedLru lru) {
            return "accept delete\t" + KEY + "\t" + (TierWrites.find(lru, KEY).versionClock + 1);
        }

        @Override
        public String after() {
            return null;
        }
    };

    private final Role role;
    private final String pivot;

    TierOperation(Role role, String pivot) {
        this.role = role;
        this.pivot = pivot;
    }

    @Override
    public Role role() {
        return role;
    }

    @Override
    public String pivot() {
        return pivot;
    }

    @Override
    public void prepare(SharedLru lru, SteppedJvm holder) throws Exception {
        if (role == Role.RELAY) {
            lru.file().relays().own().set(1, 0);
            TierWrites.accept(lru, KEY, before(), 0);
        } else {
            SteppedOperation.set(lru, KEY, before());
        }
    }

    @Override
    public String command(SharedLru lru) {
        return "set\t" + KEY + "\t" + after();
    }

    @Override
    public String before() {
        return OLD;
    }

    @Override
    public String after() {
        return NEW;
    }

    @Override
    public WhenLate whenLate() {
        if (this == HOST_SET_EVICTING || this == HOST_SET_OVER_OWED) {
            return WhenLate.WRITES_AFTER;
        }
        return after() == null ? WhenLate.TAKES_AWAY : WhenLate.LEAVES_IT;
    }

    @Override
    public long writeNext(SharedLru lru) {
        if (role == Role.HOST) {
            return SteppedOperation.super.writeNext(lru);
        }
        WriteOutcome outcome = TierWrites.accept(lru, KEY, NEXT, 100);
        if (outcome.status() == WriteOutcome.Status.BEATEN_BY_TOMBSTONE) {
            // By one that was not applied yet: its host begins anew.
            outcome = TierWrites.accept(lru, KEY, NEXT, 100);
        }
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
        return outcome.version().clock();
    }

    /** Of entries that the relay has: the others may not go. Nothing goes for it. */
    private static void fillWays(SharedLru lru) {
        int ways = lru.bucketCount() * SegmentDescriptor.WAYS;
        for (int i = 0; lru.size() < ways; i++) {
            TierWrites.fillFree(lru, "other-" + i, OLD);
        }
    }
}
