package io.surprisal.service.lab;

import io.surprisal.model.detection.Statistic;
import io.surprisal.model.detection.Verdict;
import io.surprisal.model.detection.Verdict.Reason;
import java.util.Optional;
import java.util.function.Predicate;

/** What {@code detect} tells images apart by; the larger, the more anomalous. */
enum DetectionMeasure {
  BITS_PER_DIM("bitsPerDim", "bits/dim", Statistic.BITS_PER_DIM, of(Reason.LOW_LIKELIHOOD)),
  TYPICALITY("typicality", "typicality", Statistic.TYPICALITY, of(Reason.ATYPICAL)),
  LOCAL("local", "local", Statistic.LOCAL, of(Reason.LOCAL)),
  COMBINED("combined", "combined", Statistic.COMBINED, Verdict::alert),
  /** A baseline: what principal components leave. */
  PCA("pca", "PCA residual"),
  /** A baseline: what a Gaussian and a codec say, as within typicality, without the network. */
  GAUSSIAN("gaussian", "Gaussian, codec"),
  /** A baseline: length under a lossless codec. */
  CODEC("codec", "codec length");

  private final String key;
  private final String title;
  private final Optional<Statistic> statistic;
  private final Optional<Predicate<Verdict>> alerts;

  DetectionMeasure(String key, String title, Statistic statistic, Predicate<Verdict> alerts) {
    this.key = key;
    this.title = title;
    this.statistic = Optional.of(statistic);
    this.alerts = Optional.of(alerts);
  }

  DetectionMeasure(String key, String title) {
    this.key = key;
    this.title = title;
    statistic = Optional.empty();
    alerts = Optional.empty();
  }

  private static Predicate<Verdict> of(Reason reason) {
    return verdict -> verdict.alert(reason);
  }

  /** In JSON. */
  String key() {
    return key;
  }

  /** For people. */
  String title() {
    return title;
  }

  /** Of the release; empty for a baseline. */
  Optional<Statistic> statistic() {
    return statistic;
  }

  /** Whether an alert is for this; empty where none ever is. */
  Optional<Predicate<Verdict>> alerts() {
    return alerts;
  }
}
