package io.surprisal.service.steer;

import io.surprisal.schemas.CommandType;
import io.surprisal.service.cli.Invocation;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Keeps the trainer from starting runs. */
@Command(name = "pause", description = "Keep the trainer from starting runs; scoring goes on.")
final class PauseCommand implements Callable<Integer> {
  @Mixin private final Steering steering;

  PauseCommand(Invocation invocation) {
    this.steering = new Steering(invocation);
  }

  @Override
  public Integer call() throws Exception {
    return steering.send(steering.command(CommandType.PAUSE).build());
  }
}
