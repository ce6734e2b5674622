package io.surprisal.topology.topics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.Topics;
import java.lang.reflect.Proxy;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreateTopicsResult;
import org.apache.kafka.clients.admin.DescribeConfigsResult;
import org.apache.kafka.clients.admin.DescribeTopicsResult;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.internals.KafkaFutureImpl;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TopicSetupTest {
  private static final List<TopicSettings> WANTED =
      TopicSettings.all(new Topics("here."), 2, new ImageSizeLimit(1 << 20)).subList(0, 3);

  /** The brokers learn of it only after some questions, whichever they are. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 6})
  void shouldWaitUntilBrokersKnowOfATopicThatAnotherCreatedAtTheSameTime(int questions) {
    Cluster cluster = new Cluster(WANTED.get(1), questions);

    List<TopicSetup.Report> reports = new TopicSetup(cluster.admin()).apply(WANTED);

    assertThat(reports)
        .extracting(TopicSetup.Report::topic, TopicSetup.Report::outcome)
        .containsExactly(
            tuple(WANTED.get(0).name(), TopicSetup.Outcome.CREATED),
            tuple(WANTED.get(1).name(), TopicSetup.Outcome.AS_EXPECTED),
            tuple(WANTED.get(2).name(), TopicSetup.Outcome.CREATED));
  }

  @Test
  void shouldSayWhatDiffersInATopicThatAnotherCreatedAtTheSameTime() {
    TopicSettings others =
        TopicSettings.all(new Topics("here."), 5, new ImageSizeLimit(1 << 20)).get(1);

    List<TopicSetup.Report> reports = new TopicSetup(new Cluster(others, 3).admin()).apply(WANTED);

    assertThat(reports.get(1).outcome()).isEqualTo(TopicSetup.Outcome.DIFFERENT);
    assertThat(reports.get(1).differences()).containsExactly("partitions is 5, expected 2");
  }

  /**
   * A cluster without topics, whose controller hears of one from another client just before it is
   * asked to create it, and whose brokers then say some times that there is none.
   */
  private static final class Cluster {
    private final Map<String, TopicSettings> topics = new HashMap<>();
    private final TopicSettings others;
    private int unknowing;

    Cluster(TopicSettings others, int unknowing) {
      this.others = others;
      this.unknowing = unknowing;
    }

    Admin admin() {
      return (Admin)
          Proxy.newProxyInstance(
              Admin.class.getClassLoader(),
              new Class<?>[] {Admin.class},
              (proxy, method, arguments) ->
                  switch (method.getName()) {
                    case "describeTopics" -> described(names(arguments[0]));
                    case "describeConfigs" -> configured(names(arguments[0]));
                    case "createTopics" -> created(names(arguments[0]).get(0));
                    default -> throw new UnsupportedOperationException(method.toString());
                  });
    }

    /** Of topics, by name, resource or as they are to be. */
    private static List<String> names(Object asked) {
      return ((Collection<?>) asked)
          .stream()
              .map(
                  one ->
                      one instanceof ConfigResource resource
                          ? resource.name()
                          : one instanceof NewTopic topic ? topic.name() : one.toString())
              .toList();
    }

    private CreateTopicsResult created(String name) {
      boolean exists = name.equals(others.name());
      topics.put(name, exists ? others : wanted(name));
      return new Created(
          Map.of(
              name,
              exists ? failed(new TopicExistsException(name)) : KafkaFuture.completedFuture(null)));
    }

    private static TopicSettings wanted(String name) {
      return WANTED.stream().filter(one -> one.name().equals(name)).findAny().orElseThrow();
    }

    private DescribeTopicsResult described(List<String> names) {
      return new Described(answers(names, Function.identity(), Cluster::description));
    }

    private DescribeConfigsResult configured(List<String> names) {
      return new Configured(
          answers(
              names,
              name -> new ConfigResource(ConfigResource.Type.TOPIC, name),
              Cluster::configuration));
    }

    private <K, V> Map<K, KafkaFuture<V>> answers(
        List<String> names, Function<String, K> key, Function<TopicSettings, V> value) {
      boolean hidden = names.contains(others.name()) && topics.containsKey(others.name());
      boolean unknown = hidden && unknowing-- > 0;
      return names.stream()
          .collect(
              Collectors.toMap(
                  key,
                  name -> {
                    TopicSettings topic = topics.get(name);
                    return topic == null || (unknown && name.equals(others.name()))
                        ? failed(new UnknownTopicOrPartitionException(name))
                        : KafkaFuture.completedFuture(value.apply(topic));
                  }));
    }

    private static TopicDescription description(TopicSettings topic) {
      return new TopicDescription(
          topic.name(),
          false,
          IntStream.range(0, topic.partitions())
              .mapToObj(i -> new TopicPartitionInfo(i, Node.noNode(), List.of(), List.of()))
              .toList());
    }

    private static Config configuration(TopicSettings topic) {
      Map<String, String> all = new HashMap<>(topic.configuration());
      all.put(TopicConfig.COMPRESSION_TYPE_CONFIG, topic.compression());
      all.put(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, String.valueOf(topic.maxMessageBytes()));
      return new Config(
          all.entrySet().stream()
              .map(entry -> new ConfigEntry(entry.getKey(), entry.getValue()))
              .toList());
    }

    private static <V> KafkaFuture<V> failed(RuntimeException refusal) {
      KafkaFutureImpl<V> future = new KafkaFutureImpl<>();
      future.completeExceptionally(refusal);
      return future;
    }
  }

  private static final class Created extends CreateTopicsResult {
    Created(Map<String, KafkaFuture<TopicMetadataAndConfig>> topics) {
      super(topics);
    }
  }

  private static final class Described extends DescribeTopicsResult {
    Described(Map<String, KafkaFuture<TopicDescription>> topics) {
      super(null, topics);
    }
  }

  private static final class Configured extends DescribeConfigsResult {
    Configured(Map<ConfigResource, KafkaFuture<Config>> topics) {
      super(topics);
    }
  }
}
