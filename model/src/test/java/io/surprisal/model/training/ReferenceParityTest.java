package io.surprisal.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.surprisal.model.diffusion.AncestralSampler;
import io.surprisal.model.diffusion.Denoiser;
import io.surprisal.model.diffusion.DiffusionTime;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.diffusion.VariationalBound;
import io.surprisal.model.imports.Origin;
import io.surprisal.model.network.LikelihoodNetwork;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.release.Safetensors;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;

/**
 * Import, network, bound, gradient, sampler and training against what two implementations that
 * nobody here wrote made of the same parameters, images, times and noise, in double precision.
 *
 * <p>{@code -Dparity.dir=FOLDER} names another set of the same format, or a folder of such sets.
 * How near each check came is in {@code target/parity.txt}.
 */
class ReferenceParityTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ParityReport REPORT = new ParityReport();

  private static final double EPSILON_FOURIER = 3e-4;
  private static final double EPSILON_FOURIER_RMS = 5e-5;
  private static final double EPSILON_PLAIN = 2e-5;
  private static final double NOISY = 1e-6;
  private static final double GAMMA = 1e-9;
  private static final double LOSS = 5e-6;
  private static final double GRADIENT = 1e-4;

  /**
   * What single precision leaves of a gradient that is a small difference, over the norm of all.
   */
  private static final double SCHEDULE_GRADIENT = 1e-5;

  /** Bits/dim below which single precision does not tell a sum over an image from rounding. */
  private static final double TINY = 2e-8;

  private static final float STEP_T = 0.8f;
  private static final float STEP_S = 0.6f;
  private static final int CHAIN = 8;

  @AfterAll
  static void writeReport() throws IOException {
    REPORT.write(Path.of("target", "parity.txt"));
  }

  @TestFactory
  Stream<DynamicNode> shouldAgreeWithTheReference() throws Exception {
    List<Path> sets = sets(root());
    assertThat(sets).as("folders with a manifest.json under " + root()).isNotEmpty();
    List<DynamicNode> nodes = new ArrayList<>();
    for (Path set : sets) {
      nodes.addAll(configurations(set));
      nodes.addAll(trainings(set));
    }
    assertThat(nodes).as("configurations in " + sets).isNotEmpty();
    return nodes.stream();
  }

  private static Path root() throws URISyntaxException {
    String named = System.getProperty("parity.dir", "");
    if (named.isBlank()) {
      return Path.of(ReferenceParityTest.class.getResource("/parity").toURI());
    }
    Path folder = Path.of(named);
    // Maven is started a folder above the one that tests run in.
    return folder.isAbsolute() || Files.exists(folder) ? folder : Path.of("..").resolve(folder);
  }

  private static List<Path> sets(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(file -> isManifest(file.getFileName().toString()))
          .map(Path::getParent)
          .distinct()
          .sorted()
          .toList();
    }
  }

  private static boolean isManifest(String name) {
    return name.equals("manifest.json") || isTrainingManifest(name);
  }

  private static boolean isTrainingManifest(String name) {
    return name.startsWith("train") && name.endsWith("_manifest.json");
  }

  private static List<DynamicNode> configurations(Path set) throws IOException {
    Path manifest = set.resolve("manifest.json");
    if (!Files.exists(manifest)) {
      return List.of();
    }
    List<DynamicNode> nodes = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry :
        JSON.readTree(manifest.toFile()).path("configs").properties()) {
      String id = entry.getKey();
      nodes.add(dynamicContainer(id, checks(set, id, entry.getValue())));
    }
    assertThat(nodes).as("configurations in " + manifest).isNotEmpty();
    return nodes;
  }

  private static List<DynamicNode> trainings(Path set) throws IOException {
    List<DynamicNode> nodes = new ArrayList<>();
    try (Stream<Path> files = Files.list(set)) {
      for (Path manifest : files.sorted().toList()) {
        String name = manifest.getFileName().toString();
        if (isTrainingManifest(name)) {
          nodes.add(training(set, name.replace("_manifest.json", ""), manifest));
        }
      }
    }
    return nodes;
  }

  private static DynamicNode training(Path set, String id, Path manifest) throws IOException {
    JsonNode node = JSON.readTree(manifest.toFile());
    List<DynamicNode> variants = new ArrayList<>();
    for (Map.Entry<String, JsonNode> variant : node.path("variants").properties()) {
      String name = variant.getKey();
      if (name.equals("f32")) {
        continue; // its rounding is its own
      }
      variants.add(
          dynamicTest(
              id + ": trains by the rules " + name,
              () ->
                  new ParityTraining(id, trainingTensors(set, id, node), node)
                      .follow(name, REPORT)));
    }
    assertThat(variants).as("variants in " + manifest).isNotEmpty();
    return dynamicContainer(id, variants);
  }

  private static Path trainingTensors(Path set, String id, JsonNode manifest) throws IOException {
    if (manifest.has("file")) {
      return set.resolve(manifest.path("file").asText());
    }
    try (Stream<Path> files = Files.list(set)) {
      List<Path> candidates =
          files
              .filter(file -> file.getFileName().toString().matches(id + "(_.*)?\\.safetensors"))
              .toList();
      assertThat(candidates).as("tensors of " + id + " in " + set).hasSize(1);
      return candidates.get(0);
    }
  }

  /** One check of a configuration. */
  @FunctionalInterface
  private interface Check {
    void run(ParityCase parity) throws Exception;
  }

  private static Stream<DynamicNode> checks(Path set, String id, JsonNode entry) {
    return Stream.of(entry)
        .flatMap(
            node -> {
              ParityCase parity;
              try {
                parity = ParityCase.read(set, id, node);
              } catch (IOException | RuntimeException e) {
                return Stream.of(failing(id + ": is read and imported", e));
              }
              return checks(parity);
            });
  }

  private static DynamicNode failing(String name, Exception e) {
    return dynamicTest(
        name,
        () -> {
          throw e;
        });
  }

  private static Stream<DynamicNode> checks(ParityCase parity) {
    List<DynamicNode> checks = new ArrayList<>();
    add(checks, parity, "imports every parameter and gives it back", ReferenceParityTest::names);
    add(checks, parity, "predicts the noise", ReferenceParityTest::epsilon);
    add(checks, parity, "has the noise schedule", ReferenceParityTest::schedule);
    add(checks, parity, "makes z_t", ReferenceParityTest::noisy);
    for (ParityCase.Loss loss : parity.losses()) {
      add(checks, parity, "has the bound's terms in " + loss.name(), p -> terms(p, loss));
      if (loss.steps() == 0 || loss.gradientNorm().isPresent()) {
        add(checks, parity, "has the gradient in " + loss.name(), p -> gradient(p, loss));
      }
    }
    if (parity.origin() == Origin.VDM_FLAX) {
      add(checks, parity, "takes the ancestral step", ReferenceParityTest::flaxStep);
    } else {
      for (int clip = 0; clip <= 1; clip++) {
        boolean clipped = clip == 1;
        String how = clipped ? "clipped" : "plain";
        add(checks, parity, "takes the ancestral step, " + how, p -> pytorchStep(p, clipped));
        add(checks, parity, "takes a chain of eight steps, " + how, p -> chain(p, clipped));
      }
    }
    add(checks, parity, "leaves nothing unchecked", ReferenceParityTest::everything);
    return checks.stream();
  }

  private static void add(List<DynamicNode> checks, ParityCase parity, String what, Check check) {
    Executable executable = () -> check.run(parity);
    checks.add(dynamicTest(parity.id() + ": " + what, executable));
  }

  // What is checked.

  private static void names(ParityCase parity) {
    Map<String, Safetensors.Tensor> given = parity.tensors().under("param.");
    Map<String, Safetensors.Tensor> back = parity.layout().split(parity.model().parameters());
    assertThat(back.keySet()).isEqualTo(given.keySet());
    given.forEach(
        (name, tensor) -> assertThat(back.get(name).values()).as(name).isEqualTo(tensor.values()));
  }

  private static void epsilon(ParityCase parity) {
    double[] actual =
        predicting(
            parity,
            (denoiser, manager) ->
                denoiser.predictNoise(
                    images(manager, parity, "z_t.f64"),
                    manager.create(parity.tensors().get("gamma_t.f64").floats())));
    double[] expected = parity.images("eps_hat.f64");
    REPORT.judge(
        parity.id(), "ε̂", ParityReport.largest(actual, expected), epsilonTolerance(parity));
    double sum = 0;
    for (int i = 0; i < actual.length; i++) {
      sum += Math.pow(actual[i] - expected[i], 2);
    }
    double rms = Math.sqrt(sum / actual.length);
    REPORT.judge(parity.id(), "ε̂, root mean square", rms, EPSILON_FOURIER_RMS);
  }

  private static double epsilonTolerance(ParityCase parity) {
    return parity.configuration().fourierExponents().isEmpty() ? EPSILON_PLAIN : EPSILON_FOURIER;
  }

  private static void schedule(ParityCase parity) {
    NoiseSchedule schedule = scheduleOf(parity);
    String id = parity.id();
    double[] times = parity.times();
    REPORT.judge(
        id, "γ", schedule.gamma(times), parity.tensors().get("gamma_t.f64").values(), GAMMA, GAMMA);
    for (ParityCase.Loss loss : parity.losses()) {
      DiffusionTime time = new DiffusionTime(loss.steps());
      double[] at = Arrays.stream(times).map(time::at).toArray();
      String in = " in " + loss.name();
      loss.values("gamma_t")
          .ifPresent(e -> REPORT.judge(id, "γ" + in, schedule.gamma(at), e, GAMMA, GAMMA));
      double[] before = Arrays.stream(at).map(time::before).toArray();
      loss.values("gamma_s")
          .ifPresent(e -> REPORT.judge(id, "γ_s" + in, schedule.gamma(before), e, GAMMA, GAMMA));
      double[] slope = Arrays.stream(at).map(schedule::derivative).toArray();
      loss.values("dgamma_dt").ifPresent(e -> REPORT.judge(id, "γ′" + in, slope, e, GAMMA, GAMMA));
    }
    JsonNode scalars = parity.entry().path("scalars");
    double[] ends = {schedule.gammaAtZero(), schedule.gammaAtOne()};
    JsonNode pytorch = scalars.path("f64");
    if (pytorch.has("gamma_0")) {
      double[] expected = {pytorch.path("gamma_0").asDouble(), pytorch.path("gamma_1").asDouble()};
      REPORT.judge(id, "γ(0) and γ(1)", ends, expected, GAMMA, GAMMA);
    }
    JsonNode flax = scalars.path("cont");
    if (flax.has("var_0")) {
      double[] variances = Arrays.stream(ends).map(g -> 1 / (1 + Math.exp(-g))).toArray();
      double[] expected = {flax.path("var_0").asDouble(), flax.path("var_1").asDouble()};
      REPORT.judge(id, "σ²(0) and σ²(1)", variances, expected, GAMMA, 0);
    }
  }

  private static void noisy(ParityCase parity) {
    NoiseSchedule schedule = scheduleOf(parity);
    double[] actual =
        predicting(
            parity,
            (denoiser, manager) ->
                VariationalBound.noisy(
                    VariationalBound.scale(images(manager, parity, "img_u8")),
                    manager.create(schedule.gamma(parity.times())),
                    images(manager, parity, "eps")));
    double deviation = ParityReport.largest(actual, parity.images("z_t.f64"));
    REPORT.judge(parity.id(), "z_t", deviation, NOISY);
  }

  private static void terms(ParityCase parity, ParityCase.Loss loss) {
    NoiseSchedule schedule = scheduleOf(parity);
    DiffusionTime time = new DiffusionTime(loss.steps());
    double[] at = Arrays.stream(parity.times()).map(time::at).toArray();
    double[] prior =
        bits(parity, (d, m) -> VariationalBound.prior(scaled(m, parity), one(m, schedule, 1)));
    double[] reconstruction =
        bits(
            parity,
            (d, m) ->
                VariationalBound.reconstruction(
                    images(m, parity, "img_u8"), images(m, parity, "eps_0"), one(m, schedule, 0)));
    double[] diffusion =
        bits(
            parity,
            (denoiser, m) ->
                VariationalBound.squaredError(
                    denoiser,
                    scaled(m, parity),
                    m.create(schedule.gamma(at)),
                    images(m, parity, "eps")));
    double[] total = new double[at.length];
    for (int i = 0; i < at.length; i++) {
      diffusion[i] *= time.weight(schedule, at[i]);
      total[i] = prior[i] + reconstruction[i] + diffusion[i];
    }
    String in = " in " + loss.name();
    judge(parity, loss, "prior", in, prior);
    judge(parity, loss, "recon", in, reconstruction);
    judge(parity, loss, "diff", in, diffusion);
    judge(parity, loss, "total", in, total);
    double mean = Arrays.stream(total).average().orElseThrow();
    loss.meanBitsPerDim()
        .ifPresent(
            expected ->
                REPORT.judge(
                    parity.id(),
                    "mean bound" + in + ", relative",
                    Math.abs(mean / expected - 1),
                    LOSS));
    assertThat(loss.values("diff")).as("diffusion terms").isPresent();
  }

  private static void judge(
      ParityCase parity, ParityCase.Loss loss, String term, String in, double[] actual) {
    loss.values(term)
        .ifPresent(expected -> REPORT.judge(parity.id(), term + in, actual, expected, LOSS, TINY));
  }

  private static void gradient(ParityCase parity, ParityCase.Loss loss) {
    Set<String> given =
        loss.steps() == 0 ? parity.tensors().under("grad.").keySet() : new TreeSet<>();
    if (given.isEmpty() && loss.gradientNorms().isEmpty() && loss.gradientNorm().isEmpty()) {
      abort("the fixture has no gradients");
    }
    MeanGradient actual = meanGradient(parity, loss.steps());
    String in = " in " + loss.name();
    String id = parity.id();
    loss.meanBitsPerDim()
        .ifPresent(
            expected ->
                REPORT.judge(
                    id,
                    "training loss" + in + ", relative",
                    Math.abs(actual.bitsPerDim() / expected - 1),
                    LOSS));
    double norm = ParityReport.norm(actual.flat());
    loss.gradientNorm()
        .ifPresent(
            expected ->
                REPORT.judge(
                    id,
                    "gradient norm" + in + ", relative",
                    Math.abs(norm / expected - 1),
                    GRADIENT));
    double worst = 0;
    double worstNorm = 0;
    Map<String, Safetensors.Tensor> tensors = parity.layout().split(actual.flat());
    for (Map.Entry<String, Safetensors.Tensor> tensor : tensors.entrySet()) {
      float[] values = tensor.getValue().values();
      Double expectedNorm = loss.gradientNorms().get(tensor.getKey());
      assertThat(expectedNorm != null || given.contains(tensor.getKey()))
          .as("the fixture has the gradient of %s or its norm", tensor.getKey())
          .isTrue();
      if (expectedNorm != null) {
        double difference = Math.abs(ParityReport.norm(values) - expectedNorm);
        worstNorm = Math.max(worstNorm, difference);
        assertThat(difference)
            .as("norm of the gradient of " + tensor.getKey())
            .isLessThanOrEqualTo(GRADIENT * norm);
      }
      if (given.contains(tensor.getKey())) {
        float[] expected = parity.tensors().get("grad." + tensor.getKey()).floats();
        double difference = ParityReport.distance(values, expected);
        worst = Math.max(worst, difference);
        assertThat(difference)
            .as("gradient of " + tensor.getKey())
            .isLessThanOrEqualTo(GRADIENT * norm);
      }
    }
    REPORT.judge(id, "norm of each gradient" + in + ", over all", worstNorm / norm, GRADIENT);
    REPORT.judge(id, "each gradient" + in + ", over all", worst / norm, GRADIENT);
    loss.scheduleGradients()
        .forEach(
            (name, expected) ->
                REPORT.judge(
                    id,
                    "gradient of " + name + in,
                    doubles(tensors.get(name).values()),
                    expected,
                    GRADIENT,
                    SCHEDULE_GRADIENT * norm));
    assertThat(tensors.keySet()).as("tensors with a gradient").containsAll(given);
    assertThat(tensors.keySet()).containsAll(loss.gradientNorms().keySet());
  }

  private static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    Arrays.setAll(doubles, i -> values[i]);
    return doubles;
  }

  private static void pytorchStep(ParityCase parity, boolean clip) {
    double[] expected = parity.images("step_z_s_clip" + (clip ? 1 : 0) + ".f64");
    String what = "z_s, " + (clip ? "clipped" : "plain");
    step(parity, what, STEP_T, STEP_S, clip, expected);
  }

  private static void flaxStep(ParityCase parity) {
    JsonNode step = parity.entry().path("ancestral_step");
    double steps = step.path("T").asInt();
    int i = step.path("i").asInt();
    double[] expected = parity.images("step_z_s.f64");
    step(parity, "z_s", (steps - i) / steps, (steps - i - 1) / steps, false, expected);
  }

  private static void step(
      ParityCase parity, String what, double t, double s, boolean clip, double[] expected) {
    double[] actual =
        predicting(
            parity,
            (denoiser, manager) ->
                AncestralSampler.step(
                    scheduleOf(parity),
                    denoiser,
                    images(manager, parity, "step_z_t"),
                    t,
                    s,
                    images(manager, parity, "step_noise"),
                    clip));
    double deviation = ParityReport.largest(actual, expected);
    REPORT.judge(parity.id(), what, deviation, epsilonTolerance(parity));
  }

  /**
   * A pixel may differ where z₀/α₀ lies within rounding of the border between two levels. The
   * manifest tells for how many pixels that made a difference between the implementation's own two
   * precisions; twice that and a two-thousandth of all pixels are allowed, by one level each.
   */
  private static void chain(ParityCase parity, boolean clip) {
    String name = "chain8_clip" + (clip ? 1 : 0) + "_u8";
    if (!parity.tensors().has(name + ".f64")) {
      abort("the fixture has no " + name);
    }
    int admitted = parity.entry().path("chain8_f32_f64_pixel_mismatch").path(name).asInt(0);
    if (admitted == 0 && !parity.configuration().fourierExponents().isEmpty()) {
      abort("whole chains of a network with Fourier features diverge in single precision");
    }
    NoiseSchedule schedule = scheduleOf(parity);
    double[] actual =
        predicting(
            parity,
            (denoiser, manager) -> {
              NDArray[] given = chainInputs(manager, parity);
              NDArray z = given[0];
              for (int step = 0; step < CHAIN; step++) {
                double t = (CHAIN - step) / (double) CHAIN;
                double s = (CHAIN - step - 1) / (double) CHAIN;
                z = AncestralSampler.step(schedule, denoiser, z, t, s, given[1 + step], clip);
              }
              return AncestralSampler.levels(z, schedule.gammaAtZero());
            });
    double[] expected = parity.images(name + ".f64");
    int different = 0;
    for (int i = 0; i < actual.length; i++) {
      different += actual[i] == expected[i] ? 0 : 1;
    }
    int allowed = 2 * admitted + expected.length / 2000;
    REPORT.judge(parity.id(), name + ", different pixels", different, allowed);
    if (admitted == 0) {
      double largest = ParityReport.largest(actual, expected);
      REPORT.judge(parity.id(), name + ", largest difference in levels", largest, 1);
    }
  }

  private static NDArray[] chainInputs(NDManager manager, ParityCase parity) {
    double[] all = parity.images("chain8_z1_and_noise");
    int size = all.length / (CHAIN + 1);
    NDArray[] inputs = new NDArray[CHAIN + 1];
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] =
          manager.create(
              ParityReport.floats(Arrays.copyOfRange(all, i * size, (i + 1) * size)),
              shape(parity, size));
    }
    return inputs;
  }

  /** Names the tensors of a fixture that no check reads. */
  private static void everything(ParityCase parity) {
    TreeSet<String> left = parity.tensors().names();
    left.removeIf(
        name ->
            name.startsWith("param.")
                || name.startsWith("grad.")
                || name.endsWith(".f32") // the implementation's own rounding
                || name.matches("(img_u8|t|u0|eps|eps_0|step_z_t|step_noise|chain8_z1_and_noise)")
                || name.matches("(z_t|eps_hat|gamma_t|step_z_s(_clip[01])?)\\.f64")
                || name.matches("chain8_clip[01]_u8\\.f64")
                // Pixel by pixel what the reconstruction term sums up.
                || name.matches("(z0_rescaled|logp_x_given_z0)\\.f64"));
    if (!left.isEmpty()) {
      abort("no check reads " + left);
    }
  }

  // How it is computed.

  /** Computes an array with the model of a fixture. */
  @FunctionalInterface
  private interface Computation {
    NDArray compute(Denoiser denoiser, NDManager manager);
  }

  private static double[] predicting(ParityCase parity, Computation computation) {
    ModelConfiguration c = parity.configuration();
    float[] parameters = parity.model().parameters();
    int split = ParameterLayout.of(c).scheduleSize();
    try (LikelihoodNetwork network = new LikelihoodNetwork(c, Device.cpu(), false);
        NDManager manager = network.manager().newSubManager()) {
      NDArray own = manager.create(Arrays.copyOfRange(parameters, split, parameters.length));
      Denoiser denoiser =
          (z, gamma) -> {
            double[] conditioning = parity.conditioning((int) z.getShape().get(0));
            return network.predict(
                z, gamma, manager.create(ParityReport.floats(conditioning)), own);
          };
      return computation.compute(denoiser, manager).toType(DataType.FLOAT64, false).toDoubleArray();
    }
  }

  /** The same in bits/dim where the array is nats. */
  private static double[] bits(ParityCase parity, Computation computation) {
    double nats = parity.configuration().dimensions() * Math.log(2);
    return Arrays.stream(predicting(parity, computation)).map(value -> value / nats).toArray();
  }

  private static NDArray images(NDManager manager, ParityCase parity, String name) {
    float[] values = ParityReport.floats(parity.images(name));
    return manager.create(values, shape(parity, values.length));
  }

  private static Shape shape(ParityCase parity, int elements) {
    ModelConfiguration c = parity.configuration();
    return new Shape(elements / c.dimensions(), c.channels(), c.height(), c.width());
  }

  private static NDArray scaled(NDManager manager, ParityCase parity) {
    return VariationalBound.scale(images(manager, parity, "img_u8"));
  }

  private static NDArray one(NDManager manager, NoiseSchedule schedule, double t) {
    return manager.create(new float[] {(float) schedule.gamma(t)});
  }

  private static NoiseSchedule scheduleOf(ParityCase parity) {
    return NoiseSchedule.of(parity.configuration(), parity.model().parameters());
  }

  /** Mean bound of a batch and its gradient. */
  @SuppressWarnings("ArrayRecordComponent") // read, never compared
  private record MeanGradient(double bitsPerDim, float[] flat) {}

  /**
   * The trainer's gradient. A trainer conditions on 0; where a fixture does not, each image has a
   * trainer of its own whose first bias takes the conditioning in.
   */
  private static MeanGradient meanGradient(ParityCase parity, int steps) {
    int batch = parity.tensors().get("img_u8").shape().get(0);
    double[] conditioning = parity.conditioning(batch);
    if (Arrays.stream(conditioning).allMatch(value -> value == 0)) {
      return gradient(parity, steps, 0, batch, 0);
    }
    double bitsPerDim = 0;
    float[] flat = new float[parity.model().parameters().length];
    for (int i = 0; i < batch; i++) {
      MeanGradient image = gradient(parity, steps, i, i + 1, conditioning[i]);
      bitsPerDim += image.bitsPerDim() / batch;
      for (int p = 0; p < flat.length; p++) {
        flat[p] += image.flat()[p] / batch;
      }
    }
    return new MeanGradient(bitsPerDim, flat);
  }

  private static MeanGradient gradient(
      ParityCase parity, int steps, int from, int to, double conditioning) {
    ModelConfiguration c = ParityCase.withoutDropout(parity.configuration());
    FitConfiguration fit =
        FitConfiguration.named("reference-small").with(Map.of("timesteps", steps));
    float[] parameters = parity.model().parameters().clone();
    ConditioningColumn column = new ConditioningColumn(c);
    column.intoBias(parameters, conditioning);
    ModelTrainer.State state =
        new ModelTrainer.State(
            0, parameters, parameters, new float[parameters.length], new float[parameters.length]);
    try (ModelTrainer trainer = new ModelTrainer(c, fit, Device.cpu(), 1, 1, state);
        NDManager manager = NDManager.newBaseManager(Device.cpu())) {
      String range = from + ":" + to;
      BatchGradient.Gradient gradient =
          trainer.gradient(
              manager,
              images(manager, parity, "img_u8").get(range),
              Arrays.copyOfRange(parity.times(), from, to),
              images(manager, parity, "eps").get(range),
              images(manager, parity, "eps_0").get(range));
      float[] flat = gradient.flat().toFloatArray();
      column.ofBias(flat, conditioning);
      return new MeanGradient(gradient.bitsPerDim(), flat);
    }
  }

  /**
   * The column of the first dense weight that a conditioning value c is multiplied by: W [e, c] + b
   * = W [e, 0] + (b + c w).
   */
  private record ConditioningColumn(ModelConfiguration configuration) {

    void intoBias(float[] parameters, double conditioning) {
      forEach((weight, bias) -> parameters[bias] += (float) (conditioning * parameters[weight]));
    }

    void ofBias(float[] gradient, double conditioning) {
      forEach((weight, bias) -> gradient[weight] += (float) (conditioning * gradient[bias]));
    }

    private interface Pair {
      void accept(int weight, int bias);
    }

    private void forEach(Pair pair) {
      if (!configuration.conditioningInput()) {
        return;
      }
      Map<String, ParameterLayout.Entry> entries = new HashMap<>();
      ParameterLayout.of(configuration).entries().forEach(e -> entries.put(e.name(), e));
      ParameterLayout.Entry weight = entries.get("network.condition.0.weight");
      ParameterLayout.Entry bias = entries.get("network.condition.0.bias");
      int columns = weight.shape().get(1);
      for (int row = 0; row < bias.size(); row++) {
        pair.accept(weight.offset() + row * columns + columns - 1, bias.offset() + row);
      }
    }
  }
}
