package io.surprisal.model.release;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.surprisal.model.checks.Sha256;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.network.InitialParameters;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One immutable model file: weights and noise schedule as named tensors in safetensors, with
 * configuration, preprocessing, noise-level offset, calibration and provenance in the metadata.
 * Lives on the heap; scorers copy the parameters to their device.
 */
public final class Release {
  private static final String MANIFEST = "surprisal.release";
  private static final String MANIFEST_HASH = "surprisal.release.sha256";
  private static final String TENSOR_HASH = "surprisal.tensors.sha256";

  /** Offset of the noise levels: the midpoints of the strata at the default K = 8. */
  public static final double DEFAULT_LEVEL_OFFSET = 1.0 / 16;

  private static final ObjectMapper JSON =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  /** What the metadata holds; the calibration's scores are a tensor beside it. */
  private record Manifest(
      int format,
      ModelConfiguration configuration,
      Preprocessing preprocessing,
      double levelOffset,
      @Nullable CalibrationManifest calibration,
      TrainingRecord training,
      @Nullable Provenance provenance) {}

  private final String id;
  private final ModelConfiguration configuration;
  private final Preprocessing preprocessing;
  private final double levelOffset;
  private final float[] parameters;
  private final @Nullable Calibration calibration;
  private final TrainingRecord training;
  private final @Nullable Provenance provenance;

  private Release(
      String id, Manifest manifest, float[] parameters, @Nullable Calibration calibration) {
    this.id = id;
    this.configuration = manifest.configuration();
    this.preprocessing = manifest.preprocessing();
    this.levelOffset = manifest.levelOffset();
    this.training = manifest.training();
    this.provenance = manifest.provenance();
    this.parameters = parameters;
    this.calibration = calibration;
  }

  /** Writes a release that no training run on a stream made. */
  public static Release write(
      Path file,
      ModelConfiguration configuration,
      float[] parameters,
      Optional<Calibration> calibration,
      TrainingRecord training)
      throws IOException {
    return write(file, configuration, parameters, calibration, training, Optional.empty());
  }

  /**
   * Writes a release atomically and returns it with its id.
   *
   * @param parameters flat vector of {@link ParameterLayout}; copied
   * @param calibration empty for a release that scores but raises no alerts
   * @param provenance empty for a release that was not trained from a stream
   */
  public static Release write(
      Path file,
      ModelConfiguration configuration,
      float[] parameters,
      Optional<Calibration> calibration,
      TrainingRecord training,
      Optional<Provenance> provenance)
      throws IOException {
    return write(
        file,
        configuration,
        Preprocessing.resizing(configuration.shape()),
        parameters,
        calibration,
        training,
        provenance);
  }

  /** Writes a release that takes pictures in another way than by resizing them. */
  public static Release write(
      Path file,
      ModelConfiguration configuration,
      Preprocessing preprocessing,
      float[] parameters,
      Optional<Calibration> calibration,
      TrainingRecord training,
      Optional<Provenance> provenance)
      throws IOException {
    return write(
        file,
        configuration,
        preprocessing,
        preprocessing.tiling().isPresent()
            ? FirstLook.levelOffset(NoiseSchedule.of(configuration, parameters))
            : DEFAULT_LEVEL_OFFSET,
        parameters.clone(),
        calibration.orElse(null),
        training,
        provenance.orElse(null));
  }

  private static Release write(
      Path file,
      ModelConfiguration configuration,
      Preprocessing preprocessing,
      double levelOffset,
      float[] parameters,
      @Nullable Calibration calibration,
      TrainingRecord training,
      @Nullable Provenance provenance)
      throws IOException {
    Map<String, Safetensors.Tensor> tensors =
        NamedParameters.split(ParameterLayout.of(configuration), parameters);
    CalibrationManifest calibrationManifest = null;
    if (calibration != null) {
      calibrationManifest = CalibrationManifest.of(calibration);
      CalibrationManifest.put(tensors, calibration);
    }
    Manifest manifest =
        new Manifest(
            ReleaseFormat.of(preprocessing, calibration),
            configuration,
            preprocessing,
            levelOffset,
            calibrationManifest,
            training,
            provenance);
    String text = JSON.writeValueAsString(manifest);
    Map<String, String> metadata =
        Map.of(
            "format",
            "pt",
            MANIFEST,
            text,
            MANIFEST_HASH,
            Sha256.hex(text.getBytes(StandardCharsets.UTF_8)),
            TENSOR_HASH,
            tensorHash(tensors));
    String id = Safetensors.write(file, metadata, tensors).sha256();
    return new Release(id, manifest, parameters, calibration);
  }

  /** Writes this release with another calibration; all else stays. */
  public Release recalibrated(Path file, Calibration newCalibration) throws IOException {
    return write(
        file,
        configuration,
        preprocessing,
        levelOffset,
        parameters,
        newCalibration,
        training,
        provenance);
  }

  /** An untrained, uncalibrated release: its network is ε̂ = z exactly. */
  public static Release untrained(Path file, ModelConfiguration configuration, long seed)
      throws IOException {
    TrainingRecord training =
        new TrainingRecord(0, 0, 0, seed, "none", 0, 0, Map.of(), Double.NaN, false, List.of());
    return write(
        file,
        configuration,
        InitialParameters.draw(configuration, seed),
        Optional.empty(),
        training);
  }

