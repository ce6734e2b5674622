package io.surprisal.service.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.images.PixelImage;
import io.surprisal.service.cli.OwnWords;
import java.util.Collections;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;

/** Options that many commands share: each in the command's own words, with its own default. */
class SharedOptionsTest {
  @Command(name = "measure")
  private static final class Measure {
    @Mixin private final ReleaseAndImages measured = new ReleaseAndImages("Normal images.");
    @Mixin private final EvaluationsOption evaluations = new EvaluationsOption("Of a score", 64);
    @Mixin private final AlertRateOption alertRate = new AlertRateOption("SHARE", "Of images");
    @Mixin private final SeedOption seed = new SeedOption("Of the noise", 7);
    @Mixin private final LimitOption limit = LimitOption.of(3);
  }

  @Command(name = "score")
  private static final class Score {
    @Mixin private final StagesOption stages = new StagesOption("Of an image", "Several: stages.");
    @Mixin private final LimitOption limit = LimitOption.none();
  }

  private static CommandLine line(Object command) {
    CommandLine line = new CommandLine(command);
    OwnWords.apply(line.getCommandSpec());
    return line;
  }

  private static Measure measure(String... arguments) {
    Measure command = new Measure();
    CommandLine line = line(command);
    line.parseArgs(
        Stream.concat(Stream.of("--release", "r", "--data", "d"), Stream.of(arguments))
            .toArray(String[]::new));
    return command;
  }

  @Test
  void shouldSpeakInTheCommandsWordsAndTellItsDefault() {
    assertThat(line(new Measure()).getUsageMessage())
        .containsPattern("--data=FILE\\|DIR\\.\\.\\. +Normal images\\.\n")
        .containsPattern("--release=FILE +The release\\.\n")
        .containsPattern("--evaluations=K +Of a score \\(default: 64\\)\\.\n")
        .containsPattern("--alert-rate=SHARE +Of images \\(default: 0\\.01\\)\\.\n")
        .containsPattern("--seed=S +Of the noise \\(default: 7\\)\\.\n")
        .containsPattern("--limit=N +Only the first N images \\(default: 3\\)\\.\n");
    assertThat(line(new Score()).getUsageMessage())
        .containsPattern("Of an image \\(default: 8\\)\\. Several: stages\\.\n")
        .containsPattern("--limit=N +Only the first N images\\.\n");
  }

  @Test
  void shouldTakeTheDefaultsWhereNothingIsSaid() {
    Measure command = measure();

    assertThat(command.evaluations.value()).isEqualTo(64);
    assertThat(command.alertRate.value()).isEqualTo(0.01);
    assertThat(command.seed.value()).isEqualTo(7);
  }

  @Test
  void shouldTakeWhatIsSaid() {
    Measure command = measure("--evaluations", "2", "--alert-rate", "0.5", "--seed", "-3");

    assertThat(command.evaluations.value()).isEqualTo(2);
    assertThat(command.alertRate.value()).isEqualTo(0.5);
    assertThat(command.seed.value()).isEqualTo(-3);
    assertThat(command.measured.releaseFile()).hasToString("r");
  }

  @Test
  void shouldRefuseWhatIsOutOfRange() {
    assertThatThrownBy(measure("--evaluations", "0").evaluations::value)
        .isInstanceOf(ParameterException.class)
        .hasMessage("--evaluations is 0, must be at least 1");
    assertThatThrownBy(measure("--alert-rate", "1").alertRate::value)
        .isInstanceOf(ParameterException.class)
        .hasMessage("--alert-rate is 1.0, must be within (0, 1)");
    assertThatThrownBy(measure("--alert-rate", "NaN").alertRate::value)
        .isInstanceOf(ParameterException.class);
    assertThatThrownBy(() -> measure("--limit", "1").limit.require(2))
        .isInstanceOf(ParameterException.class)
        .hasMessage("--limit is 1, must be at least 2");
  }

  @Test
  void shouldLimitToTheImagesThatThereAre() {
    var five = ImageDatasets.of(Collections.nCopies(5, new PixelImage(1, 1, 1, new byte[] {0})));

    assertThat(measure().limit.of(five)).isEqualTo(3);
    assertThat(measure("--limit", "9").limit.of(five)).isEqualTo(5);
    Score score = new Score();
    line(score).parseArgs();
    assertThat(score.limit.of(five)).isEqualTo(5);
  }

  @Test
  void shouldTakeOneStageOrSeveral() {
    Score score = new Score();
    line(score).parseArgs("--evaluations", "4,8");

    assertThat(score.stages.value().evaluations()).isEqualTo(8);

    line(score).parseArgs("--evaluations", "4,6");

    assertThatThrownBy(score.stages::value)
        .isInstanceOf(ParameterException.class)
        .hasMessageStartingWith("--evaluations: ");
  }
}
