package io.surprisal.service.run;

import io.surprisal.model.checks.WholeFile;
import io.surprisal.topology.kafka.ImagesLostException;
import io.surprisal.topology.kafka.StreamSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees whether the topic of images is still the one that this member's application has read. One
 * that was deleted and made anew under its name has other images at the places that the group has
 * come to: where it is shorter Kafka says so, where it is longer its first images would be passed
 * over in silence, and what waited in the old one is lost. Topics have an id for that (KIP-516).
 *
 * <p>The id is kept in the state directory, so that it is seen over a restart too. Another cluster
 * has another group and other changelogs: there all begins anew.
 */
final class ImagesTopic {
  private static final Logger LOG = LoggerFactory.getLogger(ImagesTopic.class);

  private final Admin admin;
  private final String topic;
  private final String applicationId;
  private final Path file;
  private volatile Optional<ImagesLostException> loss = Optional.empty();

  /**
   * @param admin stays the caller's
   */
  ImagesTopic(Admin admin, String topic, StreamSettings settings) {
    this.admin = admin;
    this.topic = topic;
    applicationId = settings.applicationId();
    file = settings.stateDirectory().resolve("images-topic").resolve(applicationId);
  }

  /** Set once the topic is another one. */
  Optional<ImagesLostException> loss() {
    return loss;
  }

  /**
   * Looks once.
   *
   * @throws ExecutionException if the broker does not answer, or there is no such topic now
   */
  void look() throws ExecutionException, InterruptedException {
    String cluster = admin.describeCluster().clusterId().get();
    String id = ImagesWatch.described(admin, topic).topicId().toString();
    try {
      Optional<String> kept = kept();
      if (kept.filter(before -> before.startsWith(cluster + " ")).isEmpty()) {
        keep(cluster + " " + id);
      } else if (!kept.get().equals(cluster + " " + id) && loss.isEmpty()) {
        ImagesLostException lost =
            new ImagesLostException(
                "Topic %s was deleted and made anew since group %s has read it (it has the id %s; %s says the one before): images that waited in the old one are lost, and some of the new one may have been passed over. Name a new group with --application-id to score all that is there, or delete %s to go on where this group is"
                    .formatted(topic, applicationId, id, file, file));
        LOG.error("{}", lost.getMessage());
        loss = Optional.of(lost);
      }
    } catch (IOException e) {
      LOG.warn("Whether {} is made anew cannot be seen: {}", topic, e.toString());
    }
  }

  private Optional<String> kept() throws IOException {
    try {
      return Optional.of(Files.readString(file, StandardCharsets.UTF_8).strip());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  private void keep(String ids) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    WholeFile.write(file, out -> out.write((ids + "\n").getBytes(StandardCharsets.UTF_8)));
  }
}
