package io.surprisal.service.run;

import io.surprisal.service.cli.ClusterWatch;
import io.surprisal.topology.kafka.ImagesLostException;
import io.surprisal.topology.kafka.StreamSettings;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches the topic of images beside the stream: what Kafka's consumers say nothing of. Owns its
 * client and its thread; {@link #close} ends both.
 */
final class ImagesWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ImagesWatch.class);
  private static final Duration BETWEEN = Duration.ofSeconds(15);

  private final ImagesTopic identity;
  private final WithheldImages withheld;
  private final ClusterWatch watch;

  /** Does not look yet. */
  ImagesWatch(StreamSettings settings, String topic, InstantSource clock) {
    Admin admin = Admin.create(settings.adminConfig("images"));
    identity = new ImagesTopic(admin, topic, settings);
    withheld = new WithheldImages(admin, topic, clock);
    watch = new ClusterWatch("surprisal-images", admin, BETWEEN, this::look);
  }

  /**
   * The topic of images, as the broker has it now.
   *
   * @throws ExecutionException if the broker does not answer, or there is no such topic
   */
  static TopicDescription described(Admin admin, String topic)
      throws ExecutionException, InterruptedException {
    return admin.describeTopics(List.of(topic)).allTopicNames().get().values().iterator().next();
  }

  private void look() throws ExecutionException, InterruptedException {
    identity.look();
    withheld.look();
  }

  /**
   * Looks before the stream starts, and from then on.
   *
   * @throws ImagesLostException if the topic is another one than this group has read
   */
  void start() {
    try {
      identity.look();
    } catch (ExecutionException e) {
      LOG.debug("Whether the images are the ones of before cannot be seen yet", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    identity
        .loss()
        .ifPresent(
            lost -> {
              throw lost;
            });
    watch.start();
  }

  /** Images that nobody may read yet, as of the last look. */
  List<WithheldImages.Withheld> withheld() {
    return withheld.found();
  }

  /** What the stream must end for. */
  Optional<ImagesLostException> loss() {
    return identity.loss();
  }

  /** Whether it looks, and will again. */
  boolean works() {
    return watch.works();
  }

  @Override
  public void close() {
    watch.close();
  }
}
