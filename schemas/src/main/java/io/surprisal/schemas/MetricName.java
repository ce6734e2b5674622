package io.surprisal.schemas;

import java.util.List;
import java.util.Locale;

/**
 * Every metric that a process tells, with the name that dashboards and alerting rules are written
 * for. They are a contract as topics are: names stay, and what one says stays.
 */
public enum MetricName {
  IMAGES_SCORED(Where.SCORE, Kind.COUNTER, "", "Images that got a score", "source"),
  ALERTS(
      Where.SCORE,
      Kind.COUNTER,
      "",
      "Alerts; one of several reasons counts under each",
      "source",
      "reason"),
  IMAGES_REFUSED(Where.SCORE, Kind.COUNTER, "", "Images that became dead letters", "reason"),
  IMAGES_REPAIRED(
      Where.SCORE, Kind.COUNTER, "", "Repairs of images that were scored, by kind", "repair"),
  LATENCY(
      Where.SCORE,
      Kind.TIMER,
      "seconds",
      "From an image's timestamp to the moment that its result leaves the scorer"),
  DECODING(Where.SCORE, Kind.TIMER, "seconds", "Decoding and preprocessing of an image"),
  SCORING(
      Where.SCORE,
      Kind.TIMER,
      "seconds",
      "From an image's hand-over to the network's queue to its likelihood, waiting included"),
  EVALUATIONS(Where.SCORE, Kind.SUMMARY, "", "Evaluations of the network that an image got"),
  QUEUE_IMAGES(Where.SCORE, Kind.GAUGE, "", "Images that wait for a worker"),
  QUEUE_CAPACITY(Where.SCORE, Kind.GAUGE, "", "Images that may wait for a worker"),
  BATCHES(Where.SCORE, Kind.COUNTER, "", "Batches that the network was given"),
  BATCH_IMAGES(
      Where.SCORE,
      Kind.COUNTER,
      "",
      "Images, or tiles, in these batches; over batches: their fill"),
  BATCH_LARGEST(Where.SCORE, Kind.GAUGE, "", "Most images of a batch"),
  LAG_IMAGES(
      Where.SCORE,
      Kind.GAUGE,
      "",
      "Images between this member's position and the end of what is committed"),
  WITHHELD_IMAGES(
      Where.SCORE,
      Kind.GAUGE,
      "",
      "Records of the images topic behind a transaction that has been open for 70 s or more"),
  STREAM_RUNNING(
      Where.SCORE, Kind.GAUGE, "", "1 while the stream works, 0 else; waiting for a release is 0"),
  STREAM_THREADS(Where.SCORE, Kind.GAUGE, "", "Stream threads that are alive"),
  FOLLOWER_UP(
      Where.SCORE,
      Kind.GAUGE,
      "",
      "1 while announced releases are followed, 0 once that has ended"),
  DEVICE(Where.SCORE, Kind.GAUGE, "", "1 for each device that scores", "device"),
  RELEASE(Where.SCORE, Kind.GAUGE, "", "1 for the release that serves", "release", "precision"),
  RELEASE_AGE(Where.SCORE, Kind.GAUGE, "seconds", "Since that release began to serve here"),
  RELEASE_SWAPS(Where.SCORE, Kind.COUNTER, "", "Releases that took over from another one here"),
  TRAINER_ACTIVE(
      Where.TRAIN, Kind.GAUGE, "", "1 for the trainer that decides, 0 for one that stands by"),
  TRAINER_TURN(
      Where.TRAIN, Kind.GAUGE, "seconds", "How long the trainer's turn under way has taken so far"),
  TRAINER_READING(Where.TRAIN, Kind.GAUGE, "", "1 while the stream is read into the reservoir"),
  TRAINER_EVENTS(
      Where.TRAIN, Kind.COUNTER, "", "What this trainer told on the topic trainer", "type"),
  RESERVOIR_IMAGES(Where.TRAIN, Kind.GAUGE, "", "Images in the reservoir", "pool"),
  RESERVOIR_SEEN(Where.TRAIN, Kind.COUNTER, "", "Images that the reservoir was ever shown"),
  PAGE_READERS(Where.DASHBOARD, Kind.GAUGE, "", "Pages that hear of what is new"),
  PAGE_REQUESTS(
      Where.DASHBOARD, Kind.COUNTER, "", "Answers, by the first digit of their status", "status"),
  HEARTBEAT_AGE(
      Where.MEMBERS,
      Kind.GAUGE,
      "seconds",
      "Since the broker was last told that this member lives"),
  MEMORY_RESIDENT(
      Where.ALL, Kind.GAUGE, "bytes", "Memory of the process, with what lies outside of the heap"),
  MEMORY_HEAP(Where.ALL, Kind.GAUGE, "bytes", "Java heap that is used"),
  MEMORY_HEAP_MAX(Where.ALL, Kind.GAUGE, "bytes", "Java heap that there may be"),
  PROCESSOR_TIME(Where.ALL, Kind.COUNTER, "seconds", "Processor time of the process"),
  INFO(Where.ALL, Kind.GAUGE, "", "1, with the version", "version");

  /** What it is, in Prometheus' terms. */
  public enum Kind {
    COUNTER,
    GAUGE,
    /** A histogram of seconds. */
    TIMER,
    /** Sum and count. */
    SUMMARY
  }

  /** Whose it is. */
  public enum Where {
    SCORE,
    TRAIN,
    DASHBOARD,
    /** Scorers and trainers. */
    MEMBERS,
    ALL
  }

  private static final String PREFIX = "surprisal.";

  private final Where where;
  private final Kind kind;
  private final String unit;
  private final String description;
  private final List<String> labels;

  MetricName(Where where, Kind kind, String unit, String description, String... labels) {
    this.where = where;
    this.kind = kind;
    this.unit = unit;
    this.description = description;
    this.labels = List.of(labels);
  }

  /** As Micrometer wants it, with dots. */
  public String id() {
    return PREFIX + name().toLowerCase(Locale.ROOT).replace('_', '.');
  }

  /** As the endpoint writes it; of a timer and a summary without the endings of its parts. */
  public String exposed() {
    String name = id().replace('.', '_');
    String base = unit.isEmpty() ? name : name + "_" + unit;
    return kind == Kind.COUNTER ? base + "_total" : base;
  }

  public Kind kind() {
    return kind;
  }

  public Where where() {
    return where;
  }

  /** Base unit; empty: a number of things. */
  public String unit() {
    return unit;
  }

  public String description() {
    return description;
  }

  /** Names of its labels. */
  public List<String> labels() {
    return labels;
  }
}
