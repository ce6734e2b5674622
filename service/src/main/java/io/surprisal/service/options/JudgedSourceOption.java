package io.surprisal.service.options;

import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.detection.AlertRules;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --source}: as whose images files are judged. */
public final class JudgedSourceOption {

  @Option(
      names = "--source",
      paramLabel = "NAME",
      description =
          "Judge as the stream judges images of this source; by the calibration images of all"
              + " sources without it.")
  private @Nullable String source;

  /** The rule that judges. */
  public AlertRule among(AlertRules rules) {
    return source == null ? rules.ofAll() : rules.of(source);
  }
}
