package io.surprisal.model.fit;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Provenance;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.training.FitConfiguration;
import java.nio.file.Path;
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
    Images images,
    FitConfiguration configuration,
    Start start,
    Budget budget,
    long seed,
    Execution execution,
    Outcome outcome) {

  /**
   * Images to learn from.
   *
   * @param data training and held out
   * @param name what to call them in the release
   * @param heldOut which of them are never trained on
   */
  public record Images(ImageDataset data, String name, HeldOut heldOut) {}

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
   */
  public record Outcome(
      Path file,
      Weights weights,
      int evaluations,
      int calibrationImages,
      Optional<Provenance> provenance) {}

  /**
   * @throws IllegalArgumentException if the release to start from has another network
   */
  public FitRequest {
    if (start instanceof Start.From from) {
      ModelConfiguration wanted = model(configuration, images.data());
      ModelConfiguration found = from.release().configuration();
      if (!found.equals(wanted)) {
        throw new IllegalArgumentException(
            "the release to start from has the network " + found + ", wanted is " + wanted);
      }
    }
  }

  /** The model that is trained. */
  ModelConfiguration model() {
    return model(configuration, images.data());
  }

  private static ModelConfiguration model(FitConfiguration configuration, ImageDataset data) {
    return configuration.model(data.shape());
  }
}
