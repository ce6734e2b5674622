package io.surprisal.trainer.drift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.surprisal.trainer.reservoir.Reservoir;
import io.surprisal.trainer.reservoir.ReservoirBounds;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WatchStateTest {
  private static final ReservoirBounds BOUNDS =
      new ReservoirBounds(100, 200, 0.2, Duration.ofHours(10), 1L << 30);

  private static final WatchState STATE =
      new WatchState(
          "release",
          new StreamDrift.State(
              new CusumDetector.State(
                  new CusumDetector.Sum(1.5, 1000, 7),
                  CusumDetector.Sum.ZERO,
                  new CusumDetector.Sum(0.5, 1500, 2),
                  0.001,
                  2000),
              Map.of("a", CusumDetector.State.START)),
          Map.of("scores", new TreeMap<>(Map.of(0, 17L, 1, 4L))));

  @TempDir Path folder;

  @Test
  void shouldKeepHowFarVerdictsWereReadOverARestart() throws IOException {
    Path directory = folder.resolve("watched");
    try (Reservoir before = new Reservoir(directory, BOUNDS)) {
      assertThat(before.watch()).isEmpty();
      before.saveWatch(STATE.encode());
    }
    try (Reservoir after = new Reservoir(directory, BOUNDS)) {
      assertThat(after.watch().map(WatchState::decode)).hasValue(STATE);
    }
  }

  /** These bytes lie on the disks of trainers. */
  @Test
  void shouldBeWrittenAsItAlwaysWas() {
    String zero = "{\"value\":0.0,\"sinceMillis\":0,\"images\":0}";
    assertThat(new String(STATE.encode(), StandardCharsets.UTF_8))
        .isEqualTo(
            "{\"release\":\"release\",\"drift\":{\"whole\":{"
                + "\"more\":{\"value\":1.5,\"sinceMillis\":1000,\"images\":7},\"less\":"
                + zero
                + ",\"untypical\":{\"value\":0.5,\"sinceMillis\":1500,\"images\":2},"
                + "\"finest\":0.001,\"lastMillis\":2000},\"sources\":{\"a\":{\"more\":"
                + zero
                + ",\"less\":"
                + zero
                + ",\"untypical\":"
                + zero
                + ",\"finest\":0.0,\"lastMillis\":0}}},\"next\":{\"scores\":{\"0\":17,\"1\":4}}}");
  }

  /** Written by an earlier version: two sums, and no finest p-value. */
  @Test
  void shouldReadWhatAnEarlierVersionWrote() {
    String sum = "{\"value\":0.0,\"sinceMillis\":0,\"images\":0}";
    byte[] old =
        ("{\"release\":\"r\",\"drift\":{\"whole\":{\"more\":"
                + sum
                + ",\"less\":"
                + sum
                + ",\"lastMillis\":5},\"sources\":{}},\"next\":{}}")
            .getBytes(StandardCharsets.UTF_8);
    assertThat(WatchState.decode(old).drift().whole())
        .isEqualTo(
            new CusumDetector.State(
                CusumDetector.Sum.ZERO, CusumDetector.Sum.ZERO, CusumDetector.Sum.ZERO, 0, 5));
  }

  @Test
  void shouldSayWhatIsDamaged() {
    assertThatExceptionOfType(UncheckedIOException.class)
        .isThrownBy(() -> WatchState.decode(new byte[] {1}))
        .withMessageContaining("state of the drift test is damaged");
  }
}
