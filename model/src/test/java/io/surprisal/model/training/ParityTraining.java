package io.surprisal.model.training;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.model.ParityTensors;
import io.surprisal.model.imports.ForeignLayout;
import io.surprisal.model.imports.ImageSize;
import io.surprisal.model.imports.ImportedModel;
import io.surprisal.model.imports.Origin;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.runtime.TorchRuntime;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A short training from given images, times and noise by another implementation, in double
 * precision, and the same by this one.
 */
final class ParityTraining {
  private static final double LOSS = 5e-6;
  private static final double GRADIENT = 1e-4;
  private static final double SCHEDULE = 2e-5;

  /** Of the way that the parameters went: AdamW makes of a tiny gradient a whole step. */
  private static final double PARAMETERS = 1e-3;

  private static final int OFFICIAL_WARMUP = 100;

  private final String id;
  private final JsonNode manifest;
  private final ParityTensors tensors;
  private final Origin origin;
  private final ImportedModel initial;
  private final int steps;
  private final int batch;

  ParityTraining(String id, Path file, JsonNode manifest) throws IOException {
    this.id = id;
    this.manifest = manifest;
    tensors = ParityTensors.read(file);
    origin = ParityCase.origin(tensors, "init.");
    List<Integer> shape = tensors.get("img_u8").shape(); // [steps, batch, …]
    steps = shape.get(0);
    batch = shape.get(1);
    int height = origin == Origin.VDM_FLAX ? 2 : 3;
    initial =
        ParityCase.imported(
            origin,
            file,
            tensors,
            "init.",
            manifest,
            Optional.of(new ImageSize(shape.get(height), shape.get(height + 1))));
  }

  /** How the implementation trained under a set of rules. */
  private FitConfiguration fit(boolean official) {
    JsonNode optimizer = manifest.path("optimizer");
    return FitConfiguration.named("reference-small")
        .with(
            Map.of(
                "batch",
                batch,
                "learningRate",
                optimizer.path("lr").asDouble(),
                "weightDecay",
                optimizer.path("weight_decay").asDouble(),
                "decayBiases",
                !official,
                "clipNorm",
                official ? 0 : optimizer.path("clip_global_norm").asDouble(),
                "warmupSteps",
                official ? OFFICIAL_WARMUP : 0,
                "decayFraction",
                0,
                "averageRate",
                optimizer.path("ema_rate").asDouble(),
                "averageRamp",
                false));
  }

  /** Takes the steps and judges each of them, and where they led. */
  void follow(String variant, ParityReport report) throws IOException {
    JsonNode expected = manifest.path("variants").path(variant);
    ForeignLayout layout = ForeignLayout.of(origin, initial.configuration());
    ModelConfiguration model = ParityCase.withoutDropout(initial.configuration());
    FitConfiguration fit = fit(variant.endsWith("official_rules"));
    float[] start = initial.parameters();
    ModelTrainer.State state =
        new ModelTrainer.State(0, start, start, new float[start.length], new float[start.length]);
    try (ModelTrainer trainer = new ModelTrainer(model, fit, Device.cpu(), 1, 1, state)) {
      double[] loss = new double[steps];
      double[] norm = new double[steps];
      double[] gammaB = new double[steps];
      double[] gammaW = new double[steps];
      for (int step = 0; step < steps; step++) {
        ModelTrainer.Step taken = step(trainer, step, fit.course().rate(step, 0));
        loss[step] = taken.bitsPerDim();
        norm[step] = taken.gradientNorm();
        float[] now = trainer.parameters();
        gammaB[step] = now[0];
        gammaW[step] = now[1];
      }
      String what = variant + ": ";
      report.judge(id, what + "loss", loss, of(expected, "loss"), LOSS, 0);
      report.judge(
          id, what + "gradient norm", norm, of(expected, "grad_norm_preclip"), GRADIENT, 0);
      if (expected.has("gamma_b")) {
        report.judge(id, what + "γ's b", gammaB, of(expected, "gamma_b"), 0, SCHEDULE);
        report.judge(id, what + "γ's w", gammaW, of(expected, "gamma_w"), 0, SCHEDULE);
      }
      judge(layout, "final_" + variant, start, trainer.parameters(), report);
      judge(layout, "ema_" + variant, start, trainer.averagedParameters(), report);
    }
  }

  private static double[] of(JsonNode expected, String name) {
    return ParityCase.numbers(expected.path(name));
  }

  private void judge(
      ForeignLayout layout, String name, float[] start, float[] actual, ParityReport report)
      throws IOException {
    float[] expected = layout.join(id, tensors.under(name + "."));
    double moved = ParityReport.distance(expected, start);
    report.judge(
        id,
        name + " parameters over the way they went",
        ParityReport.distance(actual, expected) / moved,
        PARAMETERS);
  }

  private ModelTrainer.Step step(ModelTrainer trainer, int step, double rate) {
    double[] times = tensors.get("t").values();
    try (NDManager manager = TorchRuntime.engine().newBaseManager(Device.cpu())) {
      return trainer.step(
          manager,
          images(manager, "img_u8", step),
          Arrays.copyOfRange(times, step * batch, (step + 1) * batch),
          images(manager, "eps", step),
          images(manager, "eps_0", step),
          rate);
    }
  }

  private NDArray images(NDManager manager, String name, int step) {
    ModelConfiguration c = initial.configuration();
    int size = batch * c.dimensions();
    double[] part = Arrays.copyOfRange(tensors.get(name).values(), step * size, (step + 1) * size);
    return manager.create(
        ParityReport.floats(ParityCase.images(origin, c, part)),
        new Shape(batch, c.channels(), c.height(), c.width()));
  }
}
