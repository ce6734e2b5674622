package io.surprisal.model.training;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.surprisal.model.diffusion.DiffusionTime;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.network.InitialParameters;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.runtime.Precision;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a user chooses of a model and its training; the image's shape comes from the data.
 *
 * @param embedding E, width of the network
 * @param blocks n, depth of the network
 * @param coarse further levels of the network, each at half the resolution of the one before
 * @param attentionHeads heads of each attention
 * @param attentionEverywhere attention in every block instead of the middle alone
 * @param groups groups of each group normalisation
 * @param normEpsilon ε of each group normalisation
 * @param fourierExponents exponents of the Fourier features; empty for none
 * @param prediction what the network predicts, ε or v
 * @param dropout probability of dropping a hidden unit in training
 * @param gammaMin initial γ(0)
 * @param gammaMax initial γ(1)
 * @param schedule the noise schedule
 * @param scheduleRate factor on the learning rate of a monotone schedule's interior
 * @param scheduleFromStep steps after which the noise schedule is learned; until then it stays as
 *     it began
 * @param timesteps T of a training in discrete time, 0 for continuous time
 * @param weighting of the diffusion loss
 * @param flip whether every second image, by chance, is trained on mirrored left to right
 * @param precision of the hidden layers in training; weights, gradients and optimiser are float32
 *     either way
 * @param batch images a step
 * @param optimizer of the network's weights
 * @param learningRate of AdamW, after warm-up and before decay
 * @param weightDecay of AdamW
 * @param decayBiases whether biases decay too
 * @param clipNorm largest global gradient norm, 0 for no clipping
 * @param warmupSteps steps of linear warm-up from 0
 * @param decayFraction last part of the run over which the rate falls to zero; 0 for none
 * @param decayShape how it falls
 * @param averageRate largest rate of the moving average of the weights
 * @param averageRamp whether that rate ramps up as 1 − (1 + n)^−¾ after n steps, so that a short
 *     run is not an average with its start
 */
