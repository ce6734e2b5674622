package io.surprisal.topology;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.schemas.Topics;
import io.surprisal.topology.incidents.Incidents;
import io.surprisal.topology.incidents.OpenIncidents;
import io.surprisal.topology.kafka.CommitPace;
import io.surprisal.topology.pending.ImageReader;
import io.surprisal.topology.pending.PendingRange;
import io.surprisal.topology.records.DeadLetter;
import io.surprisal.topology.serving.Scoring;
import io.surprisal.topology.serving.ServedModel;
import io.surprisal.topology.serving.ShadowModel;
import io.surprisal.topology.sources.SourceWatch;
import io.surprisal.topology.sources.WatchRules;
import io.surprisal.topology.statistics.SourceWindow;
import io.surprisal.topology.statistics.WindowKey;
import io.surprisal.topology.topics.TopicSetup;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.AutoOffsetReset;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What flows where: images in; scores, alerts, their incidents, dead letters, statistics, and how
 * sources are out. Each image leaves exactly one score or one dead letter. Records are read as raw
 * bytes, so that no input can stop the stream in a deserializer and a dead letter carries what
 * came.
 *
 * <pre>
 * images → score → scores
 *                → alerts
 *                → incidents
 *                → dead-letters
 *                → statistics
 *                → observations → watch → source-alerts
 *                                       → sources
 * </pre>
 *
 * <p>The processor's store {@code pending} has one entry a partition, of images whose batch is not
 * done; {@code windows} has the statistics of the latest windows, {@code open-incidents} the
 * incidents that go on. Kafka Streams creates their changelogs, the topics {@code <application
 * id>-pending-changelog}, {@code <application id>-windows-changelog} and {@code <application
 * id>-open-incidents-changelog}, with as many partitions as the images have: who adds partitions to
 * the images stops the members and adds as many to the changelogs.
 *
 * <p>A source's images may come through any partition, and whether it is silent can only be said
 * where all of them are known. So each image is told of, in about a hundred bytes, on the topic
 * {@code <application id>-observations-repartition} of one partition; Kafka Streams creates it, and
 * deletes what has been read. One task watches all sources, with the stores {@code sources} and
 * {@code watch-clock}.
 */
public final class ScoringTopology {

  private static final Logger LOG = LoggerFactory.getLogger(ScoringTopology.class);

  static final String PENDING = "pending";
  static final String WINDOWS = "windows";
  static final String OPEN_INCIDENTS = "open-incidents";
  static final String SOURCE = "images";
  static final String PROCESSOR = "score";
  static final String SCORES = "scores";
  static final String ALERTS = "alerts";
  static final String INCIDENTS = "incidents";
  static final String DEAD_LETTERS = "dead-letters";
  static final String STATISTICS = "statistics";
  static final String OBSERVATIONS = "observations";
  static final String WATCH = "watch";
  static final String WATCHED = "sources";
  static final String CLOCK = "watch-clock";
  static final String SOURCE_ALERTS = "source-alerts";
  static final String SOURCE_STATUS = "source-status";

  /** Restoring reads the last segment and little before it: 10,000 commits, well below a second. */
  private static final int CHANGELOG_SEGMENT_BYTES = 1 << 20;

  private final Topics topics;
  private final Supplier<ServedModel> models;
  private final Supplier<Optional<ShadowModel>> candidates;
  private final DecodingLimits limits;
  private final int maxDeadLetterBytes;
  private final Duration window;
  private final WatchRules rules;
  private final StreamMeters meters;
  private final OpenIncidents openIncidents = new OpenIncidents();

  /** Serves one release for good. */
  public ScoringTopology(
      Topics topics, ServedModel model, DecodingLimits limits, int maxDeadLetterBytes) {
    this(
        topics,
        () -> model,
        Optional::empty,
        limits,
        maxDeadLetterBytes,
        Scoring.DEFAULT_WINDOW,
        WatchRules.usual(),
        new SimpleMeterRegistry());
  }

  /**
   * @param models gives the model that serves now; asked for each image
   * @param candidates gives the one that is tried beside it now; asked for each image
   * @param limits what an encoded image may cost
   * @param maxDeadLetterBytes largest record batch that the dead-letters topic takes. Ask {@link
   *     TopicSetup#maxMessageBytes}: under exactly-once processing a record that the broker refuses
   *     as too large aborts the transaction, whatever a production exception handler says, so none
   *     may be sent
   * @param window of event time that the statistics are told of
   * @param rules when a source makes no sense any more
   * @param registry of the metrics
   * @throws IllegalArgumentException if maxDeadLetterBytes is too small for Surprisal's own
   *     headers, or the window is shorter than a millisecond
   */
  public ScoringTopology(
      Topics topics,
      Supplier<ServedModel> models,
      Supplier<Optional<ShadowModel>> candidates,
      DecodingLimits limits,
      int maxDeadLetterBytes,
      Duration window,
      WatchRules rules,
      MeterRegistry registry) {
    if (maxDeadLetterBytes < DeadLetter.MIN_BYTES) {
      throw new IllegalArgumentException(
          "The limit of dead letters is "
              + maxDeadLetterBytes
              + " bytes, must be at least "
              + DeadLetter.MIN_BYTES);
    }
    if (window.toMillis() < 1) {
      throw new IllegalArgumentException(
          "the window of the statistics is " + window + ", must be at least 1 ms");
    }
    this.topics = topics;
    this.models = models;
    this.candidates = candidates;
    this.window = window;
    this.rules = rules;
    this.meters = new StreamMeters(registry);
    this.limits = limits;
    this.maxDeadLetterBytes = maxDeadLetterBytes;
  }

