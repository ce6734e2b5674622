package io.surprisal.service.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.model.datasets.Idx;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.service.cli.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;

/**
 * How well releases, each of one class alone, tell the images of that class from those of the
 * others. What trains and what judges are the commands {@code fit} and {@code detect}, so that
 * nothing but the images is special.
 */
final class OneClass {

  private static final String IMAGES = ".idx.gz";

  /**
   * Share of a class's training images that calibrates. Of the few thousand of a class a tenth, as
   * usual, would be too few to show what is typical.
   */
  private static final double HELD_OUT = 0.2;

  private final LabelledImages training;
  private final LabelledImages test;
  private final Path folder;
  private final Effort effort;
  private final Runner commands;

  /** Runs a command of {@code surprisal} to its end. */
  @FunctionalInterface
  interface Runner {

    /**
     * Runs it.
     *
     * @param arguments the command's name first; {@code --json} is among them
     * @return the line of JSON that it printed
     * @throws StoppedException if it was stopped
     */
    String run(List<String> arguments) throws IOException, InterruptedException;
  }

  /**
   * What a class is given.
   *
   * @param minutes that its release is fitted for, calibration included
   * @param images of each set that are scored, at most
   * @param seed of fit and bootstrap
   */
  record Effort(double minutes, int images, long seed) {}

  /**
   * One class.
   *
   * @param label its number
   * @param trainingImages that its release was fitted and calibrated on
   * @param heldOutBitsPerDim of the release, bits/dim
   * @param normalImages of the class that were scored
   * @param otherImages of all other classes that were scored
   * @param normalAlerts share of the class's images that the release's rule alerts on
   * @param otherAlerts share of the others'
   * @param auroc by measure, as {@code detect} names it
   * @param aurocInterval 95 % of each
   * @param caughtAt1Percent share of the others above all but 1 % of the class's images, by measure
   */
  record Row(
      int label,
      int trainingImages,
      double heldOutBitsPerDim,
      int normalImages,
      int otherImages,
      double normalAlerts,
      double otherAlerts,
      Map<String, Double> auroc,
      Map<String, List<Double>> aurocInterval,
      Map<String, Double> caughtAt1Percent) {}

  /**
   * Of labelled images.
   *
   * @param folder takes the images by class and the releases
   */
  OneClass(
      LabelledImages training, LabelledImages test, Path folder, Effort effort, Runner commands) {
    this.training = training;
    this.test = test;
    this.folder = folder;
    this.effort = effort;
    this.commands = commands;
  }

  /**
   * Fits a release on the class, and lets it judge.
   *
   * @throws StoppedException if it was stopped
   */
  Row measure(int label) throws IOException, InterruptedException {
    Path usual = write("train-" + label, training, c -> c == label, Integer.MAX_VALUE);
    Path normal = write("normal-" + label, test, c -> c == label, effort.images());
    Path others = write("others-" + label, test, c -> c != label, effort.images());
    Path release = folder.resolve("class-" + label + ".safetensors");
    JsonNode fit =
        read(
            "fit",
            "--data",
            usual.toString(),
            "--minutes",
            String.valueOf(effort.minutes()),
            "--held-out",
            String.valueOf(HELD_OUT),
            "--seed",
            String.valueOf(effort.seed()),
            "--out",
            release.toString(),
            "--json");
    JsonNode found =
        read(
            "detect",
            "--release",
            release.toString(),
            "--normal",
            normal.toString(),
            "--anomalous",
            "others=" + others,
            "--baseline-data",
            usual.toString(),
            "--seed",
            String.valueOf(effort.seed()),
            "--json");
    JsonNode pair = found.at("/pairs/0");
    return new Row(
        label,
        training.of(c -> c == label, Integer.MAX_VALUE).size(),
        fit.path("heldOutBitsPerDim").asDouble(Double.NaN),
        pair.path("normalImages").asInt(),
        pair.path("images").asInt(),
        found.at("/normal/alerts/combined").asDouble(Double.NaN),
        pair.at("/caught/combined").asDouble(Double.NaN),
        numbers(pair.path("auroc")),
        intervals(pair.path("aurocInterval")),
        numbers(pair.path("caughtAt1Percent")));
  }

  private Path write(String name, LabelledImages images, IntPredicate which, int most)
      throws IOException {
    ImageDataset some = images.of(which, most);
    if (some.size() == 0) {
      throw new IllegalArgumentException("there are no images for " + name);
    }
    Path file = folder.resolve(name + IMAGES);
    Idx.write(file, some);
    return file;
  }

  private JsonNode read(String... arguments) throws IOException, InterruptedException {
    return Json.MAPPER.readTree(commands.run(List.of(arguments)));
  }

  private static Map<String, Double> numbers(JsonNode object) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    object.properties().forEach(field -> numbers.put(field.getKey(), field.getValue().asDouble()));
    return numbers;
  }

  private static Map<String, List<Double>> intervals(JsonNode object) {
    Map<String, List<Double>> intervals = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : object.properties()) {
      JsonNode ends = field.getValue();
      intervals.put(field.getKey(), List.of(ends.path(0).asDouble(), ends.path(1).asDouble()));
    }
    return intervals;
  }
}
