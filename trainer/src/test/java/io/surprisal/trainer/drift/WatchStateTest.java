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
import java.util.List;
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
                  2000),
              List.of(),
              3,
              OwnPast.State.START,
              Map.of(
                  "a",
                  new OwnPast.State(
                      2,
                      1,
                      List.of(0.5f, 0.25f),
                      List.of(Float.NaN, 1f),
                      List.of(new Correlation.Level(2, 0.375, 0.03125, null)),
                      List.of(new Correlation.Level(1, 1, 0, 1.0)),
                      2,
                      1.5,
                      1,
                      CusumDetector.State.START))),
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
    String start =
        "{\"more\":" + zero + ",\"less\":" + zero + ",\"untypical\":" + zero + ",\"lastMillis\":0}";
    assertThat(new String(STATE.encode(), StandardCharsets.UTF_8))
        .isEqualTo(
            "{\"release\":\"release\",\"drift\":{\"gross\":{"
                + "\"more\":{\"value\":1.5,\"sinceMillis\":1000,\"images\":7},\"less\":"
                + zero
                + ",\"untypical\":{\"value\":0.5,\"sinceMillis\":1500,\"images\":2},"
                + "\"lastMillis\":2000},\"levels\":[],\"untested\":3,\"others\":{\"images\":0,\"stride\":1,\"likely\":[],"
                + "\"typical\":[],\"likelyLevels\":[],\"typicalLevels\":[],\"reference\":0,"
                + "\"time\":1.0,\"untested\":0,\"detector\":"
                + start
                + "},\"pasts\":{\"a\":{\"images\":2,\"stride\":1,\"likely\":[0.5,0.25],"
                + "\"typical\":[\"NaN\",1.0],\"likelyLevels\":[{\"blocks\":2,\"mean\":0.375,"
                + "\"squares\":0.03125,\"pending\":null}],\"typicalLevels\":[{\"blocks\":1,"
                + "\"mean\":1.0,\"squares\":0.0,\"pending\":1.0}],\"reference\":2,"
                + "\"time\":1.5,\"untested\":1,\"detector\":"
                + start
                + "}}},\"next\":{\"scores\":{\"0\":17,\"1\":4}}}");
  }

  /** Written by an earlier version, which compared each source with the calibration. */
  @Test
  void shouldBeginAnewFromWhatAnEarlierVersionWrote() {
    String sum = "{\"value\":3.5,\"sinceMillis\":4,\"images\":2}";
    byte[] old =
        ("{\"release\":\"r\",\"drift\":{\"whole\":{\"more\":"
                + sum
                + ",\"less\":"
                + sum
                + ",\"finest\":0.001,\"lastMillis\":5},\"sources\":{\"a\":{\"more\":"
                + sum
                + ",\"less\":"
                + sum
                + ",\"lastMillis\":5}}},\"next\":{\"scores\":{\"0\":17}}}")
            .getBytes(StandardCharsets.UTF_8);
    WatchState read = WatchState.decode(old);
    assertThat(read.release()).isEqualTo("r");
    assertThat(read.drift()).isEqualTo(StreamDrift.State.START);
    assertThat(read.next()).isEqualTo(Map.of("scores", Map.of(0, 17L)));
  }

  @Test
  void shouldSayWhatIsDamaged() {
    assertThatExceptionOfType(UncheckedIOException.class)
        .isThrownBy(() -> WatchState.decode(new byte[] {1}))
        .withMessageContaining("state of the drift test is damaged");
  }
}
