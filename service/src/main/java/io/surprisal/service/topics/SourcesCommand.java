package io.surprisal.service.topics;

import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.SourceIncident;
import io.surprisal.schemas.SourceStatus;
import io.surprisal.service.cli.AvroFields;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Printable;
import io.surprisal.service.cli.Table;
import io.surprisal.service.options.HeldRecords;
import io.surprisal.service.options.KafkaOptions;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Lists the sources, and how they are. */
@Command(
    name = "sources",
    description = {
      "List the sources of images, and how they are: when they were last seen, how many images they"
          + " send, the shares of alerts, repairs and dead letters of about the last hour, and"
          + " whether they are silent, frozen or degraded.",
      "'surprisal alerts --sources' prints when that begins and ends."
    })
final class SourcesCommand implements Callable<Integer> {
  private final RecordFormat<SourceStatus> format = RecordFormat.of(SourceStatus.class);
  private final Invocation invocation;
  @Mixin private final KafkaOptions kafka;
  @Mixin private final Output output;

  SourcesCommand(Invocation invocation) {
    this.invocation = invocation;
    this.kafka = new KafkaOptions(invocation);
    this.output = new Output(invocation);
  }

  @Override
  public Integer call() throws InterruptedException {
    Collection<SourceStatus> sources =
        new TreeMap<>(new HeldRecords(invocation, kafka).last(kafka.topics().sources(), format))
            .values();
    Table table =
        new Table("source", "last seen", "images", "rate", "alerts", "repaired", "dead", "state");
    sources.forEach(
        source ->
            table.row(
                Printable.text(source.getSource()),
                seconds(source.getLastSeen()),
                source.getImages(),
                rate(source.getImagesPerSecond()),
                percent(source.getAlertShare()),
                percent(source.getRepairedShare()),
                percent(source.getDeadLetterShare()),
                state(source)));
    output.print(sources.stream().map(SourcesCommand::fields).toList(), table);
    return 0;
  }

  private static Map<String, Object> fields(SourceStatus source) {
    Map<String, Object> fields = AvroFields.of(source);
    fields.put("state", kinds(source));
    return fields;
  }

  private static Instant seconds(Instant time) {
    return time.truncatedTo(ChronoUnit.SECONDS);
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }

  private static String rate(double perSecond) {
    if (perSecond == 0) {
      return "-";
    }
    return perSecond >= 1
        ? String.format(Locale.ROOT, "%.1f/s", perSecond)
        : perSecond >= 1 / 60.0
            ? String.format(Locale.ROOT, "%.1f/min", perSecond * 60)
            : String.format(Locale.ROOT, "%.1f/h", perSecond * 3600);
  }

  /** {@code LEARNING} until its silence would mean something. */
  private static List<String> kinds(SourceStatus source) {
    if (!source.getIncidents().isEmpty()) {
      return source.getIncidents().stream().map(open -> open.getKind().name()).toList();
    }
    return List.of(source.getSilentAfterSeconds() == null ? "LEARNING" : "OK");
  }

  private static String state(SourceStatus source) {
    return source.getIncidents().isEmpty()
        ? String.join("", kinds(source))
        : source.getIncidents().stream()
            .map(SourcesCommand::text)
            .collect(Collectors.joining(", "));
  }

  private static String text(SourceIncident open) {
    return "%s since %s (%s)".formatted(open.getKind(), seconds(open.getSince()), open.getAspect());
  }
}
