package io.surprisal.service.steer;

import io.surprisal.schemas.CommandType;
import io.surprisal.service.cli.Invocation;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Makes a release serve. */
@Command(
    name = "promote",
    description = "Make a release serve, an older one too; see 'surprisal releases'.")
final class PromoteCommand implements Callable<Integer> {
  @Mixin private final Steering steering;

  @Parameters(paramLabel = "RELEASE", description = "Id of the release, 64 hexadecimal digits.")
  private String release;

  PromoteCommand(Invocation invocation) {
    this.steering = new Steering(invocation);
  }

  @Override
  public Integer call() throws Exception {
    return steering.send(steering.command(CommandType.PROMOTE).setReleaseId(release).build());
  }
}
