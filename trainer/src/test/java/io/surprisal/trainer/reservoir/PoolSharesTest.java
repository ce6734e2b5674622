package io.surprisal.trainer.reservoir;

import static io.surprisal.trainer.reservoir.Reservoir.Pool.HELD_OUT_RECENT;
import static io.surprisal.trainer.reservoir.Reservoir.Pool.HELD_OUT_UNIFORM;
import static io.surprisal.trainer.reservoir.Reservoir.Pool.TRAINING_RECENT;
import static io.surprisal.trainer.reservoir.Reservoir.Pool.TRAINING_UNIFORM;
import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.images.PixelImage;
import io.surprisal.trainer.StreamImages;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Windows of 8 and 2 images, samples of 40 and 10; of 8,000 and 2,000 bytes, and 40,000 and 10,000.
 */
class PoolSharesTest {
  private static final PoolShares SHARES =
      new PoolShares(new ReservoirBounds(10, 50, 0.2, Duration.ofDays(1), 60_000));

  private static ByteBuffer of(Reservoir.Pool pool, String source) {
    return StoredForm.poolAndSource(StoredForm.key(pool, StreamImages.small(source, 0)));
  }

  /** So small that their bytes are no matter. */
  private static PoolShares.Content images(int images) {
    return new PoolShares.Content(images, 0);
  }

  @Test
  void shouldPutAnImageIntoAWindowAndASampleOfOneKind() {
    PixelImage pixels = StreamImages.small("a", 1).pixels();
    assertThat(SHARES.of(pixels, false)).containsExactly(TRAINING_RECENT, TRAINING_UNIFORM);
    assertThat(SHARES.of(pixels, true)).containsExactly(HELD_OUT_RECENT, HELD_OUT_UNIFORM);
  }

  @Test
  void shouldPutAPictureIntoNoPoolThatItAloneWouldBeTooLargeFor() {
    PixelImage picture = new PixelImage(1, 90, 100, new byte[9_000]);
    assertThat(SHARES.of(picture, false)).containsExactly(TRAINING_UNIFORM);
    assertThat(SHARES.of(picture, true)).containsExactly(HELD_OUT_UNIFORM);
    assertThat(SHARES.of(new PixelImage(1, 500, 100, new byte[50_000]), false)).isEmpty();
  }

  @Test
  void shouldLeaveAPoolWithinItsBound() {
    SortedMap<ByteBuffer, PoolShares.Content> counts = new TreeMap<>();
    counts.put(of(TRAINING_RECENT, "a"), images(8));
    counts.put(of(TRAINING_UNIFORM, "a"), images(40));
    counts.put(of(HELD_OUT_RECENT, "a"), images(2));
    counts.put(of(HELD_OUT_UNIFORM, "a"), images(10));
    assertThat(SHARES.excess(counts)).isEmpty();
    assertThat(SHARES.excess(new TreeMap<>())).isEmpty();
  }

  /** Two of three sources have room for three images, the last in order for two. */
  @Test
  void shouldShareABoundBetweenSources() {
    SortedMap<ByteBuffer, PoolShares.Content> counts = new TreeMap<>();
    for (String source : List.of("a", "b", "c")) {
      counts.put(of(TRAINING_RECENT, source), images(5));
    }
    counts.put(of(TRAINING_UNIFORM, "a"), images(41));
    assertThat(SHARES.excess(counts).values())
        .containsExactly(images(2), images(2), images(3), images(1));
    counts.put(counts.firstKey(), images(1));
    assertThat(SHARES.excess(counts).values())
        .as("what one does not use is the others'")
        .containsExactly(images(1), images(2), images(1));
  }

  /** Whoever may write to the topic may name a source for every image. */
  @Test
  void shouldLeaveASourceItsImagesWhateverSmallOnesCome() {
    PoolShares shares =
        new PoolShares(new ReservoirBounds(1000, 0, 0.2, Duration.ofDays(1), 1_000_000));
    SortedMap<ByteBuffer, PoolShares.Content> counts = new TreeMap<>();
    ByteBuffer honest = of(TRAINING_RECENT, "honest");
    counts.put(honest, images(800));
    for (int i = 0; i < 200; i++) {
      counts.put(of(TRAINING_RECENT, "new " + i), images(1));
    }
    assertThat(shares.excess(counts)).isEqualTo(Map.of(honest, images(200)));
  }

  @Test
  void shouldGiveTheFirstOfTooManySourcesOneImageEach() {
    SortedMap<ByteBuffer, PoolShares.Content> counts = new TreeMap<>();
    for (int source = 0; source < 5; source++) {
      counts.put(of(HELD_OUT_RECENT, "source " + source), images(1));
    }
    assertThat(SHARES.excess(counts).keySet())
        .containsExactlyElementsOf(List.copyOf(counts.keySet()).subList(2, 5));
    assertThat(SHARES.excess(counts).values()).containsOnly(images(1));
  }

  @Test
  void shouldShareTheBytesAsItSharesTheImages() {
    SortedMap<ByteBuffer, PoolShares.Content> contents = new TreeMap<>();
    contents.put(of(TRAINING_RECENT, "a"), new PoolShares.Content(3, 8_000));
    contents.put(of(TRAINING_UNIFORM, "a"), new PoolShares.Content(3, 40_000));
    contents.put(of(HELD_OUT_RECENT, "a"), new PoolShares.Content(1, 2_000));
    contents.put(of(HELD_OUT_UNIFORM, "a"), new PoolShares.Content(1, 10_000));
    assertThat(SHARES.excess(contents)).isEmpty();

    contents.put(of(HELD_OUT_UNIFORM, "a"), new PoolShares.Content(1, 10_001));
    contents.put(of(TRAINING_RECENT, "b"), new PoolShares.Content(5, 4_000));
    assertThat(SHARES.excess(contents))
        .containsOnly(
            Map.entry(of(HELD_OUT_UNIFORM, "a"), new PoolShares.Content(0, 1)),
            Map.entry(of(TRAINING_RECENT, "a"), new PoolShares.Content(0, 4_000)));
    contents.put(of(TRAINING_RECENT, "b"), new PoolShares.Content(6, 3_000));
    assertThat(SHARES.excess(contents))
        .as("what one does not use of the bytes is the other's")
        .containsEntry(of(TRAINING_RECENT, "a"), new PoolShares.Content(0, 3_000))
        .containsEntry(of(TRAINING_RECENT, "b"), new PoolShares.Content(1, 0));
  }
}
