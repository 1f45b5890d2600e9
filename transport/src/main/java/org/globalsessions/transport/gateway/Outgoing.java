package org.globalsessions.transport.gateway;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** A message to clients, one or ten thousand: encoded once for all of them. Event loop alone. */
final class Outgoing {
    private static final int FINAL_TEXT = 0x81;
    private static final int SHORT_LENGTH = 125;
    private static final int LENGTH_IN_2_BYTES = 126;
    private static final int LENGTH_IN_8_BYTES = 127;
    private static final int LONGEST_IN_2_BYTES = 0xffff;
    private static final int LONGEST_HEADER = 10;

    private final String text;
    private byte[] frame;

    Outgoing(String text) {
        this.text = text;
    }

    String text() {
        return text;
    }

    /** What it counts for while it waits. */
    int size() {
        return text.length();
    }

    /** The WebSocket frame of it, header and all (RFC 6455, section 5.2): a server's is not masked, so that all clients get the same bytes. */
    byte[] frame() {
        if (frame == null) {
            byte[] payload = text.getBytes(StandardCharsets.UTF_8);
            ByteBuffer to = ByteBuffer.allocate(LONGEST_HEADER + payload.length);
            to.put((byte) FINAL_TEXT);
            if (payload.length <= SHORT_LENGTH) {
                to.put((byte) payload.length);
            } else if (payload.length <= LONGEST_IN_2_BYTES) {
                to.put((byte) LENGTH_IN_2_BYTES).putShort((short) payload.length);
            } else {
                to.put((byte) LENGTH_IN_8_BYTES).putLong(payload.length);
            }
            to.put(payload);
            frame = new byte[to.position()];
            to.flip().get(frame);
        }
        return frame;
    }
}
