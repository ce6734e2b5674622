package io.surprisal.service.web;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.KafkaClients;
import io.surprisal.service.cli.Secrets;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.KafkaOptions;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Posts alerts to a webhook. */
@Command(
    name = "notify",
    description = {
      "Post alerts of images and of sources to a web address as JSON, each at least once, in order of"
          + " their partitions.",
      "An address that does not answer, or answers 5xx or 429, is tried again, at most a minute later;"
          + " what it refuses with another answer is reported and passed over. How far it has come"
          + " survives restarts; several with one --group share the work. Ctrl-C ends it."
    })
final class NotifyCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(NotifyCommand.class);
  private static final Deliveries.Backoff BACKOFF =
      new Deliveries.Backoff(Duration.ofSeconds(1), Duration.ofMinutes(1));
  private static final int SMALL = 160;

  private final Invocation invocation;
  @Spec private CommandSpec spec;
  @Mixin private final KafkaOptions kafka;

  @Option(
      names = "--url",
      required = true,
      paramLabel = "URL",
      description = "Where alerts are posted, http or https; it is not redirected.")
  private URI url;

  @Option(
      names = "--secret",
      paramLabel = "TEXT",
      description =
          "Sign each message with HMAC-SHA256, in the header Surprisal-Signature; rather set as"
              + " SURPRISAL_NOTIFY_SECRET, which no list of processes shows (default: unsigned).")
  private Optional<String> secret = Optional.empty();

  @Option(
      names = "--with-picture",
      description = "Send a small picture along, PNG in Base64, where it still is in Kafka.")
  private boolean withPicture;

  @Option(
      names = "--incidents",
      description =
          "Post incidents in place of the alerts of images: one message when an incident begins, and"
              + " another when one of several alerts is over.")
  private boolean incidents;

  @Option(
      names = "--group",
      paramLabel = "NAME",
      defaultValue = "surprisal-notify",
      description = "Consumer group, another one for another receiver (default: ${DEFAULT-VALUE}).")
  private String group;

  @Option(
      names = "--from-beginning",
      description =
          "A group that is new begins with the oldest alert (default: with what comes from now on).")
  private boolean fromBeginning;

  NotifyCommand(Invocation invocation) {
    this.invocation = invocation;
    this.kafka = new KafkaOptions(invocation);
  }

  @Override
  public Integer call() throws Exception {
    Usage.require(
        spec,
        List.of("http", "https").contains(String.valueOf(url.getScheme())) && url.getHost() != null,
        "--url is "
            + Secrets.withoutPasswords(url.toString())
            + ", must begin with http:// or https:// and a host");
    Usage.require(
        spec,
        !(incidents && withPicture),
        "--with-picture is of alerts, and does not go with --incidents");
    Topics topics = kafka.topics();
    String ofImages = incidents ? topics.incidents() : topics.alerts();
    try (Admin admin = kafka.connect()) {
      kafka.maxMessageBytes(admin, ofImages); // or says that there is no topic
    }
    Map<String, Object> client = kafka.client(Map.of());
    try (RecordsAt records = new RecordsAt(client, 1);
        KafkaConsumer<byte[], byte[]> consumer = consumer(client)) {
      Pictures pictures = new Pictures(records, topics.images());
      consumer.subscribe(Set.of(ofImages, topics.sourceAlerts()));
      // Of many receivers whoever knows the rest of the address may write.
      LOG.info("Alerts of {} and {} go to {}", ofImages, topics.sourceAlerts(), url.getHost());
      long delivered =
          new Deliveries(
                  consumer,
                  topics,
                  new Webhook(url, secret, InstantSource.system()),
                  withPicture ? picture(pictures, topics) : place -> Optional.empty(),
                  BACKOFF)
              .run(invocation.stop());
      LOG.info("{} alerts were delivered", delivered);
    }
    return 0;
  }

  private KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> client) {
    Map<String, Object> properties = new HashMap<>(client);
    properties.put(ConsumerConfig.GROUP_ID_CONFIG, group);
    properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, fromBeginning ? "earliest" : "latest");
    return KafkaClients.reader(properties);
  }

  private static Function<ImageLocation, Optional<String>> picture(
      Pictures pictures, Topics topics) {
    return location -> {
      if (!location.getTopic().equals(topics.images())) {
        return Optional.empty();
      }
      try {
        return pictures
            .find(new Place(location.getPartition(), location.getOffset()), SMALL)
            .map(shown -> Base64.getEncoder().encodeToString(shown.png()));
      } catch (ImageRejectedException | TimeoutException e) {
        LOG.debug("no picture at {}", location, e);
        return Optional.empty();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return Optional.empty();
      }
    };
  }
}
