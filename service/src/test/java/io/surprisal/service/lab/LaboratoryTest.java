package io.surprisal.service.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.service.cli.Json;
import io.surprisal.service.system.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The laboratory's commands on a real, tiny release. */
class LaboratoryTest {
  @TempDir private static Path folder;

  private static Path images;
  private static Path release;

  @BeforeAll
  static void fitOnce() throws IOException {
    images = images(30);
    release = folder.resolve("release.safetensors");
    CommandRun run =
        run(
            "fit --data IMAGES --out RELEASE --config tiny --steps 2 --batch 4 --flip --timesteps 5"
                + " --set schedule=LEARNED_MONOTONE --set prediction=V --set fourierExponents=[6]"
                + " --set weighting=PERCEPTUAL --precision bfloat16 --json");
    assertThat(run.exitCode()).as(run.err()).isZero();
  }

  /** A file of so many images of 8×8 pixels. */
  private static Path images(int count) throws IOException {
    Path file = folder.resolve(count + "-images-idx3-ubyte");
    byte[] idx = new byte[16 + count * 64];
    idx[2] = 8;
    idx[3] = 3;
    idx[7] = (byte) count;
    idx[11] = 8;
    idx[15] = 8;
    for (int i = 16; i < idx.length; i++) {
      idx[i] = (byte) (i * i % 251);
    }
    return Files.write(file, idx);
  }

  private static CommandRun run(String line) {
    List<String> args = new ArrayList<>();
    for (String word : line.split(" ")) {
      args.add(
          switch (word) {
            case "IMAGES" -> images.toString();
            case "RELEASE" -> release.toString();
            default -> word;
          });
    }
    return CommandRun.of(args.toArray(String[]::new));
  }

  private static JsonNode json(String line) throws IOException {
    CommandRun run = run(line);
    assertThat(run.exitCode()).as(run.err()).isZero();
    return Json.MAPPER.readTree(run.out());
  }

  @Test
  void shouldFitWhatIsSetFieldByField() throws IOException {
    JsonNode configuration = json("inspect RELEASE --json").path("configuration");

    assertThat(configuration.path("schedule").asText()).isEqualTo("LEARNED_MONOTONE");
    assertThat(configuration.path("prediction").asText()).isEqualTo("V");
    assertThat(configuration.path("fourierExponents").toString()).isEqualTo("[6]");
    assertThat(json("inspect RELEASE --json").at("/calibration/precision").asText())
        .isEqualTo("bfloat16");
  }

  @Test
  void shouldEvaluateAsCalibratedUnlessToldOtherwise() throws IOException {
    JsonNode calibrated = json("evaluate --release RELEASE --data IMAGES --limit 3 --json");
    JsonNode exact =
        json("evaluate --release RELEASE --data IMAGES --limit 3 --precision float32 --json");

    assertThat(calibrated.path("precision").asText()).isEqualTo("bfloat16");
    assertThat(exact.path("precision").asText()).isEqualTo("float32");
    assertThat(calibrated.path("bitsPerDim").asDouble()).isBetween(0.0, 100.0);
    assertThat(calibrated.path("evaluationsPerImage").asInt()).isEqualTo(8);
    Path four = folder.resolve("four.safetensors");
    json("calibrate --release RELEASE --data IMAGES --evaluations 4 --json --out " + four);
    assertThat(
            json("evaluate --data IMAGES --limit 3 --json --release " + four)
                .path("evaluationsPerImage")
                .asInt())
        .isEqualTo(4);
  }

