package io.surprisal.topology.serving;

import io.surprisal.handover.AnnouncementReader;
import io.surprisal.handover.CommittedRecords;
import io.surprisal.handover.HeardSequence;
import io.surprisal.handover.ReleaseFetcher;
import io.surprisal.handover.Trust;
import io.surprisal.model.runtime.Threads;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.ReleaseState;
import io.surprisal.schemas.Topics;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a member at the release that the topic {@code releases} announces last as active. A release
 * is fetched, loaded and warmed beside the one that serves, and then takes its place between two
 * images. A release that cannot serve is refused and the old one goes on. What is served and what
 * is refused is said on the topic {@code trainer}.
 *
 * <p>A release that is announced as candidate is loaded as well, see {@link #candidate}; one that
 * cannot be loaded, or scored with, is refused. Once it is no candidate any more, its memory is
 * given back, unless it serves.
 *
 * <p>Owns its thread, its clients, and the loaded releases; {@link #close} ends and frees all.
 * Close it after the stream.
 */
public final class ReleaseFollower implements Serving {

  private static final Logger LOG = LoggerFactory.getLogger(ReleaseFollower.class);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration RETRY = Duration.ofSeconds(5);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);

  private final TopicPartition announcements;
  private final Consumer<byte[], byte[]> consumer;
  private final ServingReports reports;
  private final ReleaseFetcher fetcher;
  private final AnnouncementReader reader;
  private final HeardSequence heard;
  private final LoadedReleases releases;
  private final Thread thread = new Thread(this::follow, "release-follower");
  private final CountDownLatch first = new CountDownLatch(1);

  /** What stream threads have found wrong with a candidate. */
  private final AtomicReference<Optional<Refusal>> found = new AtomicReference<>(Optional.empty());

  private volatile boolean closed;
  private volatile Optional<Throwable> failure = Optional.empty();

  // The rest is the thread's own.
  private Optional<ReleaseAnnouncement> wanted = Optional.empty();
  private Optional<ReleaseAnnouncement> candidate = Optional.empty();
  private boolean wantedChanged;
  private boolean candidateChanged;
  private Optional<Refusal> refused = Optional.empty();
  private long retryAt;
  private long retryCandidateAt;

  /** Number of the announcement that is wanted. */
  private long wantedNumber;

  /** Greatest number of an announcement that was obeyed, by this process or those before it. */
  private long before;

  private record Refusal(String id, String reason) {}

  /**
   * Starts to follow.
   *
   * @param clients settings of Kafka clients, with {@code bootstrap.servers}
   * @param member what this member is called in what it says
   * @param trust whose announcements are obeyed
   * @param heard what it has obeyed before; the follower's alone from now on
   * @param fetcher of the releases that are announced; the follower's alone from now on
   */
  public ReleaseFollower(
      Map<String, Object> clients,
      Topics topics,
      String member,
      Trust trust,
      HeardSequence heard,
      ReleaseFetcher fetcher,
      ReleaseLoader loader) {
    this(
        topics,
        CommittedRecords.consumer(clients),
        new ServingReports(
            new KafkaProducer<>(
                new HashMap<>(clients), new ByteArraySerializer(), new ByteArraySerializer()),
            topics,
            member,
            InstantSource.system()),
        trust,
        heard,
        fetcher,
        loader);
  }

  /**
   * Starts to follow.
   *
   * @param consumer of committed records, the follower's from now on
   * @param reports are the follower's from now on
   */
  ReleaseFollower(
      Topics topics,
      Consumer<byte[], byte[]> consumer,
      ServingReports reports,
      Trust trust,
      HeardSequence heard,
      ReleaseFetcher fetcher,
      ReleaseLoader loader) {
    announcements = new TopicPartition(topics.releases(), 0);
    this.consumer = consumer;
    this.reports = reports;
    this.fetcher = fetcher;
    this.heard = heard;
    reader = new AnnouncementReader(trust);
    releases = new LoadedReleases(loader);
    thread.start();
  }

  @Override
  public ServedModel model() {
    return releases.served().orElseThrow(() -> new IllegalStateException("no release serves yet"));
  }

  @Override
  public Optional<ShadowModel> candidate() {
    return releases.candidate();
  }

  @Override
  public boolean awaitFirst(Duration time) throws InterruptedException {
    return first.await(time.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** What ended it for good; empty while it follows. */
  @Override
  public Optional<Throwable> failure() {
    return failure;
  }

  private void follow() {
    try {
      before = heard.read();
      consumer.assign(List.of(announcements));
      consumer.seekToBeginning(List.of(announcements));
      while (!closed) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          read(record);
        }
        if (consumer.currentLag(announcements).orElse(0) == 0) {
          applyNews();
        }
        forget(releases.closeRetired(Duration.ZERO));
      }
    } catch (WakeupException e) {
      LOG.debug("Ends", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | IOException | Error e) {
      LOG.error("Releases can no longer be followed", e);
      failure = Optional.of(e);
    }
  }

  /** Takes in what the record says about which release is to serve, or to be tried. */
  private void read(ConsumerRecord<byte[], byte[]> record) {
    Optional<ReleaseAnnouncement> read = reader.read(record);
    if (read.isEmpty()) {
      return;
    }
    ReleaseAnnouncement announcement = read.get();
    if (announcement.getState() == ReleaseState.ACTIVE) {
      if (reader.highest() < before) {
        LOG.warn(
            "Release {} is announced as it was before what this member has obeyed last; it waits"
                + " for a later announcement",
            announcement.getReleaseId());
        return;
      }
      wanted = Optional.of(announcement);
      wantedNumber = reader.highest();
      wantedChanged = true;
    }
    if (announcement.getState() == ReleaseState.CANDIDATE) {
      candidate = Optional.of(announcement);
      candidateChanged = true;
    } else if (isOf(candidate, announcement.getReleaseId())) {
      candidate = Optional.empty();
      candidateChanged = true;
    }
  }

  private static boolean isOf(Optional<ReleaseAnnouncement> announcement, String id) {
    return announcement.map(a -> a.getReleaseId().equals(id)).orElse(false);
  }

  private void applyNews() {
    found
        .getAndSet(Optional.empty())
        .filter(refusal -> isOf(candidate, refusal.id()))
        .ifPresent(
            refusal -> {
              refuse(candidate.orElseThrow(), refusal.reason());
              candidate = Optional.empty();
              candidateChanged = true;
            });
    if (wantedChanged || isDue(retryAt)) {
      serve(wanted.orElseThrow());
      candidateChanged = true; // it alerts at the same rate
    }
    if (candidateChanged || isDue(retryCandidateAt)) {
      tryCandidate();
    }
    wantedChanged = false;
    candidateChanged = false;
  }

  private static boolean isDue(long time) {
    return time != 0 && System.nanoTime() - time >= 0;
  }

  /** Lets a release serve, or refuses it. */
  private void serve(ReleaseAnnouncement announcement) {
    String id = announcement.getReleaseId();
    retryAt = 0;
    try {
      releases.serve(id, alertRate(announcement), () -> fetcher.fetch(announcement));
      refused = Optional.empty();
      first.countDown();
      LOG.info("Serves release {}", id);
      reports.served(announcement);
      keepHeard();
    } catch (IOException e) {
      retryAt = System.nanoTime() + RETRY.toNanos();
      refuse(announcement, reason(e));
    } catch (RuntimeException | OutOfMemoryError e) {
      refuse(announcement, reason(e));
    }
  }

  private void keepHeard() {
    if (wantedNumber <= before) {
      return; // known, or nothing is signed
    }
    try {
      heard.keep(wantedNumber);
      before = wantedNumber;
    } catch (IOException e) {
      LOG.warn(
          "After a restart this member will not know that it has obeyed announcement {}",
          wantedNumber,
          e);
    }
  }

  /** Loads the candidate, or lets the one go that was. */
  private void tryCandidate() {
    if (releases.tried().isPresent() && !isOf(candidate, releases.tried().get())) {
      releases.endTrial();
    }
    if (candidate.isEmpty() || releases.active().isEmpty()) {
      return;
    }
    retryCandidateAt = 0;
    ReleaseAnnouncement announcement = candidate.get();
    String id = announcement.getReleaseId();
    try {
      Double share = announcement.getShadowShare();
      if (share == null || !(share > 0 && share <= 1)) {
        throw new IllegalArgumentException(
            "the share of images to try it on is " + share + ", must be within (0, 1]");
      }
      releases.tryOut(
          id,
          alertRate(wanted.orElseThrow()),
          share,
          reason -> found.set(Optional.of(new Refusal(id, reason))),
          () -> fetcher.fetch(announcement));
      LOG.info("Tries release {} on {} of the images", id, share);
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      if (e instanceof IOException && e.getCause() instanceof KafkaException) {
        LOG.warn("Release {} cannot be tried yet", id, e);
        retryCandidateAt = System.nanoTime() + RETRY.toNanos();
        return;
      }
      refuse(announcement, reason(e));
      candidate = Optional.empty();
      releases.endTrial();
    }
  }

  private static String reason(Throwable e) {
    if (e instanceof OutOfMemoryError) {
      return "it takes more memory than this process has; give more with SURPRISAL_HEAP";
    }
    if (e instanceof NoSuchFileException missing) {
      return missing.getFile() + " is not there; scorers and trainer must see the same --store";
    }
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }

  private static OptionalDouble alertRate(ReleaseAnnouncement announcement) {
    return announcement.getAlertRate() == null
        ? OptionalDouble.empty()
        : OptionalDouble.of(announcement.getAlertRate());
  }

  /** Says once why a release does not serve, or is not tried. */
  private void refuse(ReleaseAnnouncement announcement, String reason) {
    Optional<Refusal> refusal = Optional.of(new Refusal(announcement.getReleaseId(), reason));
    if (refused.equals(refusal)) {
      return;
    }
    refused = refusal;
    LOG.error(
        "Refuses release {}: {}; {}",
        announcement.getReleaseId(),
        reason,
        releases.active().map(id -> "release " + id + " goes on").orElse("none serves yet"));
    reports.refused(announcement, reason);
  }

  private void forget(List<String> closedReleases) throws IOException {
    for (String id : closedReleases) {
      fetcher.forget(id);
    }
  }

  /** Ends the thread and frees all releases; one that is still at work is left, with a warning. */
  @Override
  public void close() {
    closed = true;
    consumer.wakeup();
    Threads.joinThen(thread, this::free); // the clients are the thread's until it ends
  }

  private void free() {
    boolean interrupted = false;
    try {
      forget(releases.closeAll(CLOSE_TIMEOUT));
    } catch (InterruptedException e) {
      interrupted = true;
    } catch (IOException e) {
      LOG.warn("A release that came through Kafka could not be deleted here", e);
    }
    try {
      reports.close(CLOSE_TIMEOUT);
      consumer.close();
    } catch (KafkaException e) {
      LOG.warn("The clients did not end in order", e);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
