package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.globalsessions.segment.RecordDescriptor.LIFE_UNCONFIRMED;
import static org.globalsessions.segment.RecordDescriptor.NOT_HANDED_OFF;
import static org.globalsessions.segment.RecordDescriptor.UNPUBLISHED;

import java.io.IOException;
import java.nio.file.Path;
import org.globalsessions.segment.SegmentSettings.Role;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a segment holds when it gets a next tier is owed to that: nothing of it is there yet. */
class LaterNextTierTest {
    @TempDir
    private Path folder;

    private SharedLru open(Role role, String... relays) throws IOException {
        long[] ids = new long[relays.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = RelayPlaces.id(relays[i]);
        }
        return SharedLru.open(new SegmentSettings(folder.resolve("segment"))
                .elCount(100)
                .role(role)
                .relays(ids));
    }

    /** As the relay's process does, and not its sibling's. */
    private SharedLru openAsRelay(Role role) throws IOException {
        SharedLru lru = open(role);
        lru.adoptRole();
        return lru;
    }

    private void takeAsLoneRelay(String key) throws IOException {
        try (SharedLru lru = openAsRelay(Role.LONE_RELAY)) {
            set(lru, key);
        }
    }

    private int marksAtRelay(Role role, String key) throws IOException {
        try (SharedLru lru = openAsRelay(role)) {
            return marks(lru, key);
        }
    }

    private static void set(SharedLru lru, String key) {
        lru.set(lru.encode(key), new byte[3], 0, 3, 0, null, false, new WriteOutcome());
    }

    private void set(Role role, String key) throws IOException {
        try (SharedLru lru = open(role)) {
            set(lru, key);
        }
    }

    private static int marks(SharedLru lru, String key) {
        EntrySnapshot entry = new EntrySnapshot();
        assertThat(lru.find(lru.encode(key), entry)).isTrue();
        return entry.marks();
    }

    private int marks(Role role, String key, String... relays) throws IOException {
        try (SharedLru lru = open(role, relays)) {
            return marks(lru, key);
        }
    }

    @Test
    void shouldOweARelayWhatWasSetBeforeThereWasOne() throws IOException {
        set(Role.STANDALONE, "k");
        assertThat(marks(Role.STANDALONE, "k")).isZero();
        assertThat(marks(Role.HOST, "k", "north")).isEqualTo(UNPUBLISHED | LIFE_UNCONFIRMED);
    }

    @Test
    void shouldOweNothingAnewWhenTheNextTierIsTheSame() throws IOException {
        try (SharedLru lru = open(Role.HOST, "north")) {
            set(lru, "k");
            EntrySnapshot entry = new EntrySnapshot();
            lru.find(lru.encode("k"), entry);
            assertThat(lru.clearMarks(entry.way(), entry.stateWord(), UNPUBLISHED | LIFE_UNCONFIRMED))
                    .isTrue();
        }
        assertThat(marks(Role.HOST, "k", "north")).isZero();
    }

    @Test
    void shouldOweReliefNodesWhatARelayHasTakenBeforeThereWasASibling() throws IOException {
        takeAsLoneRelay("k");
        assertThat(marksAtRelay(Role.LONE_RELAY, "k")).isZero();
        assertThat(marksAtRelay(Role.RELAY, "k")).isEqualTo(UNPUBLISHED | NOT_HANDED_OFF);
        assertThat(marks(Role.STANDALONE, "k")).as("tools change nothing").isEqualTo(UNPUBLISHED | NOT_HANDED_OFF);
    }

    @Test
    void shouldOweThemWhatWasTakenWhileThereWasNoSiblingAnyMore() throws IOException {
        openAsRelay(Role.RELAY).close();
        takeAsLoneRelay("k");
        assertThat(marksAtRelay(Role.RELAY, "k")).isEqualTo(UNPUBLISHED | NOT_HANDED_OFF);
    }

    @Test
    void shouldOweThemWhatALoneRelayTakesAfterASiblingHasAttached() throws IOException {
        try (SharedLru relay = openAsRelay(Role.LONE_RELAY)) {
            open(Role.RELAY).close();
            set(relay, "k");
        }
        assertThat(marksAtRelay(Role.RELAY, "k")).isEqualTo(UNPUBLISHED | NOT_HANDED_OFF);
    }
}
