package io.surprisal.service.steer;

import io.surprisal.schemas.CommandType;
import io.surprisal.service.cli.Invocation;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Gives up the run that is under way. */
@Command(name = "cancel", description = "Give up the training run that is under way.")
final class CancelCommand implements Callable<Integer> {
  @Mixin private final Steering steering;

  CancelCommand(Invocation invocation) {
    this.steering = new Steering(invocation);
  }

  @Override
  public Integer call() throws Exception {
    return steering.send(steering.command(CommandType.CANCEL).build());
  }
}
