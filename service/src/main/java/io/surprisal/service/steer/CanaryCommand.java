package io.surprisal.service.steer;

import io.surprisal.schemas.CommandType;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Usage;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Tries a release on live traffic before it serves. */
@Command(
    name = "canary",
    description = {
      "Try a release on live traffic: scorers score a share of the images with it too, beside the",
      "active one, whose scores alone are published. After so many images it serves, unless it is",
      "worse; 'surprisal statistics' shows the comparison, 'surprisal cancel' ends it."
    })
final class CanaryCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private final Steering steering;

  @Parameters(paramLabel = "RELEASE", description = "Id of the release, 64 hexadecimal digits.")
  private String release;

  @Option(
      names = "--share",
      paramLabel = "SHARE",
      description =
          "Share of the images, by hash of their ids, in (0, 1] (default: as the trainer is set"
              + " up).")
  private Optional<Double> share = Optional.empty();

  @Option(
      names = "--images",
      paramLabel = "N",
      description = "Images to compare on, at least 2 (default: as the trainer is set up).")
  private Optional<Long> images = Optional.empty();

  @Option(
      names = "--wait",
      description = "Wait for the verdict (default: until the trainer accepts the command).")
  private boolean wait;

  CanaryCommand(Invocation invocation) {
    this.steering = new Steering(invocation);
  }

  @Override
  public Integer call() throws Exception {
    double tried = share.orElse(1.0);
    Usage.require(spec, tried > 0 && tried <= 1, "--share is " + tried + ", must be within (0, 1]");
    long compared = images.orElse(2L);
    Usage.require(spec, compared >= 2, "--images is " + compared + ", must be at least 2");
    return steering.send(
        steering
            .command(CommandType.CANARY)
            .setReleaseId(release)
            .setShare(share.orElse(null))
            .setImages(images.orElse(null))
            .build(),
        wait,
        event -> {});
  }
}
