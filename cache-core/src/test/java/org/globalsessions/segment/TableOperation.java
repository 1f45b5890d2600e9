package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

/** What the processes of a table do that has no next tier. */
enum TableOperation implements SteppedOperation {
    SET_OVER("set 9"),
    SET_FIRST("set 9") {
        @Override
        public String before() {
            return null;
        }
    },
    /** Into a table without a free way. */
    SET_EVICTING("set 9") {
        @Override
        public void prepare(SharedLru lru, SteppedJvm holder) {
            SteppedOperation.fillWays(lru);
        }

        @Override
        public String before() {
            return null;
        }
    },
    /** Over a record whose time has run out, of a value in pages. */
    SET_OVER_EXPIRED("set 9") {
        @Override
        public void prepare(SharedLru lru, SteppedJvm holder) {
            SteppedOperation.set(lru, KEY, LARGE_OLD, 1);
            WorkForSweep.awaitTicks(lru, 3);
        }

        @Override
        public String before() {
            return null;
        }
    },
    /** Of a value in pages, over one in the record. */
    SET_LARGE("set 9") {
        @Override
        public String after() {
            return LARGE_NEW;
        }
    },
    /** Of a value in pages over another one, whose pages become free. */
    SET_LARGE_OVER("set 9") {
        @Override
        public String before() {
            return LARGE_OLD;
        }

        @Override
        public String after() {
            return LARGE_NEW;
        }
    },
    /** Of a value in pages into an area without enough free ones. */
    SET_LARGE_EVICTING("set 9") {
        @Override
        public void prepare(SharedLru lru, SteppedJvm holder) {
            fillPages(lru);
        }

        @Override
        public String before() {
            return null;
        }

        @Override
        public String after() {
            return LARGE_NEW;
        }
    },
    SET_SMALL_OVER_LARGE("set 9") {
        @Override
        public String before() {
            return LARGE_OLD;
        }
    },
    /** A conditional one, over the version that is there. */
    SET_EXPECTING("set 9") {
        @Override
        public String command(SharedLru lru) {
            EntrySnapshot entry = new EntrySnapshot();
            assertThat(lru.find(lru.encode(KEY), entry)).isTrue();
            return String.join("\t", "set expecting", KEY, NEW, "" + entry.versionClock, "" + entry.versionOrigin);
        }

        @Override
        public WhenLate whenLate() {
            return WhenLate.LEAVES_IT;
        }

        /** The version that it expected is there no more: it is told which one is. */
        @Override
        public String tooLate(long nextVersion) {
            return "OTHER_VERSION " + nextVersion;
        }
    },
    /** While another process is stopped inside a set of the same key. */
    SET_TAKING_OVER("set 9") {
        @Override
        public void prepare(SharedLru lru, SteppedJvm holder) throws Exception {
            super.prepare(lru, holder);
            holder.open(this, lru.file().path());
            holder.runUntil(StepStops.markerOf("set 9"), "set\t" + KEY + "\t" + HELD);
        }

        @Override
        public boolean isOfTwo() {
            return true;
        }
    },
    DELETE("delete 2") {
        @Override
        public String command(SharedLru lru) {
            return "delete\t" + KEY;
        }

        @Override
        public String after() {
            return null;
        }
    },
    DELETE_LARGE("delete 2") {
        @Override
        public String before() {
            return LARGE_OLD;
        }

        @Override
        public String command(SharedLru lru) {
            return DELETE.command(lru);
        }

        @Override
        public String after() {
            return null;
        }
    },
    /** Where each place that the tombstone could take has one whose retention is not over. */
    DELETE_DROPPING("delete 2") {
        @Override
        public void prepare(SharedLru lru, SteppedJvm holder) throws Exception {
            SteppedOperation.fillTombstones(lru);
            super.prepare(lru, holder);
        }

        @Override
        public String command(SharedLru lru) {
            return DELETE.command(lru);
        }

        @Override
        public String after() {
            return null;
        }
    },
    /** With work of every kind to do. */
    SWEEP(NO_WRITE) {
        @Override
        public void prepare(SharedLru lru, SteppedJvm holder) throws Exception {
            super.prepare(lru, holder);
            WorkForSweep.leave(lru, this);
        }

        @Override
        public String command(SharedLru lru) {
            return "sweep";
        }

        @Override
        public String done() {
            return "swept true";
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
    GET(NO_WRITE) {
        @Override
        public void prepare(SharedLru lru, SteppedJvm holder) throws Exception {
            super.prepare(lru, holder);
            // Only a stamp of an earlier step and a last access of an earlier tick are renewed.
            new BucketTable(lru.file()).advanceStep();
            WorkForSweep.awaitTicks(lru, 2);
        }

        @Override
        public String command(SharedLru lru) {
            return "get\t" + KEY;
        }

        @Override
        public String done() {
            return "found";
        }
    },
    GET_ABSENT(NO_WRITE) {
        @Override
        public String command(SharedLru lru) {
            return "get\tabsent";
        }

        @Override
        public String done() {
            return "absent";
        }
    },
    LEASE(NO_WRITE) {
        @Override
        public String command(SharedLru lru) {
            return "lease\tSWEEPER";
        }

        @Override
        public String done() {
            return "lease ";
        }
    };

    private final String pivot;

    TableOperation(String pivot) {
        this.pivot = pivot;
    }

    @Override
    public String pivot() {
        return pivot;
    }

    @Override
    public void prepare(SharedLru lru, SteppedJvm holder) throws Exception {
        if (before() != null) {
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
        return pivot.equals(NO_WRITE) ? before() : NEW;
    }

    private boolean isDelete() {
        return after() == null;
    }

    @Override
    public String done() {
        return isDelete() ? "STORED true" : "STORED ";
    }

    @Override
    public WhenLate whenLate() {
        if (pivot.equals(NO_WRITE)) {
            return WhenLate.LEAVES_IT;
        }
        return isDelete() ? WhenLate.TAKES_AWAY : WhenLate.WRITES_AFTER;
    }

    @Override
    public String tooLate(long nextVersion) {
        return done();
    }

    @Override
    public boolean isLeftToSweep() {
        return this == SET_OVER || this == SET_LARGE_OVER || this == DELETE;
    }

    private static void fillPages(SharedLru lru) {
        int pages = new OverflowArea(lru.file()).pageCount();
        for (int i = 0; i < pages / 3; i++) {
            SteppedOperation.set(lru, "other-" + i, LARGE_OLD);
        }
    }
}
