package org.globalsessions.transport.frame;

import java.util.List;
import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;

/**
 * Older versions of these keys are void: relief nodes drop them.
 *
 * @param correlationId ties the answer to this, not 0
 * @param voided keys and the versions below which theirs are void, 0 to {@link FrameCodec#MAX_VOIDED}
 */
public record VoidFrame(long correlationId, List<Voided> voided) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.VOID;
    }

    /**
     * One key of a void.
     *
     * @param digest  digest of the key
     * @param version versions of it below this one are void
     */
    public record Voided(KeyDigest digest, Version version) {}
}
