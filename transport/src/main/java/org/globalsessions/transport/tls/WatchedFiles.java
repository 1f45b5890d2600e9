package org.globalsessions.transport.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Says whether files are other ones than at the last look, which is taken at most once a second. One thread at a time.
 *
 * <p>Made, or asked, before the files are read: one that is written meanwhile differs at the next look.
 */
public final class WatchedFiles {
    private static final long CHECK_INTERVAL_NS = TimeUnit.SECONDS.toNanos(1);

    private final List<Path> files;
    private List<FileStamp> stamps;
    private long lastCheckNs;

    /**
     * Looks for the first time.
     *
     * @param files which; they may be absent
     */
    public WatchedFiles(List<Path> files) {
        this.files = List.copyOf(files);
        this.stamps = stamp();
        this.lastCheckNs = System.nanoTime();
    }

    /**
     * Looks again, if a second has passed.
     *
     * @return true once for each change
     */
    public boolean haveChanged() {
        long nowNs = System.nanoTime();
        if (nowNs - lastCheckNs < CHECK_INTERVAL_NS) {
            return false;
        }
        lastCheckNs = nowNs;
        List<FileStamp> found = stamp();
        boolean changed = !found.equals(stamps);
        stamps = found;
        return changed;
    }

    private List<FileStamp> stamp() {
        return files.stream().map(FileStamp::of).toList();
    }

    /** Enough of a file to see that it is another one. */
    private record FileStamp(long modifiedNs, long bytes, Object fileKey) {
        static FileStamp of(Path file) {
            try {
                BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
                return new FileStamp(found.lastModifiedTime().to(TimeUnit.NANOSECONDS), found.size(), found.fileKey());
            } catch (IOException e) {
                return new FileStamp(0, -1, null);
            }
        }
    }
}
