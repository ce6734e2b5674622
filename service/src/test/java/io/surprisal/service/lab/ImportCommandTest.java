package io.surprisal.service.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.model.imports.ForeignLayout;
import io.surprisal.model.imports.Origin;
import io.surprisal.model.network.InitialParameters;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.Safetensors;
import io.surprisal.service.cli.Json;
import io.surprisal.service.system.CommandRun;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImportCommandTest {
  private static final ModelConfiguration MODEL =
      new ModelConfiguration(
          1, 8, 8, 8, 1, 4, 1e-5, List.of(5, 6), 0, -13.3, 5, Schedule.LEARNED_SCALAR);

  /** The options of the implementation that {@link #MODEL} is, but for the images' shape. */
  private static final String OPTIONS =
      "\"embedding_dim\": 8, \"n_blocks\": 1, \"n_attention_heads\": 1, \"dropout_prob\": 0.0,"
          + " \"norm_groups\": 4, \"input_channels\": 1, \"use_fourier_features\": true,"
          + " \"attention_everywhere\": false, \"noise_schedule\": \"learned_linear\","
          + " \"gamma_min\": -13.3, \"gamma_max\": 5.0, \"lr\": 0.0002";

  @TempDir private Path folder;
  private Path state;
  private Path out;
  private float[] parameters;

  @BeforeEach
  void writeState() throws IOException {
    state = folder.resolve("state.safetensors");
    out = folder.resolve("release.safetensors");
    parameters = InitialParameters.draw(MODEL, 1);
    Safetensors.write(
        state, Map.of(), ForeignLayout.of(Origin.VDM_PYTORCH, MODEL).split(parameters));
  }

  private CommandRun run(String options, String... more) throws IOException {
    Path config = Files.writeString(folder.resolve("config.json"), options);
    String[] start = {
      "import", "--from", "vdm-pytorch", "--in", state.toString(), "--config", config.toString()
    };
    String[] args = new String[start.length + 2 + more.length];
    System.arraycopy(start, 0, args, 0, start.length);
    args[start.length] = "--out";
    args[start.length + 1] = out.toString();
    System.arraycopy(more, 0, args, start.length + 2, more.length);
    return CommandRun.of(args);
  }

  @Test
  void shouldWriteAReleaseThatEvaluatesAsAnyOther() throws IOException {
    CommandRun run = run("{\"config\": {" + OPTIONS + "}, \"image_shape\": [1, 8, 8]}", "--json");

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.err()).isEmpty();
    JsonNode result = Json.MAPPER.readTree(run.out());
    Release release = Release.load(out);
    assertThat(release.configuration()).isEqualTo(MODEL);
    assertThat(release.parameters()).isEqualTo(parameters);
    assertThat(release.training().data()).isEqualTo("imported from vdm-pytorch " + state);
    assertThat(result.path("id").asText()).isEqualTo(release.id());
    assertThat(result.path("from").asText()).isEqualTo("vdm-pytorch");
    assertThat(result.at("/configuration/embedding").asInt()).isEqualTo(8);

    Path image = folder.resolve("image.png");
    ImageIO.write(new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_GRAY), "png", image.toFile());
    CommandRun evaluation =
        CommandRun.of("evaluate", "--release", out.toString(), "--data", image.toString());
    assertThat(evaluation.exitCode()).as(evaluation.err()).isZero();
  }

  @Test
  void shouldSayWhichSizeItAssumes() throws IOException {
    CommandRun assumed = run("{" + OPTIONS + "}");
    assertThat(assumed.exitCode()).as(assumed.err()).isZero();
    assertThat(assumed.errLines()).hasSize(1);
    assertThat(assumed.err()).contains("32x32", "--image-size");
    assertThat(Release.load(out).configuration().width()).isEqualTo(32);

    CommandRun named = run("{" + OPTIONS + "}", "--image-size", "8x8");
    assertThat(named.exitCode()).as(named.err()).isZero();
    assertThat(named.err()).isEmpty();
    assertThat(Release.load(out).configuration()).isEqualTo(MODEL);
  }

  @Test
  void shouldSayInOneLineWhatDoesNotFit() throws IOException {
    CommandRun run = run("{" + OPTIONS.replace("\"n_blocks\": 1", "\"n_blocks\": 2") + "}");

    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.errLines()).hasSize(1);
    assertThat(run.err())
        .contains(
            state.toString(),
            "missing model.down_blocks.1.resnet_block.net1.0.weight",
            "missing model.up_blocks.2.resnet_block.skip_conv.bias");
    assertThat(out).doesNotExist();
  }

  @Test
  void shouldNameAFileThatIsNotThere() throws IOException {
    Files.delete(state);

    CommandRun run = run("{" + OPTIONS + "}");

    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.err()).isEqualTo("surprisal: no such file or directory: " + state + "\n");
  }

  @Test
  void shouldEndWithTwoOnWrongUsage() throws IOException {
    assertThat(run("{" + OPTIONS + "}", "--image-size", "8").exitCode()).isEqualTo(2);
    CommandRun unknown = CommandRun.of("import", "--from", "vdm-tensorflow");
    assertThat(unknown.exitCode()).isEqualTo(2);
    assertThat(unknown.err()).contains("vdm-pytorch", "vdm-flax");
  }
}
