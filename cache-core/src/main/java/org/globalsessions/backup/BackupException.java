package org.globalsessions.backup;

/** A backup was refused: not a backup, of another version or path, cut short or changed. Nothing was restored from it. */
public final class BackupException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Says what was refused.
     *
     * @param message what, where, both values, what to do; no key and no value
     */
    public BackupException(String message) {
        super(message);
    }
}
