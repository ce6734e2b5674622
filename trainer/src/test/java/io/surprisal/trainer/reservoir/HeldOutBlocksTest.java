package io.surprisal.trainer.reservoir;

import static io.surprisal.trainer.reservoir.HeldOutBlocks.Use.GAP;
import static io.surprisal.trainer.reservoir.HeldOutBlocks.Use.HELD_OUT;
import static io.surprisal.trainer.reservoir.HeldOutBlocks.Use.TRAINING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class HeldOutBlocksTest {
  private static List<HeldOutBlocks.Use> uses(double share, int partition, long from, int count) {
    HeldOutBlocks blocks = new HeldOutBlocks(share);
    return LongStream.range(from, from + count)
        .mapToObj(offset -> blocks.use(new ReservoirImage.Place(partition, offset)))
        .toList();
  }

  private static double share(List<HeldOutBlocks.Use> uses, HeldOutBlocks.Use use) {
    return uses.stream().filter(one -> one == use).count() / (double) uses.size();
  }

  /** Of far offsets as of the first, where blocks grow. */
  @Property(tries = 50, seed = "1")
  void shouldHoldOutItsShare(
      @ForAll @DoubleRange(min = 0.05, max = 0.6) double share,
      @ForAll @IntRange(max = 100) int partition,
      @ForAll @LongRange(max = 1L << 40) long from) {
    for (long start : new long[] {0, from}) {
      List<HeldOutBlocks.Use> uses = uses(share, partition, start, 20_000);
      // A block more or less at the ends, and what is left of a group where blocks grow.
      assertThat(share(uses, HELD_OUT)).isCloseTo(share, within(0.02));
      assertThat(share(uses, GAP)).isBetween(0.0, share / 2 + 0.02);
      assertThat(share(uses, TRAINING)).isGreaterThan(0.05);
    }
  }

  /** A video: no frame that is held out is next to one that is trained on. */
  @Property(tries = 200, seed = "2")
  void shouldLeaveAGapBesideWhatIsHeldOut(
      @ForAll @DoubleRange(min = 0.05, max = 0.5) double share,
      @ForAll @IntRange(max = 100) int partition,
      @ForAll @LongRange(min = 1 << 20, max = 1L << 40) long from) {
    List<HeldOutBlocks.Use> uses = uses(share, partition, from, 3_000);
    int gap = HeldOutBlocks.LONGEST / 4;
    for (int i = gap; i < uses.size() - gap; i++) {
      if (uses.get(i) == HELD_OUT) {
        assertThat(uses.subList(i - gap, i + gap + 1)).doesNotContain(TRAINING);
      }
    }
  }

  /** A first release of a few hundred images has images of several times in its calibration. */
  @Test
  void shouldHoldOutSeveralShortBlocksOfTheFirstImages() {
    List<HeldOutBlocks.Use> uses = uses(0.2, 0, 0, 240);
    long blocks =
        IntStream.range(1, uses.size())
            .filter(i -> uses.get(i) == HELD_OUT && uses.get(i - 1) != HELD_OUT)
            .count();
    assertThat(blocks).isEqualTo(12);
    assertThat(share(uses, HELD_OUT)).isEqualTo(0.2);
  }

  @Test
  void shouldHoldOutOtherPlacesOfEachPartition() {
    assertThat(uses(0.2, 0, 0, 500))
        .isEqualTo(uses(0.2, 0, 0, 500))
        .isNotEqualTo(uses(0.2, 1, 0, 500));
  }
}
