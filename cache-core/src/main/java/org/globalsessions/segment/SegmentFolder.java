package org.globalsessions.segment;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;

/** Folders and files of a segment belong to one user and are nobody else's to read. Static, no state. */
final class SegmentFolder {
    static final String FILE_MODE = "rw-------";

    /** How the names begin that go as soon as the segment is open. */
    private static final String PASSING = "passing-";

    private static final Pattern PASSING_NAME = Pattern.compile(
            PASSING + "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.segment(\\.lock|\\.creating|\\.slots)?");

    private static final Duration LONGEST_PASSING = Duration.ofMinutes(10);

    private static final String FOLDER_MODE = "rwx------";
    private static final int TYPE = 0170000;
    private static final int SYMBOLIC_LINK = 0120000;
    private static final int PLAIN_FILE = 0100000;
    private static final int DIRECTORY = 0040000;
    private static final int PERMISSIONS = 07777;
    private static final int STICKY = 01000;
    private static final int WRITABLE_BY_OTHERS = 022;
    private static final int ANYTHING_BY_OTHERS = 077;

    private SegmentFolder() {}

    /** Makes a folder that is absent, with mode 0700, and refuses one in which others could put or replace files. */
    static void create(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            Files.createDirectories(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(FOLDER_MODE)));
        }
        int mode = (int) Files.getAttribute(folder, "unix:mode");
        if ((mode & WRITABLE_BY_OTHERS) != 0 && (mode & STICKY) == 0) {
            throw new SegmentException("folder refused: other users may write to it: mode="
                    + Integer.toOctalString(mode & PERMISSIONS) + ", expected=700, folder=" + folder
                    + "; take the others' rights away or give another segment_dir");
        }
    }

    /**
     * Refuses whatever is not a plain file of this user that nobody else may use: a file of another one could be changed under
     * our feet, and one that others may read shows them sessions. It is not repaired in silence, since others may have read or
     * changed it already.
     */
    static void requireOwnPlainFile(Path file) throws IOException {
        // By number: who a number is named after may have to be asked of a directory server.
        Map<String, Object> found = Files.readAttributes(file, "unix:mode,uid", LinkOption.NOFOLLOW_LINKS);
        int mode = (int) found.get("mode");
        switch (mode & TYPE) {
            case PLAIN_FILE -> {}
            case SYMBOLIC_LINK -> throw notAFile(file, "a symbolic link");
            case DIRECTORY -> throw notAFile(file, "a directory");
            default -> throw notAFile(file, "neither a file nor a folder");
        }
        requireOwn(file, (int) found.get("uid"));
        if ((mode & ANYTHING_BY_OTHERS) != 0) {
            throw new SegmentException("segment refused: other users may use it: mode="
                    + Integer.toOctalString(mode & PERMISSIONS) + ", expected=600, file=" + file
                    + "; remove the file, or take the others' rights away (chmod 600) where you trust what it holds");
        }
    }

    /**
     * A name that nobody else has, for a segment whose name goes as soon as it is open. One that has stood for long was left by a process that was killed
     * meanwhile, and goes here.
     */
    static Path passingName(Path folder) throws IOException {
        FileTime before = FileTime.from(Instant.now().minus(LONGEST_PASSING));
        try (DirectoryStream<Path> names = Files.newDirectoryStream(folder, SegmentFolder::isPassing)) {
            for (Path name : names) {
                removeIfLeft(name, before);
            }
        }
        return folder.resolve(PASSING + UUID.randomUUID() + ".segment");
    }

    private static boolean isPassing(Path name) {
        return PASSING_NAME.matcher(name.getFileName().toString()).matches();
    }

    private static void removeIfLeft(Path name, FileTime before) {
        try {
            if (Files.getLastModifiedTime(name, LinkOption.NOFOLLOW_LINKS).compareTo(before) < 0) {
                removeTree(name);
            }
        } catch (IOException e) {
            // Another process does the same at this moment, or it is another user's: no reason not to open one's own.
            return;
        }
    }

    /** Takes the names of a segment's file and of the files beside it away. */
    static void removeNames(Path file) throws IOException {
        removeTree(file);
        removeTree(CreationLock.fileOf(file));
        removeTree(LivenessLocks.folderOf(file));
    }

    private static void removeTree(Path name) throws IOException {
        if (Files.isDirectory(name, LinkOption.NOFOLLOW_LINKS)) {
            try (DirectoryStream<Path> children = Files.newDirectoryStream(name)) {
                for (Path child : children) {
                    Files.deleteIfExists(child);
                }
            }
        }
        Files.deleteIfExists(name);
    }

    private static void requireOwn(Path file, int uid) throws IOException {
        Path ownProcess = Path.of("/proc/self/");
        boolean known = Files.isDirectory(ownProcess);
        if (known && uid == (int) Files.getAttribute(ownProcess, "unix:uid")) {
            return;
        }
        UserPrincipal owner = Files.getOwner(file, LinkOption.NOFOLLOW_LINKS);
        UserPrincipal self = known
                ? Files.getOwner(ownProcess)
                : file.getFileSystem()
                        .getUserPrincipalLookupService()
                        .lookupPrincipalByName(System.getProperty("user.name"));
        if (!owner.equals(self)) {
            throw new SegmentException("segment refused: it belongs to another user: owner=" + owner.getName()
                    + ", expected=" + self.getName() + ", file=" + file
                    + "; run as its owner, or give another token_path or segment_dir");
        }
    }

    private static SegmentException notAFile(Path file, String what) {
        return new SegmentException("not a segment: it is " + what + ", expected a plain file, file=" + file
                + "; give another token_path or segment_dir, or move it away");
    }
}