  @Test
  void shouldSayWhatTheStreamWouldAlertOn() throws IOException {
    JsonNode all =
        json("evaluate --release RELEASE --data IMAGES --alerts --alert-rate 0.5 --json");

    double alerts = all.at("/alertShares/alerts").asDouble(-1);
    assertThat(alerts).isBetween(0.0, 1.0);
    assertThat(all.at("/alertShares/lowLikelihood").asDouble(-1)).isEqualTo(alerts);
    assertThat(all.at("/alertShares/atypical").asDouble(-1)).isZero();
    assertThat(all.path("bitsPerDim").asDouble()).isPositive();
    assertThat(run("evaluate --release RELEASE --data IMAGES --alerts --alert-rate 0.5").out())
        .contains("low likelihood");
    List<String> each =
        run("evaluate --release RELEASE --data IMAGES --alerts --alert-rate 0.5 --per-image --json")
            .out()
            .lines()
            .toList();
    int images = each.size() - 1; // the last line is the summary
    int alerting = 0;
    for (String line : each.subList(0, images)) {
      JsonNode image = Json.MAPPER.readTree(line);
      assertThat(image.path("alert").asBoolean()).isEqualTo(image.path("pValue").asDouble() <= 0.5);
      alerting += image.path("alert").asBoolean() ? 1 : 0;
    }
    assertThat(alerting / (double) images).isEqualTo(alerts);
    CommandRun silent =
        run("evaluate --release RELEASE --data IMAGES --alerts --alert-rate 0.0001");
    assertThat(silent.exitCode()).isEqualTo(1);
    assertThat(silent.err()).contains("surprisal calibrate with more");
  }

  @ParameterizedTest
  @CsvSource({
    "'evaluate --release RELEASE --data IMAGES --device cpu,cpu', 2, names a device twice",
    "'evaluate --release RELEASE --data IMAGES --device cpu,cuda:99', 3, device 'cuda:99' is not there",
    "'evaluate --release RELEASE --data IMAGES --device cpu,tpu', 2, device 'tpu' is not known",
    "'sample --release RELEASE --out x.png --device cpu,cuda', 2, 'device ''cpu,cuda'' is not known'",
  })
  void shouldRefuseDevices(String line, int exitCode, String reason) {
    CommandRun run = run(line);

    assertThat(run.exitCode()).as(run.err()).isEqualTo(exitCode);
    assertThat(run.err()).contains(reason);
  }

  @Test
  void shouldEvaluateInDiscreteTime() throws IOException {
    JsonNode few = json("evaluate --release RELEASE --data IMAGES --limit 3 --timesteps 4 --json");
    JsonNode some =
        json(
            "evaluate --release RELEASE --data IMAGES --limit 3 --timesteps 40 --evaluations 40"
                + " --json");

    assertThat(few.path("evaluationsPerImage").asInt()).isEqualTo(4);
    assertThat(some.path("evaluationsPerImage").asInt()).isEqualTo(40);
    assertThat(few.path("diffusion").asDouble()).isGreaterThan(some.path("diffusion").asDouble());
  }

  @Test
  void shouldMeasureTheNetworkAlone() throws IOException {
    JsonNode forward =
        json("bench forward --config tiny --image 3x4x6 --batches 1,2 --repeats 1 --json");

    assertThat(forward.path("rows").size()).isEqualTo(4);
    assertThat(forward.at("/rows/0/millisPerImage/median").asDouble()).isPositive();
    assertThat(forward.at("/machine/cores").asInt()).isPositive();
    assertThat(
            json("bench forward --release RELEASE --repeats 1 --batches 1 --json")
                .path("parameters")
                .asInt())
        .isEqualTo(json("inspect RELEASE --json").path("parameters").asInt());
  }

  /** Without --config a fit chooses, and goes on with what it chose. */
  @Test
  void shouldChooseAConfigurationThatSuitsTheBudget() throws IOException {
    Path chosen = folder.resolve("chosen.safetensors");
    json("fit --data IMAGES --steps 2 --set batch=4 --json --out " + chosen);
    JsonNode first = json("inspect " + chosen + " --json").at("/training/configuration");
    json("fit --data IMAGES --steps 3 --resume --json --out " + chosen);
    JsonNode resumed =
        json("fit --data IMAGES --steps 4 --set batch=4 --resume --json --out " + chosen);

    assertThat(first.path("embedding").asInt()).isEqualTo(16); // tiny: eight images are few
    assertThat(first.path("batch").asInt()).isEqualTo(4);
    assertThat(first.path("optimizer").asText()).isEqualTo("MUON");
    assertThat(resumed.path("steps").asInt()).isEqualTo(4);
    assertThat(json("inspect " + chosen + " --json").at("/training/configuration"))
        .isEqualTo(first);
  }

