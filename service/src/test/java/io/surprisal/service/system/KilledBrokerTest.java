package io.surprisal.service.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.surprisal.service.run.EmbeddedBroker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The broker is killed (−9) while many clients end transactions. Without what {@link
 * EmbeddedBroker} does about KAFKA-20734, 8 of 12 kills on two idle cores left a transaction
 * complete without its marker, 3 of 12 on busy ones: one run of this test misses it with
 * probability 0.04, or 0.4.
 */
@Timeout(300)
@Tag("system")
@Tag("waiting")
class KilledBrokerTest {
  private static final Logger LOG = LoggerFactory.getLogger(KilledBrokerTest.class);
  private static final int KILLS = 3;
  private static final int PRODUCERS = 24;
  private static final int PARTITIONS = 4;
  private static final int ROUNDS_BEFORE_A_KILL = 3;
  private static final String TOPIC = "written-in-transactions";
  private static final Set<TransactionState> COMPLETE =
      Set.of(TransactionState.COMPLETE_COMMIT, TransactionState.COMPLETE_ABORT);
  private static final Set<TransactionState> ENDING =
      Set.of(TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT);

  @TempDir private Path folder;

  @Test
  void shouldEndNoTransactionWithoutItsMarkers() throws Exception {
    CommandProcess broker = broker(0);
    try {
      String server = broker.awaitServer();
      int port = Integer.parseInt(server.substring(server.indexOf(':') + 1));
      try (Admin admin = Admin.create(Map.<String, Object>of("bootstrap.servers", server))) {
        admin.createTopics(List.of(new NewTopic(TOPIC, PARTITIONS, (short) 1))).all().get();
      }
      for (int kill = 0; kill < KILLS; kill++) {
        List<String> ids = ids(kill);
        killUnderTransactions(broker, server, ids);
        broker = broker(port);
        assertThat(broker.awaitServer()).isEqualTo(server);
        assertEachCompleteOneIsOver(server, ids);
      }
    } finally {
      broker.close();
    }
  }

  private CommandProcess broker(int port) throws Exception {
    return CommandProcess.start(
        folder, "broker", "--port", String.valueOf(port), "--data-dir", folder + "/broker");
  }

  private static List<String> ids(int kill) {
    return IntStream.range(0, PRODUCERS).mapToObj(i -> "kill-" + kill + "-producer-" + i).toList();
  }

  private static void killUnderTransactions(CommandProcess broker, String server, List<String> ids)
      throws InterruptedException {
    CountDownLatch underLoad = new CountDownLatch(PRODUCERS * ROUNDS_BEFORE_A_KILL);
    List<Producer<byte[], byte[]>> producers = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    try {
      for (int i = 0; i < ids.size(); i++) {
        Producer<byte[], byte[]> producer = producer(server, ids.get(i));
        producers.add(producer);
        int partition = i % PARTITIONS;
        threads.add(
            new Thread(() -> commitUntilClosed(producer, partition, underLoad), ids.get(i)));
      }
      threads.forEach(Thread::start);
      assertThat(underLoad.await(60, TimeUnit.SECONDS)).as("transactions under way").isTrue();
      broker.kill();
    } finally {
      producers.forEach(producer -> producer.close(Duration.ZERO));
      for (Thread thread : threads) {
        thread.join();
      }
    }
  }

  private static Producer<byte[], byte[]> producer(String server, String id) {
    return new KafkaProducer<>(
        Map.<String, Object>of(
            ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
            server,
            ProducerConfig.TRANSACTIONAL_ID_CONFIG,
            id),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }

  private static void commitUntilClosed(
      Producer<byte[], byte[]> producer, int partition, CountDownLatch done) {
    try {
      producer.initTransactions();
      while (true) {
        producer.beginTransaction();
        producer.send(new ProducerRecord<>(TOPIC, partition, null, new byte[1]));
        producer.commitTransaction();
        done.countDown();
      }
    } catch (KafkaException | IllegalStateException e) {
      LOG.debug("Ends, which it does at the latest when its producer is closed", e);
    }
  }

  private static void assertEachCompleteOneIsOver(String server, List<String> ids)
      throws Exception {
    try (Admin admin = Admin.create(Map.<String, Object>of("bootstrap.servers", server))) {
      await("transactions that were about to end have ended")
          .atMost(Duration.ofSeconds(60))
          .ignoreExceptions()
          .until(() -> none(ENDING, admin.describeTransactions(ids).all().get()));
      Map<String, TransactionDescription> transactions =
          admin.describeTransactions(ids).all().get();
      Set<Long> open = producersOfOpenTransactions(admin);

      assertThat(transactions.entrySet())
          .filteredOn(entry -> COMPLETE.contains(entry.getValue().state()))
          .as("complete for the coordinator, over in the partition")
          .isNotEmpty()
          .noneMatch(entry -> open.contains(entry.getValue().producerId()));
    }
  }

  private static boolean none(
      Set<TransactionState> states, Map<String, TransactionDescription> transactions) {
    return transactions.values().stream()
        .map(TransactionDescription::state)
        .noneMatch(states::contains);
  }

  private static Set<Long> producersOfOpenTransactions(Admin admin) throws Exception {
    List<TopicPartition> partitions =
        IntStream.range(0, PARTITIONS).mapToObj(i -> new TopicPartition(TOPIC, i)).toList();
    return admin.describeProducers(partitions).all().get().values().stream()
        .flatMap(state -> state.activeProducers().stream())
        .filter(producer -> producer.currentTransactionStartOffset().isPresent())
        .map(producer -> producer.producerId())
        .collect(Collectors.toSet());
  }
}
