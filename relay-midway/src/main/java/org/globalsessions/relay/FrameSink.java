package org.globalsessions.relay;

import org.globalsessions.transport.frame.Frame;

/** Where the agent's parts send what leaves the process; used on the agent's thread alone. */
interface FrameSink {
    /**
     * Whether a frame can be taken now.
     *
     * @return false while one is kept back by back pressure
     */
    boolean isReady();

    /**
     * Sends a frame; only while {@link #isReady}.
     *
     * @param frame the frame
     * @return false where there is nobody to send it to: it is dropped
     */
    boolean send(Frame frame);
}
