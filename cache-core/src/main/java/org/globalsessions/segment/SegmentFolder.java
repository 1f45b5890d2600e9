package org.globalsessions.segment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;

/** Folders and files of a segment belong to one user and are nobody else's to read. Static, no state. */
final class SegmentFolder {
    static final String FILE_MODE = "rw-------";

    private static final String FOLDER_MODE = "rwx------";
    private static final int STICKY = 01000;
    private static final int WRITABLE_BY_OTHERS = 022;
    private static final int ANYTHING_BY_OTHERS = 077;

    private SegmentFolder() {}

    /** Makes a folder that is absent, with mode 0700, and refuses one in which others could put or replace files. */
    static void create(Path folder) throws IOException {
        Files.createDirectories(
                folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(FOLDER_MODE)));
        int mode = (int) Files.getAttribute(folder, "unix:mode");
        if ((mode & WRITABLE_BY_OTHERS) != 0 && (mode & STICKY) == 0) {
            throw new SegmentException("folder refused: other users may write to it: mode="
                    + Integer.toOctalString(mode & 07777) + ", expected=700, folder=" + folder
                    + "; take the others' rights away or give another segment_dir");
        }
    }

    /**
     * Refuses whatever is not a plain file of this user that nobody else may use: a file of another one could be changed under
     * our feet, and one that others may read shows them sessions. It is not repaired in silence, since others may have read or
     * changed it already.
     */
    static void requireOwnPlainFile(Path file) throws IOException {
        if (Files.isSymbolicLink(file)) {
            throw notAFile(file, "a symbolic link");
        }
        if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
            throw notAFile(file, "a directory");
        }
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw notAFile(file, "neither a file nor a folder");
        }
        UserPrincipal owner = Files.getOwner(file, LinkOption.NOFOLLOW_LINKS);
        UserPrincipal self = self(file);
        if (!owner.equals(self)) {
            throw new SegmentException("segment refused: it belongs to another user: owner=" + owner.getName()
                    + ", expected=" + self.getName() + ", file=" + file
                    + "; run as its owner, or give another token_path or segment_dir");
        }
        int mode = (int) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        if ((mode & ANYTHING_BY_OTHERS) != 0) {
            throw new SegmentException("segment refused: other users may use it: mode="
                    + Integer.toOctalString(mode & 07777) + ", expected=600, file=" + file
                    + "; remove the file, or take the others' rights away (chmod 600) where you trust what it holds");
        }
    }

    private static SegmentException notAFile(Path file, String what) {
        return new SegmentException("not a segment: it is " + what + ", expected a plain file, file=" + file
                + "; give another token_path or segment_dir, or move it away");
    }

    private static UserPrincipal self(Path file) throws IOException {
        Path ownProcess = Path.of("/proc/self/");
        if (Files.isDirectory(ownProcess)) {
            return Files.getOwner(ownProcess);
        }
        return file.getFileSystem()
                .getUserPrincipalLookupService()
                .lookupPrincipalByName(System.getProperty("user.name"));
    }
}
