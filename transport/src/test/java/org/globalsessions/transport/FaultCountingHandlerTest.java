package org.globalsessions.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.status.DistinctErrors;
import org.globalsessions.transport.frame.Frame;
import org.junit.jupiter.api.Test;

class FaultCountingHandlerTest {
    private final Counters counters = new Counters(memory(), 0);
    private final DistinctErrors errors = new DistinctErrors(memory(), () -> 1);
    private final List<String> debug = new ArrayList<>();
    private final List<String> info = new ArrayList<>();
    private final List<String> warn = new ArrayList<>();
    private final Connection connection = new ConnectionStub();
    private final Silent handler = new Silent();

    /** A node without a conversation. */
    private final class Silent extends FaultCountingHandler {
        private Counters ofPath;

        Silent() {
            super(
                    counters,
                    errors,
                    new Log(
                            debug::add,
                            info::add,
                            (line, failure) -> warn.add(failure == null ? line : line + ", " + failure.getMessage())));
        }

        @Override
        protected Counters countersOf(Connection of) {
            return ofPath == null ? super.countersOf(of) : ofPath;
        }

        @Override
        public void onOpen(Connection opened) {}

        @Override
        public void onFrame(Connection of, Frame frame) {}

        @Override
        public void onClose(Connection closed) {}
    }

    private static ByteBuffer memory() {
        return ByteBuffer.allocateDirect(1024).alignedSlice(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Test
    void shouldCountAndWarnOfEachBadFrameWhereItsConnectionIsCounted() {
        handler.onBadFrame(connection, "no frame");
        handler.ofPath = new Counters(memory(), 0);
        handler.onBadFrame(connection, "no frame");

        assertThat(counters.get(Counter.BAD_FRAMES)).isEqualTo(1);
        assertThat(handler.ofPath.get(Counter.BAD_FRAMES)).isEqualTo(1);
        String line = "A connection was refused: peer=stub:1, reason=no frame";
        assertThat(warn).containsExactly(line, line);
    }

    @Test
    void shouldWarnOnceAndCountEachTimeWhenPeersAreRefusedForTheSameReason() {
        handler.onRefused("a:1", "not trusted");
        handler.onRefused("a:2", "not trusted");
        handler.onRefused("a:3", "expired");
        handler.onRefused("a:4", "not trusted");
        handler.forgetRefusal();
        handler.onRefused("a:5", "not trusted");

        assertThat(counters.get(Counter.TLS_REFUSED)).isEqualTo(5);
        assertThat(debug).containsExactly("A connection was refused: peer=a:2, reason=not trusted");
        assertThat(warn)
                .containsExactly(
                        "A connection was refused: peer=a:1, reason=not trusted",
                        "A connection was refused: peer=a:3, reason=expired",
                        "A connection was refused: peer=a:4, reason=not trusted",
                        "A connection was refused: peer=a:5, reason=not trusted");
    }

    @Test
    void shouldTellGoodReloadsOfKeysFromBadOnes() {
        handler.onKeysReloaded(true, "new ones");
        handler.onKeysReloaded(false, "half a file");
        handler.onKeysReloaded(false, "half a file");

        assertThat(counters.get(Counter.KEYS_RELOADED)).isEqualTo(1);
        assertThat(counters.get(Counter.KEY_RELOADS_FAILED)).isEqualTo(2);
        assertThat(info).containsExactly("Keys were reloaded: new ones");
        assertThat(warn).containsExactly("Keys were not reloaded: half a file", "Keys were not reloaded: half a file");
    }

    @Test
    void shouldRecordEachFailureAndWarnOfOneASecondWhenConnectionsFail() {
        handler.onFailure(connection, new IllegalStateException("planted"));
        handler.onFailure(connection, new IllegalStateException("planted"));

        assertThat(counters.get(Counter.ERRORS)).isEqualTo(2);
        assertThat(errors.read())
                .first()
                .satisfies(error -> assertThat(error.text())
                        .startsWith("serving a connection: java.lang.IllegalStateException at "));
        assertThat(warn).containsExactly("A connection failed: peer=stub:1, planted");
        assertThat(debug).containsExactly("A connection failed: peer=stub:1");
    }
}
