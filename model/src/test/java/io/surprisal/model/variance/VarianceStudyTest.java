package io.surprisal.model.variance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.TinyModels;
import io.surprisal.model.calibration.ControlFit;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageSubset;
import io.surprisal.model.diffusion.DiffusionModel;
import io.surprisal.model.diffusion.GaussianModel;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.release.ControlVariate;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Workers;
import io.surprisal.model.scoring.Stages;
import io.surprisal.model.variance.VarianceStudy.Row;
import io.surprisal.model.variance.VarianceStudy.Times;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VarianceStudyTest {
  private static final int IMAGES = 12;
  private static final int SEEDS = 40;

  @TempDir static Path folder;

  private static Map<Times, Row> study(int evaluations) throws IOException {
    ModelConfiguration configuration =
        TinyModels.configuration(1, 8, 8, List.of(), Schedule.FIXED_LINEAR);
    ImageDataset data = TinyModels.noiseDataset(configuration, IMAGES + 80);
    GaussianModel gaussian =
        GaussianModel.fit(
            IntStream.range(IMAGES, data.size()).mapToObj(i -> data.image(i).scaled()).toList(), 8);
    Release untrained = Release.untrained(folder.resolve("untrained"), configuration, 1);
    ControlVariate control =
        ControlFit.fit(
                untrained,
                new ImageSubset(data, IntStream.range(IMAGES, data.size()).toArray()),
                Execution.CPU,
                () -> false)
            .orElseThrow();
    AtomicInteger progress = new AtomicInteger();
    try (DiffusionModel model =
            new DiffusionModel(configuration, untrained.parameters(), Execution.CPU);
        Workers workers = new Workers("test", 2)) {
      List<Row> rows =
          new VarianceStudy(model, 0.03, gaussian, control, SEEDS, 5)
              .measure(
                  data,
                  IMAGES,
                  new Stages(List.of(evaluations)),
                  workers,
                  progress::incrementAndGet);
      assertThat(progress).hasValue(IMAGES * Times.values().length);
      return rows.stream().collect(Collectors.toMap(Row::times, Function.identity()));
    }
  }

  /**
   * The untrained network's estimate ε̂ = z varies over the times far more than over the noise, so
   * that strata take most of its variance away, here nine tenths; 480 estimates a row give each
   * variance within a third (five of its errors, by chance once in 10⁶).
   */
  @Test
  void shouldShowThatStrataTakeVarianceAway() throws IOException {
    Map<Times, Row> rows = study(8);
    double independent = rows.get(Times.INDEPENDENT).variance();

    assertThat(rows.get(Times.COMMON_OFFSET).variance()).isLessThan(independent / 4);
    assertThat(rows.get(Times.FIXED_DENSE).variance()).isLessThan(independent / 4);
    assertThat(rows.get(Times.COMMON_OFFSET).withPolynomials())
        .isLessThan(rows.get(Times.COMMON_OFFSET).variance());
    assertThat(rows.get(Times.COMMON_OFFSET_DENSE).withControl())
        .isLessThan(rows.get(Times.COMMON_OFFSET).withPolynomials());
    assertThat(rows.get(Times.INDEPENDENT).bias()).isCloseTo(0, within(1e-9));
    assertThat(rows.get(Times.FIXED_DENSE).bias()).isNotCloseTo(0, within(1e-3));
  }

  /** What the Gaussian leaves of noise alone: it has the very error that the network makes. */
  @Test
  void shouldTakeAwayTheNoiseThatTheGaussianFeelsToo() throws IOException {
    Row fixed = study(4).get(Times.FIXED_DENSE);

    assertThat(fixed.withGaussian()).isLessThan(fixed.variance());
    assertThat(fixed.withPolynomials()).isEqualTo(fixed.withGaussian());
  }
}
