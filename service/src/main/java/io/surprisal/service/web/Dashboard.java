package io.surprisal.service.web;

import io.surprisal.schemas.MetricName;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.KafkaClients;
import io.surprisal.service.cli.MissingDependencyException;
import io.surprisal.service.cli.Version;
import io.surprisal.service.metrics.ProcessMetrics;
import io.surprisal.service.options.ReviewTrust;
import io.surprisal.service.steer.CommandSender;
import io.surprisal.service.steer.ReviewSender;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;

/** A page over the topics of a cluster, until {@link #close}. */
public final class Dashboard implements AutoCloseable {
  private static final int PICTURES_AT_ONCE = 3;
  private static final Duration COMMAND_VALIDITY = Duration.ofHours(1);
  private static final Duration ADMIN_PATIENCE = Duration.ofSeconds(30);
  private static final Duration PRODUCER_PATIENCE = Duration.ofSeconds(10);

  private final TopicReader reader;
  private final BrokerWatch watch;
  private final RecordsAt records;
  private final ReleaseShelf shelf;
  private final Samples samples;
  private final KafkaProducer<byte[], byte[]> producer;
  private final EventStreams events;
  private final ProcessMetrics metrics = new ProcessMetrics(Version.text());
  private final WebServer server;
  private final String host;
  private final String token;

  /**
   * How a dashboard is reached, and by whom.
   *
   * @param listen {@code [HOST:]PORT}
   * @param names further names that the machine is known under
   * @param token that changes need; empty: one is made
   * @param user what reviews and commands say who sends them, where the page names nobody
   * @param signingKey of reviews and commands, Ed25519
   * @param reviewers whose reviews count
   */
  public record Access(
      String listen,
      List<String> names,
      Optional<String> token,
      String user,
      Optional<PrivateKey> signingKey,
      ReviewTrust reviewers) {

    /** On this machine alone, at any free port, without signatures. */
    public static Access ofThisMachine(String user) {
      return new Access(
          "0", List.of(), Optional.empty(), user, Optional.empty(), ReviewTrust.ANYBODY);
    }
  }

  private Dashboard(
      Map<String, Object> client,
      Topics topics,
      Access access,
      Optional<Path> store,
      Optional<CommandSender.Signing> signing)
      throws IOException {
    ListenAddress listen = ListenAddress.parse(access.listen());
    InetSocketAddress address = address(listen);
    View view = new View(topics.images(), InstantSource.system());
    token = access.token().orElseGet(Guard::newToken);
    records = new RecordsAt(client, PICTURES_AT_ONCE);
    producer = producer(client);
    shelf =
        new ReleaseShelf(
            view,
            client,
            Path.of(
                System.getProperty("java.io.tmpdir"), "surprisal-dashboard-" + UUID.randomUUID()),
            store,
            topics.releaseChunks());
    samples = new Samples(shelf);
    Looks looks = new Looks(view, topics, records, shelf);
    Changes changes =
        new Changes(
            view,
            new ReviewSender(producer, topics, signing),
            new CommandSender(producer, topics, signing),
            access.user(),
            InstantSource.system());
    events = new EventStreams(view);
    Set<String> names = new HashSet<>(access.names());
    names.add(listen.host());
    boolean open = !address.getAddress().isLoopbackAddress();
    try {
      server =
          new WebServer(
              address,
              port -> new Guard(token, port, names, open),
              new Api(looks, changes, samples),
              events,
              metrics::text);
    } catch (IOException e) {
      events.close();
      shelf.close();
      records.close();
      producer.close(Duration.ZERO);
      if (e instanceof BindException) {
        throw new MissingDependencyException(
            "cannot listen on --listen "
                + access.listen()
                + " ("
                + e.getMessage()
                + "); name another port, or 0 for any free one",
            e);
      }
      throw e;
    }
    metrics.gauge(MetricName.PAGE_READERS, events::readers);
    for (int digit = 2; digit <= 5; digit++) {
      int first = digit;
      metrics.counter(MetricName.PAGE_REQUESTS, () -> server.answers(first), first + "xx");
    }
    host = address.getAddress().isAnyLocalAddress() ? "localhost" : listen.host();
    reader = new TopicReader(client, topics, access.reviewers(), view);
    watch = new BrokerWatch(client, view, reader);
  }

  /**
   * Reads the topics and serves the page.
   *
   * @param client properties of Kafka's clients, the broker among them
   * @param store where files of releases lie, whatever an announcement says; empty: where it says
   * @throws MissingDependencyException if the port is taken, or the topics are not there
   * @throws IllegalArgumentException if the address to listen on has no form that is known
   */
  public static Dashboard start(
      Map<String, Object> client, Topics topics, Access access, Optional<Path> store)
      throws IOException, InterruptedException {
    Dashboard dashboard = new Dashboard(client, topics, access, store, signing(client, access));
    try {
      TopicLayout layout = layout(client, dashboard.reader.names());
      for (String needed : List.of(topics.alerts(), topics.scores())) {
        if (!layout.topics().containsKey(needed)) {
          throw new MissingDependencyException(
              "there is no topic " + needed + "; create it with 'surprisal topics'");
        }
      }
      dashboard.reader.start(layout);
      dashboard.watch.start();
      dashboard.server.start();
      return dashboard;
    } catch (RuntimeException e) {
      try (dashboard) {
        throw e;
      }
    }
  }

  private static TopicLayout layout(Map<String, Object> client, Set<String> names)
      throws InterruptedException {
    try (Admin admin = Admin.create(client)) {
      return TopicLayout.read(admin, names, ADMIN_PATIENCE);
    } catch (ExecutionException e) {
      throw new KafkaException("cannot describe the topics", e.getCause());
    }
  }

  private static Optional<CommandSender.Signing> signing(Map<String, Object> client, Access access)
      throws InterruptedException {
    if (access.signingKey().isEmpty()) {
      return Optional.empty();
    }
    try (Admin admin = Admin.create(client)) {
      return Optional.of(
          new CommandSender.Signing(
              access.signingKey().get(),
              admin.describeCluster().clusterId().get(),
              COMMAND_VALIDITY));
    } catch (ExecutionException e) {
      throw new KafkaException("cannot ask the cluster for its id", e.getCause());
    }
  }

  private static InetSocketAddress address(ListenAddress listen) {
    try {
      return listen.resolved();
    } catch (UnknownHostException e) {
      throw new MissingDependencyException(
          "the host of --listen " + listen.host() + " is not known; name one of this machine's", e);
    }
  }

  private static KafkaProducer<byte[], byte[]> producer(Map<String, Object> client) {
    Map<String, Object> properties = new HashMap<>(client);
    int millis = (int) PRODUCER_PATIENCE.toMillis();
    properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, millis);
    properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, millis / 2);
    properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, millis);
    return KafkaClients.producer(properties);
  }

  /** Where to look at it. */
  public String address() {
    return "http://%s:%d/".formatted(host.contains(":") ? "[" + host + "]" : host, server.port());
  }

  /** Where to look at it, with the token, which a browser keeps to itself. */
  public String addressWithToken() {
    return address() + "#token=" + token;
  }

  /** Why it can show nothing new any more; empty: it does. */
  public Optional<RuntimeException> failure() {
    return reader.failure();
  }

  @Override
  public void close() throws IOException {
    events.close();
    server.close();
    samples.close();
    shelf.close();
    watch.close();
    reader.close();
    records.close();
    producer.close(PRODUCER_PATIENCE);
    metrics.close();
  }
}
