package io.surprisal.service;

import io.surprisal.model.images.DecodingLimits;
import io.surprisal.model.network.Execution;
import io.surprisal.model.release.Release;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.topology.ScoringCounts;
import io.surprisal.topology.ScoringStream;
import io.surprisal.topology.ScoringTopology;
import io.surprisal.topology.ServedModel;
import io.surprisal.topology.StreamSettings;
import io.surprisal.topology.Topics;
import java.time.Duration;
import java.util.Optional;
import org.apache.kafka.streams.KafkaStreams;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A scorer and the stream that it works in, as one thing to start and to close. Owns the scorer's
 * native memory.
 */
public final class ScoringService implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ScoringService.class);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(25);

  private final ImageScorer scorer;
  private final ScoringStream stream;

  /**
   * Loads the network and starts the stream; {@link #state} tells when it runs.
   *
   * @param alertRate share of normal images to alert on, in (0, 1)
   */
  public ScoringService(
      Release release,
      Execution execution,
      int evaluations,
      double alertRate,
      Topics topics,
      StreamSettings settings) {
    scorer = new ImageScorer(release, execution, evaluations);
    try {
      ScoringTopology topology =
          new ScoringTopology(
              topics,
              ServedModel.of(release, scorer, alertRate),
              DecodingLimits.defaults(),
              settings.maxDeadLetterBytes());
      stream = new ScoringStream(topology, settings);
      stream.start();
    } catch (RuntimeException e) {
      scorer.close();
      throw e;
    }
  }

  /** State of the stream. */
  public KafkaStreams.State state() {
    return stream.state();
  }

  /** What ended the stream for good; empty while it works. */
  public Optional<Throwable> failure() {
    return stream.failure();
  }

  /** What has been done since the start. */
  public ScoringCounts counts() {
    return stream.counts();
  }

  /** Commits, leaves the images at hand to the next owner of their partition, frees the network. */
  @Override
  public void close() {
    if (stream.close(CLOSE_TIMEOUT)) {
      scorer.close();
    } else {
      LOG.warn("The stream did not end within {} s", CLOSE_TIMEOUT.toSeconds());
    }
  }
}