  @Test
  void shouldMeasureTheVarianceOfAScore() throws IOException {
    String line =
        "bench variance --release RELEASE --limit 4 --seeds 2 --evaluations 2,4 --json --data ";
    JsonNode rows = json(line + images(70)).path("rows");

    assertThat(run(line + "IMAGES").err()).contains("30 images are too few for --limit 4");
    assertThat(rows.size()).isEqualTo(8);
    assertThat(rows.at("/0/times").asText()).isEqualTo("INDEPENDENT");
    assertThat(rows.at("/0/variance").asDouble()).isPositive();
  }

  @Test
  void shouldFitALawToSeveralRuns() throws IOException {
    String releases = "";
    for (int steps = 1; steps <= 3; steps++) {
      String out = folder.resolve("run-" + steps + ".safetensors").toString();
      json("fit --data IMAGES --config tiny --batch 4 --json --steps " + steps + " --out " + out);
      releases += " " + out;
    }
    JsonNode law =
        json("bench scaling --data IMAGES --limit 4 --evaluations 2 --json --release" + releases);

    assertThat(law.path("runs").size()).isEqualTo(3);
    assertThat(law.at("/runs/2/images").asInt()).isEqualTo(12);
    assertThat(law.at("/prospects/0/times").asInt()).isEqualTo(2);
  }

  @Test
  void shouldMeasureWhatEarlyStoppingSaves() throws IOException {
    String staged = folder.resolve("staged.safetensors").toString();
    json("calibrate --release RELEASE --data IMAGES --evaluations 1,2,4 --json --out " + staged);
    JsonNode saved =
        json(
            "bench stages --data IMAGES --evaluations 1,2,4 --reference 8 --alert-rate 0.1"
                + " --damaged 0.5 --json --release "
                + staged);

    assertThat(saved.path("images").asInt()).isEqualTo(30);
    assertThat(saved.path("damaged").asInt()).isBetween(3, 27);
    assertThat(saved.path("shareOfEvaluations").asDouble()).isBetween(0.25, 1.0);
    assertThat(run("bench stages --data IMAGES --release RELEASE").exitCode()).isEqualTo(1);
  }

  @Test
  @Tag("system")
  void shouldMeasureThePlumbing() throws IOException {
    JsonNode measured =
        json(
            "bench stream --null-network --release RELEASE --data IMAGES --images 20000 --rounds 1"
                + " --latency-seconds 0 --json");

    assertThat(measured.path("streamImagesPerSecond").asDouble()).isPositive();
    assertThat(measured.path("plainLoopImagesPerSecond").asDouble()).isPositive();
    assertThat(measured.path("processorShares").has("stream")).isTrue();
  }

  @Test
  void shouldListConfigurationsWithTheirCost() throws IOException {
    JsonNode listed = json("fit --list --json");

    assertThat(listed.findValuesAsText("name")).contains("tiny", "small", "paper-cifar10");
    assertThat(listed.at("/0/parameters").asInt()).isPositive();
    assertThat(listed.at("/0/megaflopsPerEvaluation").asDouble()).isPositive();
  }

  @Test
  void shouldMeasureOptimiserSteps() throws IOException {
    JsonNode train = json("bench train --config tiny --image 1x8x8 --batch 2 --repeats 1 --json");

    assertThat(train.path("batch").asInt()).isEqualTo(2);
    assertThat(train.path("imagesPerSecond").asDouble()).isPositive();
    assertThat(train.at("/stageMillis/forward").asDouble()).isPositive();
    assertThat(train.at("/stageMillis/backward").asDouble()).isPositive();
    assertThat(train.at("/stageMillis/optimizer").asDouble()).isPositive();
  }

  @Test
  void shouldMeasureOptimiserStepsOfARelease() throws IOException {
    assertThat(
            json("bench train --release RELEASE --batch 2 --repeats 1 --json")
                .path("parameters")
                .asInt())
        .isEqualTo(json("inspect RELEASE --json").path("parameters").asInt());
  }

