package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A real memory file system, small enough to be filled; a test that cannot have one, as its user may not mount, is skipped and says so. */
public final class SmallMemoryFolder implements AutoCloseable {
    private static final int PIECE_LENGTH = 4096;

    private final Path folder;
    private final Path filler;

    private SmallMemoryFolder(Path folder) {
        this.folder = folder;
        this.filler = folder.resolve("filler");
    }

    /**
     * Mounts one.
     *
     * @param parent where its folder is made
     * @param bytes  how much it holds
     */
    public static SmallMemoryFolder mount(Path parent, long bytes) throws IOException, InterruptedException {
        Path target = Files.createDirectory(parent.resolve("shm"));
        boolean isMounted =
                run("mount", "-t", "tmpfs", "-o", "size=" + bytes + ",mode=0700", "tmpfs", target.toString());
        assumeTrue(isMounted, "skipped: this user may not mount a tmpfs");
        return new SmallMemoryFolder(target);
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return process.waitFor() == 0;
    }

    public Path path() {
        return folder;
    }

    /** Takes all the room that is left. */
    public void fill() throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(PIECE_LENGTH);
        try (FileChannel channel = FileChannel.open(filler, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            while (Files.getFileStore(folder).getUsableSpace() > 0) {
                channel.write(piece.rewind());
            }
        }
    }

    /** Gives back what {@link #fill} took. */
    public void free() throws IOException {
        Files.delete(filler);
    }

    @Override
    public void close() throws IOException {
        try {
            // Lazily: the mapping of a closed segment stays until it is collected.
            assertThat(run("umount", "-l", folder.toString())).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
