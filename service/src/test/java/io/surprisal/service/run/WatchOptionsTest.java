package io.surprisal.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.service.system.CommandRun;
import io.surprisal.topology.sources.WatchRules;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class WatchOptionsTest {

  @Command(name = "score")
  private static final class Score {
    @Mixin private final WatchOptions sources = new WatchOptions();
  }

  private static WatchRules rules(String... arguments) {
    Score score = new Score();
    new CommandLine(score)
        .registerConverter(Duration.class, text -> Duration.parse("PT" + text))
        .parseArgs(arguments);
    return score.sources.value();
  }

  @Test
  void shouldTakeWhatIsUsualOrWhatIsSet() {
    assertThat(rules()).isEqualTo(WatchRules.usual());
    assertThat(rules("--silent-after", "10M", "--frozen-after", "5", "--degraded-after", "7"))
        .isEqualTo(new WatchRules(Optional.of(Duration.ofMinutes(10)), 5, 7));
  }

  /** Before anything else: no broker is asked. */
  @ParameterizedTest
  @CsvSource({
    "--silent-after, 10ms, must be at least 1s",
    "--frozen-after, 1, must be at least 2",
    "--degraded-after, 0, must be at least 1"
  })
  void shouldRefuseWhatMakesNoSense(String option, String value, String remedy) {
    CommandRun run = CommandRun.of("score", option, value, "--bootstrap-server", "localhost:1");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains(option, remedy);
  }
}
