package io.surprisal.model.fit;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.surprisal.model.TinyModels;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Level;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.runtime.Precision;
import io.surprisal.model.training.FitConfiguration;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("training")
class TrainingPlanTest {
  private static final Map<String, Object> FLOAT32 = Map.of("precision", "FLOAT32");

  private static ImageDataset images(int side) {
    ModelConfiguration shape =
        TinyModels.configuration(1, side, side, List.of(), Schedule.FIXED_LINEAR);
    return TinyModels.noiseDataset(shape, 3);
  }

  private static TrainingPlan plan(int side, long steps, Map<String, Object> set) {
    return TrainingPlan.of(
        images(side),
        TrainingPlan.Sight.IMAGES,
        new Budget.Steps(steps),
        set,
        Device.cpu(),
        1,
        TrainingPlan.Measuring.UNBOUNDED);
  }

  @Test
  void shouldTakeTheLargestNetworkThatSeesEnoughImages() {
    assertThat(plan(8, 10, FLOAT32).name()).isEqualTo("tiny");
    assertThat(plan(8, 1_000, FLOAT32).name()).isEqualTo("small");
    assertThat(plan(8, 100_000_000, FLOAT32).name()).isEqualTo("large");
  }

  @Test
  void shouldCountTheImagesOfATimeByWhatAStepTakesHere() {
    TrainingPlan plan =
        TrainingPlan.of(
            images(8),
            TrainingPlan.Sight.IMAGES,
            new Budget.Time(Duration.ofMillis(1)),
            Map.of(),
            Device.cpu(),
            2,
            TrainingPlan.Measuring.UNBOUNDED);
    assertThat(plan.name()).isEqualTo("tiny"); // no step of 32 images takes a millisecond
    assertThat(plan.millisPerImage()).isPositive();
    assertThat(plan.images(new Budget.Time(Duration.ofSeconds(1))))
        .isEqualTo(1000 / plan.millisPerImage());
    assertThat(plan.images(new Budget.Steps(2))).isEqualTo(32);
  }

  @Test
  void shouldKeepTilesCheap() {
    TrainingPlan plan =
        TrainingPlan.of(
            images(32),
            TrainingPlan.Sight.TILES,
            new Budget.Steps(1),
            FLOAT32,
            Device.cpu(),
            1,
            TrainingPlan.Measuring.UNBOUNDED);

    assertThat(plan.configuration().network().coarse()).hasSize(1);
  }

  @Test
  void shouldMeasureNoMoreThanTheSmallestWhereTimeIsOverOrSomebodyStops() {
    for (TrainingPlan.Measuring over :
        List.of(
            new TrainingPlan.Measuring(
                InstantSource.fixed(Instant.EPOCH), Instant.EPOCH, () -> false),
            new TrainingPlan.Measuring(
                InstantSource.fixed(Instant.EPOCH), Instant.MAX, () -> true))) {
      TrainingPlan plan =
          TrainingPlan.of(
              images(8),
              TrainingPlan.Sight.IMAGES,
              new Budget.Steps(100_000_000),
              Map.of(),
              Device.cpu(),
              1,
              over);

      assertThat(plan.name()).isEqualTo("tiny");
      assertThat(plan.configuration().step().precision()).isEqualTo(Precision.FLOAT32);
    }
  }

  @Test
  void shouldKeepWhatTheUserSets() {
    TrainingPlan plan = plan(8, 10, Map.of("precision", "FLOAT32", "batch", 5, "blocks", 2));
    assertThat(plan.configuration())
        .isEqualTo(FitConfiguration.named("tiny").with(Map.of("batch", 5, "blocks", 2)));
  }

  @Test
  void shouldPassOverNetworksThatWhatTheUserSetsDoesNotFit() {
    TrainingPlan plan = plan(8, 10, Map.of("precision", "FLOAT32", "attentionHeads", 32));
    assertThat(plan.name()).isEqualTo("small");
  }

  @Test
  void shouldGiveLargeImagesCoarserLevelsForTheAttention() {
    assertThat(plan(32, 10, FLOAT32).configuration().network().coarse()).isEmpty();
    assertThat(plan(64, 10, FLOAT32).configuration().network().coarse())
        .containsExactly(new Level(32, 2));
    assertThat(plan(33, 10, FLOAT32).configuration().network().coarse()).isEmpty();
  }
}
