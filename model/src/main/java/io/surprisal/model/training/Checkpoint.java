package io.surprisal.model.training;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.release.ReleaseException;
import io.surprisal.model.release.Safetensors;
import io.surprisal.model.release.TrainingRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A training run at rest: everything that is needed to go on exactly where it stopped.
 *
 * @param model configuration of the model
 * @param fit configuration of the training
 * @param seed of the run
 * @param images in the data set, training and held out
 * @param fingerprint of the images and their split
 * @param seconds of training so far
 * @param history of held-out bits/dim so far
 * @param state of the trainer
 */
public record Checkpoint(
    ModelConfiguration model,
    FitConfiguration fit,
    long seed,
    int images,
    int fingerprint,
    double seconds,
    List<TrainingRecord.Point> history,
    ModelTrainer.State state) {

  private static final String RUN = "surprisal.checkpoint";
  private static final ObjectMapper JSON = new ObjectMapper();

  private record Run(
      ModelConfiguration model,
      FitConfiguration fit,
      long seed,
      int images,
      int fingerprint,
      double seconds,
      long steps,
      List<TrainingRecord.Point> history) {}

  /** Where the checkpoint of a release lies: beside it. */
  public static Path beside(Path release) {
    return release.resolveSibling(release.getFileName() + ".checkpoint");
  }

  /** Writes the checkpoint atomically. */
  public void write(Path file) throws IOException {
    Map<String, Safetensors.Tensor> tensors = new LinkedHashMap<>();
    put(tensors, "parameters", state.parameters());
    put(tensors, "average", state.average());
    put(tensors, "firstMoment", state.firstMoment());
    put(tensors, "secondMoment", state.secondMoment());
    Run run = new Run(model, fit, seed, images, fingerprint, seconds, state.steps(), history);
    Safetensors.write(file, Map.of(RUN, JSON.writeValueAsString(run)), tensors);
  }

  private static void put(Map<String, Safetensors.Tensor> tensors, String name, float[] values) {
    tensors.put(name, new Safetensors.Tensor(List.of(values.length), values));
  }

  /**
   * Reads a checkpoint.
   *
   * @throws ReleaseException if the file is none, or is damaged
   */
  public static Checkpoint read(Path file) throws IOException {
    Safetensors content = Safetensors.read(file);
    String text = content.metadata().get(RUN);
    if (text == null) {
      throw new ReleaseException(file + " is no checkpoint: its metadata lacks " + RUN);
    }
    try {
      Run run = JSON.readValue(text, Run.class);
      if (run.model() == null || run.fit() == null || run.history() == null) {
        throw new ReleaseException(file + " lacks parts of its " + RUN + " metadata");
      }
      int size = ParameterLayout.of(run.model()).size();
      return new Checkpoint(
          run.model(),
          run.fit(),
          run.seed(),
          run.images(),
          run.fingerprint(),
          run.seconds(),
          run.history(),
          new ModelTrainer.State(
              run.steps(),
              vector(file, content, "parameters", size),
              vector(file, content, "average", size),
              vector(file, content, "firstMoment", size),
              vector(file, content, "secondMoment", size)));
    } catch (JsonProcessingException e) {
      throw new ReleaseException(file + " has malformed " + RUN + " metadata", e);
    }
  }

  private static float[] vector(Path file, Safetensors content, String name, int size)
      throws ReleaseException {
    Safetensors.Tensor tensor = content.tensors().get(name);
    if (tensor == null || tensor.values().length != size) {
      throw new ReleaseException(file + " lacks " + size + " values of " + name);
    }
    return tensor.values();
  }
}
