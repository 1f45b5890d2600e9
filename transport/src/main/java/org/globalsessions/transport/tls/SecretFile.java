package org.globalsessions.transport.tls;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files with what others may not know, or not change: keys, certificates, passwords, shared secrets. Static, any thread. */
public final class SecretFile {
    /** Far beyond any chain of certificates: whatever is larger is another file. */
    private static final int MAX_BYTES = 1 << 20;

    private static final int READABLE_BY_OTHERS_OR_EXECUTABLE = 0177;

    private SecretFile() {}

    /**
     * The first line of a file that only its owner may read: a password, a shared secret.
     *
     * @param key  key of the configuration that names it, for messages
     * @param file the file, in UTF-8
     * @return the line, not empty
     * @throws TlsException where the file is absent, too large, open to others or not UTF-8, or the line empty
     */
    public static String firstLine(String key, Path file) {
        requireClosed(key, file);
        String line =
                text(key, file, StandardCharsets.UTF_8).lines().findFirst().orElse("");
        if (line.isEmpty()) {
            throw new TlsException(at(key, file) + "its first line is empty");
        }
        return line;
    }

    static String text(String key, Path file, Charset charset) {
        try {
            if (!Files.isRegularFile(file)) {
                throw new TlsException(at(key, file) + (Files.exists(file) ? "not a file" : "no such file"));
            }
            if (Files.size(file) > MAX_BYTES) {
                throw new TlsException(at(key, file) + "too large: bytes=" + Files.size(file) + ", limit=" + MAX_BYTES);
            }
            return Files.readString(file, charset);
        } catch (IOException e) {
            throw new TlsException(
                    at(key, file) + "cannot be read: " + e.getClass().getSimpleName(), e);
        }
    }

    /** Refuses a secret that others may read: it is no secret any more, which is not repaired in silence. */
    static void requireClosed(String key, Path file) {
        try {
            if (!Files.exists(file) || !Files.getFileStore(file).supportsFileAttributeView("posix")) {
                return;
            }
            int mode = (int) Files.getAttribute(file, "unix:mode") & 07777;
            if ((mode & READABLE_BY_OTHERS_OR_EXECUTABLE) != 0) {
                throw new TlsException(at(key, file) + "refused: other users may read it: mode="
                        + Integer.toOctalString(mode) + ", allowed=600 or 400; chmod 600 it, and make a new key where"
                        + " somebody may have read it");
            }
        } catch (IOException e) {
            throw new TlsException(
                    at(key, file) + "cannot be read: " + e.getClass().getSimpleName(), e);
        }
    }

    static String at(String key, Path file) {
        return key + ": " + file + ": ";
    }
}
