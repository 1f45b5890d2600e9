package org.globalsessions.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.globalsessions.Version;
import org.globalsessions.relay.ChangeRing.Change;
import org.globalsessions.relay.ClientEndPoint.HostId;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.Receipt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChangeRingTest {
    private static final long EPOCH = 77;
    private static final HostId HOST = new HostId(1, 2);

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("relay.segment.changes");
    }

    private ChangeRing open(long epoch, long position) throws IOException {
        return ChangeRing.open(file, epoch, position);
    }

    private static Change change(long position) {
        Version asked = new Version(900 + position, 7);
        return new Change(
                position, HOST, new KeyDigest(-position, position), new Version(1000 + position, 7), 3, asked);
    }

    private static void add(ChangeRing ring, Change change) {
        ring.add(change.position(), change.host(), change.digest(), change.asked(), change.version(), change.way());
    }

    private static List<Change> after(ChangeRing ring, long from) {
        List<Change> seen = new ArrayList<>();
        ring.forEachAfter(from, seen::add);
        return seen;
    }

    @Test
    void shouldRememberChangesWhenItIsOpenedAgain() throws IOException {
        ChangeRing ring = open(EPOCH, 0);
        add(ring, change(1));
        add(ring, change(2));
        ChangeRing again = open(EPOCH, 2);
        assertThat(again.base()).isZero();
        assertThat(after(again, 0)).containsExactly(change(1), change(2));
        assertThat(after(again, 1)).containsExactly(change(2));
        assertThat(Files.getPosixFilePermissions(file)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }

    @ParameterizedTest
    @CsvSource({"STORED, false", "STORED, true", "SUPERSEDED, false", "SUPERSEDED, true"})
    void shouldGiveTheReceiptOfADeleteWhenItIsOpenedAgain(Receipt.Outcome outcome, boolean held) throws IOException {
        Version asked = new Version(6, 7);
        Receipt receipt = new Receipt(outcome, new Version(9, 7), 0, held, EPOCH, 1);
        open(EPOCH, 0).addDelete(HOST, new KeyDigest(4, 5), asked, receipt);
        Change deleted = after(open(EPOCH, 1), 0).get(0);
        assertThat(deleted.isDelete()).isTrue();
        assertThat(deleted.asked()).isEqualTo(asked);
        assertThat(deleted.receipt(EPOCH)).isEqualTo(receipt);
        assertThat(change(1).isDelete()).isFalse();
    }

    @Test
    void shouldGiveTheReceiptOfAnEntryWithoutItsLifeWhenItIsOpenedAgain() throws IOException {
        add(open(EPOCH, 0), change(1));
        Change stored = after(open(EPOCH, 1), 0).get(0);
        assertThat(stored.receipt(EPOCH))
                .isEqualTo(new Receipt(Receipt.Outcome.STORED, new Version(1001, 7), 0, false, EPOCH, 1));
    }

    @Test
    void shouldReachBackToItsCapacityWhenThereWereMoreChanges() throws IOException {
        ChangeRing ring = open(EPOCH, 0);
        int count = ChangeRing.CAPACITY + 5;
        for (int position = 1; position <= count; position++) {
            add(ring, change(position));
        }
        assertThat(ring.base()).isEqualTo(5);
        ChangeRing again = open(EPOCH, count);
        assertThat(again.base()).isEqualTo(5);
        assertThat(after(again, 5))
                .hasSize(ChangeRing.CAPACITY)
                .startsWith(change(6))
                .endsWith(change(count));
    }

    @Test
    void shouldRelyOnNothingBeforeAChangeThatIsMissing() throws IOException {
        ChangeRing ring = open(EPOCH, 0);
        add(ring, change(1));
        add(ring, change(2));
        // A relay killed after it had taken the number 3: its change is nowhere.
        ChangeRing again = open(EPOCH, 3);
        assertThat(again.base()).isEqualTo(3);
        add(again, change(4));
        assertThat(again.base()).isEqualTo(3);
        assertThat(after(again, 0)).containsExactly(change(4));
        // Somebody was told of those all the same.
        List<Change> kept = new ArrayList<>();
        again.forEachKept(kept::add);
        assertThat(kept).containsExactly(change(1), change(2), change(4));
    }

    @Test
    void shouldRelyOnNothingBeforeAChangeWhoseNumberIsFurtherOn() throws IOException {
        ChangeRing ring = open(EPOCH, 0);
        add(ring, change(1));
        add(ring, change(3));
        assertThat(ring.base()).isEqualTo(2);
        assertThat(after(ring, 0)).containsExactly(change(3));
    }

    @Test
    void shouldRelyOnNothingUpToARecordThatWasBeingWritten() throws IOException {
        ChangeRing ring = open(EPOCH, 0);
        for (int position = 1; position <= 4; position++) {
            add(ring, change(position));
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(Long.BYTES), 64 + 2 * 64);
        }
        assertThat(open(EPOCH, 4).base()).isEqualTo(2);
    }

    @Test
    void shouldForgetAllWhenTheEpochIsAnotherOrTheFileIsNotOurs() throws IOException {
        ChangeRing ring = open(EPOCH, 0);
        add(ring, change(1));
        assertThat(open(EPOCH + 1, 1).base()).isEqualTo(1);
        assertThat(open(EPOCH, 1).base()).as("the first epoch again").isEqualTo(1);
        Files.write(file, new byte[100]);
        assertThat(open(EPOCH, 9).base()).isEqualTo(9);
        Files.delete(file);
        assertThat(open(EPOCH, 9).base()).isEqualTo(9);
    }
}
