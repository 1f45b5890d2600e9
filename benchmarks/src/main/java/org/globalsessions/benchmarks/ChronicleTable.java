package org.globalsessions.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import net.openhft.chronicle.map.ChronicleMap;

/** Chronicle Map, persisted to a file that several processes may map. Sizes of keys and values are told it beforehand. */
final class ChronicleTable implements Table {
    private final ChronicleMap<String, byte[]> map;

    ChronicleTable(Path folder, int capacity) throws IOException {
        map = ChronicleMap.of(String.class, byte[].class)
                .name("benchmark")
                .entries(capacity)
                .constantKeySizeBySample(Workload.keyOf(0))
                .constantValueSizeBySample(new byte[Workload.VALUE_LENGTH])
                .createPersistedTo(folder.resolve("map").toFile());
    }

    @Override
    public Client client() {
        return new ChronicleClient(map);
    }

    @Override
    public void close() {
        map.close();
    }

    private record ChronicleClient(ChronicleMap<String, byte[]> map) implements Client {
        /** The value goes into the caller's array itself, as that is as long as the value. */
        @Override
        public int get(String key, int entry, byte[] target) {
            byte[] value = map.getUsing(key, target);
            if (value == null) {
                return -1;
            }
            if (value != target) {
                throw new IllegalStateException("an array of its own: length=" + value.length);
            }
            return value.length;
        }

        @Override
        public byte[] getCopy(String key) {
            return map.get(key);
        }

        @Override
        public void set(String key, byte[] value) {
            map.put(key, value);
        }
    }
}