public record FitConfiguration(
    int embedding,
    int blocks,
    List<ModelConfiguration.Level> coarse,
    int attentionHeads,
    boolean attentionEverywhere,
    int groups,
    double normEpsilon,
    List<Integer> fourierExponents,
    ModelConfiguration.Prediction prediction,
    double dropout,
    double gammaMin,
    double gammaMax,
    ModelConfiguration.Schedule schedule,
    double scheduleRate,
    int scheduleFromStep,
    int timesteps,
    Weighting weighting,
    boolean flip,
    Precision precision,
    int batch,
    Optimizer optimizer,
    double learningRate,
    double weightDecay,
    boolean decayBiases,
    double clipNorm,
    int warmupSteps,
    double decayFraction,
    Decay decayShape,
    double averageRate,
    boolean averageRamp) {

  /** How the network's weights follow their gradient. */
  public enum Optimizer {
    /** Loshchilov &amp; Hutter 2019. */
    ADAMW,
    /** Orthogonalised momentum for the hidden matrices, AdamW for all else. */
    MUON
  }

  /** How the learning rate falls to zero. */
  public enum Decay {
    /** In proportion to what is left of the run. */
    LINEAR,
    /** By half a wave of the cosine (Loshchilov &amp; Hutter 2017). */
    COSINE
  }

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
          .enable(
              DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS,
              DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES,
              DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** The configuration that {@code fit} takes where none is named. */
  public static final String DEFAULT = "small";

  private static final Map<String, FitConfiguration> NAMED = named();

  private static Map<String, FitConfiguration> named() {
    Map<String, FitConfiguration> named = new LinkedHashMap<>();
    named.put("tiny", own(16, 1));
    named.put("small", own(32, 2));
    named.put("medium", own(48, 2));
    named.put("large", own(64, 4));
    named.put(
        "reference-small",
        asInPaper(32, 2, 8, 0, 1e-3).with(Map.of("batch", 16, "warmupSteps", 0)));
    named.put("paper-cifar10", asInPaper(128, 32, 32, 0.1, 2e-4).with(Map.of("batch", 128)));
    return named;
  }

  /** A network that is trained as measurements say (README, "What pays"). */
  private static FitConfiguration own(int embedding, int blocks) {
    return asInPaper(embedding, blocks, 8, 0, 4e-3)
        .with(
            Map.of(
                "schedule",
                ModelConfiguration.Schedule.LEARNED_MONOTONE,
                "optimizer",
                Optimizer.MUON,
                "decayFraction",
                0.8,
                "batch",
                16));
  }

  /** A network that is trained as the paper's; its implementations differ in batch and warm-up. */
  private static FitConfiguration asInPaper(
      int embedding, int blocks, int groups, double dropout, double learningRate) {
    return new FitConfiguration(
        embedding,
        blocks,
        List.of(),
        1,
        false,
        groups,
        1e-5,
        List.of(5, 6),
        ModelConfiguration.Prediction.EPSILON,
        dropout,
        -13.3,
        5,
        ModelConfiguration.Schedule.LEARNED_SCALAR,
        10,
        0,
        0,
        Weighting.BOUND,
        false,
        Precision.FLOAT32,
        32,
        Optimizer.ADAMW,
        learningRate,
        0.01,
        true,
        1.0,
        100,
        0,
        Decay.LINEAR,
        0.9999,
        true);
  }

  public FitConfiguration {
    coarse = coarse == null ? List.of() : List.copyOf(coarse);
    fourierExponents = fourierExponents == null ? List.of() : List.copyOf(fourierExponents);
    optimizer = optimizer == null ? Optimizer.ADAMW : optimizer;
    decayShape = decayShape == null ? Decay.LINEAR : decayShape; // checkpoints before there was one
    require(batch >= 1, "batch", batch, "at least 1");
    require(learningRate > 0 && learningRate < 10, "learningRate", learningRate, "within (0, 10)");
    require(
        scheduleRate > 0 && scheduleRate <= 1e4, "scheduleRate", scheduleRate, "within (0, 10000]");
    require(scheduleFromStep >= 0, "scheduleFromStep", scheduleFromStep, "at least 0");
    require(timesteps >= 0, "timesteps", timesteps, "at least 1, or 0 for continuous time");
    require(weighting != null, "weighting", weighting, "one of the weightings");
    require(precision != null, "precision", precision, "FLOAT32 or BFLOAT16");
    require(prediction != null, "prediction", prediction, "one of the predictions");
    require(weightDecay >= 0 && weightDecay < 1, "weightDecay", weightDecay, "in [0, 1)");
    require(clipNorm >= 0, "clipNorm", clipNorm, "above 0, or 0 for no clipping");
    require(warmupSteps >= 0, "warmupSteps", warmupSteps, "at least 0");
    require(decayFraction >= 0 && decayFraction <= 1, "decayFraction", decayFraction, "in [0, 1]");
    require(averageRate >= 0 && averageRate < 1, "averageRate", averageRate, "in [0, 1)");
  }

  private static void require(boolean holds, String name, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "fit configuration: " + name + " is " + value + ", must be " + expected);
    }
  }

  /** Names of the built-in configurations. */
  public static Set<String> names() {
    return NAMED.keySet();
  }

  /**
   * A built-in configuration.
   *
   * @throws IllegalArgumentException listing the names, if there is none of that name
   */
  public static FitConfiguration named(String name) {
    FitConfiguration configuration = NAMED.get(name);
    if (configuration == null) {
      throw new IllegalArgumentException(
          "there is no configuration '" + name + "'; choose one of " + names() + " or a JSON file");
    }
    return configuration;
  }

  /**
   * A configuration from JSON; what the text leaves out is as in {@value #DEFAULT}.
   *
   * @throws IllegalArgumentException if a field is unknown or a value impossible
   */
  public static FitConfiguration parse(String json) {
    try {
      JsonNode given = JSON.readTree(json);
      if (!given.isObject()) {
        throw new IllegalArgumentException("fit configuration is no JSON object: " + json);
      }
      ObjectNode fields = JSON.valueToTree(named(DEFAULT));
      given.properties().forEach(field -> set(fields, field.getKey(), field.getValue()));
      return configuration(fields);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "fit configuration is not JSON: " + e.getOriginalMessage(), e);
    }
  }

  private static void set(ObjectNode fields, String name, JsonNode value) {
    if (!fields.has(name)) {
      throw new IllegalArgumentException(
          "fit configuration: unknown field '"
              + name
              + "'; the fields are "
              + fields.properties().stream().map(Map.Entry::getKey).toList());
    }
    fields.set(name, value);
  }

  private static FitConfiguration configuration(ObjectNode fields) {
    try {
      FitConfiguration configuration = JSON.treeToValue(fields, FitConfiguration.class);
      int side = 1 << Math.min(configuration.coarse().size(), 12);
      ModelConfiguration model = configuration.model(1, side, side); // checks the network
      NoiseSchedule.of(model, InitialParameters.draw(model, 0)); // checks its end points
      return configuration;
    } catch (ValueInstantiationException e) {
      throw new IllegalArgumentException(e.getCause().getMessage(), e);
    } catch (InvalidFormatException e) {
      throw new IllegalArgumentException(
          "fit configuration: %s is %s, must be %s"
              .formatted(field(e), e.getValue(), expected(e.getTargetType())),
          e);
    } catch (JsonMappingException e) {
      throw new IllegalArgumentException(
          "fit configuration: %s has the wrong type of value, or none; its default is %s"
              .formatted(field(e), JSON.valueToTree(named(DEFAULT)).path(field(e))),
          e);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree is not parsed", e);
    }
  }

  private static String field(JsonMappingException e) {
    return e.getPath().isEmpty() ? "a field" : e.getPath().get(0).getFieldName();
  }

  private static String expected(Class<?> type) {
    return type.isEnum()
        ? "one of " + Arrays.toString(type.getEnumConstants())
        : "of type " + type.getSimpleName();
  }

  /**
   * The same with other values of some fields.
   *
   * @throws IllegalArgumentException if a field is unknown or a value impossible
   */
  public FitConfiguration with(Map<String, ?> values) {
    ObjectNode fields = JSON.valueToTree(this);
    values.forEach((name, value) -> set(fields, name, JSON.valueToTree(value)));
    return configuration(fields);
  }

  /**
   * This training of another network.
   *
   * @return empty where the network is one that no configuration describes, as some imported ones
   */
  public Optional<FitConfiguration> withNetwork(ModelConfiguration network) {
    FitConfiguration fit =
        with(
            Map.ofEntries(
                Map.entry("embedding", network.embedding()),
                Map.entry("blocks", network.blocks()),
                Map.entry("coarse", network.coarse()),
                Map.entry("attentionHeads", network.attentionHeads()),
                Map.entry("attentionEverywhere", network.attentionEverywhere()),
                Map.entry("groups", network.groups()),
                Map.entry("normEpsilon", network.normEpsilon()),
                Map.entry("fourierExponents", network.fourierExponents()),
                Map.entry("prediction", network.prediction()),
                Map.entry("dropout", network.dropout()),
                Map.entry("gammaMin", network.gammaMin()),
                Map.entry("gammaMax", network.gammaMax()),
                Map.entry("schedule", network.schedule())));
    return fit.model(network.channels(), network.height(), network.width()).equals(network)
        ? Optional.of(fit)
        : Optional.empty();
  }

  /** All fields by name, as JSON has them. */
  public Map<String, Object> fields() {
    return JSON.convertValue(this, new TypeReference<LinkedHashMap<String, Object>>() {});
  }

  /** The model for images of a shape. */
  public ModelConfiguration model(int channels, int height, int width) {
    return new ModelConfiguration(
        channels,
        height,
        width,
        embedding,
        blocks,
        coarse,
        attentionHeads,
        attentionEverywhere,
        groups,
        normEpsilon,
        fourierExponents,
        ModelConfiguration.FourierOrder.FREQUENCY_MAJOR,
        false,
        prediction,
        dropout,
        gammaMin,
        gammaMax,
        schedule);
  }

  /** Continuous time, or the discrete steps that the loss is taken at. */
  DiffusionTime time() {
    return new DiffusionTime(timesteps);
  }

  /**
   * Rate of the moving average of the weights: the part of it that a step keeps.
   *
   * @param step optimiser steps so far, this one included
   */
  double averageRate(long step) {
    return averageRamp ? Math.min(averageRate, 1 - Math.pow(1.0 + step, -0.75)) : averageRate;
  }

  /**
   * Factor on the learning rate: linear warm-up, then constant, then down to zero.
   *
   * @param step optimiser steps so far
   * @param fraction of the run's budget that is spent, in [0, 1]
   */
  public double rate(long step, double fraction) {
    double warmup = warmupSteps == 0 ? 1 : Math.min(1, step / (double) warmupSteps);
    double left = decayFraction == 0 ? 1 : Math.min(1, (1 - fraction) / decayFraction);
    return warmup
        * switch (decayShape) {
          case LINEAR -> left;
          case COSINE -> (1 - Math.cos(Math.PI * left)) / 2;
        };
  }
}
