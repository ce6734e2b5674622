package io.surprisal.service.run;

import io.surprisal.service.cli.Usage;
import io.surprisal.topology.sources.WatchRules;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** When a source makes no sense any more. A mixin. */
final class WatchOptions {

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--silent-after",
      paramLabel = "DURATION",
      description =
          "Time without an image after which a source is silent (default: by its own habit, at"
              + " least 5m).")
  private Optional<Duration> silentAfter = Optional.empty();

  @Option(
      names = "--frozen-after",
      paramLabel = "N",
      defaultValue = "" + WatchRules.FROZEN_AFTER,
      description =
          "Alike pictures in a row that make a source frozen, unless it has sent so many before"
              + " (default: ${DEFAULT-VALUE}).")
  private int frozenAfter;

  @Option(
      names = "--degraded-after",
      paramLabel = "N",
      defaultValue = "" + WatchRules.DEGRADED_AFTER,
      description =
          "Pictures in a row far from a source's habit, for at least 5m, that make it degraded"
              + " (default: ${DEFAULT-VALUE}).")
  private int degradedAfter;

  WatchRules value() {
    silentAfter.ifPresent(
        time ->
            Usage.require(
                spec,
                time.toMillis() >= 1000,
                "--silent-after is " + time + ", must be at least 1s"));
    Usage.require(
        spec, frozenAfter >= 2, "--frozen-after is " + frozenAfter + ", must be at least 2");
    Usage.require(
        spec, degradedAfter >= 1, "--degraded-after is " + degradedAfter + ", must be at least 1");
    return new WatchRules(silentAfter, frozenAfter, degradedAfter);
  }
}
