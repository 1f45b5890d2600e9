package org.globalsessions.benchmarks;

/**
 * One subject of the benchmarks, filled with the {@link Workload}'s entries. Any thread may ask for clients; closed once, after
 * the last client's last call.
 */
interface Table extends AutoCloseable {
    /**
     * A way in for one thread.
     *
     * @return a client, for the thread that asked
     */
    Client client();

    @Override
    void close();

    /** What one thread does to the table. Belongs to that thread. */
    interface Client {
        /**
         * An array for {@link #get}. As long as a value, which is what Chronicle Map fills without another copy.
         *
         * @return a new array
         */
        default byte[] newTarget() {
            return new byte[Workload.VALUE_LENGTH];
        }

        /**
         * Copies a value to the front of the caller's buffer.
         *
         * @param key    the key, as a request brings it
         * @param entry  number of the entry, for the subject that has no keys
         * @param target from {@link #newTarget}
         * @return the value's length in bytes, -1 where the key is absent
         */
        int get(String key, int entry, byte[] target);

        /**
         * The value in an array of its own.
         *
         * @param key the key
         * @return the value, null where the key is absent
         */
        byte[] getCopy(String key);

        /**
         * Stores a value.
         *
         * @param key   the key
         * @param value the whole value, the caller's again afterwards
         */
        void set(String key, byte[] value);
    }
}
