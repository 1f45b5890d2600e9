package org.globalsessions.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.status.Counter;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.frame.ErrorFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class ManyConnectionsTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    @Test
    void shouldTurnAHostAwayWhenThereAreTooManyAndTakeItWhenThereIsRoom() throws IOException {
        MidwayRelay relay = opened.keep(MidwayRelay.launch(new RelayContext()
                .authPath("auths")
                .port(0)
                .maxConnections(2)
                .segment(new SegmentSettings(folder.resolve("relay.segment")).elCount(320))));
        TestHost first = opened.keep(new TestHost(relay.port(), 1)).welcomed();
        TestHost second = opened.keep(new TestHost(relay.port(), 2)).welcomed();
        TestHost third = opened.keep(new TestHost(relay.port(), 3));

        await().atMost(LIMIT).until(() -> relay.counters().get(Counter.CONNECTIONS_TURNED_AWAY) >= 2);
        await().atMost(LIMIT).until(() -> !third.announced.isEmpty());
        ErrorFrame told = (ErrorFrame) third.announced.get(0);
        assertThat(told.code()).isEqualTo(ErrorCode.BUSY);
        assertThat(told.text()).isEqualTo("too many connections: limit=2; try again later");
        assertThat(third.welcome).isNull();
        assertThat(second.get("user").status()).isEqualTo(SessionKnownFrame.Status.MISSING);
        assertThat(relay.counters().get(Counter.CONNECTIONS)).isEqualTo(2);

        first.close();
        third.welcomed();
    }
}
