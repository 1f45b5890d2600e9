package org.globalsessions.sibling;

import org.globalsessions.config.Schema;
import org.globalsessions.transport.frame.FrameCodec;

/**
 * A relief node as placement sees it. One that comes back with another weight or on another machine has another seat.
 *
 * @param id      its stable id
 * @param weight  its share of keys beside others' weights, in hundredths, 1 to {@link FrameCodec#MAX_WEIGHT}
 * @param machine names its machine; empty where it is alone on it as far as anybody knows
 */
record Seat(NodeId id, int weight, String machine) {
    Seat {
        if (weight < 1 || weight > FrameCodec.MAX_WEIGHT) {
            throw new IllegalArgumentException(
                    "weight out of range: weight=" + weight + ", limit=1.." + FrameCodec.MAX_WEIGHT);
        }
        if (!machine.isEmpty() && !Schema.isHostId(machine)) {
            throw new IllegalArgumentException("host_id out of range, limit=64 characters from ! to ~");
        }
    }
}
