package io.surprisal.model.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.surprisal.model.ParityTensors;
import io.surprisal.model.TinyModels;
import io.surprisal.model.calibration.Calibrator;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.ReleaseException;
import io.surprisal.model.release.Safetensors;
import io.surprisal.model.runtime.Execution;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Models of both implementations as a user has them; what they compute is a matter of parity. */
class ImportedModelTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "VDM_PYTORCH, reimpl, r1_28x28x1_fixed, FIXED_LINEAR",
    "VDM_PYTORCH, reimpl, r4_32x32x3_nofourier, FIXED_LINEAR",
    "VDM_FLAX, official, o1_32x32x3_scalar, LEARNED_SCALAR",
    "VDM_FLAX, official, o4_32x32x3_nnet_defaultinit, LEARNED_MONOTONE_FREE",
  })
  void shouldImportAWholeModel(Origin origin, String set, String id, Schedule schedule)
      throws IOException {
    JsonNode entry = entry(set, id);
    Path state = state(tensors(set, id));
    Path out = folder.resolve("release.safetensors");

    ImportedModel model = ImportedModel.read(origin, state, config(entry), Optional.empty());
    Release written = model.write(out, "FILE");

    Release release = Release.load(out);
    assertThat(release.id()).isEqualTo(written.id());
    assertThat(release.configuration()).isEqualTo(model.configuration());
    assertThat(release.configuration().schedule()).isEqualTo(schedule);
    assertThat(release.parameters()).hasSize(entry.path("n_params").asInt());
    assertThat(release.calibration()).isEmpty();
    assertThat(release.training().data()).isEqualTo("imported from " + origin + " FILE");
    assertThat(model.sizeAssumed()).isFalse();
  }

  @Test
  void shouldCalibrateAnImportAsAnyOtherRelease() throws IOException {
    ImportedModel model =
        ImportedModel.read(
            Origin.VDM_PYTORCH,
            state(tensors("reimpl", "r1_28x28x1_fixed")),
            config(entry("reimpl", "r1_28x28x1_fixed")),
            Optional.empty());
    Release release = model.write(folder.resolve("r.safetensors"), "FILE");

    Release calibrated =
        release.recalibrated(
            folder.resolve("c.safetensors"),
            Calibrator.calibrate(
                release,
                TinyModels.noiseDataset(release.configuration(), 4),
                4,
                2,
                Execution.CPU,
                n -> {},
                () -> false));

    assertThat(calibrated.calibration().orElseThrow().images()).isEqualTo(4);
    assertThat(calibrated.training()).isEqualTo(release.training());
  }

  @Test
  void shouldTakeOptionsWithoutWhatIsAroundThem() throws IOException {
    JsonNode options = entry("official", "o1_32x32x3_scalar").path("config");
    Path state = state(tensors("official", "o1_32x32x3_scalar"));

    ImportedModel assumed =
        ImportedModel.read(Origin.VDM_FLAX, state, config(options), Optional.empty());
    ImportedModel named =
        ImportedModel.read(
            Origin.VDM_FLAX, state, config(options), Optional.of(ImageSize.parse("16x24")));
    ImportedModel inside =
        ImportedModel.read(
            Origin.VDM_FLAX,
            state,
            config(((ObjectNode) options).set("image_shape", JSON.valueToTree(List.of(8, 9, 3)))),
            Optional.empty());

    assertThat(assumed.sizeAssumed()).isTrue();
    assertThat(assumed.configuration().height()).isEqualTo(32);
    assertThat(named.sizeAssumed()).isFalse();
    assertThat(named.configuration().height()).isEqualTo(16);
    assertThat(named.configuration().width()).isEqualTo(24);
    assertThat(inside.sizeAssumed()).isFalse();
    assertThat(inside.configuration().width()).isEqualTo(9);
  }

  @ParameterizedTest
  @CsvSource({
    "VDM_PYTORCH, reimpl, r1_28x28x1_fixed, model.conv_in.bias, model.conv_in.weight,"
        + " model.conv_out.0.bias",
    "VDM_FLAX, official, o1_32x32x3_scalar, gamma/w, score_model/mid.attn_1/k/kernel,"
        + " score_model/dense1/bias",
  })
  void shouldListEveryTensorThatIsNotAsItMustBe(
      Origin origin, String set, String id, String missing, String misshapen, String infinite)
      throws IOException {
    Map<String, Safetensors.Tensor> tensors = tensors(set, id);
    tensors.remove(missing);
    tensors.put(misshapen, new Safetensors.Tensor(List.of(2), new float[2]));
    tensors.get(infinite).values()[3] = Float.POSITIVE_INFINITY;
    tensors.put("ema.decay", new Safetensors.Tensor(List.of(), new float[1]));
    Path state = state(tensors);
    Path config = config(entry(set, id));

    assertThatThrownBy(() -> ImportedModel.read(origin, state, config, Optional.empty()))
        .isInstanceOf(ReleaseException.class)
        .hasMessageContaining(state.toString())
        .hasMessageContaining("missing " + missing)
        .hasMessageContaining(misshapen + " has shape [2], must have [")
        .hasMessageContaining(infinite + " holds Infinity")
        .hasMessageContaining("unknown ema.decay");
  }

  @Test
  void shouldRefuseAMonotoneNetworkOfAnotherWidth() throws IOException {
    String id = "o4_32x32x3_nnet_defaultinit";
    Map<String, Safetensors.Tensor> tensors = tensors("official", id);
    tensors.put("gamma/l2/kernel", new Safetensors.Tensor(List.of(1, 512), new float[512]));
    Path state = state(tensors);
    Path config = config(entry("official", id));

    assertThatThrownBy(() -> ImportedModel.read(Origin.VDM_FLAX, state, config, Optional.empty()))
        .isInstanceOf(ReleaseException.class)
        .hasMessageContaining("gamma/l2/kernel has shape [1, 512], must have [1, 1024]");
  }

  @Test
  void shouldListEveryOptionThatCannotBeImported() throws IOException {
    ObjectNode entry = (ObjectNode) entry("reimpl", "r1_28x28x1_fixed");
    entry.put("schedule", "cosine");
    ObjectNode options = (ObjectNode) entry.path("config");
    options.remove("n_blocks");
    options.put("norm_groups", 8.5);
    options.put("use_fourier_features", "yes");
    options.put("input_channels", 3);
    Path state = state(tensors("reimpl", "r1_28x28x1_fixed"));
    Path config = config(entry);

    assertThatThrownBy(
            () ->
                ImportedModel.read(
                    Origin.VDM_PYTORCH, state, config, Optional.of(new ImageSize(32, 32))))
        .isInstanceOf(ReleaseException.class)
        .hasMessageContaining(config.toString())
        .hasMessageContaining("missing n_blocks")
        .hasMessageContaining("norm_groups is 8.5, must be a whole number")
        .hasMessageContaining("use_fourier_features is \"yes\"")
        .hasMessageContaining("schedule is \"cosine\", must be one of [fixed_linear,")
        .hasMessageContaining("image_shape has 1 channels, input_channels is 3")
        .hasMessageContaining("the images are 28x28, not 32x32");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "vocab_size | 128 | vocab_size is 128",
        "sm_n_embd | 48 | embedding is 48",
        "sm_n_embd | -32 | embedding is -32",
        "sm_n_layer | 3 | missing score_model/down.block_2/conv1/kernel",
        "sm_n_layer | 100000 | blocks is 100000",
        "sm_pdrop | 1 | dropout is 1.0",
        "gamma_max | -20 | gammaMin is -13.3",
        "gamma_type | \"learnable\" | gamma_type is \"learnable\"",
        "with_attention | true | missing score_model/up.attn_2/proj_out/bias",
        "with_fourier_features | false | score_model/conv_in/kernel has shape [3, 3, 15, 32]",
      })
  void shouldNameAnOptionThatIsImpossible(String name, String value, String message)
      throws IOException {
    ObjectNode options = (ObjectNode) entry("official", "o1_32x32x3_scalar").path("config");
    options.set(name, JSON.readTree(value));
    Path state = state(tensors("official", "o1_32x32x3_scalar"));
    Path config = config(options);

    assertThatThrownBy(() -> ImportedModel.read(Origin.VDM_FLAX, state, config, Optional.empty()))
        .isInstanceOf(ReleaseException.class)
        .hasMessageContaining(message);
  }

  @Test
  void shouldNameAFileThatIsNotWhatItMustBe() throws IOException {
    Path state = state(tensors("reimpl", "r1_28x28x1_fixed"));
    Path text = Files.writeString(folder.resolve("text"), "n_blocks = 4");
    Path none = folder.resolve("none");

    assertThatThrownBy(() -> read(state, text))
        .isInstanceOf(ReleaseException.class)
        .hasMessageContaining(text + " is not JSON");
    assertThatThrownBy(() -> read(text, config(entry("reimpl", "r1_28x28x1_fixed"))))
        .isInstanceOf(ReleaseException.class)
        .hasMessageContaining(text + " is not a safetensors file");
    assertThatThrownBy(() -> read(state, none)).isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> read(none, text)).isInstanceOf(NoSuchFileException.class);
  }

  private static ImportedModel read(Path state, Path config) throws IOException {
    return ImportedModel.read(Origin.VDM_PYTORCH, state, config, Optional.empty());
  }

  private static Path resource(String name) {
    try {
      return Path.of(ImportedModelTest.class.getResource("/parity/" + name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static JsonNode entry(String set, String id) throws IOException {
    return JSON.readTree(resource(set + "/manifest.json").toFile()).path("configs").path(id);
  }

  private static Map<String, Safetensors.Tensor> tensors(String set, String id) throws IOException {
    Path file = resource(set + "/" + id + ".safetensors");
    return new LinkedHashMap<>(ParityTensors.read(file).under("param."));
  }

  private Path state(Map<String, Safetensors.Tensor> tensors) throws IOException {
    Path file = folder.resolve("state.safetensors");
    Safetensors.write(file, Map.of(), tensors);
    return file;
  }

  private Path config(JsonNode options) throws IOException {
    return Files.writeString(
        Files.createTempFile(folder, "config", ".json"), JSON.writeValueAsString(options));
  }
}
