package io.surprisal.service.web;

import io.surprisal.schemas.AlertReview;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ReviewVerdict;
import io.surprisal.schemas.Topics;
import io.surprisal.service.options.ReviewTrust;
import io.surprisal.service.steer.ReviewSender;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;

/** What a reader makes of topics that change while it reads, on a broker that is there already. */
final class TopicsMadeLater implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final RecordFormat<AnomalyAlert> ALERTS = RecordFormat.of(AnomalyAlert.class);
  private static final RecordFormat<AlertReview> REVIEWS = RecordFormat.of(AlertReview.class);

  final View view;
  private final Topics topics = new Topics("later.");
  private final Admin admin;
  private final Producer<byte[], byte[]> producer;
  private final TopicReader reader;
  private final BrokerWatch watch;

  TopicsMadeLater(String bootstrapServer) throws Exception {
    Map<String, Object> client = Map.of("bootstrap.servers", bootstrapServer);
    admin = Admin.create(client);
    producer = new KafkaProducer<>(client, new ByteArraySerializer(), new ByteArraySerializer());
    view = new View(topics.images(), InstantSource.system());
    make(topics.alerts());
    reader = new TopicReader(client, topics, ReviewTrust.ANYBODY, view);
    reader.start(TopicLayout.read(admin, reader.names(), PATIENCE));
    watch = new BrokerWatch(client, view, reader);
    watch.start();
  }

  private void make(String topic) throws Exception {
    admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
  }

  void alert(int number, int partition) throws Exception {
    byte[] value = ALERTS.encode(ViewTest.alert(number, "camera"));
    producer.send(new ProducerRecord<>(topics.alerts(), partition, null, value)).get();
  }

  void addAPartitionOfAlerts() throws Exception {
    admin.createPartitions(Map.of(topics.alerts(), NewPartitions.increaseTo(2))).all().get();
  }

  void makeTheTopicOfReviewsAndReview(int number) throws Exception {
    make(topics.reviews());
    AlertReview review =
        ReviewSender.of(ViewTest.alert(number, "camera"))
            .setVerdict(ReviewVerdict.CONFIRMED)
            .setReviewedBy("Ada")
            .setReviewedAt(Instant.EPOCH)
            .setNote("")
            .build();
    producer.send(new ProducerRecord<>(topics.reviews(), REVIEWS.encode(review))).get();
  }

  void deleteTheAlertsAndMakeTheTopicAnew() throws Exception {
    admin.deleteTopics(List.of(topics.alerts())).all().get();
    await(() -> !admin.listTopics().names().get().contains(topics.alerts()));
    make(topics.alerts());
  }

  static void await(Callable<Boolean> holds) {
    Awaitility.await().atMost(PATIENCE).pollDelay(Duration.ZERO).until(holds);
  }

  boolean knows(int number) {
    return view.alert(ViewTest.alert(number, "camera").getAlertId()).isPresent();
  }

  @Override
  public void close() {
    watch.close();
    reader.close();
    producer.close();
    admin.close();
  }
}
