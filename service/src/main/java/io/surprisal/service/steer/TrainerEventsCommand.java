package io.surprisal.service.steer;

import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.service.cli.AvroFields;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.options.TopicFollower;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Prints what trainer and scorers say about runs, commands and releases. */
@Command(
    name = "trainer",
    description = "Print what becomes of runs, commands and releases, one event a line.")
final class TrainerEventsCommand implements Callable<Integer> {

  private final RecordFormat<TrainerEvent> format = RecordFormat.of(TrainerEvent.class);
  @Mixin private final TopicFollower follower;

  TrainerEventsCommand(Invocation invocation) {
    this.follower = new TopicFollower(invocation);
  }

  @Override
  public Integer call() throws InterruptedException {
    return follower.follow(
        follower.kafka().topics().trainer(),
        record -> {
          TrainerEvent event = format.decode(record.value());
          follower.output().printLine(AvroFields.of(event), TrainerEventLine.of(event));
        });
  }
}
