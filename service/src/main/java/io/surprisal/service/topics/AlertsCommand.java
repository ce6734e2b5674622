package io.surprisal.service.topics;

import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.SourceAlert;
import io.surprisal.service.cli.AvroFields;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.options.AlertText;
import io.surprisal.service.options.TopicFollower;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Prints alerts as they come. */
@Command(name = "alerts", description = "Print alerts as they come, one a line.")
final class AlertsCommand implements Callable<Integer> {

  private final RecordFormat<AnomalyAlert> format = RecordFormat.of(AnomalyAlert.class);
  private final RecordFormat<SourceAlert> sourceFormat = RecordFormat.of(SourceAlert.class);
  @Mixin private final TopicFollower follower;

  @Option(
      names = "--sources",
      description =
          "Print the alerts of sources, which fall silent, freeze or degrade, instead of those of"
              + " images.")
  private boolean sources;

  AlertsCommand(Invocation invocation) {
    this.follower = new TopicFollower(invocation);
  }

  @Override
  public Integer call() throws InterruptedException {
    return sources
        ? follower.follow(follower.kafka().topics().sourceAlerts(), this::printOfSource)
        : follower.follow(follower.kafka().topics().alerts(), this::printOfImage);
  }

  private void printOfImage(ConsumerRecord<byte[], byte[]> record) {
    AnomalyAlert alert = format.decode(record.value());
    follower.output().printLine(AvroFields.of(alert), line(alert));
  }

  private void printOfSource(ConsumerRecord<byte[], byte[]> record) {
    SourceAlert alert = sourceFormat.decode(record.value());
    follower.output().printLine(AvroFields.of(alert), line(alert));
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

  private static String line(SourceAlert alert) {
    return String.format(
        Locale.ROOT,
        "%s  %s  %s %s  since %s  %s",
        alert.getAt(),
        alert.getSource(),
        alert.getKind(),
        alert.getState(),
        alert.getSince(),
        what(alert));
  }

  private static String what(SourceAlert alert) {
    String limit = alert.getHabit() == null ? "limit %.4g" : "limit %.4g, usually %.4g";
    String text =
        switch (alert.getAspect()) {
          case NO_IMAGES -> "no image for %.0f s";
          case SAME_PIXELS -> "the same pixels %.0f times";
          case NEAR_COPIES -> "near-copies %.0f times";
          case EXPOSURE -> "exposure %.1f";
          case FOCUS -> "focus %.2f";
          case COLOUR -> "colour %.1f";
          case REPAIRS -> "repaired %.2f";
          case DEAD_LETTERS -> "dead letters %.2f";
          case UNKNOWN -> "%.4g";
        };
    return String.format(
        Locale.ROOT,
        text + " (" + limit + ")",
        alert.getValue(),
        alert.getThreshold(),
        alert.getHabit());
  }
}
