package org.globalsessions.transport.client;

import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.globalsessions.TierUnavailableException;
import org.globalsessions.tier.FoundClients;
import org.globalsessions.tier.LeaseRenewal;
import org.globalsessions.tier.PushReach;
import org.globalsessions.tier.Receipt;
import org.globalsessions.tier.TierAnswer;
import org.globalsessions.transport.frame.Frame;

/**
 * Something that waits for an answer of the relay. Its mutable field belongs to the link's lock.
 *
 * @param <T> the answer
 */
abstract sealed class Request<T> {
    final long id;
    final Frame frame;
    final int length;
    final long deadlineNs;
    final CompletableFuture<T> answer = new CompletableFuture<>();
    boolean sent;

    private Request(Frame frame, int length, long deadlineNs) {
        this.id = frame.correlationId();
        this.frame = frame;
        this.length = length;
        this.deadlineNs = deadlineNs;
    }

    final void fail(TierUnavailableException reason) {
        answer.completeExceptionally(reason);
    }

    /** Whether it takes room in the window of what is sent and not answered. */
    boolean takesRoom() {
        return false;
    }

    /** A question for one key, and everybody who waits for it. */
    static final class Question extends Request<TierAnswer> {
        final KeyBytes key;

        Question(Frame frame, int length, long deadlineNs, KeyBytes key) {
            super(frame, length, deadlineNs);
            this.key = key;
        }
    }

    /** A publish or delete. */
    static final class Change extends Request<Receipt> {
        Change(Frame frame, int length, long deadlineNs) {
            super(frame, length, deadlineNs);
        }

        @Override
        boolean takesRoom() {
            return true;
        }
    }

    /** A wish for the host's lease to be renewed. */
    static final class Renewal extends Request<LeaseRenewal> {
        Renewal(Frame frame, int length, long deadlineNs) {
            super(frame, length, deadlineNs);
        }
    }

    /** A message to remote clients. */
    static final class Push extends Request<PushReach> {
        Push(Frame frame, int length, long deadlineNs) {
            super(frame, length, deadlineNs);
        }

        @Override
        boolean takesRoom() {
            return true;
        }
    }

    /** A question for remote clients. */
    static final class Clients extends Request<FoundClients> {
        Clients(Frame frame, int length, long deadlineNs) {
            super(frame, length, deadlineNs);
        }

        @Override
        boolean takesRoom() {
            return true;
        }
    }

    /** A delete that has to reach every host. */
    static final class Everywhere extends Request<Void> {
        Everywhere(Frame frame, int length, long deadlineNs) {
            super(frame, length, deadlineNs);
        }
    }

    /** A whole key as a key of a map: never only its digest. */
    static final class KeyBytes {
        private final byte[] bytes;
        private final int hash;

        KeyBytes(byte[] bytes, long digestLow) {
            this.bytes = bytes;
            // The digest is keyed, so nobody can choose keys that meet in one place of the map.
            this.hash = Long.hashCode(digestLow);
        }

        boolean isKey(byte[] other) {
            return Arrays.equals(bytes, other);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof KeyBytes that && hash == that.hash && Arrays.equals(bytes, that.bytes);
        }

        @Override
        public int hashCode() {
            return hash;
        }

        @Override
        public String toString() {
            return "KeyBytes[" + bytes.length + " bytes]";
        }
    }
}