  /** What is wrong, in the user's words, and not in those of a JSON library. */
  @Test
  void shouldNameTheValuesThatAFieldMayHave() {
    assertThat(run("bench train --set prediction=w").err())
        .contains("prediction is w, must be one of [EPSILON, V]")
        .doesNotContain("io.surprisal", "Deserializ");
    assertThat(run("bench train --set embedding=wide").err())
        .contains("embedding is wide, must be of type int");
  }

  /** Which precision an uncalibrated release runs in must not depend on a stop-watch. */
  @Test
  void shouldRunAnUncalibratedReleaseInFloat32() throws IOException {
    Path uncalibrated = folder.resolve("uncalibrated.safetensors");
    CommandRun fit =
        run("fit --data IMAGES --config tiny --steps 0 --held-out 0 --out " + uncalibrated);
    assertThat(fit.exitCode()).as(fit.err()).isZero();

    assertThat(
            json("evaluate --release " + uncalibrated + " --data IMAGES --limit 1 --json")
                .path("precision")
                .asText())
        .isEqualTo("float32");
  }

  @Test
  void shouldRememberHowItWasTrained() throws IOException {
    JsonNode trained = json("inspect RELEASE --json").at("/training/configuration");

    assertThat(trained.path("timesteps").asInt()).isEqualTo(5);
    assertThat(trained.path("weighting").asText()).isEqualTo("PERCEPTUAL");
    assertThat(trained.path("flip").asBoolean()).isTrue();
  }

  @Test
  void shouldCompareSchedules() throws IOException {
    JsonNode rows =
        json("bench schedules --release RELEASE --data IMAGES --limit 2 --evaluations 8 --json")
            .path("rows");

    assertThat(rows.findValuesAsText("schedule"))
        .containsExactly("own LEARNED_MONOTONE", "linear", "alpha-cosine", "beta-linear");
    assertThat(rows.at("/0/timesOwn").asDouble()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bench",
        "bench nonsense",
        "bench forward --image 5x5",
        "bench forward --image 1x99999x1",
        "bench forward --repeats 0",
        "bench forward --batches 0",
        "bench forward --threads -1",
        "bench train --config nonsense",
        "bench train --set nonsense=1",
        "bench train --set embedding=wide",
        "bench train --set embedding",
        "bench train --set flip=",
        "bench train --set prediction=3",
        "bench train --set attentionHeads=0",
        "bench train --set gammaMin=-1000",
        "bench train --set schedule=FIXED_BETA_LINEAR --set gammaMin=-20 --set gammaMax=-10",
        "bench train --release RELEASE --image 1x8x8",
        "bench forward --release RELEASE --config tiny",
        "bench forward --image 1x0x28",
        "bench forward --precision float32",
        "bench stream --null-network --image 1x8x8 --batch 0",
        "bench stream --null-network --image 1x8x8 --batch many",
        "calibrate --release RELEASE --data IMAGES --limit 2 --out RELEASE",
        "calibrate --release RELEASE --data IMAGES --by-folder --out RELEASE",
        "calibrate --release RELEASE --data IMAGES --by-folder --evaluations 1,2 --out RELEASE",
        "bench schedules --release RELEASE --data IMAGES --limit 1",
        "evaluate --release RELEASE --data IMAGES --timesteps 0",
        "evaluate --release RELEASE --data IMAGES --timesteps 4 --evaluations 5",
        "evaluate --release RELEASE --data IMAGES --precision half",
        "evaluate --release RELEASE --data IMAGES --alerts --alert-rate 1",
        "evaluate --release RELEASE --data IMAGES --alerts --seed 1",
        "fit --data IMAGES --out RELEASE --timesteps -1",
        "fit --data IMAGES --out RELEASE --set schedule=COSINE",
      })
  void shouldEndWithTwoOnWrongUsage(String line) {
    CommandRun run = run(line);

    assertThat(run.exitCode()).as(run.err()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("surprisal").doesNotContain("\tat ");
  }
}
