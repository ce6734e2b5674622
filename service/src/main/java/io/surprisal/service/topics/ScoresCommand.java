package io.surprisal.service.topics;

import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.service.cli.AvroFields;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.options.TopicFollower;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Prints scores as they come. */
@Command(name = "scores", description = "Print scores as they come, one a line.")
final class ScoresCommand implements Callable<Integer> {

  private final RecordFormat<ImageScore> format = RecordFormat.of(ImageScore.class);
  @Mixin private final TopicFollower follower;

  ScoresCommand(Invocation invocation) {
    this.follower = new TopicFollower(invocation);
  }

  @Override
  public Integer call() throws InterruptedException {
    return follower.follow(
        follower.kafka().topics().scores(),
        record -> {
          ImageScore score = format.decode(record.value());
          follower.output().printLine(AvroFields.of(score), line(score));
        });
  }

  /** What people read of a score. */
  static String line(ImageScore score) {
    return String.format(
        Locale.ROOT,
        "%s  %8.4f ± %.4f bits/dim  %-12s  %s  %s%s",
        score.getEventTime(),
        score.getBitsPerDim(),
        score.getStandardError(),
        score.getVerdict(),
        score.getSource(),
        score.getImageId(),
        Repairs.text(score.getRepairs()));
  }
}
