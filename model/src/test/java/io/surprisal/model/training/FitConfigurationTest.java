package io.surprisal.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.network.ParameterLayout;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FitConfigurationTest {

  @Test
  void shouldTakeDefaultsForWhatIsLeftOut() {
    assertThat(FitConfiguration.parse("{}"))
        .isEqualTo(FitConfiguration.named(FitConfiguration.DEFAULT));
  }

  @Test
  void shouldTakeWhatIsGiven() {
    FitConfiguration configuration =
        FitConfiguration.parse(
            "{\"embedding\": 16, \"groups\": 4, \"fourierExponents\": [3], \"gammaMin\": -10,"
                + " \"schedule\": \"FIXED_LINEAR\", \"batch\": 7, \"learningRate\": 5e-4}");
    FitConfiguration standard = FitConfiguration.named(FitConfiguration.DEFAULT);
    assertThat(configuration.network().embedding()).isEqualTo(16);
    assertThat(configuration.network().groups()).isEqualTo(4);
    assertThat(configuration.network().fourierExponents()).isEqualTo(List.of(3));
    assertThat(configuration.noise().gammaMin()).isEqualTo(-10);
    assertThat(configuration.noise().schedule()).isEqualTo(Schedule.FIXED_LINEAR);
    assertThat(configuration.step().batch()).isEqualTo(7);
    assertThat(configuration.optimisation().learningRate()).isEqualTo(5e-4);
    assertThat(configuration.network().blocks()).isEqualTo(standard.network().blocks());
    assertThat(configuration.average().averageRate()).isEqualTo(standard.average().averageRate());
  }

  @Test
  void shouldNameAnUnknownFieldAndTheKnownOnes() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> FitConfiguration.parse("{\"learning_rate\": 1e-3}"))
        .withMessageContaining("'learning_rate'")
        .withMessageContaining("learningRate");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"batch\": 0} | batch is 0, must be at least 1",
        "{\"batch\": 2.5} | batch",
        "{\"batch\": null} | batch",
        "{\"batch\": \"many\"} | batch",
        "{\"learningRate\": 0} | learningRate is 0.0",
        "{\"learningRate\": \"NaN\"} | learningRate is NaN",
        "{\"weightDecay\": -1} | weightDecay",
        "{\"clipNorm\": -1} | clipNorm",
        "{\"warmupSteps\": -1} | warmupSteps",
        "{\"decayFraction\": 1.5} | decayFraction",
        "{\"decayShape\": \"STEP\"} | decayShape",
        "{\"scheduleFromStep\": -1} | scheduleFromStep",
        "{\"averageRate\": 1} | averageRate",
        "{\"schedule\": \"COSINE\"} | schedule",
        "{\"schedule\": null} | schedule",
        "{\"embedding\": 33} | embedding is 33",
        "{\"blocks\": 0} | blocks is 0",
        "{\"dropout\": 1} | dropout",
        "{\"fourierExponents\": [99]} | fourierExponents",
        "{\"fourierExponents\": [1.5]} | fourierExponents",
        "{\"gammaMin\": 6} | gammaMin",
      })
  void shouldNameAnImpossibleValue(String json, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> FitConfiguration.parse(json))
        .withMessageContaining("configuration: ")
        .withMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "null", "[]", "3", "{", "{\"batch\": }", "{} {}"})
  void shouldRefuseWhatIsNoJsonObject(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> FitConfiguration.parse(text))
        .withMessageStartingWith("fit configuration");
  }

  @Test
  void shouldLetTheLearningRateRiseStayAndFall() {
    FitConfiguration linear =
        FitConfiguration.named("small").with(Map.of("warmupSteps", 100, "decayFraction", 0.5));
    FitConfiguration cosine = linear.with(Map.of("decayShape", "COSINE"));

    for (FitConfiguration fit : List.of(linear, cosine)) {
      assertThat(fit.course().rate(25, 0.1)).isEqualTo(0.25);
      assertThat(fit.course().rate(1000, 0.5)).isEqualTo(1);
      assertThat(fit.course().rate(1000, 0.75)).isCloseTo(0.5, within(1e-12));
      assertThat(fit.course().rate(1000, 1)).isZero();
    }
    assertThat(linear.course().rate(1000, 0.875)).isCloseTo(0.25, within(1e-12));
    assertThat(cosine.course().rate(1000, 0.875))
        .isCloseTo(Math.pow(Math.sin(Math.PI / 8), 2), within(1e-12));
  }

  @Test
  void shouldReadWhatCheckpointsOfEarlierVersionsHold() {
    FitConfiguration fit = FitConfiguration.named("medium");
    ObjectMapper json = new ObjectMapper(); // as a checkpoint reads and writes
    ObjectNode fields = json.valueToTree(fit);
    fields.remove(List.of("coarse", "decayShape", "scheduleFromStep"));

    assertThat(json.convertValue(fields, FitConfiguration.class)).isEqualTo(fit);
  }

  /** Checkpoints, releases and users have the fields of all parts in one object. */
  @Test
  void shouldBeOneFlatObjectInJson() throws Exception {
    ObjectMapper json = new ObjectMapper();
    String text =
        "{'embedding':32,'blocks':2,'coarse':[],'attentionHeads':1,'attentionEverywhere':false,"
            + "'groups':8,'normEpsilon':1.0E-5,'fourierExponents':[5,6],'prediction':'EPSILON',"
            + "'dropout':0.0,'gammaMin':-13.3,'gammaMax':5.0,'schedule':'LEARNED_MONOTONE',"
            + "'scheduleRate':10.0,'scheduleFromStep':0,'timesteps':0,'weighting':'BOUND',"
            + "'flip':false,'precision':'FLOAT32','batch':16,'optimizer':'MUON',"
            + "'learningRate':0.004,'weightDecay':0.01,'decayBiases':true,'clipNorm':1.0,"
            + "'warmupSteps':100,'decayFraction':0.8,'decayShape':'LINEAR','averageRate':0.9999,"
            + "'averageRamp':true}";
    FitConfiguration small = FitConfiguration.named("small");

    assertThat(json.writeValueAsString(small)).isEqualTo(text.replace('\'', '"'));
    assertThat(json.readValue(text.replace('\'', '"'), FitConfiguration.class)).isEqualTo(small);
    assertThat(json.writeValueAsString(small.fields())).isEqualTo(text.replace('\'', '"'));
    assertThat(small)
        .hasToString(
            "FitConfiguration" + small.fields().toString().replace('{', '[').replace('}', ']'));
  }

  @Test
  void shouldRefuseAFieldThatNoPartHas() {
    assertThatThrownBy(() -> new ObjectMapper().readValue("{\"nope\": 1}", FitConfiguration.class))
        .isInstanceOf(UnrecognizedPropertyException.class)
        .hasMessageContaining("nope");
  }

  @Test
  void shouldTrainAnotherNetworkInTheSameWay() {
    FitConfiguration usual = FitConfiguration.named("small");
    FitConfiguration other = FitConfiguration.named("reference-small");
    ModelConfiguration network =
        other.with(Map.of("embedding", 24)).model(new ImageShape(3, 16, 16));

    FitConfiguration fit = usual.withNetwork(network).orElseThrow();

    assertThat(fit.model(new ImageShape(3, 16, 16))).isEqualTo(network);
    assertThat(fit.optimisation().optimizer()).isEqualTo(usual.optimisation().optimizer());
    assertThat(fit.optimisation().learningRate()).isEqualTo(usual.optimisation().learningRate());
  }

  @Test
  void shouldHaveNamedConfigurationsForTheUsualImages() {
    assertThat(FitConfiguration.names()).contains(FitConfiguration.DEFAULT, "paper-cifar10");
    for (String name : FitConfiguration.names()) {
      for (ModelConfiguration model :
          List.of(
              FitConfiguration.named(name).model(new ImageShape(1, 28, 28)),
              FitConfiguration.named(name).model(new ImageShape(3, 32, 32)))) {
        assertThat(ParameterLayout.of(model).size()).isPositive();
      }
    }
    // "about 31 M parameters" (numbers of the paper's CIFAR-10 model)
    assertThat(
            ParameterLayout.of(
                    FitConfiguration.named("paper-cifar10").model(new ImageShape(3, 32, 32)))
                .size())
        .isBetween(30_000_000, 33_000_000);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> FitConfiguration.named("huge"))
        .withMessageContaining("'huge'")
        .withMessageContaining("small");
  }
}
