package org.globalsessions.config;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.globalsessions.segment.SegmentException;

/** Where the segment of a token lies: one token, one file, whichever process asks. Static, no state. */
final class SegmentLocation {
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");
    private static final int NAME_DIGITS = 16;

    private SegmentLocation() {}

    /**
     * Chooses the file.
     *
     * @param segmentDir folder from the configuration, or null
     * @param token      what names the segment, canonical
     * @param length     bytes that the segment needs where it is not there yet
     */
    static Path file(Path segmentDir, String token, long length) {
        Path name = Path.of("global-sessions-" + user()).resolve(digits(token) + ".segment");
        if (segmentDir != null) {
            return segmentDir.resolve(name);
        }
        Path temporary = Path.of(System.getProperty("java.io.tmpdir")).resolve(name);
        Path shared = SHARED_MEMORY.resolve(name);
        if (Files.exists(shared)) {
            return shared;
        }
        // A segment that is there counts before free space: who comes later would otherwise look elsewhere.
        return Files.exists(temporary) || !hasRoom(SHARED_MEMORY, length) ? temporary : shared;
    }

    /** Makes the folder of a segment, for its owner alone; one that belongs to somebody else, or is open to others, is refused. */
    static void prepareFolder(Path file) {
        Path folder = file.getParent();
        try {
            Files.createDirectories(folder.getParent());
            try {
                Files.createDirectory(
                        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            } catch (FileAlreadyExistsException there) {
                checkFolder(folder);
            }
        } catch (IOException | UnsupportedOperationException e) {
            throw new SegmentException("cannot make the folder of the segment: folder=" + folder + ", " + e);
        }
    }

    /** A token as every process sees it: links resolved as far as the path exists. */
    static String canonical(Path path) {
        try {
            return new File(path.toString()).getCanonicalPath();
        } catch (IOException e) {
            return path.toAbsolutePath().normalize().toString();
        }
    }

    private static void checkFolder(Path folder) throws IOException {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            throw new SegmentException("the segment's folder is not a folder: folder=" + folder);
        }
        Object owner = Files.getAttribute(folder, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        if (!String.valueOf(owner).equals(user())) {
            throw new SegmentException("the segment's folder belongs to another user: folder=" + folder + ", owner="
                    + owner + ", user=" + user());
        }
        String rights = PosixFilePermissions.toString(Files.getPosixFilePermissions(folder, LinkOption.NOFOLLOW_LINKS));
        if (!rights.endsWith("------")) {
            throw new SegmentException("the segment's folder is open to other users: folder=" + folder + ", rights="
                    + rights + ", expected=rwx------; chmod 700 mends it");
        }
    }

    private static boolean hasRoom(Path folder, long length) {
        try {
            FileStore store = Files.getFileStore(folder);
            return Files.isWritable(folder) && store.getUsableSpace() > length;
        } catch (IOException | SecurityException e) {
            return false;
        }
    }

    private static String user() {
        try {
            return String.valueOf(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            return System.getProperty("user.name").replaceAll("[^A-Za-z0-9_.-]", "_");
        }
    }

    private static String digits(String token) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash).substring(0, NAME_DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
