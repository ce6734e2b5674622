package io.surprisal.service.steer;

import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.service.cli.AvroFields;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.topics.TopicFollower;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Prints what trainer and scorers say about runs, commands and releases. */
@Command(
    name = "trainer",
    description = "Print what becomes of runs, commands and releases, one event a line.")
public final class TrainerCommand implements Callable<Integer> {

  private final RecordFormat<TrainerEvent> format = RecordFormat.of(TrainerEvent.class);
  @Mixin private final TopicFollower follower;

  public TrainerCommand(Invocation invocation) {
    this.follower = new TopicFollower(invocation);
  }

  @Override
  public Integer call() throws InterruptedException {
    return follower.follow(
        follower.kafka().topics().trainer(),
        record -> {
          TrainerEvent event = format.decode(record.value());
          follower.output().printLine(AvroFields.of(event), line(event));
        });
  }

  static String line(TrainerEvent event) {
    StringBuilder line =
        new StringBuilder(
            String.format(Locale.ROOT, "%s  %-16s", event.getEventTime(), event.getType()));
    if (event.getCommandId() != null) {
      line.append("  command ").append(event.getCommandId());
    }
    if (event.getReleaseId() != null) {
      line.append("  release ").append(event.getReleaseId(), 0, 12).append('…');
    }
    if (event.getStep() > 0) {
      line.append("  step ").append(event.getStep());
    }
    if (event.getHeldOutBitsPerDim() != null) {
      line.append(
          String.format(Locale.ROOT, "  held-out %.4f bits/dim", event.getHeldOutBitsPerDim()));
    }
    if (event.getImagesPerSecond() != null) {
      line.append(String.format(Locale.ROOT, "  %.1f images/s", event.getImagesPerSecond()));
    }
    if (event.getSecondsLeft() != null) {
      line.append(String.format(Locale.ROOT, "  %.0f s left", event.getSecondsLeft()));
    }
    if (!event.getMessage().isEmpty()) {
      line.append("  ").append(event.getMessage());
    }
    return line.toString();
  }
}
