package io.surprisal.model.training;

import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.surprisal.model.checks.Require;
import io.surprisal.model.diffusion.DiffusionTime;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.runtime.Precision;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a user chooses of a model and its training; the image's shape comes from the data. In JSON
 * it is one flat object with the fields of all parts, in their order: see {@link #parse}, {@link
 * #with} and {@link #fields}.
 *
 * @param network what the network is like
 * @param noise the noise schedule, and how it is learned
 * @param loss what is minimised
 * @param step what an optimiser step works on
 * @param optimisation how weights follow their gradient
 * @param course of the learning rate over a run
 * @param average of the weights over a run
 */
@JsonDeserialize(using = FitConfigurationJson.Reader.class)
public record FitConfiguration(
    Network network,
    Noise noise,
    Loss loss,
    Step step,
    Optimisation optimisation,
    Course course,
    Average average) {

  /** The configuration that {@code fit} takes where none is named. */
  public static final String DEFAULT = "small";

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

  /**
   * The network. Its values are checked where a model is made of them.
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
   */
  public record Network(
      int embedding,
      int blocks,
      List<ModelConfiguration.Level> coarse,
      int attentionHeads,
      boolean attentionEverywhere,
      int groups,
      double normEpsilon,
      List<Integer> fourierExponents,
      ModelConfiguration.Prediction prediction,
      double dropout) {

    public Network {
      coarse = coarse == null ? List.of() : List.copyOf(coarse);
      fourierExponents = fourierExponents == null ? List.of() : List.copyOf(fourierExponents);
      require(prediction != null, "prediction", prediction, "one of the predictions");
    }

    /** The network of a model. */
    static Network of(ModelConfiguration model) {
      return new Network(
          model.embedding(),
          model.blocks(),
          model.coarse(),
          model.attentionHeads(),
          model.attentionEverywhere(),
          model.groups(),
          model.normEpsilon(),
          model.fourierExponents(),
          model.prediction(),
          model.dropout());
    }
  }

  /**
   * The noise schedule.
   *
   * @param gammaMin initial γ(0)
   * @param gammaMax initial γ(1)
   * @param schedule its kind
   * @param scheduleRate factor on the learning rate of a monotone schedule's interior
   * @param scheduleFromStep steps after which the schedule is learned; until then it stays as it
   *     began
   */
  public record Noise(
      double gammaMin,
      double gammaMax,
      ModelConfiguration.Schedule schedule,
      double scheduleRate,
      int scheduleFromStep) {

    public Noise {
      require(
          scheduleRate > 0 && scheduleRate <= 1e4,
          "scheduleRate",
          scheduleRate,
          "within (0, 10000]");
      require(scheduleFromStep >= 0, "scheduleFromStep", scheduleFromStep, "at least 0");
    }

    /** The schedule of a model, learned as this one. */
    Noise withSchedule(ModelConfiguration model) {
      return new Noise(
          model.gammaMin(), model.gammaMax(), model.schedule(), scheduleRate, scheduleFromStep);
    }
  }

  /**
   * What is minimised.
   *
   * @param timesteps T of a training in discrete time, 0 for continuous time
   * @param weighting of the diffusion loss
   */
  public record Loss(int timesteps, Weighting weighting) {
    public Loss {
      require(timesteps >= 0, "timesteps", timesteps, "at least 1, or 0 for continuous time");
      require(weighting != null, "weighting", weighting, "one of the weightings");
    }

    /** Continuous time, or the discrete steps that the loss is taken at. */
    DiffusionTime time() {
      return new DiffusionTime(timesteps);
    }
  }

  /**
   * What an optimiser step works on.
   *
   * @param flip whether every second image, by chance, is trained on mirrored left to right
   * @param precision of the hidden layers in training; weights, gradients and optimiser are float32
   *     either way
   * @param batch images a step
   */
  public record Step(boolean flip, Precision precision, int batch) {
    public Step {
      require(precision != null, "precision", precision, "FLOAT32 or BFLOAT16");
      require(batch >= 1, "batch", batch, "at least 1");
    }
  }

  /**
   * How weights follow their gradient.
   *
   * @param optimizer of the network's weights
   * @param learningRate of AdamW, after warm-up and before decay
   * @param weightDecay of AdamW
   * @param decayBiases whether biases decay too
   * @param clipNorm largest global gradient norm, 0 for no clipping
   */
  public record Optimisation(
      Optimizer optimizer,
      double learningRate,
      double weightDecay,
      boolean decayBiases,
      double clipNorm) {

    public Optimisation {
      optimizer = optimizer == null ? Optimizer.ADAMW : optimizer;
      require(
          learningRate > 0 && learningRate < 10, "learningRate", learningRate, "within (0, 10)");
      require(weightDecay >= 0 && weightDecay < 1, "weightDecay", weightDecay, "in [0, 1)");
      require(clipNorm >= 0, "clipNorm", clipNorm, "above 0, or 0 for no clipping");
    }
  }

  /**
   * The learning rate over a run: linear warm-up, then constant, then down to zero.
   *
   * @param warmupSteps steps of linear warm-up from 0
   * @param decayFraction last part of the run over which the rate falls to zero; 0 for none
   * @param decayShape how it falls
   */
  public record Course(int warmupSteps, double decayFraction, Decay decayShape) {
    public Course {
      decayShape = decayShape == null ? Decay.LINEAR : decayShape; // checkpoints before there was
      require(warmupSteps >= 0, "warmupSteps", warmupSteps, "at least 0");
      require(
          decayFraction >= 0 && decayFraction <= 1, "decayFraction", decayFraction, "in [0, 1]");
    }

    /**
     * Factor on the learning rate.
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

  /**
   * The moving average of the weights.
   *
   * @param averageRate its largest rate
   * @param averageRamp whether that rate ramps up as 1 − (1 + n)^−¾ after n steps, so that a short
   *     run is not an average with its start
   */
  public record Average(double averageRate, boolean averageRamp) {
    public Average {
      require(averageRate >= 0 && averageRate < 1, "averageRate", averageRate, "in [0, 1)");
    }

    /**
     * The part of the average that a step keeps.
     *
     * @param step optimiser steps so far, this one included
     */
    double rate(long step) {
      return averageRamp ? Math.min(averageRate, 1 - Math.pow(1.0 + step, -0.75)) : averageRate;
    }
  }

  private static void require(boolean holds, String name, Object value, String expected) {
    Require.value(holds, "fit configuration", name, value, expected);
  }

  /** Names of the built-in configurations. */
  public static Set<String> names() {
    return NamedConfigurations.names();
  }

  /**
   * A built-in configuration.
   *
   * @throws IllegalArgumentException listing the names, if there is none of that name
   */
  public static FitConfiguration named(String name) {
    return NamedConfigurations.named(name);
  }

  /**
   * A configuration from JSON; what the text leaves out is as in {@value #DEFAULT}.
   *
   * @throws IllegalArgumentException if a field is unknown or a value impossible
   */
  public static FitConfiguration parse(String json) {
    return FitConfigurationJson.parse(json);
  }

  /**
   * This configuration with other values of some fields.
   *
   * @throws IllegalArgumentException if a field is unknown or a value impossible
   */
  public FitConfiguration with(Map<String, ?> values) {
    return FitConfigurationJson.with(this, values);
  }

  /** The fields of all parts by name, as JSON has them. */
  @JsonValue
  public Map<String, Object> fields() {
    return FitConfigurationJson.fields(this);
  }

  /**
   * This training of another network.
   *
   * @return empty where the network is one that no configuration describes, as some imported ones
   */
  public Optional<FitConfiguration> withNetwork(ModelConfiguration model) {
    FitConfiguration fit =
        new FitConfiguration(
            Network.of(model),
            noise.withSchedule(model),
            loss,
            step,
            optimisation,
            course,
            average);
    return fit.model(model.shape()).equals(model) ? Optional.of(fit) : Optional.empty();
  }

  /** The model for images of a shape. */
  public ModelConfiguration model(ImageShape shape) {
    return new ModelConfiguration(
        shape.channels(),
        shape.height(),
        shape.width(),
        network.embedding(),
        network.blocks(),
        network.coarse(),
        network.attentionHeads(),
        network.attentionEverywhere(),
        network.groups(),
        network.normEpsilon(),
        network.fourierExponents(),
        ModelConfiguration.FourierOrder.FREQUENCY_MAJOR,
        false,
        network.prediction(),
        network.dropout(),
        noise.gammaMin(),
        noise.gammaMax(),
        noise.schedule());
  }

  /** Flat, as its JSON is. */
  @Override
  public String toString() {
    return fields().entrySet().stream()
        .map(field -> field.getKey() + "=" + field.getValue())
        .collect(Collectors.joining(", ", "FitConfiguration[", "]"));
  }
}
