package org.globalsessions.benchmarks;

import java.io.IOException;
import java.nio.file.Path;

/** What is measured: two floors, this project's segment, and its peers. */
public enum Subject implements Contender {
    /** R0: one record is copied from a random place of a mapped file. No table at all. */
    COPY("R0"),
    /** R1: the least that a table of whole keys in shared memory can cost: {@link FloorTable}. */
    FLOOR("R1"),
    /** This project's segment. */
    SEGMENT("segment"),
    /** Chronicle Map, shared by processes. */
    CHRONICLE_MAP("Chronicle Map"),
    /** OHC, off the heap of one process. */
    OHC("OHC"),
    /** Caffeine, on the heap of one process. */
    CAFFEINE("Caffeine"),
    /** Ehcache, off the heap of one process. */
    EHCACHE("Ehcache"),
    /** LMDB, shared by processes. */
    LMDB("LMDB");

    private final String label;

    Subject(String label) {
        this.label = label;
    }

    @Override
    public String label() {
        return label;
    }

    /**
     * Makes an empty table.
     *
     * @param folder   where its files go, if it has any
     * @param capacity entries that have to fit
     * @return the table
     * @throws IOException where there is no room
     */
    Table create(Path folder, int capacity) throws IOException {
        return open(folder, capacity, true);
    }

    /**
     * Attaches to a table that another process has made.
     *
     * @param folder   where its files are
     * @param capacity entries as the creator said
     * @return the table
     * @throws IOException where it is not there
     */
    Table attach(Path folder, int capacity) throws IOException {
        return open(folder, capacity, false);
    }

    private Table open(Path folder, int capacity, boolean create) throws IOException {
        return switch (this) {
            case COPY -> new CopyTable(folder, capacity);
            case FLOOR -> new FloorTable(folder, capacity);
            case SEGMENT -> new SegmentTable(folder, capacity, create);
            case CHRONICLE_MAP -> new ChronicleTable(folder, capacity);
            case OHC -> new OhcTable(capacity);
            case CAFFEINE -> new CaffeineTable(capacity);
            case EHCACHE -> new EhcacheTable(capacity);
            case LMDB -> new LmdbTable(folder, capacity);
        };
    }
}
