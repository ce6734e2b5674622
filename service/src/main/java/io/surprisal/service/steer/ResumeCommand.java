package io.surprisal.service.steer;

import io.surprisal.schemas.CommandType;
import io.surprisal.service.cli.Invocation;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Lets the trainer start runs again. */
@Command(name = "resume", description = "Let the trainer start runs again.")
final class ResumeCommand implements Callable<Integer> {
  @Mixin private final Steering steering;

  ResumeCommand(Invocation invocation) {
    this.steering = new Steering(invocation);
  }

  @Override
  public Integer call() throws Exception {
    return steering.send(steering.command(CommandType.RESUME).build());
  }
}
