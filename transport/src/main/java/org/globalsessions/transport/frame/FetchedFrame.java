package org.globalsessions.transport.frame;

import java.util.List;
import org.globalsessions.tier.SessionEntry;

/**
 * Answer to {@link FetchFrame}: what is still there of the first digests asked for, as much as one answer takes.
 *
 * @param correlationId that of the frame answered
 * @param covered       how many of the digests this answers, from the first on: at least one where any was asked for
 * @param entries       what is there of them, at most {@code covered}
 */
public record FetchedFrame(long correlationId, int covered, List<SessionEntry> entries) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.FETCHED;
    }
}
