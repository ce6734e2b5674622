package io.surprisal.model.training;

import io.surprisal.model.network.ModelConfiguration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The built-in configurations. */
final class NamedConfigurations {

  /** As the paper trains its networks; its implementations differ in batch and warm-up. */
  private static final FitConfiguration PAPER =
      FitConfigurationJson.whole(
          """
          {
            "embedding": 128,
            "blocks": 32,
            "coarse": [],
            "attentionHeads": 1,
            "attentionEverywhere": false,
            "groups": 32,
            "normEpsilon": 1e-5,
            "fourierExponents": [5, 6],
            "prediction": "EPSILON",
            "dropout": 0.1,
            "gammaMin": -13.3,
            "gammaMax": 5,
            "schedule": "LEARNED_SCALAR",
            "scheduleRate": 10,
            "scheduleFromStep": 0,
            "timesteps": 0,
            "weighting": "BOUND",
            "flip": false,
            "precision": "FLOAT32",
            "batch": 128,
            "optimizer": "ADAMW",
            "learningRate": 2e-4,
            "weightDecay": 0.01,
            "decayBiases": true,
            "clipNorm": 1.0,
            "warmupSteps": 100,
            "decayFraction": 0,
            "decayShape": "LINEAR",
            "averageRate": 0.9999,
            "averageRamp": true
          }
          """);

  private static final Map<String, FitConfiguration> NAMED = named();

  private NamedConfigurations() {}

  private static Map<String, FitConfiguration> named() {
    Map<String, FitConfiguration> named = new LinkedHashMap<>();
    named.put("tiny", own(16, 1));
    named.put("small", own(32, 2));
    named.put("medium", own(48, 2));
    named.put("large", own(64, 4));
    named.put(
        "reference-small",
        small(32, 2).with(Map.of("learningRate", 1e-3, "batch", 16, "warmupSteps", 0)));
    named.put("paper-cifar10", PAPER);
    return named;
  }

  /** A network that is trained as measurements say. */
  private static FitConfiguration own(int embedding, int blocks) {
    return small(embedding, blocks)
        .with(
            Map.of(
                "schedule",
                ModelConfiguration.Schedule.LEARNED_MONOTONE,
                "optimizer",
                FitConfiguration.Optimizer.MUON,
                "learningRate",
                4e-3,
                "decayFraction",
                0.8,
                "batch",
                16));
  }

  /** The paper's network with fewer groups, and without dropout. */
  private static FitConfiguration small(int embedding, int blocks) {
    return PAPER.with(Map.of("embedding", embedding, "blocks", blocks, "groups", 8, "dropout", 0));
  }

  static Set<String> names() {
    return NAMED.keySet();
  }

  static FitConfiguration named(String name) {
    FitConfiguration configuration = NAMED.get(name);
    if (configuration == null) {
      throw new IllegalArgumentException(
          "there is no configuration '" + name + "'; choose one of " + names() + " or a JSON file");
    }
    return configuration;
  }
}
