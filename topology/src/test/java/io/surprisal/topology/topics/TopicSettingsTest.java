package io.surprisal.topology.topics;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.Topics;
import java.util.List;
import org.apache.kafka.common.internals.Topic;
import org.junit.jupiter.api.Test;

class TopicSettingsTest {

  private static final List<TopicSettings> ALL =
      TopicSettings.all(new Topics(Topics.DEFAULT_PREFIX), 4, new ImageSizeLimit(1 << 20));

  @Test
  void shouldListAllTopicsUnderThePrefix() {
    assertThat(ALL)
        .extracting(TopicSettings::name)
        .containsExactly(
            "surprisal.images",
            "surprisal.scores",
            "surprisal.alerts",
            "surprisal.incidents",
            "surprisal.dead-letters",
            "surprisal.control",
            "surprisal.releases",
            "surprisal.release-chunks",
            "surprisal.trainer",
            "surprisal.statistics",
            "surprisal.source-alerts",
            "surprisal.sources",
            "surprisal.reviews")
        .allSatisfy(Topic::validate);
  }

  @Test
  void shouldCompactReleasesTheirFilesSourcesAndReviewsOnly() {
    assertThat(ALL)
        .filteredOn(topic -> topic.configuration().get("cleanup.policy").equals("compact"))
        .extracting(TopicSettings::name)
        .containsExactly(
            "surprisal.releases",
            "surprisal.release-chunks",
            "surprisal.sources",
            "surprisal.reviews");
  }

  @Test
  void shouldKeepTheLastWordOnAnIncidentAsLongAsItsAlerts() {
    assertThat(ALL.get(3).configuration())
        .containsEntry("cleanup.policy", "compact,delete")
        .containsEntry("retention.ms", ALL.get(2).configuration().get("retention.ms"));
  }

  @Test
  void shouldKeepCommandsReleasesTrainingSourcesAndReviewsInOrder() {
    assertThat(ALL)
        .filteredOn(topic -> topic.partitions() == 1)
        .extracting(TopicSettings::name)
        .containsExactly(
            "surprisal.control",
            "surprisal.releases",
            "surprisal.release-chunks",
            "surprisal.trainer",
            "surprisal.source-alerts",
            "surprisal.sources",
            "surprisal.reviews");
  }

  @Test
  void shouldTakeDeadLettersLargerThanAnyImage() {
    assertThat(ALL.get(0).configuration()).containsEntry("max.message.bytes", "1179648");
    assertThat(ALL.get(4).configuration()).containsEntry("max.message.bytes", "1245184");
  }

  @Test
  void shouldLetTheBrokerMeasureWhateverScorersAndTrainersRead() {
    assertThat(ALL)
        .filteredOn(topic -> topic.configuration().get("compression.type").equals("uncompressed"))
        .extracting(TopicSettings::name)
        .containsExactly(
            "surprisal.images",
            "surprisal.scores",
            "surprisal.alerts",
            "surprisal.control",
            "surprisal.releases",
            "surprisal.release-chunks",
            "surprisal.trainer",
            "surprisal.statistics",
            "surprisal.reviews");
  }
}
