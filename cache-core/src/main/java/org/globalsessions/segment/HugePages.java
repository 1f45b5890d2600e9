package org.globalsessions.segment;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What is different about a segment on {@code hugetlbfs}, whose files consist of huge pages: they take no {@code write}, their
 * lengths and all that is mapped of them are whole pages, and how many pages are left is the kernel's pool's to say. Static, no
 * state.
 */
final class HugePages {
    private static final Path POOLS = Path.of("/sys/kernel/mm/hugepages");

    /** The smallest huge page of any processor: a file that is not a multiple of it long lies on other pages. */
    private static final int SMALLEST = 1 << 16;

    private HugePages() {}

    /** As {@link #pageLength(Path)} for a file whose length is known: most need no look through the table of mounts, which may be long. */
    static long pageLength(Path file, long length) {
        return length % SMALLEST == 0 ? pageLength(file) : 1;
    }

    /** Bytes of a huge page where a file or folder lies on {@code hugetlbfs}, 1 anywhere else. */
    static long pageLength(Path file) {
        try {
            FileStore store = Files.getFileStore(file);
            return store.type().equals("hugetlbfs") ? store.getBlockSize() : 1;
        } catch (IOException e) {
            // No such file, which whoever opens it will say; or no mount table, as in a bare chroot: a plain file then.
            return 1;
        }
    }

    /** Whole pages that a length takes, in bytes. */
    static long roundUp(long length, long pageLength) {
        return (length + pageLength - 1) / pageLength * pageLength;
    }

    /**
     * Bytes that a new file may have: what nobody has or has reserved of the pool, within the limit of the mount, if it has one.
     *
     * @param folder     on {@code hugetlbfs}
     * @param pageLength bytes of its pages
     */
    static long free(Path folder, long pageLength) throws IOException {
        FileStore store = Files.getFileStore(folder);
        long limit = store.getTotalSpace() > 0 ? store.getUsableSpace() : Long.MAX_VALUE;
        Path pool = POOLS.resolve("hugepages-" + (pageLength >> 10) + "kB");
        if (!Files.isReadable(pool.resolve("free_hugepages"))) {
            // Then the kernel says so itself when the pages are mapped.
            return limit;
        }
        long pages = number(pool, "free_hugepages")
                - number(pool, "resv_hugepages")
                + Math.max(0, number(pool, "nr_overcommit_hugepages") - number(pool, "surplus_hugepages"));
        return Math.min(limit, pages * pageLength);
    }

    private static long number(Path pool, String name) throws IOException {
        return Long.parseLong(Files.readString(pool.resolve(name)).strip());
    }
}
