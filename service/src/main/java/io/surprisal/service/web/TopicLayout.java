package io.surprisal.service.web;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Which of some topics there are at a moment, by name. */
record TopicLayout(Map<String, Topic> topics) {

  /**
   * A topic.
   *
   * @param id another one where a topic of the same name was deleted and made anew
   */
  record Topic(Uuid id, int partitions) {}

  /**
   * Asks for topics; those that there are not, or that the user may know nothing of, are left out.
   *
   * @throws ExecutionException if no broker answers in time, or it does not tell
   */
  static TopicLayout read(Admin admin, Collection<String> names, Duration patience)
      throws ExecutionException, InterruptedException {
    Map<String, Topic> topics = new HashMap<>();
    Map<String, KafkaFuture<TopicDescription>> asked =
        admin
            .describeTopics(names, new DescribeTopicsOptions().timeoutMs((int) patience.toMillis()))
            .topicNameValues();
    for (Map.Entry<String, KafkaFuture<TopicDescription>> one : asked.entrySet()) {
      try {
        TopicDescription told = one.getValue().get();
        topics.put(one.getKey(), new Topic(told.topicId(), told.partitions().size()));
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)
            && !(e.getCause() instanceof TopicAuthorizationException)) {
          throw e;
        }
      }
    }
    return new TopicLayout(topics);
  }

  List<TopicPartition> partitions() {
    return topics.entrySet().stream()
        .flatMap(
            topic ->
                IntStream.range(0, topic.getValue().partitions())
                    .mapToObj(partition -> new TopicPartition(topic.getKey(), partition)))
        .toList();
  }

  /** Whether one of an earlier layout's topics has been made anew since. */
  boolean replaces(TopicLayout earlier) {
    return earlier.topics().entrySet().stream()
        .anyMatch(
            topic ->
                topics.containsKey(topic.getKey())
                    && !topics.get(topic.getKey()).id().equals(topic.getValue().id()));
  }

  /** This one, with those of an earlier one that have gone since. */
  TopicLayout with(TopicLayout earlier) {
    Map<String, Topic> all = new HashMap<>(earlier.topics());
    all.putAll(topics);
    return new TopicLayout(all);
  }
}
