package io.surprisal.trainer.reservoir;

import static io.surprisal.trainer.reservoir.Reservoir.Pool.HELD_OUT_RECENT;
import static io.surprisal.trainer.reservoir.Reservoir.Pool.HELD_OUT_UNIFORM;
import static io.surprisal.trainer.reservoir.Reservoir.Pool.TRAINING_RECENT;
import static io.surprisal.trainer.reservoir.Reservoir.Pool.TRAINING_UNIFORM;
import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.trainer.StreamImages;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Windows of 8 and 2 images, samples of 40 and 10. */
class PoolSharesTest {
  private static final PoolShares SHARES =
      new PoolShares(new ReservoirBounds(10, 50, 0.2, Duration.ofDays(1)));

  private static ByteBuffer of(Reservoir.Pool pool, String source) {
    return StoredForm.poolAndSource(StoredForm.key(pool, StreamImages.small(source, 0)));
  }

  @Test
  void shouldPutAnImageIntoAWindowAndASampleOfOneKind() {
    List<List<Reservoir.Pool>> pools =
        IntStream.range(0, 100)
            .mapToObj(i -> SHARES.of(StreamImages.small("a", i).pixels()))
            .toList();
    assertThat(pools)
        .contains(List.of(TRAINING_RECENT, TRAINING_UNIFORM))
        .contains(List.of(HELD_OUT_RECENT, HELD_OUT_UNIFORM))
        .allMatch(both -> both.get(0).isHeldOut() == both.get(1).isHeldOut());
    assertThat(SHARES.of(StreamImages.small("b", 5).pixels()))
        .as("whatever the source")
        .isEqualTo(pools.get(5));
  }

  @Test
  void shouldLeaveAPoolWithinItsBound() {
    SortedMap<ByteBuffer, Integer> counts = new TreeMap<>();
    counts.put(of(TRAINING_RECENT, "a"), 8);
    counts.put(of(TRAINING_UNIFORM, "a"), 40);
    counts.put(of(HELD_OUT_RECENT, "a"), 2);
    counts.put(of(HELD_OUT_UNIFORM, "a"), 10);
    assertThat(SHARES.excess(counts)).isEmpty();
    assertThat(SHARES.excess(new TreeMap<>())).isEmpty();
  }

  /** Two of three sources have room for three images, the last in order for two. */
  @Test
  void shouldShareABoundBetweenSources() {
    SortedMap<ByteBuffer, Integer> counts = new TreeMap<>();
    for (String source : List.of("a", "b", "c")) {
      counts.put(of(TRAINING_RECENT, source), 5);
    }
    counts.put(of(TRAINING_UNIFORM, "a"), 41);
    assertThat(SHARES.excess(counts).values()).containsExactly(2, 2, 3, 1);
    counts.put(counts.firstKey(), 1);
    assertThat(SHARES.excess(counts).values())
        .as("what one does not use is not another's")
        .containsExactly(2, 3, 1);
  }

  @Test
  void shouldGiveTheFirstOfTooManySourcesOneImageEach() {
    SortedMap<ByteBuffer, Integer> counts = new TreeMap<>();
    for (int source = 0; source < 5; source++) {
      counts.put(of(HELD_OUT_RECENT, "source " + source), 1);
    }
    assertThat(SHARES.excess(counts).keySet())
        .containsExactlyElementsOf(List.copyOf(counts.keySet()).subList(2, 5));
    assertThat(SHARES.excess(counts).values()).containsOnly(1);
  }
}
