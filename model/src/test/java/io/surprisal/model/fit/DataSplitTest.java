package io.surprisal.model.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.surprisal.model.TinyModels;
import io.surprisal.model.datasets.ImageDataset;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import org.junit.jupiter.api.Test;

class DataSplitTest {

  /** Whatever the seed, the sizes and the number of epochs. */
  @Property(tries = 300, seed = "1")
  void shouldNeverTrainOnWhatIsHeldOut(
      @ForAll @IntRange(min = 2, max = 60) int size,
      @ForAll @Scale(9) @DoubleRange(min = 0, max = 0.7) double share,
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 70) int batch) {
    ImageDataset data = TinyModels.noiseDataset(TinyModels.grey(), size);
    DataSplit split = new DataSplit(data, share, seed);
    Set<String> heldOut = new HashSet<>();
    ImageDataset held = split.heldOut();
    for (int i = 0; i < held.size(); i++) {
      heldOut.add(held.name(i));
      assertThat(data.image(Integer.parseInt(held.name(i).substring(6)))).isEqualTo(held.image(i));
    }
    assertThat(heldOut).hasSize(split.heldOutImages()).hasSize((int) Math.round(size * share));
    Set<String> trained = new HashSet<>();
    for (int step = 0; step * batch < 3 * size; step++) {
      for (int index : split.batch(step, batch)) {
        trained.add(data.name(index));
      }
    }
    assertThat(trained).hasSize(split.trainingImages());
    trained.addAll(heldOut);
    assertThat(trained).hasSize(size);
  }

  @Property(tries = 100, seed = "2")
  void shouldVisitEveryImageOnceAnEpochInAnotherOrder(
      @ForAll @IntRange(min = 20, max = 60) int size, @ForAll long seed) {
    DataSplit split = new DataSplit(TinyModels.noiseDataset(TinyModels.grey(), size), 0, seed);
    int[] first = split.batch(0, size);
    int[] second = split.batch(1, size);
    assertThat(first).isNotEqualTo(second); // by chance with probability 1/20!
    for (int[] epoch : new int[][] {first, second}) {
      assertThat(Arrays.stream(epoch).sorted().toArray())
          .isEqualTo(IntStream.range(0, size).toArray());
    }
  }

  /** A resumed run asks for later batches only. */
  @Property(tries = 100, seed = "3")
  void shouldGiveABatchWhateverWasAskedForBefore(
      @ForAll long seed, @ForAll @IntRange(max = 200) int step) {
    ImageDataset data = TinyModels.noiseDataset(TinyModels.grey(), 17);
    DataSplit used = new DataSplit(data, 0.2, seed);
    for (int i = 0; i < step; i++) {
      used.batch(i, 5);
    }
    assertThat(new DataSplit(data, 0.2, seed).batch(step, 5)).isEqualTo(used.batch(step, 5));
  }

  @Test
  void shouldTellDataAndSplitsApart() {
    ImageDataset data = TinyModels.noiseDataset(TinyModels.grey(), 40);
    int fingerprint = new DataSplit(data, 0.1, 1).fingerprint();
    assertThat(new DataSplit(TinyModels.noiseDataset(TinyModels.grey(), 40), 0.1, 1).fingerprint())
        .isEqualTo(fingerprint);
    assertThat(new DataSplit(data, 0.2, 1).fingerprint()).isNotEqualTo(fingerprint);
    ImageDataset other =
        TinyModels.dataset(TinyModels.grey(), 40, i -> TinyModels.noise(TinyModels.grey(), i + 1));
    assertThat(new DataSplit(other, 0.1, 1).fingerprint()).isNotEqualTo(fingerprint);
  }

  @Test
  void shouldKeepAtLeastOneImageToTrainOn() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new DataSplit(TinyModels.noiseDataset(TinyModels.grey(), 2), 0.9, 1))
        .withMessageContaining("2 images are too few to hold out a share of 0.9");
  }

  @Property(tries = 100, seed = "4")
  void shouldHoldOutTheLastImagesWhereTheyWereChosenBefore(
      @ForAll @IntRange(min = 2, max = 60) int size,
      @ForAll @IntRange(max = 58) int heldOut,
      @ForAll long seed) {
    int last = Math.min(heldOut, size - 1);
    ImageDataset data = TinyModels.noiseDataset(TinyModels.grey(), size);
    DataSplit split = DataSplit.withLastHeldOut(data, last, seed);
    assertThat(split.heldOutImages()).isEqualTo(last);
    assertThat(split.trainingImages()).isEqualTo(size - last);
    for (int i = 0; i < last; i++) {
      assertThat(split.heldOut().name(i)).isEqualTo(data.name(size - last + i));
    }
    assertThat(Arrays.stream(split.batch(0, size - last)).sorted().toArray())
        .isEqualTo(IntStream.range(0, size - last).toArray());
    assertThat(split.fingerprint())
        .isEqualTo(DataSplit.withLastHeldOut(data, last, seed).fingerprint());
  }

  @Test
  void shouldRefuseToHoldOutMoreThanThereIs() {
    ImageDataset data = TinyModels.noiseDataset(TinyModels.grey(), 5);
    for (int heldOut : new int[] {-1, 5, 6}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> DataSplit.withLastHeldOut(data, heldOut, 1))
          .withMessageContaining("5 images are too few to hold out " + heldOut);
    }
  }
}
