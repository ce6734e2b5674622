package io.surprisal.model.imports;

import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.ReleaseException;
import io.surprisal.model.release.Safetensors;
import io.surprisal.model.release.TrainingRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A model that another implementation trained, as it is here.
 *
 * @param origin the implementation
 * @param configuration that gives the same function as its options
 * @param parameters flat vector of {@link io.surprisal.model.network.ParameterLayout}
 * @param sizeAssumed whether neither options nor user named the images' size, so that the usual one
 *     was taken
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record ImportedModel(
    Origin origin, ModelConfiguration configuration, float[] parameters, boolean sizeAssumed) {

  /**
   * Reads a model from files.
   *
   * @param state its parameters as safetensors of any floating-point type, under its own names
   * @param config its options as a JSON object, or an object that holds them as {@code config}
   * @param size of its images; where the options name one, it must be the same
   * @throws ReleaseException listing by name every tensor that is missing, unknown, of another
   *     shape or not finite, or every option that is missing or cannot be imported
   * @throws java.nio.file.NoSuchFileException if one of the files is not there
   */
  public static ImportedModel read(Origin origin, Path state, Path config, Optional<ImageSize> size)
      throws IOException {
    String options = new String(Files.readAllBytes(config), StandardCharsets.UTF_8);
    return of(
        origin,
        state.toString(),
        Safetensors.readConverting(state).tensors(),
        config.toString(),
        options,
        size);
  }

  /**
   * A model from its tensors and options; {@code state} and {@code config} name them in messages.
   *
   * @param tensors under the implementation's own names
   * @param options as JSON
   * @param size of its images; where the options name one, it must be the same
   * @throws ReleaseException as {@link #read}
   */
  public static ImportedModel of(
      Origin origin,
      String state,
      Map<String, Safetensors.Tensor> tensors,
      String config,
      String options,
      Optional<ImageSize> size)
      throws ReleaseException {
    ForeignOptions foreign = ForeignOptions.parse(config, options, size);
    try {
      ModelConfiguration configuration = origin.implementation().configuration(foreign, tensors);
      float[] parameters = ForeignLayout.of(origin, configuration).join(state, tensors);
      return new ImportedModel(origin, configuration, parameters, foreign.sizeAssumed());
    } catch (IllegalArgumentException e) {
      throw new ReleaseException(config + " has an impossible " + e.getMessage(), e);
    }
  }

  /**
   * Writes the model as a release, uncalibrated.
   *
   * @param source where it comes from, as the user named it
   */
  public Release write(Path file, String source) throws IOException {
    String data = "imported from " + origin + " " + source;
    return Release.write(
        file,
        configuration,
        parameters,
        Optional.empty(),
        new TrainingRecord(0, 0, 0, 0, data, 0, 0, Map.of(), Double.NaN, false, List.of()));
  }
}
