package io.surprisal.model.compression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class UsedRecordsTest {

  @Test
  void shouldComeBackFromItsNote() throws ArchiveException {
    UsedRecords records =
        new UsedRecords(
            List.of(new UsedRecords.Range(0, 5, 5), new UsedRecords.Range(3, 1L << 40, 1L << 41)),
            List.of(new UsedRecords.Refused(3, (1L << 40) + 7, "MALFORMED: größer")),
            List.of(new UsedRecords.Lost(0, 2, 5)));
    byte[] note = records.note();

    assertThat(UsedRecords.of(note)).isEqualTo(records);
    for (int length = 0; length < note.length; length++) {
      byte[] cut = Arrays.copyOf(note, length);
      assertThatThrownBy(() -> UsedRecords.of(cut)).isInstanceOf(ArchiveException.class);
    }
  }

  @Test
  void shouldReadLabelsAndOriginsBack() throws ArchiveException {
    StreamedPicture picture = new StreamedPicture(2, 1L << 33, -1, 5, "Kamera ü");
    StreamOrigin origin = new StreamOrigin("cluster", "id", "a topic");

    assertThat(StreamedPicture.of(picture.label())).isEqualTo(picture);
    assertThat(StreamOrigin.of(origin.text())).isEqualTo(origin);
    assertThatThrownBy(() -> StreamOrigin.of("one")).hasMessageContaining("'one'");
  }
}
