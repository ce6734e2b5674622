package io.surprisal.service.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.Stages;
import io.surprisal.model.training.FitConfiguration;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EarlyStoppingTest {
  @TempDir private Path folder;

  @Test
  void shouldCountTheEvaluationsThatStoppingSaves() {
    EarlyStopping.Saving saving =
        EarlyStopping.Saving.of(
            new Stages(List.of(1, 2, 4)),
            List.of(scored(5, 1), scored(5, 1), scored(5, 2), scored(5, 4)));

    assertThat(saving).isEqualTo(new EarlyStopping.Saving(2, 0.5, List.of(2, 1, 1)));
  }

  /** Calibrated with nine images that score 1 to 9: at a rate of a tenth the tenth alerts. */
  @Test
  void shouldCompareTheVerdictsWithTheReference() throws IOException {
    ModelConfiguration model = FitConfiguration.named("tiny").model(new ImageShape(1, 8, 8));
    Release release =
        Release.untrained(folder.resolve("untrained"), model, 1)
            .recalibrated(
                folder.resolve("calibrated"),
                new Calibration(4, "float32", new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9}, List.of()));
    AlertRule rule = AlertRule.of(release, 4, "float32", 0.1);

    EarlyStopping.Agreement agreement =
        EarlyStopping.Agreement.of(rule, bits(10, 10, 1, 1), bits(10, 1, 1, 10), bits(10, 1, 1, 1));

    assertThat(agreement).isEqualTo(new EarlyStopping.Agreement(2, 1, 0.75, 0.75));
    assertThat(EarlyStopping.Agreement.of(rule, bits(10, 1), bits(1, 10), bits(10, 1)))
        .isEqualTo(new EarlyStopping.Agreement(1, 1, 1, 0));
  }

  private static List<ImageLikelihood> bits(double... bitsPerDim) {
    return Arrays.stream(bitsPerDim).mapToObj(bits -> scored(bits, 4)).toList();
  }

  private static ImageLikelihood scored(double bitsPerDim, int evaluations) {
    return new ImageLikelihood(
        bitsPerDim,
        0.1,
        0,
        bitsPerDim,
        0,
        new float[evaluations],
        new float[evaluations],
        evaluations,
        bitsPerDim);
  }
}
