package io.surprisal.topology.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.surprisal.schemas.ImageSizeLimit;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.streams.StreamsConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StreamSettingsTest {

  private static StreamsConfig config(Optional<String> instance, Map<String, String> kafka) {
    return new StreamsConfig(
        new StreamSettings("scorer", "broker:9092", Path.of("state"), 2, instance, 1_200_000, kafka)
            .toStreamsConfig());
  }

  @Test
  void shouldProcessExactlyOnceAndCommitABacklogOnceASecond() {
    StreamsConfig config = config(Optional.empty(), Map.of());

    assertThat(config.getString("processing.guarantee")).isEqualTo("exactly_once_v2");
    assertThat(config.getLong("commit.interval.ms")).isEqualTo(1000);
    assertThat(config.getLong("poll.ms")).isEqualTo(10);
    assertThat(config.getLong("max.task.idle.ms")).isEqualTo(-1);
    assertThat(config.getInt("num.stream.threads")).isEqualTo(2);
    assertThat(config.getInt("num.standby.replicas")).isZero();
    assertThat(config.getBoolean("ensure.explicit.internal.resource.naming")).isTrue();
    Map<String, Object> producer = config.getProducerConfigs("client");
    assertThat(producer).containsEntry("max.request.size", 1_200_000);
    assertThat(producer).containsEntry("transaction.timeout.ms", 60_000);
    Map<String, Object> consumer = config.getMainConsumerConfigs("scorer", "client", 0);
    assertThat(consumer).containsEntry("max.poll.records", 16);
    assertThat(consumer).containsEntry("isolation.level", "read_committed");
    assertThat(consumer).doesNotContainKey("group.instance.id");
  }

  @ParameterizedTest
  @CsvSource({
    "processing.guarantee, at_least_once",
    "isolation.level, read_uncommitted",
    "main.consumer.isolation.level, read_uncommitted",
    "consumer.enable.auto.commit, true",
    "producer.enable.idempotence, false",
    "acks, 1"
  })
  void shouldRefuseWhatEndsExactlyOnceUnlessItIsAskedForByName(String name, String value) {
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> config(Optional.empty(), Map.of(name, value)))
        .withMessageContaining("%s=%s ends exactly-once", name, value);
    StreamSettings asked =
        new StreamSettings(
            "scorer",
            "broker:9092",
            Path.of("state"),
            2,
            Optional.empty(),
            1_200_000,
            Map.of(name, value, StreamSettings.ACCEPT_INEXACT, "true"));
    assertThat(asked.toStreamsConfig())
        .containsEntry(name, value)
        .doesNotContainKey(StreamSettings.ACCEPT_INEXACT);
  }

  @Test
  void shouldTakeWhatIsExactAnyway() {
    assertThat(config(Optional.empty(), Map.of("producer.acks", "all")).originals())
        .containsEntry("producer.acks", "all");
  }

  @Test
  void shouldHaveRoomForTheLargestDeadLetter() {
    int largest = new ImageSizeLimit(ImageSizeLimit.MOST_BYTES).deadLetterBytes();
    Map<String, Object> producer =
        new StreamsConfig(
                new StreamSettings(
                        "scorer",
                        "broker:9092",
                        Path.of("state"),
                        1,
                        Optional.empty(),
                        largest,
                        Map.of())
                    .toStreamsConfig())
            .getProducerConfigs("client");

    assertThat(producer).containsEntry("max.request.size", largest);
    assertThat((long) producer.get("buffer.memory")).isGreaterThanOrEqualTo(largest);
  }

  @Test
  void shouldKeepTheNameOfAStaticMemberOnEachThread() {
    assertThat(config(Optional.of("left"), Map.of()).getMainConsumerConfigs("scorer", "client", 1))
        .containsEntry("group.instance.id", "left-1");
  }

  @Test
  void shouldLetTheUsersKafkaSettingsWin() {
    StreamsConfig config =
        config(
            Optional.empty(),
            Map.of(
                "commit.interval.ms",
                "50",
                "security.protocol",
                "SSL",
                "max.poll.records",
                "4",
                "num.standby.replicas",
                "1"));

    assertThat(config.getInt("num.standby.replicas")).isEqualTo(1);
    assertThat(config.getLong("commit.interval.ms")).isEqualTo(50);
    assertThat(config.getProducerConfigs("client")).containsEntry("security.protocol", "SSL");
    assertThat(config.getMainConsumerConfigs("scorer", "client", 0))
        .containsEntry("max.poll.records", "4");
  }

  @Test
  void shouldGoOnOverALossOnlyWhereTold() {
    assertThat(settings(Map.of()).acceptsLostImages()).isFalse();
    StreamSettings accepting = settings(Map.of(StreamSettings.ACCEPT_LOST_IMAGES, "true"));
    assertThat(accepting.acceptsLostImages()).isTrue();
    assertThat(accepting.toStreamsConfig()).doesNotContainKey(StreamSettings.ACCEPT_LOST_IMAGES);
  }

  private static StreamSettings settings(Map<String, String> kafka) {
    return new StreamSettings(
        "scorer", "broker:9092", Path.of("state"), 2, Optional.empty(), 1_200_000, kafka);
  }
}
