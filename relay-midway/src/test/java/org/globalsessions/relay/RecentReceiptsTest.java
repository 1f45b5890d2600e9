package org.globalsessions.relay;

import static org.assertj.core.api.Assertions.assertThat;

import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.junit.jupiter.api.Test;

class RecentReceiptsTest {
    private static final KeyDigest DIGEST = new KeyDigest(1, 2);

    private final RecentReceipts receipts = new RecentReceipts();

    private static Version version(long clock) {
        return new Version(clock, 1);
    }

    private static Receipt receipt(long position) {
        return new Receipt(Receipt.Outcome.STORED, version(position), 0, false, 5, position);
    }

    @Test
    void shouldTellADeleteFromAnEntryOfTheSameVersion() {
        receipts.addDelete(DIGEST, version(7), receipt(8));
        assertThat(receipts.ofKept(DIGEST, version(7))).isEqualTo(receipt(8));
        assertThat(receipts.find(DIGEST, version(7))).isNull();
        assertThat(receipts.ofKept(DIGEST, version(6))).isNull();
        assertThat(receipts.ofKept(new KeyDigest(1, 3), version(7))).isNull();
    }

    /** Taken once more it would end what has begun since. */
    @Test
    void shouldRememberADeleteHoweverManyEntriesCome() {
        receipts.addDelete(DIGEST, version(7), receipt(8));
        for (int i = 0; i < 20 * RecentReceipts.CAPACITY; i++) {
            receipts.addStored(new KeyDigest(i, i * 0x9e3779b97f4a7c15L), version(i), receipt(i));
        }
        assertThat(receipts.ofKept(DIGEST, version(7))).isEqualTo(receipt(8));
    }

    /** Judged once more it would fail by what has been saved over it, and be made once more by whoever has made it. */
    @Test
    void shouldRememberASaveOverAVersionHoweverManyOtherEntriesCome() {
        receipts.addSaved(DIGEST, version(7), receipt(8));
        for (int i = 0; i < 20 * RecentReceipts.CAPACITY; i++) {
            receipts.addStored(new KeyDigest(i, i * 0x9e3779b97f4a7c15L), version(i), receipt(i));
        }
        assertThat(receipts.ofKept(DIGEST, version(7))).isEqualTo(receipt(8));
    }

    /** Its host missed the first receipt, and something newer has come and gone on to the relief tier before it came again. */
    @Test
    void shouldSayWhatASetHasLostToWhenItWasStoredOnceAndHasLostSince() {
        receipts.addStored(DIGEST, version(7), receipt(7));
        assertThat(receipts.ofReplacing(DIGEST, version(7))).isNull();
        Receipt lost = new Receipt(Receipt.Outcome.SUPERSEDED, version(9), 1, false, 5, 9);
        receipts.addLost(DIGEST, version(7), lost);
        assertThat(receipts.ofReplacing(DIGEST, version(7))).isEqualTo(lost);
        assertThat(receipts.ofReplacing(DIGEST, version(8))).isNull();
        receipts.addStored(DIGEST, version(6), receipt(6));
        assertThat(receipts.ofReplacing(DIGEST, version(7)))
                .as("an earlier one changes nothing")
                .isEqualTo(lost);
    }

    @Test
    void shouldForgetTheFirstDeleteWhenThereAreTooMany() {
        for (int i = 0; i <= RecentReceipts.MOST_KEPT; i++) {
            receipts.addDelete(DIGEST, version(i), receipt(i));
        }
        assertThat(receipts.ofKept(DIGEST, version(0))).isNull();
        assertThat(receipts.ofKept(DIGEST, version(1))).isEqualTo(receipt(1));
        assertThat(receipts.ofKept(DIGEST, version(RecentReceipts.MOST_KEPT))).isNotNull();
    }
}
