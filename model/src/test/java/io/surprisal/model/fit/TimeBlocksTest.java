package io.surprisal.model.fit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class TimeBlocksTest {

  @Property(tries = 100, seed = "1")
  void shouldHoldOutAsManyAsAreWantedAndTrainOnNoneOfThem(
      @ForAll @IntRange(min = 2, max = 20_000) int size,
      @ForAll @DoubleRange(min = 0, max = 0.9) double share,
      @ForAll long seed) {
    int held = (int) (size * share);
    TimeBlocks blocks = TimeBlocks.of(size, held, seed);
    assertThat(blocks.heldOut()).hasSize(held).doesNotHaveDuplicates();
    int[] all =
        IntStream.concat(Arrays.stream(blocks.heldOut()), Arrays.stream(blocks.training()))
            .sorted()
            .toArray();
    assertThat(all).doesNotHaveDuplicates();
    assertThat(all.length).isBetween(size - held / 2, size);
    assertThat(all[0]).isNotNegative();
    assertThat(all[all.length - 1]).isLessThan(size);
    assertThat(TimeBlocks.of(size, held, seed).heldOut()).isEqualTo(blocks.heldOut());
  }

  /**
   * Drawn one by one, four of five held-out frames of a video would have a neighbour that is
   * trained on, the others one two or three frames away.
   */
  @Property(tries = 50, seed = "2")
  void shouldTrainOnNoNeighbourOfAHeldOutImage(
      @ForAll @IntRange(min = 2_000, max = 70_000) int size,
      @ForAll @DoubleRange(min = 0.1, max = 0.5) double share,
      @ForAll long seed) {
    int held = (int) (size * share);
    TimeBlocks blocks = TimeBlocks.of(size, held, seed);
    int[] training = Arrays.stream(blocks.training()).sorted().toArray();
    int gap = Math.min(held / TimeBlocks.FEWEST, TimeBlocks.LONGEST) / 4;
    assertThat(distances(blocks.heldOut(), training)).allMatch(distance -> distance >= gap);
    assertThat(distances(TimeBlocks.oneByOne(size, held, seed).heldOut(), training))
        .as("by chance some are trained on, or are next to such")
        .anyMatch(distance -> distance < 1);
  }

  private static IntStream distances(int[] heldOut, int[] training) {
    return Arrays.stream(heldOut)
        .map(
            position -> {
              int at = Arrays.binarySearch(training, position);
              if (at >= 0) {
                return 0;
              }
              int after = -at - 1;
              return Math.min(
                  after < training.length ? training[after] - position : Integer.MAX_VALUE,
                  after > 0 ? position - training[after - 1] : Integer.MAX_VALUE);
            });
  }

  /** Files are often in the order of their kinds: ten kinds, each in its share. */
  @Test
  void shouldHoldOutOfAllKindsThoughTheyComeOneAfterAnother() {
    int[] kinds = new int[10];
    for (int position : TimeBlocks.of(60_000, 3_000, 1).heldOut()) {
      kinds[position / 6_000]++;
    }
    assertThat(kinds).containsOnly(300);
  }

  /** The first of them are measured while a run goes on. */
  @Test
  void shouldGiveTheHeldOutImagesInAnOrderOfChance() {
    int[] first = Arrays.copyOf(TimeBlocks.of(60_000, 3_000, 1).heldOut(), 256);
    assertThat(Arrays.stream(first).map(position -> position / 6_000).distinct().toArray())
        .hasSize(10); // fewer with probability 2e-11
  }

  @Test
  void shouldDrawFewOneByOne() {
    TimeBlocks blocks = TimeBlocks.of(500, 99, 3);
    TimeBlocks drawn = TimeBlocks.oneByOne(500, 99, 3);
    assertThat(blocks.heldOut()).isEqualTo(drawn.heldOut());
    assertThat(blocks.training()).isEqualTo(drawn.training()).hasSize(401);
  }
}
