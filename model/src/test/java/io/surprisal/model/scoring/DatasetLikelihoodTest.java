package io.surprisal.model.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.TinyModels;
import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.runtime.Execution;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DatasetLikelihoodTest {
  private static final int SIDE = 4;

  private static final ModelConfiguration MODEL =
      TinyModels.configuration(1, SIDE, SIDE, List.of(), ModelConfiguration.Schedule.FIXED_LINEAR);

  /** Twenty images, some of which do not decode. */
  private record Files(Set<Integer> broken) implements ImageSource {
    @Override
    public int size() {
      return 20;
    }

    @Override
    public PixelImage image(int index) {
      if (broken.contains(index)) {
        throw new IllegalArgumentException(name(index) + ": not an image");
      }
      byte[] pixels = new byte[SIDE * SIDE];
      Arrays.fill(pixels, (byte) (12 * index));
      return new PixelImage(1, SIDE, SIDE, pixels);
    }

    @Override
    public String name(int index) {
      return index + ".png";
    }
  }

  private static ImageScorer scorer() {
    return new ImageScorer(
        MODEL,
        TinyModels.trained(MODEL, 3),
        Execution.CPU,
        BoundEstimator.plain(Stages.single(2), NoisePlan.keyedByPixels()));
  }

  @Test
  void shouldLeaveOutWhatCannotBeUsedAndKeepTheOthersPlaces() {
    Files files = new Files(Set.of(0, 7, 19));
    try (ImageScorer scorer = scorer()) {
      List<Integer> indices = new ArrayList<>();
      List<Double> scores = new ArrayList<>();
      DatasetLikelihood likelihood =
          DatasetLikelihood.measure(
              scorer,
              files,
              20,
              (index, score) -> {
                indices.add(index);
                scores.add(score.bitsPerDim());
              },
              () -> false);

      assertThat(likelihood.images()).isEqualTo(17);
      assertThat(indices).isSorted().hasSize(17).doesNotContain(0, 7, 19);
      for (int i = 0; i < indices.size(); i++) {
        assertThat(scores.get(i))
            .isCloseTo(scorer.score(files.image(indices.get(i))).bitsPerDim(), within(1e-3));
      }
    }
  }

  @Test
  void shouldSayThatNothingCanBeUsed() {
    try (ImageScorer scorer = scorer()) {
      assertThatIllegalArgumentException()
          .isThrownBy(
              () ->
                  DatasetLikelihood.measure(
                      scorer, new Files(Set.of(0, 1)), 2, (index, score) -> {}, () -> false))
          .withMessageContaining("none of the 2 pictures");
    }
  }
}
