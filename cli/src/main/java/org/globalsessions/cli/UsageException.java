package org.globalsessions.cli;

/** The command line asks for what cannot be done: ends with exit code 2. */
final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UsageException(String message) {
        super(message);
    }
}
