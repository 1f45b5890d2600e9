package org.globalsessions.transport;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class IpcNoteTest {
    @Test
    void shouldReadWhatWasWrittenWhenTheFolderLooksLikeAPartOfTheNote() {
        IpcNote note = new IpcNote("/dev/shm/a;epoch=1;stream=2/driver", Long.MAX_VALUE, IpcNote.streamOf(3));
        assertThat(IpcNote.parse(note.text())).isEqualTo(note);
        assertThat(note.stream()).isEqualTo(1007);
        assertThat(note.streamToRelay()).isEqualTo(1008);
    }

    @Test
    void shouldGiveEachPathStreamsOfItsOwnWhenThereAreSeveral() {
        assertThat(IpcNote.streamOf(0)).isEqualTo(1001);
        assertThat(IpcNote.streamOf(1)).isGreaterThan(new IpcNote("f", 1, IpcNote.streamOf(0)).streamToRelay());
    }

    @Test
    void shouldSayNothingWhenTheRelayIsAwayOrTheNoteIsNotOurs() {
        assertThat(IpcNote.parse("")).isNull();
        assertThat(IpcNote.parse("aeronDir=;epoch=1;stream=1001")).isNull();
        assertThat(IpcNote.parse("aeronDir=/a;epoch=1")).isNull();
        assertThat(IpcNote.parse("aeronDir=/a;epoch=x;stream=1001")).isNull();
        assertThat(IpcNote.parse("aeronDir=/a;stream=1001;epoch=1")).isNull();
        assertThat(IpcNote.parse("folder=/a;epoch=1;stream=1001")).isNull();
    }
}
