package io.surprisal.topology;

import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.Topics;
import io.surprisal.topology.kafka.StreamSettings;
import io.surprisal.topology.pending.ImageReader;
import io.surprisal.topology.pending.PendingRange;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;

/** A topology without a broker: what is piped in is processed and committed at once. */
final class DrivenTopology implements AutoCloseable {

  static final Topics TOPICS = new Topics("it.");
  static final int MAX_DEAD_LETTER = ImageSizeLimit.DEFAULT.deadLetterBytes();
  static final ImageReader NOTHING_TO_READ =
      (partition, range) -> {
        throw new AssertionError("nothing is pending, but " + range + " was read");
      };

  private final TopologyTestDriver driver;

  /**
   * It is the time at which images are piped in.
   *
   * @param reader is asked for what the store says is pending
   * @param state folder of its own
   */
  DrivenTopology(ScoringTopology topology, ImageReader reader, SurvivingStore store, Path state) {
    this(
        topology,
        reader,
        store,
        new SurvivingStore(ScoringTopology.WINDOWS),
        new Sources(),
        state,
        TestImages.TIME);
  }

  /** What is known of the sources: by the watch over them, and of the incidents of their alerts. */
  record Sources(SurvivingStore watched, SurvivingStore clock, SurvivingStore incidents) {
    Sources() {
      this(
          new SurvivingStore(ScoringTopology.WATCHED),
          new SurvivingStore(ScoringTopology.CLOCK),
          new SurvivingStore(ScoringTopology.OPEN_INCIDENTS));
    }
  }

  /** The same now, with the statistics of an earlier member. */
  DrivenTopology(
      ScoringTopology topology,
      ImageReader reader,
      SurvivingStore pending,
      SurvivingStore windows,
      Path state) {
    this(topology, reader, pending, windows, new Sources(), state);
  }

  /** The same with what an earlier member knew of the sources. */
  DrivenTopology(
      ScoringTopology topology,
      ImageReader reader,
      SurvivingStore pending,
      SurvivingStore windows,
      Sources sources,
      Path state) {
    this(topology, reader, pending, windows, sources, state, Instant.now());
  }

  private DrivenTopology(
      ScoringTopology topology,
      ImageReader reader,
      SurvivingStore pending,
      SurvivingStore windows,
      Sources sources,
      Path state,
      Instant now) {
    Properties properties = new Properties();
    properties.putAll(
        new StreamSettings("it", "none:9092", state, 1, Optional.empty(), MAX_DEAD_LETTER, Map.of())
            .toStreamsConfig());
    Map<String, KeyValueBytesStoreSupplier> stores =
        Map.of(
            ScoringTopology.PENDING,
            pending,
            ScoringTopology.WINDOWS,
            windows,
            ScoringTopology.WATCHED,
            sources.watched(),
            ScoringTopology.CLOCK,
            sources.clock(),
            ScoringTopology.OPEN_INCIDENTS,
            sources.incidents());
    driver = new TopologyTestDriver(topology.build(reader, stores::get), properties, now);
  }

  /** The input; each image a millisecond after the one before it. */
  TestInputTopic<byte[], byte[]> images() {
    return driver.createInputTopic(
        TOPICS.images(),
        new ByteArraySerializer(),
        new ByteArraySerializer(),
        TestImages.TIME,
        Duration.ofMillis(1));
  }

  <V> TestOutputTopic<byte[], V> output(String topic, Deserializer<V> values) {
    return driver.createOutputTopic(topic, new ByteArrayDeserializer(), values);
  }

  void letTheTimerRun() {
    driver.advanceWallClockTime(ScoringProcessor.DRAIN_INTERVAL);
  }

  /** Statistics are told. */
  void letTheTellerRun() {
    driver.advanceWallClockTime(ScoringProcessor.TELL_INTERVAL);
  }

  void advance(Duration time) {
    driver.advanceWallClockTime(time);
  }

  /** What the store says of partition 0. */
  Optional<PendingRange> remembered() {
    return Optional.ofNullable(
        driver.<Integer, PendingRange>getKeyValueStore(ScoringTopology.PENDING).get(0));
  }

  @Override
  public void close() {
    driver.close();
  }
}
