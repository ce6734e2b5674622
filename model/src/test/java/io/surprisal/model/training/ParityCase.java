package io.surprisal.model.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.surprisal.model.ParityTensors;
import io.surprisal.model.imports.ForeignLayout;
import io.surprisal.model.imports.ImageSize;
import io.surprisal.model.imports.ImportedModel;
import io.surprisal.model.imports.Origin;
import io.surprisal.model.network.ModelConfiguration;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;

/**
 * One configuration of a set of fixtures from another implementation, imported: its inputs, and
 * what the implementation made of them. Images are given as {@code [batch, channels, height,
 * width]} whatever their order in the file.
 */
@SuppressWarnings("ArrayRecordComponent") // read, never compared
record ParityCase(
    String id, Origin origin, JsonNode entry, ParityTensors tensors, ImportedModel model) {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern STEPS = Pattern.compile("T(\\d+)");

  /**
   * What the implementation says of the loss in continuous time or at T steps.
   *
   * @param steps T, 0 for continuous time
   * @param perImage bits/dim and noise levels of each image by name
   * @param meanBitsPerDim of the batch
   * @param gradientNorm of the mean loss, all parameters together
   * @param gradientNorms by tensor
   * @param scheduleGradients of the schedule's few numbers, with their signs, by tensor
   */
  record Loss(
      int steps,
      Map<String, double[]> perImage,
      Optional<Double> meanBitsPerDim,
      Optional<Double> gradientNorm,
      Map<String, Double> gradientNorms,
      Map<String, double[]> scheduleGradients) {

    String name() {
      return steps == 0 ? "continuous time" : "T = " + steps;
    }

    Optional<double[]> values(String name) {
      return Optional.ofNullable(perImage.get(name));
    }
  }

  /** Reads and imports a configuration of a manifest. */
  static ParityCase read(Path folder, String id, JsonNode entry) throws IOException {
    Path file = folder.resolve(entry.path("file").asText(id + ".safetensors"));
    ParityTensors tensors = ParityTensors.read(file);
    Origin origin = origin(tensors, "param.");
    ImportedModel model = imported(origin, file, tensors, "param.", entry, Optional.empty());
    return new ParityCase(id, origin, entry, tensors, model);
  }

  /** Whose names the parameters have. */
  static Origin origin(ParityTensors tensors, String prefix) {
    boolean flax = tensors.names().stream().anyMatch(n -> n.startsWith(prefix + "score_model/"));
    return flax ? Origin.VDM_FLAX : Origin.VDM_PYTORCH;
  }

  static ImportedModel imported(
      Origin origin,
      Path file,
      ParityTensors tensors,
      String prefix,
      JsonNode entry,
      Optional<ImageSize> size)
      throws IOException {
    return ImportedModel.of(
        origin,
        file.toString(),
        tensors.under(prefix),
        "manifest",
        JSON.writeValueAsString(entry),
        size);
  }

  /** The importer's mapping between this implementation's tensors and the flat vector. */
  ForeignLayout layout() {
    return ForeignLayout.of(origin, model.configuration());
  }

  ModelConfiguration configuration() {
    return model.configuration();
  }

  /** The configuration without dropout: the fixtures' losses and gradients are deterministic. */
  static ModelConfiguration withoutDropout(ModelConfiguration c) {
    return new ModelConfiguration(
        c.channels(),
        c.height(),
        c.width(),
        c.embedding(),
        c.blocks(),
        c.coarse(),
        c.attentionHeads(),
        c.attentionEverywhere(),
        c.groups(),
        c.normEpsilon(),
        c.fourierExponents(),
        c.fourierOrder(),
        c.conditioningInput(),
        c.prediction(),
        0,
        c.gammaMin(),
        c.gammaMax(),
        c.schedule());
  }

  /** Images in the order of the network's axes. */
  double[] images(String name) {
    return images(origin, configuration(), tensors.get(name).values());
  }

  /** From the order of an implementation's file to that of the network's axes. */
  static double[] images(Origin origin, ModelConfiguration c, double[] values) {
    if (origin == Origin.VDM_PYTORCH) {
      return values;
    }
    double[] moved = new double[values.length];
    int pixels = c.height() * c.width();
    for (int i = 0; i < values.length; i++) {
      int image = i / c.dimensions();
      int pixel = i % c.dimensions() / c.channels();
      int channel = i % c.channels();
      moved[(image * c.channels() + channel) * pixels + pixel] = values[i];
    }
    return moved;
  }

  /** Uniform times of the images: given, or (u0 + i/B) mod 1. */
  double[] times() {
    if (tensors.has("t")) {
      return tensors.get("t").values();
    }
    int batch = tensors.get("img_u8").shape().get(0);
    double u0 = tensors.get("u0").values()[0];
    double[] times = new double[batch];
    for (int i = 0; i < batch; i++) {
      times[i] = (u0 + i / (double) batch) % 1;
    }
    return times;
  }

  /** The conditioning value of each image; zeros where the fixture has none. */
  double[] conditioning(int batch) {
    double[] given = numbers(entry.path("conditioning"));
    return given.length == 0 ? new double[batch] : Arrays.copyOf(given, batch);
  }

  /** What the implementation says of its losses. */
  List<Loss> losses() {
    JsonNode scalars = entry.path("scalars");
    return origin == Origin.VDM_FLAX ? flaxLosses(scalars) : pytorchLosses(scalars);
  }

  private static List<Loss> flaxLosses(JsonNode scalars) {
    List<Loss> losses = new ArrayList<>();
    for (Map.Entry<String, JsonNode> loss : scalars.properties()) {
      Matcher steps = STEPS.matcher(loss.getKey());
      boolean discrete = steps.matches();
      if (!discrete && !loss.getKey().equals("cont")) {
        throw new IllegalArgumentException("a loss named " + loss.getKey());
      }
      JsonNode node = loss.getValue();
      Map<String, double[]> perImage = new LinkedHashMap<>();
      put(perImage, "gamma_t", node.path("gamma_t"));
      put(perImage, "recon", node.path("bpd_recon"));
      put(perImage, "prior", node.path("bpd_prior"));
      put(perImage, "diff", node.path("bpd_diff"));
      losses.add(
          new Loss(
              discrete ? Integer.parseInt(steps.group(1)) : 0,
              perImage,
              number(node.path("bpd")),
              number(node.path("grad_norm_total")),
              norms(node.path("grad_norms")),
              gradients(node.path("grads_schedule"))));
    }
    return losses;
  }

  private static List<Loss> pytorchLosses(JsonNode scalars) {
    JsonNode node = scalars.path("f64");
    List<Loss> losses = new ArrayList<>();
    Map<String, double[]> continuous = new LinkedHashMap<>();
    put(continuous, "gamma_t", node.path("gamma_t"));
    put(continuous, "dgamma_dt", node.path("dgamma_dt"));
    put(continuous, "recon", node.path("bpd_recon"));
    put(continuous, "prior", node.path("bpd_prior"));
    put(continuous, "diff", node.path("bpd_diff_cont"));
    put(continuous, "total", node.path("bpd_total_cont"));
    losses.add(
        new Loss(
            0,
            continuous,
            number(node.path("loss_mean")),
            number(node.path("grad_norm_total")),
            norms(node.path("grad_norms")),
            gradients(node.path("grads_schedule"))));
    for (Map.Entry<String, JsonNode> scalar : node.properties()) {
      if (scalar.getKey().startsWith("bpd_diff_T")) {
        String name = scalar.getKey().substring("bpd_diff_".length());
        Map<String, double[]> perImage = new LinkedHashMap<>();
        put(perImage, "gamma_t", node.path("gamma_t_" + name));
        put(perImage, "gamma_s", node.path("gamma_s_" + name));
        put(perImage, "diff", scalar.getValue());
        losses.add(
            new Loss(
                Integer.parseInt(name.substring(1)),
                perImage,
                Optional.empty(),
                Optional.empty(),
                Map.of(),
                Map.of()));
      }
    }
    return losses;
  }

  private static void put(Map<String, double[]> values, String name, JsonNode node) {
    if (!node.isMissingNode()) {
      values.put(name, numbers(node));
    }
  }

  static double[] numbers(JsonNode node) {
    return node.isNumber()
        ? new double[] {node.asDouble()}
        : StreamSupport.stream(node.spliterator(), false).mapToDouble(JsonNode::asDouble).toArray();
  }

  private static Optional<Double> number(JsonNode node) {
    return node.isNumber() ? Optional.of(node.asDouble()) : Optional.empty();
  }

  private static Map<String, double[]> gradients(JsonNode node) {
    Map<String, double[]> gradients = new LinkedHashMap<>();
    node.properties().forEach(g -> gradients.put(g.getKey(), numbers(g.getValue())));
    return gradients;
  }

  private static Map<String, Double> norms(JsonNode node) {
    Map<String, Double> norms = new LinkedHashMap<>();
    node.properties().forEach(norm -> norms.put(norm.getKey(), norm.getValue().asDouble()));
    return norms;
  }

  @Override
  public String toString() {
    return id;
  }
}
