package org.globalsessions.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

class TimerSlackTest {
    @Test
    void shouldSetThatOfTheCallingThreadAloneWhenTheSystemHasOne() throws Exception {
        long before = slack();
        FutureTask<Long> other = new FutureTask<>(() -> {
            TimerSlack.ofThisThread(2_000);
            return slack();
        });
        new Thread(other).start();
        assertThat(other.get()).isEqualTo(2_000);
        assertThat(slack()).isEqualTo(before).isNotEqualTo(2_000);
    }

    private static long slack() throws IOException {
        Path link = Path.of("/proc/thread-self");
        assumeTrue(Files.isSymbolicLink(link), "the system has no timer slack to be set");
        Path setting =
                Path.of("/proc", Files.readSymbolicLink(link).getFileName().toString(), "timerslack_ns");
        assumeTrue(Files.isWritable(setting), "the system has no timer slack to be set");
        return Long.parseLong(Files.readString(setting).strip());
    }
}
