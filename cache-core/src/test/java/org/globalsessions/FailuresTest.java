package org.globalsessions;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.status.DistinctErrors;
import org.junit.jupiter.api.Test;

class FailuresTest {
    @Test
    void shouldCountAndGoOnWhenThereIsNoMemoryToRecordTheError() {
        Counters counters = new Counters(ByteBuffer.allocateDirect(512), 0);
        DistinctErrors errors = new DistinctErrors(ByteBuffer.allocateDirect(1024), () -> {
            throw new InternalError("Java heap space");
        });
        new Failures(counters, errors).unexpected("sweeping failed", new InternalError("Java heap space"));
        assertThat(counters.get(Counter.ERRORS)).isEqualTo(1);
        assertThat(errors.read()).isEmpty();
    }
}
