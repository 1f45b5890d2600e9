package org.globalsessions.benchmarks;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.lmdbjava.ByteBufferProxy;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.Txn;

/**
 * LMDB, in the way that is fastest without durability: written through the map, never synced, one read transaction a thread
 * renewed for each get, one write transaction a set.
 */
final class LmdbTable implements Table {
    /** More than an entry takes in half-full pages; the file is sparse. */
    private static final long ENTRY_BYTES = 2_048;

    private final Env<ByteBuffer> env;
    private final Dbi<ByteBuffer> entries;

    LmdbTable(Path folder, int capacity) {
        env = Env.create(ByteBufferProxy.PROXY_OPTIMAL)
                .setMapSize((64 << 20) + ENTRY_BYTES * capacity)
                .setMaxDbs(1)
                .setMaxReaders(64)
                .open(
                        folder.toFile(),
                        EnvFlags.MDB_WRITEMAP,
                        EnvFlags.MDB_NOSYNC,
                        EnvFlags.MDB_NOMETASYNC,
                        EnvFlags.MDB_NORDAHEAD,
                        EnvFlags.MDB_NOMEMINIT,
                        EnvFlags.MDB_NOTLS);
        entries = env.openDbi("entries", DbiFlags.MDB_CREATE);
    }

    @Override
    public Client client() {
        return new LmdbClient();
    }

    @Override
    public void close() {
        env.close();
    }

    private final class LmdbClient implements Client {
        private final ByteBuffer keyBytes = ByteBuffer.allocateDirect(64);
        private final ByteBuffer valueBytes = ByteBuffer.allocateDirect(Workload.VALUE_LENGTH);
        private final byte[] scratch = new byte[64];
        private final Txn<ByteBuffer> reading = env.txnRead();

        LmdbClient() {
            reading.reset();
        }

        @Override
        public int get(String key, int entry, byte[] target) {
            encode(key);
            reading.renew();
            ByteBuffer value = entries.get(reading, keyBytes);
            int length = -1;
            if (value != null) {
                length = value.remaining();
                value.get(target, 0, length);
            }
            reading.reset();
            return length;
        }

        @Override
        public byte[] getCopy(String key) {
            byte[] target = new byte[Workload.VALUE_LENGTH];
            return get(key, 0, target) < 0 ? null : target;
        }

        @Override
        public void set(String key, byte[] value) {
            encode(key);
            valueBytes.clear();
            valueBytes.put(value).flip();
            try (Txn<ByteBuffer> writing = env.txnWrite()) {
                entries.put(writing, keyBytes, valueBytes);
                writing.commit();
            }
        }

        @SuppressWarnings("deprecation")
        private void encode(String key) {
            int length = key.length();
            key.getBytes(0, length, scratch, 0);
            keyBytes.clear();
            keyBytes.put(scratch, 0, length).flip();
        }
    }
}
