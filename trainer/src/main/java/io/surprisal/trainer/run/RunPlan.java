package io.surprisal.trainer.run;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.surprisal.model.checks.WholeFile;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.release.Provenance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A training run as it was decided, on disk before it begins: a trainer that was killed goes on
 * with it as it was. Its components are the fields of a flat JSON object, which a later version of
 * the trainer reads too.
 *
 * @param runId its name
 * @param trigger why it was started, in words
 * @param commands ids of the commands that it carries out
 * @param parent id of the active release, which the candidate is compared with; empty: none
 * @param warm whether training starts from the parent's weights
 * @param minutes of training
 * @param configuration of network and training, field by field
 * @param precision that the release will be served with
 * @param evaluations K that it will be served with
 * @param alertRate that it will be served with
 * @param seed of the run
 * @param heldOut how many of the images, at their end, are held out
 * @param alerted how many of those, at their end, raised alerts
 * @param window of the stream that the images lie in
 * @param bestOrNull id of the best release so far, where that is not the parent; null: none
 * @param tiledOrNull how pictures go through the network tile by tile; null where images do whole
 */
record RunPlan(
    String runId,
    String trigger,
    List<String> commands,
    String parent,
    boolean warm,
    double minutes,
    Map<String, Object> configuration,
    String precision,
    int evaluations,
    double alertRate,
    long seed,
    int heldOut,
    int alerted,
    List<Provenance.Range> window,
    @JsonProperty("best") @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String bestOrNull,
    @JsonProperty("tiled") @JsonInclude(JsonInclude.Include.NON_NULL)
        @Nullable Preprocessing tiledOrNull) {

  private static final ObjectMapper JSON = JsonMapper.builder().build();
  private static final String FILE = "plan.json";

  /** The best release so far, where that is not the parent. */
  Optional<String> best() {
    return Optional.ofNullable(bestOrNull);
  }

  /** How pictures go through the network tile by tile; empty where images do whole. */
  Optional<Preprocessing> tiled() {
    return Optional.ofNullable(tiledOrNull);
  }

  /** Writes the plan into the directory of its run, whole or not at all. */
  void write(Path directory) throws IOException {
    byte[] json = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this);
    WholeFile.write(directory.resolve(FILE), out -> out.write(json));
  }

  /** Whether a directory holds a run. */
  static boolean isIn(Path directory) {
    return Files.exists(directory.resolve(FILE));
  }

  /** Reads the plan of the run in a directory. */
  static RunPlan read(Path directory) throws IOException {
    return JSON.readValue(directory.resolve(FILE).toFile(), RunPlan.class);
  }
}
