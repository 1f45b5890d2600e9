package org.globalsessions.relief;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.function.Consumer;
import org.globalsessions.Version;
import org.globalsessions.relief.BoundedCalls.Called;
import org.globalsessions.relief.BoundedCalls.Ending;
import org.globalsessions.relief.extension.SessionValidator;
import org.globalsessions.relief.extension.ValidSession;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.Ticks;
import org.globalsessions.status.Counter;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.Scheduler;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.SessionKnownFrame.Status;
import org.globalsessions.transport.frame.ValidateFrame;

/**
 * Asks an application's gateway for sessions that no tier has: eight at a time, each for a second at most. What it does not say in that time nobody
 * knows. On the node's event loop.
 */
final class ExtensionGateway implements AutoCloseable {
    /** How long a question may take, its wait for others included. */
    static final Duration LIMIT = Duration.ofSeconds(1);

    /** Questions at a time. */
    static final int THREADS = 8;

    /** Most questions that wait for those. */
    static final int WAITING = 256;

    private final SharedLru segment;
    private final SessionValidator validator;
    private final BoundedCalls calls;

    /**
     * A gateway that nobody has asked yet.
     *
     * @param segment   for its clock, counters and the texts of failures
     * @param loops     the node's event loop
     * @param validator the application's
     */
    ExtensionGateway(SharedLru segment, Scheduler loops, SessionValidator validator) {
        this.segment = segment;
        this.validator = validator;
        this.calls = new BoundedCalls(segment, loops, "gateway", THREADS, WAITING, LIMIT);
    }

    /**
     * Asks for a session.
     *
     * @param frame  which
     * @param answer given the answer, before this returns or later
     */
    void validate(ValidateFrame frame, Consumer<SessionKnownFrame> answer) {
        calls.run(() -> ask(frame.key()), called -> answer.accept(answer(frame.correlationId(), called)));
    }

    private SessionEntry ask(byte[] key) throws Exception {
        ValidSession session = validator.validate(new String(key, StandardCharsets.UTF_8));
        return session == null ? null : entry(key, session);
    }

    /** As if the session had been set here when it began there, so that whatever has been done with it since counts more. */
    private SessionEntry entry(byte[] key, ValidSession session) {
        if (session.value().length > segment.maxValueLength(key.length)) {
            throw new IllegalArgumentException("the session's value exceeds a record of this relief node");
        }
        long clock = microsWithin(session.began(), segment.versionMicros()) << Version.LOGICAL_BITS;
        Duration remaining = session.remaining().compareTo(Ticks.MAX) < 0 ? session.remaining() : Ticks.MAX;
        return new SessionEntry(
                key,
                session.value().clone(),
                new Version(clock, segment.file().origin()),
                clock,
                false,
                0,
                0,
                // No ticks at all would be without an end.
                Math.max(1, Ticks.ticks(remaining)));
    }

    /** When a session began, where that lies between the beginning of time and now. */
    private static long microsWithin(Instant began, long nowMicros) {
        Instant earliest = Instant.EPOCH.plus(1, ChronoUnit.MICROS);
        Instant now = Instant.EPOCH.plus(nowMicros, ChronoUnit.MICROS);
        Instant within = began.isBefore(earliest) ? earliest : began.isAfter(now) ? now : began;
        return ChronoUnit.MICROS.between(Instant.EPOCH, within);
    }

    private SessionKnownFrame answer(long asked, Called<SessionEntry> called) {
        SessionEntry entry = called.answer();
        Status status = Status.UNAVAILABLE;
        if (called.ending() == Ending.DONE) {
            status = entry == null ? Status.MISSING : Status.FOUND;
        } else {
            segment.counters().increment(Counter.VALIDATIONS_FAILED);
        }
        return new SessionKnownFrame(asked, status, 0, 0, entry);
    }

    @Override
    public void close() {
        calls.close();
    }
}
