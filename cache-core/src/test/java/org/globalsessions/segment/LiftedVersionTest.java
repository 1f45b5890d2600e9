package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a receipt makes of an entry stands above what it replaces, in version too: whoever finds both records keeps the higher one.
 */
class LiftedVersionTest {
    @TempDir
    private Path folder;

    private final WriteOutcome outcome = new WriteOutcome();
    private SharedLru lru;

    @BeforeEach
    void open() throws IOException {
        lru = SharedLru.open(
                new SegmentSettings(folder.resolve("segment")).elCount(100).role(SegmentSettings.Role.HOST));
    }

    @AfterEach
    void close() {
        lru.close();
    }

    @Test
    void shouldRiseWhenALifeIsLiftedBehindItsDeleteAndWasSavedAgainSince() {
        KeyDigest digest = lru.encode("k").digest();
        set("first");
        lru.delete(lru.encode("k"), outcome);
        Version deleted = outcome.version();
        set("second life");
        Version begun = outcome.version();
        for (int i = 0; i < 100; i++) {
            set("saved again");
        }
        Version saved = outcome.version();
        Receipt receipt = new Receipt(Receipt.Outcome.STORED, new Version(begun.clock(), 9), 0, true, 1, 17);
        lru.confirmDelete(digest, deleted, receipt);
        EntrySnapshot now = find();
        assertThat(now.life()).isEqualTo(begun.clock() + 1);
        assertThat(now.version()).isGreaterThan(saved);
    }

    @Test
    void shouldRiseWhenTheReceiptOfAnEarlierSaveRaisesTheLife() {
        set("published");
        EntrySnapshot published = find();
        set("saved since");
        Version saved = outcome.version();
        long life = published.life() + 1;
        Receipt receipt = new Receipt(Receipt.Outcome.STORED, new Version(life, saved.origin()), life, false, 1, 17);
        lru.confirm(published, receipt, lru.file().relays().own());
        EntrySnapshot now = find();
        assertThat(now.life()).isEqualTo(life);
        assertThat(now.version()).isGreaterThan(saved);
        assertThat(now.marks() & RecordDescriptor.UNPUBLISHED).isNotZero();
    }

    private void set(String value) {
        lru.set(lru.encode("k"), value.getBytes(UTF_8), 0, value.length(), 0, null, false, outcome);
        assertThat(outcome.status()).isEqualTo(WriteOutcome.Status.STORED);
    }

    private EntrySnapshot find() {
        EntrySnapshot snapshot = new EntrySnapshot();
        assertThat(lru.find(lru.encode("k"), snapshot)).isTrue();
        return snapshot;
    }
}