  /**
   * The topology, ready for Kafka Streams.
   *
   * @param reader of the images that were pending when a member ended
   */
  Topology build(ImageReader reader) {
    // On disk, though it is small: only members with such a store keep their name over a restart,
    // and with it end what transaction they left open, which others would wait a minute for.
    return build(reader, Stores::persistentKeyValueStore);
  }

  /**
   * The topology on another kind of store, for a driver.
   *
   * @param stores gives a store of a name
   */
  Topology build(ImageReader reader, Function<String, KeyValueBytesStoreSupplier> stores) {
    ThreadLocal<CommitPace> paces = ThreadLocal.withInitial(CommitPace::new);
    StreamsBuilder builder = new StreamsBuilder();
    builder
        .addStateStore(logged(stores.apply(PENDING), Serdes.Integer(), PendingRange.serde()))
        .addStateStore(logged(stores.apply(WINDOWS), WindowKey.serde(), SourceWindow.serde()))
        .addStateStore(logged(stores.apply(OPEN_INCIDENTS), Serdes.String(), Incidents.serde()))
        .addStateStore(logged(stores.apply(WATCHED), Serdes.String(), SourceWatch.sourceSerde()))
        .addStateStore(logged(stores.apply(CLOCK), Serdes.Integer(), SourceWatch.clockSerde()));
    KStream<byte[], byte[]> results =
        builder.stream(
                topics.images(),
                Consumed.with(Serdes.ByteArray(), Serdes.ByteArray())
                    .withName(SOURCE)
                    .withTimestampExtractor((image, partitionTime) -> timestamp(image))
                    .withOffsetResetPolicy(AutoOffsetReset.earliest()))
            .process(
                () ->
                    new ScoringProcessor(
                        topics.images(),
                        models,
                        candidates,
                        limits,
                        reader,
                        maxDeadLetterBytes,
                        window,
                        paces,
                        meters,
                        openIncidents),
                Named.as(PROCESSOR),
                PENDING,
                WINDOWS,
                OPEN_INCIDENTS);
    results.to(topics.scores(), sink(SCORES));
    results.to(topics.alerts(), sink(ALERTS));
    results.to(topics.incidents(), sink(INCIDENTS));
    results.to(topics.deadLetters(), sink(DEAD_LETTERS));
    results.to(topics.statistics(), sink(STATISTICS));
    KStream<byte[], byte[]> watched =
        results
            .mapValues(observation -> observation, Named.as(OBSERVATIONS)) // to forward to
            .repartition(
                Repartitioned.with(Serdes.ByteArray(), Serdes.ByteArray())
                    .withName(OBSERVATIONS)
                    .withNumberOfPartitions(1))
            .process(() -> new SourceProcessor(rules), Named.as(WATCH), WATCHED, CLOCK);
    watched.to(topics.sourceAlerts(), sink(SOURCE_ALERTS));
    watched.to(topics.sources(), sink(SOURCE_STATUS));
    return builder.build();
  }

  private static Produced<byte[], byte[]> sink(String name) {
    return Produced.with(Serdes.ByteArray(), Serdes.ByteArray()).withName(name);
  }

  /** Cached, so that a commit writes an entry once; logged, in segments that are compacted soon. */
  private static <K, V> StoreBuilder<KeyValueStore<K, V>> logged(
      KeyValueBytesStoreSupplier store, Serde<K> keys, Serde<V> values) {
    return Stores.keyValueStoreBuilder(store, keys, values)
        .withCachingEnabled()
        .withLoggingEnabled(
            Map.of(
                TopicConfig.SEGMENT_BYTES_CONFIG,
                String.valueOf(CHANGELOG_SEGMENT_BYTES),
                TopicConfig.MIN_CLEANABLE_DIRTY_RATIO_CONFIG,
                "0.1"));
  }

  /** One line of warning if no alert can ever be raised. */
  void warnIfSilent() {
    ServedModel model = models.get();
    model
        .rules()
        .silence()
        .ifPresent(
            reason ->
                LOG.warn(
                    "Release {} scores images, but none raises an alert: {}",
                    model.releaseId(),
                    reason));
  }

  /**
   * When an image came. A record may come without a timestamp (-1), and with one of hours ahead,
   * which no topic takes on what follows from it: either would stop the stream, and is taken as
   * now.
   */
  static long timestamp(ConsumerRecord<?, ?> image) {
    long now = System.currentTimeMillis();
    return image.timestamp() >= 0 ? Math.min(image.timestamp(), now) : now;
  }

  /** Name of the topic that is read. */
  String images() {
    return topics.images();
  }

  /** What all processors of this topology have done. */
  public ScoringCounts counts() {
    return meters.snapshot();
  }
}
