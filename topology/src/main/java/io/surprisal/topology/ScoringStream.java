package io.surprisal.topology;

import io.surprisal.model.batching.DeviceFailedException;
import io.surprisal.schemas.SchemaRegistryException;
import io.surprisal.topology.kafka.FencingClients;
import io.surprisal.topology.kafka.ImagesLostException;
import io.surprisal.topology.kafka.StreamSettings;
import io.surprisal.topology.pending.KafkaImageReader;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaClientSupplier;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running topology. Its threads are Kafka Streams' own; they end with {@link #close}. A thread
 * that dies of a transient fault (a timeout, a broker that went away, a fenced producer, a
 * transaction that the coordinator has aborted by the time it should be committed) is replaced; any
 * other fault stops this member, and {@link #failure} says which it was.
 */
public final class ScoringStream implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ScoringStream.class);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration LEAVE_TIMEOUT = Duration.ofSeconds(5);

  /** What Kafka Streams says of a changelog that has fewer partitions than the images. */
  private static final Pattern LACKING_PARTITIONS =
      Pattern.compile(
          "Existing internal topic (\\S+) has invalid partitions: expected: (\\d+); actual: (\\d+)");

  /** What a producer says where a topic may not be read whose offsets it commits; it names none. */
  private static final String OFFSETS_REFUSED =
      "TxnOffsetCommitResponse: Topic authorization failed";

  private final ScoringTopology topology;
  private final KafkaStreams streams;
  private final boolean staticMember;
  private final CountDownLatch ending = new CountDownLatch(1);
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  /** Does not start yet. */
  public ScoringStream(ScoringTopology topology, StreamSettings settings) {
    this(topology, settings, new FencingClients(settings));
  }

  /**
   * Does not start yet.
   *
   * @param clients who makes those of Kafka; {@link FencingClients}, or what stands before them
   */
  public ScoringStream(
      ScoringTopology topology, StreamSettings settings, KafkaClientSupplier clients) {
    this.topology = topology;
    staticMember = settings.groupInstanceId().isPresent();
    streams =
        new KafkaStreams(
            topology.build(new KafkaImageReader(settings)),
            new StreamsConfig(settings.toStreamsConfig()),
            clients);
    streams.setUncaughtExceptionHandler(this::onThreadDeath);
    streams.setStateListener(this::onState);
  }

  /** Starts the stream threads and returns; {@link #state} tells when they run. */
  public void start() {
    topology.warnIfSilent();
    streams.start();
  }

  /** State of Kafka Streams. */
  public KafkaStreams.State state() {
    return streams.state();
  }

  /** State of each stream thread, by its name, in Kafka Streams' terms. */
  public Map<String, String> threads() {
    Map<String, String> states = new TreeMap<>();
    streams
        .metadataForLocalThreads()
        .forEach(thread -> states.put(thread.threadName(), thread.threadState()));
    return states;
  }

  /** What Kafka Streams and its clients measure, in Kafka's terms. */
  public Collection<? extends Metric> metrics() {
    return streams.metrics().values();
  }

  /** What stopped this member for good; empty while it runs or if it was closed. */
  public Optional<Throwable> failure() {
    return Optional.ofNullable(failure.get());
  }

  /** What has been done since the start. */
  public ScoringCounts counts() {
    return topology.counts();
  }

  /**
   * Commits and ends the threads. Images that wait for their scores are left to the next owner of
   * their partition. A member without a name that it keeps leaves its group, so that others go on
   * at once.
   *
   * @return false if threads were still at work when the time was over: then the scorer that they
   *     use must not be closed
   */
  public boolean close(Duration timeout) {
    return streams.close(
        CloseOptions.timeout(timeout)
            .withGroupMembershipOperation(
                staticMember
                    ? GroupMembershipOperation.REMAIN_IN_GROUP
                    : GroupMembershipOperation.LEAVE_GROUP));
  }

  /** Closes within 30 seconds. */
  @Override
  public void close() {
    if (!close(CLOSE_TIMEOUT)) {
      LOG.warn("The stream did not end within {} s", CLOSE_TIMEOUT.toSeconds());
    }
  }

  private void onState(KafkaStreams.State now, KafkaStreams.State before) {
    LOG.info("The stream is {}, was {}", now, before);
    if (!now.isRunningOrRebalancing()) {
      ending.countDown();
    }
  }

  /**
   * Ends all threads as {@link #close} does, so that this member leaves its group: as Kafka Streams
   * shuts a client down for a fault, its members stay until their session times out, others wait
   * for their partitions as long, and its own threads for one another.
   */
  private void leave() {
    Thread end = new Thread(this::close, "surprisal-stream-end");
    end.setDaemon(true);
    end.start();
  }

  /** Returns once {@link #leave} has begun: a thread that dies meanwhile would shut down first. */
  private void awaitLeave() {
    try {
      if (!ending.await(LEAVE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warn("The stream does not end by itself; its group waits for its session to time out");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private StreamThreadExceptionResponse onThreadDeath(Throwable thrown) {
    if (isTransient(thrown)) {
      LOG.warn("A stream thread died of a transient fault and is replaced", thrown);
      return StreamThreadExceptionResponse.REPLACE_THREAD;
    }
    LOG.error("A stream thread died; this member stops", thrown);
    if (failure.compareAndSet(null, told(thrown, topology.images()))) {
      leave();
    }
    awaitLeave();
    return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
  }

  /**
   * What a member is said to have stopped for.
   *
   * @param images the topic whose offsets it commits
   */
  static Throwable told(Throwable thrown, String images) {
    return reason(thrown).or(() -> offsetsRefused(thrown, images)).orElse(thrown);
  }

  static boolean isTransient(Throwable thrown) {
    if (reason(thrown).isPresent()) {
      return false;
    }
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause instanceof Error) {
        return false;
      }
      if (cause instanceof RetriableException
          || cause instanceof ProducerFencedException
          || cause instanceof InvalidProducerEpochException
          || cause instanceof InvalidTxnStateException) {
        return true;
      }
    }
    return false;
  }

  /**
   * What Surprisal itself stops a member for, without what Kafka Streams wraps it in, and what
   * there is a remedy for that Kafka does not tell.
   */
  private static Optional<Throwable> reason(Throwable thrown) {
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause instanceof FencedInstanceIdException) {
        return Optional.of(
            new IllegalStateException(
                "another member has the name (--instance-id) that this one has, and has taken its"
                    + " place; give each member a name and a --state-dir of its own",
                cause));
      }
      Matcher lacking = LACKING_PARTITIONS.matcher(String.valueOf(cause.getMessage()));
      if (lacking.find()) {
        return Optional.of(
            new IllegalStateException(
                "the images have %2$s partitions since some were added, and %1$s has %3$s: stop all members, give it and the other changelogs of the group as many (kafka-topics.sh --alter --topic %1$s --partitions %2$s), and start them again; nothing is lost"
                    .formatted(lacking.group(1), lacking.group(2), lacking.group(3)),
                cause));
      }
      if (cause instanceof DeviceFailedException
          || cause instanceof ImagesLostException
          || cause instanceof SchemaRegistryException) {
        return Optional.of(cause);
      }
    }
    return Optional.empty();
  }

  private static Optional<Throwable> offsetsRefused(Throwable thrown, String images) {
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (String.valueOf(cause.getMessage()).contains(OFFSETS_REFUSED)) {
        return Optional.of(
            new TopicAuthorizationException(
                "Not authorized to read [" + images + "], whose offsets are committed",
                Set.of(images)));
      }
    }
    return Optional.empty();
  }
}
