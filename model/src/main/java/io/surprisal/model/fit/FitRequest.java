package io.surprisal.model.fit;

import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Provenance;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.training.FitConfiguration;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * What a run is to do.
 *
 * @param images to learn from
 * @param configuration of model and training
 * @param start where it begins
 * @param budget when it ends
 * @param seed of initialisation, split, order and noise
 * @param execution where to train, and how precisely the release will be served
 * @param outcome what is to come of it
 */
public record FitRequest(
    FitImages images,
    FitConfiguration configuration,
    Start start,
    Budget budget,
    long seed,
    Execution execution,
    Outcome outcome) {

  /** Which weights a release holds. */
  public enum Weights {
    /** The moving average over the steps. */
    AVERAGED,
    /** Those after the last step. */
    LAST
  }

  /**
   * The release.
   *
   * @param file where it goes; the checkpoint lies beside it
   * @param weights that it holds
   * @param evaluations K, the serving number that it is calibrated for
   * @param calibrationImages most held-out images that calibrate it; 0: it is left uncalibrated
   * @param provenance of a run on a stream
   * @param end when it must be there, calibrated; what is left undone then is left out. Empty:
   *     whenever it is done
   */
  public record Outcome(
      Path file,
      Weights weights,
      int evaluations,
      int calibrationImages,
      Optional<Provenance> provenance,
      Optional<Instant> end) {

    /** Whenever it is done. */
    public Outcome(
        Path file,
        Weights weights,
        int evaluations,
        int calibrationImages,
        Optional<Provenance> provenance) {
      this(file, weights, evaluations, calibrationImages, provenance, Optional.empty());
    }
  }

  /**
   * @throws IllegalArgumentException if the release to start from has another network
   */
  public FitRequest {
    if (start instanceof Start.From from) {
      ModelConfiguration wanted = model(configuration, images);
      ModelConfiguration found = from.release().configuration();
      if (!found.equals(wanted)) {
        throw new IllegalArgumentException(
            "the release to start from has the network " + found + ", wanted is " + wanted);
      }
    }
  }

  /** The model that is trained. */
  ModelConfiguration model() {
    return model(configuration, images);
  }

  private static ModelConfiguration model(FitConfiguration configuration, FitImages images) {
    return configuration.model(images.preprocessing().shape());
  }
}
