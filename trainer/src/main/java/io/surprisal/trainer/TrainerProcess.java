package io.surprisal.trainer;

import io.surprisal.handover.ReleaseStore;
import io.surprisal.model.checks.SetBackClock;
import io.surprisal.model.checks.SteadyTime;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.runtime.Threads;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.trainer.cluster.ClusterSettings;
import io.surprisal.trainer.drift.StreamWatch;
import io.surprisal.trainer.reservoir.Reservoir;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sidecar: fills its reservoir from the stream all the time, and decides while it is the active
 * trainer. Active is whoever the group of the control topic, which has one partition, gives that
 * partition to; all others stand by, and one of them takes over within the session timeout.
 *
 * <p>Owns its threads and native memory; {@link #run} works on the caller's thread, {@link #close}
 * frees all after it.
 */
public final class TrainerProcess implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TrainerProcess.class);
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration LOOK = Duration.ofMillis(500);
  private static final int SESSION_TIMEOUT_MILLIS = 10_000;

  private final TrainerSettings settings;
  private final InstantSource clock;
  private final ReleaseStore store;
  private final Reservoir reservoir;
  private final StreamWatch watch;
  private final KafkaConsumer<byte[], byte[]> control;
  private final Map<TrainerEventType, LongAdder> told = new ConcurrentHashMap<>();
  private Optional<ActiveTrainer> active = Optional.empty();
  private boolean toBeActive;
  private volatile boolean decides;
  private final SteadyTime time = new SteadyTime();
  private final SetBackClock setBack;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread clockWatch = new Thread(this::watchClock, "clock-watch");
  private volatile Instant lastTurn;

  /** How a release understands files; as usual where there is none, or it cannot be read. */
  private Interpretation interpretation(String release) {
    if (release.isEmpty()) {
      return Interpretation.usual();
    }
    try {
      return store.load(release).preprocessing().interpretation();
    } catch (IOException e) {
      LOG.warn("Release {} cannot be read: files are understood as usual", release, e);
      return Interpretation.usual();
    }
  }

  /**
   * Opens reservoir and store, and starts to read the stream.
   *
   * @throws IOException if a directory cannot be used, or another process uses it
   */
  public TrainerProcess(TrainerSettings settings, InstantSource clock) throws IOException {
    this.settings = settings;
    this.clock = clock;
    store = new ReleaseStore(settings.publication().store());
    reservoir = new Reservoir(settings.directory().resolve("reservoir"), settings.bounds());
    watch =
        new StreamWatch(
            settings.cluster(),
            settings.sensitivity(),
            settings.runs().gate().alertRate(),
            reservoir,
            this::interpretation,
            clock);
    Map<String, Object> own = new HashMap<>();
    own.put(ConsumerConfig.GROUP_ID_CONFIG, settings.cluster().group());
    own.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, SESSION_TIMEOUT_MILLIS);
    own.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, SESSION_TIMEOUT_MILLIS / 5);
    own.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, ClusterSettings.FROM_THE_BEGINNING);
    own.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
    control = settings.cluster().consumer(own);
    lastTurn = time.instant();
    setBack = new SetBackClock(clock, System::nanoTime);
    clockWatch.start();
  }

  /** Where the clock is set back, a poll that is under way would wait for it. */
  private void watchClock() {
    try {
      while (setBack.found().isEmpty()) {
        if (closed.await(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
          return;
        }
      }
      control.wakeup();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether this is the one that decides. */
  public boolean active() {
    return decides;
  }

  /** How long the turn of {@link #run} that is under way has taken so far. */
  public Duration sinceTurn() {
    return Duration.between(lastTurn, time.instant());
  }

  /**
   * What has ended the reader of the stream, or is to; empty while it reads. The process ends with
   * it.
   */
  public Optional<Throwable> failure() {
    return watch.failure().or(setBack::found);
  }

  /** Images in a pool of the reservoir. */
  public int images(Reservoir.Pool pool) {
    return reservoir.size(pool);
  }

  /** Images that the reservoir was ever shown. */
  public long seen() {
    return reservoir.seen();
  }

  /** How many events of a type this trainer has told since its start. */
  public long told(TrainerEventType type) {
    LongAdder count = told.get(type);
    return count == null ? 0 : count.sum();
  }

  /** What the client measures that makes it a member of its group, in Kafka's terms. */
  public Collection<? extends Metric> metrics() {
    return control.metrics().values();
  }

  /**
   * Works until told to stop.
   *
   * @throws IllegalStateException if the stream can no longer be read, or the clock was set back
   * @throws KafkaException if the broker refuses what bears the time of this machine
   * @throws IOException if the first release cannot be stored
   */
  public void run(BooleanSupplier stop) throws InterruptedException, IOException {
    control.subscribe(List.of(settings.cluster().topics().control()), new Turns());
    while (!stop.getAsBoolean()) {
      lastTurn = time.instant();
      decides = active.isPresent();
      ConsumerRecords<byte[], byte[]> commands = poll();
      if (setBack.found().isPresent()) {
        throw setBack.found().get();
      }
      if (watch.failure().isPresent()) {
        throw new IllegalStateException(
            "the stream can no longer be read: " + watch.failure().get().getMessage(),
            watch.failure().get());
      }
      try {
        if (toBeActive && active.isEmpty()) {
          active =
              Optional.of(
                  new ActiveTrainer(
                      settings,
                      store,
                      reservoir,
                      watch,
                      type -> told.computeIfAbsent(type, first -> new LongAdder()).increment(),
                      clock));
        }
        if (active.isPresent()) {
          for (ConsumerRecord<byte[], byte[]> command : commands) {
            active.get().handle(command, control.groupMetadata());
          }
          active.get().tick();
        }
      } catch (KafkaException e) {
        if (isOfAnotherTime(e)) {
          throw e;
        }
        // Fenced, out of the group, or the broker is away: begin anew from what is committed.
        LOG.warn("What was said last did not go out; begins again from what did", e);
        resign();
        rewind();
      }
    }
  }

  private ConsumerRecords<byte[], byte[]> poll() {
    try {
      return control.poll(POLL);
    } catch (WakeupException e) {
      LOG.debug("The clock was set back", e);
      return ConsumerRecords.empty();
    }
  }

  /** Whether the broker takes no records of this machine's time, now or later. */
  private static boolean isOfAnotherTime(Throwable thrown) {
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause instanceof InvalidTimestampException) {
        return true;
      }
    }
    return false;
  }

  private void resign() {
    active.ifPresent(ActiveTrainer::close);
    active = Optional.empty();
  }

  /** Back to the first command without a committed answer. */
  private void rewind() {
    try {
      Map<TopicPartition, OffsetAndMetadata> committed = control.committed(control.assignment());
      for (TopicPartition partition : control.assignment()) {
        OffsetAndMetadata offset = committed.get(partition);
        if (offset == null) {
          control.seekToBeginning(List.of(partition));
        } else {
          control.seek(partition, offset);
        }
      }
    } catch (CommitFailedException | IllegalStateException e) {
      LOG.debug("No longer the owner", e); // whoever is begins there by itself
    } catch (KafkaException e) {
      LOG.warn("The committed offset cannot be read; commands are read again", e);
      control.seekToBeginning(control.assignment());
    }
  }

  /** Told on the thread of {@link #run}, within poll. */
  private final class Turns implements ConsumerRebalanceListener {
    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      if (!partitions.isEmpty()) {
        toBeActive = true;
      }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      if (!partitions.isEmpty()) {
        toBeActive = false;
        resign();
        LOG.info("Trainer {} stands by", settings.cluster().member());
      }
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
      onPartitionsRevoked(partitions);
    }
  }

  @Override
  public void close() {
    closed.countDown();
    Threads.joinThen(clockWatch, control::close); // revokes, and so resigns
    resign();
    watch.close();
    reservoir.close();
  }
}
