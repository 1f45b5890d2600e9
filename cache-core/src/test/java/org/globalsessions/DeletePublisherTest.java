package org.globalsessions;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.globalsessions.segment.EncodedKey;
import org.globalsessions.segment.RelayPlaces;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SegmentSettings.Role;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A delete that has waited long in one process of a host, while the others went on. */
class DeletePublisherTest {
    private static final int OTHER_HOST = 9;

    @TempDir
    private Path folder;

    private SharedLru lru;
    private KeyDigest digest;
    private DeletePublisher deletes;
    private final List<Version> sent = new ArrayList<>();

    @BeforeEach
    void open() throws IOException {
        lru = SharedLru.open(new SegmentSettings(folder.resolve("host"))
                .elCount(100)
                .pathName("auths")
                .role(Role.HOST)
                .relays(RelayPlaces.id("relay")));
        digest = lru.encode("user-1").digest();
        deletes = new DeletePublisher(
                lru,
                new AwayTier() {
                    @Override
                    public CompletableFuture<Receipt> delete(
                            KeyDigest ofKey, Version tombstone, long epoch, long position, Acknowledgement level) {
                        sent.add(tombstone);
                        return new CompletableFuture<>();
                    }
                },
                new AppliedPosition(lru.file(), lru.file().relays().position(0)),
                new Failures(lru.counters(), lru.file().errors()),
                Runnable::run,
                acknowledged -> {},
                (behind, acknowledged) -> {});
    }

    @AfterEach
    void close() {
        lru.close();
    }

    private Version delete() {
        WriteOutcome outcome = new WriteOutcome();
        EncodedKey key = lru.encode("user-1".getBytes(UTF_8));
        lru.delete(key, outcome);
        return outcome.version();
    }

    private void acknowledge(Version delete, long position) {
        lru.confirmDelete(digest, delete, new Receipt(Receipt.Outcome.STORED, delete, 0, false, 1, position));
    }

    private Version othersAbove(Version version, long position) {
        Version others = new Version(version.clock() + 1000, OTHER_HOST);
        lru.applyDelete(digest, others, position, new WriteOutcome());
        return others;
    }

    @Test
    void shouldSendADeleteThatNothingHasHappenedSince() {
        Version only = delete();
        deletes.offer(digest, only, Acknowledgement.RELAY, null);
        assertThat(deletes.send()).isTrue();
        assertThat(sent).containsExactly(only);
    }

    @Test
    void shouldSendTheLaterOneWhenItWaitsBelowAnotherHosts() {
        Version first = delete();
        Version second = delete();
        othersAbove(second, 7);
        deletes.offer(digest, first, Acknowledgement.RELAY, null);
        deletes.send();
        assertThat(sent).containsExactly(second);
    }

    @Test
    void shouldSendAnotherHostsWhenTheLaterOneBelowItIsAcknowledged() {
        Version first = delete();
        Version second = delete();
        acknowledge(second, 6);
        Version others = othersAbove(second, 7);
        deletes.offer(digest, first, Acknowledgement.RELAY, null);
        deletes.send();
        assertThat(sent)
                .as("not the first, which would take away what has begun since")
                .containsExactly(others);
    }

    @Test
    void shouldSendTheOwnOneWhenOnlyAnothersIsAboveIt() {
        Version own = delete();
        othersAbove(own, 7);
        deletes.offer(digest, own, Acknowledgement.RELAY, null);
        deletes.send();
        assertThat(sent).containsExactly(own);
    }
}
