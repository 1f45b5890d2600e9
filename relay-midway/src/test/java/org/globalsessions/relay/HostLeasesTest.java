package org.globalsessions.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.globalsessions.relay.ClientEndPoint.HostId;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.status.Counter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Of which hosts a relay that starts again must think that they may still serve what was deleted. */
class HostLeasesTest {
    private static final Duration MAX_STALE = Duration.ofSeconds(5);
    private static final long MAX_STALE_TICKS = 500;
    private static final HostId DELETER = new HostId(1, 1);
    private static final HostId OTHER = new HostId(2, 2);

    @TempDir
    private Path folder;

    private SharedLru lru;
    private HostMemory memory;
    private HostLeases leases;
    private long now = 1_000;

    @BeforeEach
    void open() throws IOException {
        lru = SharedLru.open(new SegmentSettings(folder.resolve("segment")).elCount(20));
        start();
    }

    @AfterEach
    void close() throws IOException {
        memory.close();
        lru.close();
    }

    private void start() throws IOException {
        memory = HostMemory.open(folder.resolve("hosts"));
        leases = new HostLeases(
                () -> now,
                MAX_STALE,
                memory,
                new RelayErrors(lru.counters(), lru.file().errors()));
    }

    private void startAgain() throws IOException {
        memory.close();
        start();
    }

    private long reached() {
        return leases.reachedByAllBut(DELETER);
    }

    @Test
    void shouldNotKnowWhoIsAwayWhenStartedAgainBeforeTheFirstStartKnew() throws IOException {
        now += MAX_STALE_TICKS - 1;
        leases.forgetEnded();
        startAgain();
        assertThat(reached()).isEqualTo(-1);
        now += MAX_STALE_TICKS - 1;
        assertThat(reached()).isEqualTo(-1);
        now++;
        assertThat(reached()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void shouldKnowWhoIsAwayWhenStartedAgainAfterAllLeasesFromBeforeHadRunOut() throws IOException {
        leases.enter(OTHER, 7);
        now += MAX_STALE_TICKS;
        leases.renew(OTHER);
        leases.forgetEnded();
        startAgain();
        assertThat(reached())
                .as("the other host is remembered, and nobody else is away")
                .isZero();
        leases.applied(OTHER, 9);
        assertThat(reached()).isEqualTo(9);
    }

    @Test
    void shouldTakeTheHostInAndKnowNothingAtTheNextStartWhenItCannotBeRemembered() throws IOException {
        now += MAX_STALE_TICKS;
        leases.forgetEnded();
        memory.close();
        assertThat(leases.enter(OTHER, 7)).isTrue();
        assertThat(lru.counters().get(Counter.ERRORS)).isEqualTo(1);
        startAgain();
        assertThat(reached()).isEqualTo(-1);
    }

    @Test
    void shouldRefuseTheHostWhenItCannotBeRememberedAndTheMemoryStays() throws IOException {
        now += MAX_STALE_TICKS;
        leases.forgetEnded();
        memory.close();
        Files.delete(folder.resolve("hosts"));
        Files.createFile(Files.createDirectory(folder.resolve("hosts")).resolve("not-empty"));
        assertThat(leases.enter(OTHER, 7)).isFalse();
        assertThat(reached()).isEqualTo(Long.MAX_VALUE);
    }
}
