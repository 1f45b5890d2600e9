package org.globalsessions.transport.frame;

/**
 * Answer to {@link NeedEverywhereFrame}: no host serves any more what that delete has deleted, and where there is a relief tier an owner
 * holds the tombstone.
 *
 * @param correlationId that of the frame answered
 * @param position number of the delete
 */
public record EverywhereFrame(long correlationId, long position) implements Frame {
    @Override
    public FrameType type() {
        return FrameType.EVERYWHERE;
    }
}
