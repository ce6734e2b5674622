package io.surprisal.service.steer;

import io.surprisal.schemas.CommandType;
import io.surprisal.service.cli.Invocation;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Brings back the release before. */
@Command(
    name = "rollback",
    description = "Make the release that served before the present one serve again, at once.")
final class RollbackCommand implements Callable<Integer> {
  @Mixin private final Steering steering;

  RollbackCommand(Invocation invocation) {
    this.steering = new Steering(invocation);
  }

  @Override
  public Integer call() throws Exception {
    return steering.send(steering.command(CommandType.ROLLBACK).build());
  }
}