  /**
   * Reads and verifies a release: format, names and shapes of all tensors, the hashes of tensors
   * and metadata, and that every number is finite.
   *
   * @throws ReleaseException naming the file and what is wrong with it
   * @throws java.nio.file.NoSuchFileException if there is no such file
   */
  public static Release load(Path file) throws IOException {
    return decode(file, Safetensors.read(file));
  }

  /** Verifies the bytes of a file in the same way; the name is for what is said of it. */
  public static Release decode(String name, byte[] bytes) throws ReleaseException {
    return decode(Path.of(name), Safetensors.decode(name, bytes));
  }

  static Release decode(Path file, Safetensors content) throws ReleaseException {
    Manifest manifest = manifest(file, content);
    ParameterLayout layout = layout(file, manifest.configuration());
    Map<String, Safetensors.Tensor> tensors = new LinkedHashMap<>(content.tensors());
    if (!tensorHash(tensors).equals(content.metadata().get(TENSOR_HASH))) {
      throw new ReleaseException(file + " is damaged: its tensors do not match their hash");
    }
    Calibration calibration;
    try {
      calibration =
          CalibrationManifest.take(
              tensors, manifest.calibration(), manifest.configuration().shape());
    } catch (IllegalArgumentException e) {
      throw new ReleaseException(file + " has an impossible " + e.getMessage(), e);
    }
    float[] parameters = NamedParameters.join(file.toString(), layout, tensors);
    return new Release(content.sha256(), manifest, parameters, calibration);
  }

  private static ParameterLayout layout(Path file, ModelConfiguration configuration)
      throws ReleaseException {
    try {
      return ParameterLayout.of(configuration);
    } catch (IllegalArgumentException e) {
      throw new ReleaseException(file + " has an impossible " + e.getMessage(), e);
    }
  }

  private static Manifest manifest(Path file, Safetensors content) throws ReleaseException {
    String text = content.metadata().get(MANIFEST);
    if (text == null) {
      throw new ReleaseException(
          file + " is a safetensors file but no Surprisal release: its metadata lacks " + MANIFEST);
    }
    try {
      JsonNode tree = JSON.readTree(text);
      if (tree.path("configuration") instanceof ObjectNode network
          && !network.has("attentionHeads")) {
        network.put("attentionHeads", 1); // the first releases had no choice
      }
      Manifest manifest = JSON.treeToValue(tree, Manifest.class);
      if (manifest == null) {
        throw new ReleaseException(file + " lacks its " + MANIFEST + " metadata");
      }
      ReleaseFormat.require(file, manifest.format());
      if (manifest.configuration() == null
          || manifest.preprocessing() == null
          || manifest.training() == null
          || !(manifest.levelOffset() >= 0 && manifest.levelOffset() < 1)) {
        throw new ReleaseException(file + " lacks parts of its " + MANIFEST + " metadata");
      }
      // The first releases had no such hash.
      String hash = content.metadata().get(MANIFEST_HASH);
      if (hash != null && !hash.equals(Sha256.hex(text.getBytes(StandardCharsets.UTF_8)))) {
        throw new ReleaseException(file + " is damaged: its metadata do not match their hash");
      }
      ModelConfiguration c = manifest.configuration();
      Preprocessing p = manifest.preprocessing();
      if (!p.shape().equals(c.shape())) {
        throw new ReleaseException(file + " prepares images as " + p + " for the network of " + c);
      }
      return manifest;
    } catch (JsonProcessingException e) {
      throw new ReleaseException(
          file + " has malformed " + MANIFEST + " metadata: " + e.getOriginalMessage(), e);
    }
  }

  static void requireFinite(Path file, String name, float[] values) throws ReleaseException {
    for (float value : values) {
      if (!Float.isFinite(value)) {
        throw new ReleaseException(file + ": " + name + " holds " + value + ", must be finite");
      }
    }
  }

  static String tensorHash(Map<String, Safetensors.Tensor> tensors) {
    MessageDigest digest = Sha256.digest();
    tensors.forEach(
        (name, tensor) -> {
          digest.update((name + tensor.shape()).getBytes(StandardCharsets.UTF_8));
          ByteBuffer bytes =
              ByteBuffer.allocate(4 * tensor.values().length).order(ByteOrder.LITTLE_ENDIAN);
          bytes.asFloatBuffer().put(tensor.values());
          digest.update(bytes);
        });
    return HexFormat.of().formatHex(digest.digest());
  }

  /** SHA-256 of the file, hexadecimal. */
  public String id() {
    return id;
  }

  public ModelConfiguration configuration() {
    return configuration;
  }

  public Preprocessing preprocessing() {
    return preprocessing;
  }

  /** u in [0, 1): the offset of the noise levels t_i = (u + i/K) mod 1. */
  public double levelOffset() {
    return levelOffset;
  }

  /** A copy of the flat parameter vector, laid out as {@link ParameterLayout} says. */
  public float[] parameters() {
    return parameters.clone();
  }

  public Optional<Calibration> calibration() {
    return Optional.ofNullable(calibration);
  }

  public TrainingRecord training() {
    return training;
  }

  /** Empty for a release that was not trained from a stream. */
  public Optional<Provenance> provenance() {
    return Optional.ofNullable(provenance);
  }
}
