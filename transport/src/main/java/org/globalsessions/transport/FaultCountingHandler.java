package org.globalsessions.transport;

import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.status.DistinctErrors;

/**
 * What every node does about faults of its connections and of its keys: it counts them in its segment and says them in its log.
 * The conversation itself is the subclass's.
 *
 * <p>Called as {@link FrameHandler} says; for connections of one event loop only.
 */
public abstract class FaultCountingHandler implements FrameHandler {
    private final Counters counters;
    private final DistinctErrors errors;
    private final Log log;
    private final LogPause failurePause = new LogPause();

    /** Why a peer was refused last. */
    private String lastRefusal = "";

    /**
     * The log of a node. This module has no logging library: applications load it, too.
     *
     * @param debug takes lines for whoever looks for more
     * @param info  takes lines about what goes its way
     * @param warn  takes lines that a person should see, and what was thrown, null where nothing was
     */
    public record Log(Consumer<String> debug, Consumer<String> info, BiConsumer<String, Throwable> warn) {}

    /**
     * A handler that counts.
     *
     * @param counters of the node's segment
     * @param errors   of the node's segment
     * @param log      the node's log, under the name of the subclass
     */
    protected FaultCountingHandler(Counters counters, DistinctErrors errors, Log log) {
        this.counters = counters;
        this.errors = errors;
        this.log = log;
    }

    /**
     * Where faults of a connection are counted: in the node's segment, unless it has several.
     *
     * @param connection the connection
     * @return the counters
     */
    protected Counters countersOf(Connection connection) {
        return counters;
    }

    @Override
    public final void onBadFrame(Connection connection, String what) {
        countersOf(connection).increment(Counter.BAD_FRAMES);
        log.warn.accept(refusal(connection.remoteAddress(), what), null);
    }

    @Override
    public final void onRefused(String remoteAddress, String reason) {
        counters.increment(Counter.TLS_REFUSED);
        logRefusal(remoteAddress, reason);
    }

    /**
     * Logs that a peer was refused. One that tries for ever does not fill the log: the same reason is a warning once, until another
     * comes or {@link #forgetRefusal} is called.
     *
     * @param remoteAddress the peer's address
     * @param reason        why, fit for a log line
     */
    protected final void logRefusal(String remoteAddress, String reason) {
        String line = refusal(remoteAddress, reason);
        if (reason.equals(lastRefusal)) {
            log.debug.accept(line);
        } else {
            lastRefusal = reason;
            log.warn.accept(line, null);
        }
    }

    /** What was refused before is over, so that a refusal for the same reason is a warning again. */
    protected final void forgetRefusal() {
        lastRefusal = "";
    }

    private static String refusal(String remoteAddress, String reason) {
        return "A connection was refused: peer=" + remoteAddress + ", reason=" + reason;
    }

    @Override
    public final void onKeysReloaded(boolean succeeded, String what) {
        if (succeeded) {
            counters.increment(Counter.KEYS_RELOADED);
            log.info.accept("Keys were reloaded: " + what);
        } else {
            counters.increment(Counter.KEY_RELOADS_FAILED);
            log.warn.accept("Keys were not reloaded: " + what, null);
        }
    }

    @Override
    public void onFailure(Connection connection, Throwable failure) {
        counters.increment(Counter.ERRORS);
        errors.record("serving a connection", failure);
        String line = "A connection failed: peer=" + connection.remoteAddress();
        if (failurePause.ends()) {
            log.warn.accept(line, failure);
        } else {
            log.debug.accept(line);
        }
    }
}
