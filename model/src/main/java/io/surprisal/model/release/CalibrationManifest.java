package io.surprisal.model.release;

import io.surprisal.model.diffusion.GaussianModel;
import io.surprisal.model.images.ImageShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a release's metadata hold of a calibration; what is long is a tensor beside them. */
record CalibrationManifest(
    int evaluations,
    String precision,
    List<Calibration.Correction> corrections,
    List<LossProfile.Point> lossProfile,
    @Nullable ControlVariate control,
    @Nullable Typicality typicality,
    @Nullable GaussianManifest gaussian,
    @Nullable LocalNormal local,
    @Nullable List<String> sources) {
  private static final String SCORES = "calibration.bitsPerDim";
  private static final String UNTYPICALITY = "calibration.untypicality";
  private static final String GAUSSIAN = "calibration.gaussian";
  private static final String LOCALITY = "calibration.locality";
  private static final String SOURCES = "calibration.sources";

  /** A Gaussian without its mean and directions, which are the rows of a tensor. */
  record GaussianManifest(
      ImageShape shape, List<Double> variances, double otherVariance, Typicality distance) {

    @Nullable
    static GaussianManifest ofNullable(@Nullable NormalGaussian normal) {
      return normal == null
          ? null
          : new GaussianManifest(
              normal.shape(),
              Arrays.stream(normal.gaussian().variances()).boxed().toList(),
              normal.gaussian().otherVariance(),
              normal.distance());
    }

    NormalGaussian with(float[][] rows) {
      return new NormalGaussian(
          shape,
          new GaussianModel(
              rows[0],
              Arrays.copyOfRange(rows, 1, rows.length),
              variances.stream().mapToDouble(v -> v).toArray(),
              otherVariance),
          distance);
    }
  }

  // Earlier releases have none.
  CalibrationManifest {
    lossProfile = lossProfile == null ? List.of() : lossProfile;
  }

  static CalibrationManifest of(Calibration calibration) {
    return new CalibrationManifest(
        calibration.evaluations(),
        calibration.precision(),
        calibration.corrections(),
        calibration.lossProfile().points(),
        calibration.control().orElse(null),
        calibration.typicality().orElse(null),
        GaussianManifest.ofNullable(
            calibration.typicality().flatMap(Typicality::gaussian).orElse(null)),
        calibration.local().orElse(null),
        calibration.sources().names().isEmpty() ? null : calibration.sources().names());
  }

  /** Adds what is long of a calibration. */
  static void put(Map<String, Safetensors.Tensor> tensors, Calibration calibration) {
    tensors.put(SCORES, vector(calibration.bitsPerDim()));
    calibration
        .typicality()
        .ifPresent(
            typicality -> {
              tensors.put(UNTYPICALITY, vector(calibration.untypicality()));
              typicality.gaussian().ifPresent(normal -> tensors.put(GAUSSIAN, rows(normal)));
            });
    if (calibration.local().isPresent()) {
      tensors.put(LOCALITY, vector(calibration.locality()));
    }
    if (!calibration.sources().names().isEmpty()) {
      tensors.put(SOURCES, vector(floats(calibration.sources().of())));
    }
  }

  private static Safetensors.Tensor vector(float[] values) {
    return new Safetensors.Tensor(List.of(values.length), values);
  }

  private static Safetensors.Tensor rows(NormalGaussian normal) {
    List<float[]> rows = new ArrayList<>(List.of(normal.gaussian().mean()));
    rows.addAll(List.of(normal.gaussian().directions()));
    int columns = rows.get(0).length;
    float[] values = new float[rows.size() * columns];
    for (int row = 0; row < rows.size(); row++) {
      System.arraycopy(rows.get(row), 0, values, row * columns, columns);
    }
    return new Safetensors.Tensor(List.of(rows.size(), columns), values);
  }

  /**
   * Takes what is a calibration's out of a release's tensors.
   *
   * @param manifest null where the release has none
   * @param images shape of the release's
   * @return null where the release has none
   * @throws IllegalArgumentException if a part is missing, or a number impossible
   */
  static @Nullable Calibration take(
      Map<String, Safetensors.Tensor> tensors,
      @Nullable CalibrationManifest manifest,
      ImageShape images) {
    Safetensors.Tensor scores = tensors.remove(SCORES);
    float[] untypicality = values(tensors.remove(UNTYPICALITY));
    float[] locality = values(tensors.remove(LOCALITY));
    float[] sources = values(tensors.remove(SOURCES));
    Safetensors.Tensor gaussian = tensors.remove(GAUSSIAN);
    if (manifest == null) {
      return null;
    }
    if (scores == null || scores.values().length == 0) {
      throw new IllegalArgumentException("calibration: it lacks " + SCORES);
    }
    return new Calibration(
        manifest.evaluations,
        manifest.precision,
        new CalibrationScores(scores.values(), untypicality, locality, manifest.sourcesOf(sources)),
        manifest.corrections,
        new LossProfile(manifest.lossProfile),
        Optional.ofNullable(manifest.control),
        Optional.ofNullable(manifest.typical(gaussian, images)),
        Optional.ofNullable(manifest.local));
  }

  private CalibrationSources sourcesOf(float[] positions) {
    if (sources == null) {
      return CalibrationSources.UNKNOWN;
    }
    int[] of = new int[positions.length];
    for (int i = 0; i < of.length; i++) {
      of[i] = (int) positions[i];
      if (of[i] != positions[i]) {
        throw new IllegalArgumentException("calibration: source " + positions[i]);
      }
    }
    if (of.length == 0) {
      throw new IllegalArgumentException("calibration: it lacks " + SOURCES);
    }
    return new CalibrationSources(sources, of);
  }

  private static float[] floats(int[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values[i];
    }
    return floats;
  }

  private @Nullable Typicality typical(Safetensors.@Nullable Tensor rows, ImageShape images) {
    if (typicality == null || gaussian == null) {
      return typicality;
    }
    if (rows == null
        || rows.shape().size() != 2
        || !NormalGaussian.reduced(images).equals(gaussian.shape())
        || gaussian.variances() == null
        || gaussian.variances().stream().anyMatch(Objects::isNull)
        || gaussian.distance() == null
        || rows.shape().get(0) != gaussian.variances().size() + 1) {
      throw new IllegalArgumentException(
          "calibration: its Gaussian lacks a part, or is of other images");
    }
    int columns = rows.shape().get(1);
    float[][] of = new float[rows.shape().get(0)][];
    for (int row = 0; row < of.length; row++) {
      of[row] = Arrays.copyOfRange(rows.values(), row * columns, (row + 1) * columns);
    }
    return typicality.with(gaussian.with(of));
  }

  private static float[] values(Safetensors.@Nullable Tensor tensor) {
    return tensor == null ? new float[0] : tensor.values();
  }
}
