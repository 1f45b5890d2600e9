package org.globalsessions.relay;

import static org.assertj.core.api.Assertions.assertThat;

import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LostVersionsTest {
    private static final KeyDigest DIGEST = new KeyDigest(1, 2);

    private final LostVersions lost = new LostVersions();

    private static Version version(long clock) {
        return new Version(clock, 1);
    }

    private static SessionEntry entry(long clock, long life, boolean begins) {
        return new SessionEntry(new byte[1], new byte[1], version(clock), life, begins, 0, 0, 0);
    }

    @Test
    void shouldTellOfTheHighestThatWasLostUntilSomethingStandsOrItIsDeleted() {
        lost.add(DIGEST, version(10), 7);
        lost.add(DIGEST, version(9), 6);
        assertThat(lost.of(DIGEST)).isEqualTo(new LostVersions.Lost(version(10), 7));
        assertThat(lost.isNewerThan(DIGEST, version(9))).isTrue();
        assertThat(lost.isNewerThan(DIGEST, version(10))).isFalse();
        assertThat(lost.isNewerThan(new KeyDigest(1, 3), version(9))).isFalse();
        lost.removeDeleted(DIGEST, version(6));
        assertThat(lost.of(DIGEST)).as("it has begun since").isNotNull();
        lost.removeDeleted(DIGEST, version(7));
        assertThat(lost.of(DIGEST)).isNull();
        lost.add(DIGEST, version(10), 7);
        lost.remove(DIGEST);
        assertThat(lost.of(DIGEST)).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "9, 9, true, true, older",
        "11, 8, false, false, newer and of a later life",
        "11, 7, false, false, newer and of its life",
        "11, 6, false, true, goes on in a life before it",
        "11, 6, true, false, has begun without knowing of it",
    })
    void shouldBeatWhatItWouldBeatIfItStoodThere(long clock, long life, boolean begins, boolean beats, String which) {
        LostVersions.Lost gone = new LostVersions.Lost(version(10), 7);
        SessionEntry entry = entry(clock, life, begins);
        assertThat(gone.beats(entry)).as(which).isEqualTo(beats);
        if (!beats) {
            assertThat(gone.joinedBy(entry).life()).isEqualTo(Math.max(life, 7));
            assertThat(gone.joinedBy(entry).version()).isEqualTo(entry.version());
        }
    }

    @Test
    void shouldForgetTheFirstWhenThereAreTooMany() {
        for (int i = 0; i <= LostVersions.MOST; i++) {
            lost.add(new KeyDigest(1, i), version(10), 7);
        }
        assertThat(lost.of(new KeyDigest(1, 0))).isNull();
        assertThat(lost.of(new KeyDigest(1, 1))).isNotNull();
        assertThat(lost.of(new KeyDigest(1, LostVersions.MOST))).isNotNull();
    }
}
