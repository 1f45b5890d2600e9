package org.globalsessions.benchmarks;

import java.io.IOException;
import java.nio.file.Path;

/** R0: what any table with its values in a mapped file has to pay, the copy of one record. Stores by number of the entry. */
final class CopyTable implements Table, Table.Client {
    private final MappedRecords records;
    private int count;

    CopyTable(Path folder, int capacity) throws IOException {
        records = new MappedRecords(folder.resolve("records"), capacity);
    }

    @Override
    public Client client() {
        return this;
    }

    @Override
    public byte[] newTarget() {
        return new byte[MappedRecords.LENGTH];
    }

    @Override
    public int get(String key, int entry, byte[] target) {
        records.chunk(entry).get(records.offset(entry), target, 0, MappedRecords.LENGTH);
        return Workload.VALUE_LENGTH;
    }

    @Override
    public byte[] getCopy(String key) {
        throw new UnsupportedOperationException("the copy of a record knows no keys");
    }

    /** The next record; the fill stores the entries in the order of their numbers. */
    @Override
    public void set(String key, byte[] value) {
        records.chunk(count).put(records.offset(count), value);
        count++;
    }

    @Override
    public void close() {
        // The maps go with the process.
    }
}
