package io.surprisal.service.bench;

import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.Failure;
import io.surprisal.topology.ScoringStream;
import io.surprisal.topology.ScoringTopology;
import io.surprisal.topology.kafka.StreamSettings;
import io.surprisal.topology.serving.ServedModel;
import java.time.Duration;

/** The topology at work in a benchmark, with a model that is the caller's. */
final class StreamRun implements AutoCloseable {
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(25);

  private final ScoringStream stream;

  /** Starts. */
  StreamRun(ServedModel model, Topics topics, StreamSettings settings, int maxDeadLetterBytes) {
    stream =
        new ScoringStream(
            new ScoringTopology(topics, model, DecodingLimits.defaults(), maxDeadLetterBytes),
            settings);
    stream.start();
  }

  /**
   * @throws IllegalStateException if the stream has ended, or an image was not scored
   */
  void requireHealthy() {
    if (stream.failure().isPresent()) {
      throw new IllegalStateException(
          "the stream ended: " + Failure.story(stream.failure().get()), stream.failure().get());
    }
    if (stream.counts().deadLettered() > 0) {
      throw new IllegalStateException(
          stream.counts().deadLettered() + " images became dead letters");
    }
  }

  @Override
  public void close() {
    if (!stream.close(CLOSE_TIMEOUT)) {
      throw new IllegalStateException("the stream did not end");
    }
  }
}
