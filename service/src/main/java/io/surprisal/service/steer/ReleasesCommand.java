package io.surprisal.service.steer;

import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.service.cli.AvroFields;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Table;
import io.surprisal.service.options.HeldRecords;
import io.surprisal.service.options.KafkaOptions;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Lists the releases that were announced. */
@Command(
    name = "releases",
    description = "List the releases that were announced, the last one last.")
final class ReleasesCommand implements Callable<Integer> {
  private final RecordFormat<ReleaseAnnouncement> format =
      RecordFormat.of(ReleaseAnnouncement.class);
  private final Invocation invocation;
  @Mixin private final KafkaOptions kafka;
  @Mixin private final Output output;

  ReleasesCommand(Invocation invocation) {
    this.invocation = invocation;
    this.kafka = new KafkaOptions(invocation);
    this.output = new Output(invocation);
  }

  @Override
  public Integer call() throws InterruptedException {
    List<ReleaseAnnouncement> releases =
        List.copyOf(
            new HeldRecords(invocation, kafka).last(kafka.topics().releases(), format).values());
    Table table = new Table("release", "state", "announced", "held-out bits/dim", "reason");
    releases.forEach(
        release ->
            table.row(
                release.getReleaseId(),
                release.getState(),
                release.getAnnouncedAt(),
                Optional.ofNullable(release.getHeldOutBitsPerDim()).orElse(Double.NaN),
                release.getReason()));
    output.print(releases.stream().map(AvroFields::of).toList(), table);
    return 0;
  }
}
