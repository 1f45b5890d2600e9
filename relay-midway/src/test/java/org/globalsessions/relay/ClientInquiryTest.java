package org.globalsessions.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.Version;
import org.globalsessions.client.ClientDirectory;
import org.globalsessions.client.GatewayClients;
import org.globalsessions.segment.SegmentSettings;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.segment.WriteOutcome;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.transport.ManualScheduler;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What a relay knows of a client whose entry is not, or not only, in its segment. */
class ClientInquiryTest {
    private static final Duration SEVERAL_CHECKS = Duration.ofSeconds(10);
    private static final int CAPACITY = 100;

    @TempDir
    private Path folder;

    @RegisterExtension
    final Opened opened = new Opened();

    private final ManualScheduler loop = new ManualScheduler();
    private SharedLru lru;

    /** The entry of a client that is bound to the address user.7. */
    private SessionEntry entry;

    private KeyDigest digest;

    @BeforeEach
    void open() throws IOException {
        lru = opened.keep(SharedLru.open(new SegmentSettings(folder.resolve("relay.segment"))
                .elCount(100)
                .pathName("auths")));
        try (SessionCacheManager cache = SessionCacheManager.open(ConfigFactory.parseMap(Map.of(
                "lru.cache.token_path",
                folder.resolve("host").toString(),
                "lru.cache.segment_dir",
                folder.toString(),
                "lru.cache.el_count",
                100)))) {
            ClientDirectory directory = new ClientDirectory(cache);
            String client = new GatewayClients(directory, Duration.ofMinutes(1))
                    .accept("ann")
                    .join()
                    .identifier();
            directory.bind(client, "user.7", new byte[3]);
            String key = "\u0001c" + client;
            Version version = TestHost.newVersion(1);
            entry = new SessionEntry(key.getBytes(UTF_8), cache.getLocal(key), version, version.clock(), true, 0, 0, 0);
            digest = lru.encode(entry.key()).digest();
        }
    }

    private ClientInquiry started(SpillFile spill) {
        ClientInquiry inquiry = new ClientInquiry(lru, spill, CAPACITY, loop);
        inquiry.start();
        return inquiry;
    }

    @Test
    void shouldStillKnowAClientWhoseEntryHadToMakePlaceUntilItIsDeleted() {
        ClientInquiry inquiry = started(null);
        inquiry.stored(digest, entry);

        loop.pass(SEVERAL_CHECKS);
        assertThat(inquiry.countAt("user.7")).isOne();

        inquiry.deleted(digest);
        assertThat(inquiry.countAt("user.7")).isZero();
    }

    @Test
    void shouldForgetAClientWhoseEntryIsDeletedWithoutAWord() {
        ClientInquiry inquiry = started(null);
        inquiry.stored(digest, entry);
        lru.applyDelete(digest, TestHost.newVersion(1), lru.file().nextPosition(), new WriteOutcome());

        loop.pass(SEVERAL_CHECKS);
        assertThat(inquiry.countAt("user.7")).isZero();
    }

    @Test
    void shouldStillKnowAClientOfWhichAnEarlierLifeIsDeleted() {
        ClientInquiry inquiry = started(null);
        lru.accept(lru.encode(entry.key()), entry, 0, Version.NONE, new WriteOutcome());
        inquiry.stored(digest, entry);

        inquiry.deleted(digest);
        assertThat(inquiry.countAt("user.7")).isOne();
    }

    @Test
    void shouldKnowClientsOfTheSegmentAndOfTheSpillFileFromTheStart() throws IOException {
        try (SpillFile spill = SpillFile.open(folder.resolve("relay.spill"), 1 << 20)) {
            assertThat(started(spill).countAt("user.7")).isZero();
            assertThat(spill.put(digest, entry, lru.file().tick())).isTrue();
            assertThat(started(spill).countAt("user.7")).isOne();
        }
        lru.accept(lru.encode(entry.key()), entry, 0, Version.NONE, new WriteOutcome());
        assertThat(started(null).countAt("user.7")).isOne();
    }
}
