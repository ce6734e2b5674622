package io.surprisal.service;

import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.detection.CertainVerdict;
import io.surprisal.model.images.DecodingLimits;
import io.surprisal.model.network.Execution;
import io.surprisal.model.release.Release;
import io.surprisal.model.scoring.BatchScorer;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.Stages;
import io.surprisal.model.scoring.StoppingRule;
import io.surprisal.schemas.Topics;
import io.surprisal.topology.ScoringCounts;
import io.surprisal.topology.ScoringStream;
import io.surprisal.topology.ScoringTopology;
import io.surprisal.topology.ServedModel;
import io.surprisal.topology.StreamSettings;
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

  /** Images that wait for a worker are decoded already: a few batches keep all of them busy. */
  private static final int BATCHES_AHEAD = 4;

  private final ImageScorer scorer;
  private final BatchScorer batches;
  private final ScoringStream stream;

  /**
   * How images are scored.
   *
   * @param stages of the evaluations; several of them stop an image once its verdict is certain
   * @param certainty how many standard deviations from the threshold make a verdict certain
   * @param alertRate share of normal images to alert on, in (0, 1)
   * @param batch most images of a batch
   * @param linger how long the first image of a batch waits for others
   */
  record Scoring(Stages stages, double certainty, double alertRate, int batch, Duration linger) {
    static final int DEFAULT_BATCH = 4;
    static final Duration DEFAULT_LINGER = Duration.ofMillis(5);

    /** All evaluations at once, in batches of the default size. */
    static Scoring simple(int evaluations, double alertRate) {
      return new Scoring(Stages.single(evaluations), 3, alertRate, DEFAULT_BATCH, DEFAULT_LINGER);
    }
  }

  /** Loads the network and starts the stream; {@link #state} tells when it runs. */
  ScoringService(
      Release release,
      Execution execution,
      Scoring scoring,
      Topics topics,
      StreamSettings settings) {
    scorer = new ImageScorer(release, execution, scoring.stages());
    batches =
        new BatchScorer(
            execution.workers(),
            scoring.batch(),
            scoring.linger(),
            queueCapacity(execution, scoring.batch()));
    try {
      AlertRule rule =
          AlertRule.of(release, scorer.evaluations(), scorer.precision(), scoring.alertRate());
      ScoringTopology topology =
          new ScoringTopology(
              topics,
              ServedModel.of(
                  release,
                  batches.queue(scorer, stoppingRule(release, rule, scoring)),
                  scorer.evaluations(),
                  scorer.precision(),
                  scoring.alertRate()),
              DecodingLimits.defaults(),
              settings.maxDeadLetterBytes());
      stream = new ScoringStream(topology, settings);
      stream.start();
    } catch (RuntimeException e) {
      batches.close();
      scorer.close();
      throw e;
    }
  }

  /** Images that may wait for a worker. */
  static int queueCapacity(Execution execution, int batch) {
    return BATCHES_AHEAD * execution.workers() * batch;
  }

  private static StoppingRule stoppingRule(Release release, AlertRule rule, Scoring scoring) {
    if (scoring.stages().ends().size() == 1 || rule.threshold().isEmpty()) {
      return StoppingRule.NEVER;
    }
    return new CertainVerdict(
        release.calibration().orElseThrow(), rule.threshold().getAsDouble(), scoring.certainty());
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
      batches.close();
      scorer.close();
    } else {
      LOG.warn("The stream did not end within {} s", CLOSE_TIMEOUT.toSeconds());
    }
  }
}
