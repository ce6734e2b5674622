package io.surprisal.service.options;

import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.detection.AlertRules;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;

/** {@code --source}: as whose images files are judged. */
public final class JudgedSourceOption {
  private static final Logger LOG = LoggerFactory.getLogger(JudgedSourceOption.class);

  @Option(
      names = "--source",
      paramLabel = "NAME",
      description =
          "Judge as the stream judges images of this source; by the calibration images of all"
              + " sources without it.")
  private @Nullable String source;

  /** The rule that judges; says whose calibration images it is of. */
  public AlertRule among(AlertRules rules) {
    if (source == null) {
      return rules.ofAll();
    }
    LOG.info(
        "source {}: judged by {}",
        source,
        switch (rules.group(source)) {
          case SOURCE -> "its own calibration images";
          case OTHERS -> "those of all sources that have too few of their own";
          case ALL -> "those of all sources: the release has too few of it, or none";
        });
    return rules.of(source);
  }
}
