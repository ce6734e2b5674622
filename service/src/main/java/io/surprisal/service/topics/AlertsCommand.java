package io.surprisal.service.topics;

import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.service.cli.AvroFields;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.options.AlertText;
import io.surprisal.service.options.TopicFollower;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Prints alerts as they come. */
@Command(name = "alerts", description = "Print alerts as they come, one a line.")
final class AlertsCommand implements Callable<Integer> {

  private final RecordFormat<AnomalyAlert> format = RecordFormat.of(AnomalyAlert.class);
  @Mixin private final TopicFollower follower;

  AlertsCommand(Invocation invocation) {
    this.follower = new TopicFollower(invocation);
  }

  @Override
  public Integer call() throws InterruptedException {
    return follower.follow(
        follower.kafka().topics().alerts(),
        record -> {
          AnomalyAlert alert = format.decode(record.value());
          follower.output().printLine(AvroFields.of(alert), line(alert));
        });
  }

  private static String line(AnomalyAlert alert) {
    return String.format(
        Locale.ROOT,
        "%s  %8.4f bits/dim%s  %s  %s  %s%s%s",
        alert.getEventTime(),
        alert.getBitsPerDim(),
        AlertText.threshold(alert),
        AlertText.reasons(alert),
        alert.getSource(),
        alert.getImageId(),
        AlertText.boxes(alert, Integer.MAX_VALUE),
        Repairs.text(alert.getRepairs()));
  }
}
