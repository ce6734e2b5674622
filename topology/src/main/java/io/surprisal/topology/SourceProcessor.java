package io.surprisal.topology;

import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.SourceAlert;
import io.surprisal.schemas.SourceStatus;
import io.surprisal.topology.kafka.UncommittedWork;
import io.surprisal.topology.sources.Observation;
import io.surprisal.topology.sources.SourceWatch;
import io.surprisal.topology.sources.WatchRules;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says which sources make no sense any more, and how all of them are. Under exactly-once processing
 * one transaction holds an alert, the state that says that it was raised, and the place in the
 * observations: so each incident is told once, whoever dies when.
 */
final class SourceProcessor implements Processor<byte[], byte[], byte[], byte[]> {

  private static final Logger LOG = LoggerFactory.getLogger(SourceProcessor.class);
  private static final RecordFormat<SourceAlert> ALERTS = RecordFormat.of(SourceAlert.class);
  private static final RecordFormat<SourceStatus> STATUS = RecordFormat.of(SourceStatus.class);

  private final WatchRules rules;
  private ProcessorContext<byte[], byte[]> context;
  private SourceWatch watch;

  SourceProcessor(WatchRules rules) {
    this.rules = rules;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
    UncommittedWork.ofThread().forget(context.taskId());
    watch =
        new SourceWatch(
            rules,
            context.getStateStore(ScoringTopology.WATCHED),
            context.getStateStore(ScoringTopology.CLOCK),
            context.currentSystemTimeMs());
    context.schedule(SourceWatch.TICK, PunctuationType.WALL_CLOCK_TIME, this::tick);
  }

  @Override
  public void process(Record<byte[], byte[]> observation) {
    UncommittedWork.ofThread().add(context.taskId());
    watch
        .seen(
            new String(observation.key(), StandardCharsets.UTF_8),
            Observation.decode(observation.value()),
            context.currentSystemTimeMs())
        .forEach(this::forward);
  }

  @Override
  public void close() {
    if (context != null) { // null where init was not called
      UncommittedWork.ofThread().forget(context.taskId());
    }
  }

  private void tick(long now) {
    UncommittedWork.ofThread().add(context.taskId());
    watch.tick(now).forEach(this::forward);
    watch
        .tell(now)
        .forEach(
            (name, status) ->
                forward(
                    name,
                    status.map(STATUS::encode).orElse(null),
                    now,
                    ScoringTopology.SOURCE_STATUS));
  }

  private void forward(SourceAlert alert) {
    LOG.warn(
        "Source {}: {} {}, {}; {} where {} is the limit",
        alert.getSource(),
        alert.getKind(),
        alert.getState(),
        alert.getAspect(),
        alert.getValue(),
        alert.getThreshold());
    forward(
        alert.getSource(),
        ALERTS.encode(alert),
        alert.getAt().toEpochMilli(),
        ScoringTopology.SOURCE_ALERTS);
  }

  private void forward(String name, byte @Nullable [] value, long at, String sink) {
    context.forward(new Record<>(name.getBytes(StandardCharsets.UTF_8), value, at), sink);
  }
}
