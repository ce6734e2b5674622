package io.surprisal.service.web;

import io.surprisal.service.cli.ClusterWatch;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the view whether a broker answers, and the reader which topics there are, on a thread of
 * its own; {@link #close} ends it.
 */
final class BrokerWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(BrokerWatch.class);
  private static final Duration BETWEEN = Duration.ofSeconds(2);
  private static final Duration PATIENCE = Duration.ofSeconds(3);

  private final Admin admin;
  private final String server;
  private final View view;
  private final TopicReader reader;
  private final ClusterWatch watch;
  private Optional<Instant> silentSince = Optional.empty();

  /**
   * @param client properties of Kafka's clients, the broker among them
   */
  BrokerWatch(Map<String, Object> client, View view, TopicReader reader) {
    this.admin = Admin.create(client);
    this.server = String.valueOf(client.get(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG));
    this.view = view;
    this.reader = reader;
    watch = new ClusterWatch("surprisal-dashboard-broker", admin, BETWEEN, this::look);
  }

  void start() {
    watch.start();
  }

  private void look() throws InterruptedException {
    boolean answers = answers();
    if (answers) {
      tellTopics();
    }
    if (answers && silentSince.isPresent()) {
      LOG.info("the broker at {} answers again", server);
      silentSince = Optional.empty();
    } else if (!answers && silentSince.isEmpty()) {
      LOG.warn("no broker answers at {}; the dashboard shows what it knows, and tries on", server);
      silentSince = Optional.of(Instant.now().truncatedTo(ChronoUnit.SECONDS));
    }
    view.broker(
        silentSince.map(
            from ->
                "no broker has answered at "
                    + server
                    + " since "
                    + from
                    + "; this is what was known then"));
  }

  private void tellTopics() throws InterruptedException {
    try {
      reader.hear(TopicLayout.read(admin, reader.names(), PATIENCE));
    } catch (ExecutionException e) {
      LOG.debug("the broker does not say which topics there are", e);
    }
  }

  private boolean answers() throws InterruptedException {
    try {
      admin
          .describeCluster(new DescribeClusterOptions().timeoutMs((int) PATIENCE.toMillis()))
          .nodes()
          .get();
      return true;
    } catch (ExecutionException e) {
      LOG.debug("no answer", e);
      return false;
    }
  }

  @Override
  public void close() {
    watch.close();
  }
}
