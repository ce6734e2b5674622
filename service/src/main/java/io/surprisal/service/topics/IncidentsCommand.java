package io.surprisal.service.topics;

import io.surprisal.schemas.AlertIncident;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Printable;
import io.surprisal.service.cli.Table;
import io.surprisal.service.options.HeldRecords;
import io.surprisal.service.options.IncidentSum;
import io.surprisal.service.options.TopicFollower;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists the incidents of alerts, or follows them. */
@Command(
    name = "incidents",
    description = {
      "List the incidents of the last 30 days: alerts of one source that belong together count once"
          + " here, from the first to the last; an alert that stands alone is an incident of one.",
      "--follow prints them as they open, grow and end. 'surprisal alerts' prints every alert, with"
          + " its incidentId."
    })
final class IncidentsCommand implements Callable<Integer> {
  /** What is forgotten beyond is told of anew as far as it grows. */
  private static final int MOST_FOLLOWED = 10_000;

  private final RecordFormat<AlertIncident> format = RecordFormat.of(AlertIncident.class);
  private final Invocation invocation;
  @Mixin private final TopicFollower follower;

  @Option(names = "--open", description = "Only those that go on.")
  private boolean open;

  @Option(
      names = "--least",
      paramLabel = "N",
      defaultValue = "1",
      description = "Only those of so many alerts at least (default: ${DEFAULT-VALUE}).")
  private long least;

  @Option(
      names = "--source",
      paramLabel = "NAME",
      description = "Only those of this source (default: of all).")
  private Optional<String> source = Optional.empty();

  @Option(
      names = "--follow",
      description =
          "Print a line whenever an incident opens, has grown or is over, instead of a table of what"
              + " there is; --from-beginning and --timeout go with it.")
  private boolean follow;

  IncidentsCommand(Invocation invocation) {
    this.invocation = invocation;
    this.follower = new TopicFollower(invocation);
  }

  @Override
  public Integer call() throws InterruptedException {
    String topic = follower.kafka().topics().incidents();
    IncidentSum known = new IncidentSum(follow ? MOST_FOLLOWED : Integer.MAX_VALUE);
    new HeldRecords(invocation, follower.kafka()).last(topic, format).values().forEach(known::add);
    return follow ? follower.follow(topic, record -> print(record, known)) : list(known);
  }

  private int list(IncidentSum known) {
    List<IncidentSum.Whole> all = known.all().stream().filter(this::wanted).toList();
    List<IncidentSum.Whole> latest =
        all.subList((int) Math.max(0, all.size() - follower.max()), all.size());
    Table table =
        new Table(
            "opened", "last alert", "state", "alerts", "images", "source", "reasons", "incident");
    latest.forEach(
        incident ->
            table.row(
                seconds(incident.openedAt()),
                seconds(incident.lastAlertAt()),
                state(incident),
                incident.alerts(),
                incident.images(),
                Printable.text(incident.source()),
                reasons(incident),
                incident.id()));
    follower.output().print(latest.stream().map(IncidentSum.Whole::fields).toList(), table);
    return 0;
  }

  private boolean wanted(IncidentSum.Whole incident) {
    return (!open || incident.isOpen())
        && incident.alerts() >= least
        && source.map(incident.source()::equals).orElse(true);
  }

  private void print(ConsumerRecord<byte[], byte[]> record, IncidentSum known) {
    IncidentSum.Whole incident = known.add(format.decode(record.value()));
    if (wanted(incident)) {
      follower.output().printLine(incident.fields(), Printable.text(line(incident)));
    }
  }

  private static String line(IncidentSum.Whole incident) {
    return String.format(
        Locale.ROOT,
        "%s  %s  %-6s  %d alerts of %d images since %s  %s  strongest %s%s  incident %s",
        incident.closedAt().orElse(incident.lastAlertAt()),
        incident.source(),
        state(incident),
        incident.alerts(),
        incident.images(),
        seconds(incident.openedAt()),
        reasons(incident),
        incident.strongest().getImageId(),
        incident.strongest().getPValue() == null
            ? ""
            : String.format(Locale.ROOT, " (p %.2g)", incident.strongest().getPValue()),
        incident.id());
  }

  private static String state(IncidentSum.Whole incident) {
    return incident.isOpen() ? "OPEN" : "CLOSED";
  }

  private static String reasons(IncidentSum.Whole incident) {
    return incident.reasons().stream().map(String::valueOf).collect(Collectors.joining(","));
  }

  private static Instant seconds(Instant time) {
    return time.truncatedTo(ChronoUnit.SECONDS);
  }
}
