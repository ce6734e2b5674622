package io.surprisal.service.steer;

import io.surprisal.schemas.CommandType;
import io.surprisal.service.cli.Invocation;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Sets the alert rate of all scorers. */
@Command(
    name = "alert-rate",
    description = "Set the share of normal images that all scorers alert on.")
final class AlertRateCommand implements Callable<Integer> {
  @Mixin private final Steering steering;

  @Parameters(paramLabel = "RATE", description = "In (0, 1), for example 0.01.")
  private double rate;

  AlertRateCommand(Invocation invocation) {
    this.steering = new Steering(invocation);
  }

  @Override
  public Integer call() throws Exception {
    return steering.send(steering.command(CommandType.SET_ALERT_RATE).setAlertRate(rate).build());
  }
}
