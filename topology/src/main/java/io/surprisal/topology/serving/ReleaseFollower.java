package io.surprisal.topology.serving;

import io.surprisal.handover.Ed25519;
import io.surprisal.handover.ReleaseChunks;
import io.surprisal.handover.ReleaseStore;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.ReleaseException;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.ReleaseState;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a member at the release that the topic {@code releases} announces last as active. A release
 * is loaded, verified and warmed beside the one that serves, and then takes its place between two
 * images; the one before stays loaded, so that a rollback is instant; older ones are closed once
 * their last image is scored. A release that cannot serve is refused and the old one goes on. What
 * is served and what is refused is said on the topic {@code trainer}.
 *
 * <p>A release that is announced as candidate is loaded as well, see {@link #candidate}; one that
 * cannot be loaded, or scored with, is refused. Once it is no candidate any more, its memory is
 * given back, unless it serves.
 *
 * <p>Owns its thread, its clients, and the loaded models; {@link #close} ends and frees all. Close
 * it after the stream.
 */
public final class ReleaseFollower implements Supplier<ServedModel>, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ReleaseFollower.class);
  private static final RecordFormat<ReleaseAnnouncement> ANNOUNCEMENTS =
      RecordFormat.of(ReleaseAnnouncement.class);
  private static final RecordFormat<TrainerEvent> EVENTS = RecordFormat.of(TrainerEvent.class);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration RETRY = Duration.ofSeconds(5);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);

  private final Topics topics;
  private final String member;
  private final List<PublicKey> trusted;
  private final LoadedModel.Loader loader;
  private final Path fetched;
  private final Map<String, Object> reading;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final KafkaProducer<byte[], byte[]> producer;
  private final Thread thread = new Thread(this::follow, "release-follower");
  private final CountDownLatch first = new CountDownLatch(1);

  private volatile Optional<ServedModel> served = Optional.empty();
  private volatile Optional<ShadowModel> shadow = Optional.empty();

  /** What stream threads have found wrong with a candidate. */
  private final AtomicReference<Refusal> found = new AtomicReference<>();

  private volatile boolean closed;

  // The rest is the thread's own.
  private Optional<Loaded> active = Optional.empty();
  private Optional<Loaded> before = Optional.empty();
  private Optional<Loaded> tried = Optional.empty();
  private final List<Loaded> retiring = new ArrayList<>();
  private Optional<ReleaseAnnouncement> wanted = Optional.empty();
  private Optional<ReleaseAnnouncement> candidate = Optional.empty();
  private boolean wantedChanged;
  private boolean candidateChanged;
  private Optional<String> refused = Optional.empty();
  private long retryAt;

  private record Loaded(String id, LoadedModel model) {}

  private record Refusal(String id, String reason) {}

  /**
   * Starts to follow.
   *
   * @param clients settings of Kafka clients, with {@code bootstrap.servers}
   * @param member what this member is called in what it says
   * @param fetched directory for releases that come through Kafka; made when the first one does
   * @param trusted keys of which one must have signed a release; empty: none needs a signature
   */
  public ReleaseFollower(
      Map<String, Object> clients,
      Topics topics,
      String member,
      Path fetched,
      List<PublicKey> trusted,
      LoadedModel.Loader loader) {
    this.topics = topics;
    this.member = member;
    this.fetched = fetched;
    this.trusted = List.copyOf(trusted);
    this.loader = loader;
    reading = new HashMap<>(clients);
    reading.put("isolation.level", "read_committed");
    reading.put("enable.auto.commit", false);
    consumer =
        new KafkaConsumer<>(reading, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    producer =
        new KafkaProducer<>(
            new HashMap<>(clients), new ByteArraySerializer(), new ByteArraySerializer());
    thread.start();
  }

  /**
   * The model that serves now.
   *
   * @throws IllegalStateException if none does yet, see {@link #awaitFirst}
   */
  @Override
  public ServedModel get() {
    return served.orElseThrow(() -> new IllegalStateException("no release serves yet"));
  }

  /** The release that is tried beside the one that serves, empty while none is. */
  public Optional<ShadowModel> candidate() {
    return shadow;
  }

  /** Waits for the first release; false if none serves after the time. */
  public boolean awaitFirst(Duration time) throws InterruptedException {
    return first.await(time.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void follow() {
    try {
      TopicPartition partition = new TopicPartition(topics.releases(), 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      while (!closed) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          read(record);
        }
        if (consumer.currentLag(partition).orElse(0) == 0) {
          applyNews();
        }
        closeRetired(Duration.ZERO);
      }
    } catch (WakeupException e) {
      LOG.debug("Ends", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | IOException e) {
      LOG.error("Releases can no longer be followed; the one that serves goes on", e);
    }
  }

  /** Takes in what the record says about which release is to serve, or to be tried. */
  private void read(ConsumerRecord<byte[], byte[]> record) {
    if (record.value() == null) {
      return;
    }
    try {
      ReleaseAnnouncement announcement = ANNOUNCEMENTS.decode(record.value());
      if (announcement.getState() == ReleaseState.ACTIVE) {
        wanted = Optional.of(announcement);
        wantedChanged = true;
      }
      if (announcement.getState() == ReleaseState.CANDIDATE) {
        candidate = Optional.of(announcement);
        candidateChanged = true;
      } else if (isOf(candidate, announcement.getReleaseId())) {
        candidate = Optional.empty();
        candidateChanged = true;
      }
    } catch (RecordFormatException e) {
      LOG.warn("The record {} of {} is no announcement", record.offset(), record.topic(), e);
    }
  }

  private static boolean isOf(Optional<ReleaseAnnouncement> announcement, String id) {
    return announcement.map(a -> a.getReleaseId().equals(id)).orElse(false);
  }

  private void applyNews() throws InterruptedException {
    Optional.ofNullable(found.getAndSet(null))
        .filter(refusal -> isOf(candidate, refusal.id()))
        .ifPresent(
            refusal -> {
              refuse(candidate.orElseThrow(), refusal.reason());
              candidate = Optional.empty();
              candidateChanged = true;
            });
    boolean again = retryAt != 0 && System.nanoTime() - retryAt >= 0;
    if (wantedChanged || again) {
      apply();
      candidateChanged = true; // it alerts at the same rate
    }
    if (candidateChanged) {
      applyCandidate();
    }
    wantedChanged = false;
    candidateChanged = false;
  }

  /** Loads the candidate, or lets the one go that was. */
  private void applyCandidate() {
    if (tried.isPresent() && !isOf(candidate, tried.get().id())) {
      letGo();
    }
    if (candidate.isEmpty() || active.isEmpty()) {
      return;
    }
    ReleaseAnnouncement announcement = candidate.get();
    String id = announcement.getReleaseId();
    try {
      Double share = announcement.getShadowShare();
      if (share == null || !(share > 0 && share <= 1)) {
        throw new IllegalArgumentException(
            "the share of images to try it on is " + share + ", must be within (0, 1]");
      }
      Loaded loaded = loaded(announcement);
      tried = Optional.of(loaded);
      shadow =
          Optional.of(
              loaded
                  .model()
                  .inShadow(
                      alertRate(wanted.orElseThrow()),
                      share,
                      reason -> found.set(new Refusal(id, reason))));
      LOG.info("Tries release {} on {} of the images", id, share);
    } catch (IOException | RuntimeException e) {
      refuse(announcement, reason(e));
      candidate = Optional.empty();
      letGo();
    }
  }

  private void letGo() {
    shadow = Optional.empty();
    tried.ifPresent(over -> LOG.info("No longer tries release {}", over.id()));
    tried.filter(over -> !active.equals(tried) && !before.equals(tried)).ifPresent(retiring::add);
    tried = Optional.empty();
  }

  private void apply() throws InterruptedException {
    ReleaseAnnouncement announcement = wanted.orElseThrow();
    String id = announcement.getReleaseId();
    retryAt = 0;
    try {
      Loaded loaded = loaded(announcement);
      boolean changes = active.map(now -> !now.id().equals(id)).orElse(true);
      served = Optional.of(loaded.model().at(alertRate(announcement)));
      if (changes) {
        before
            .filter(old -> !old.id().equals(id) && !before.equals(tried))
            .ifPresent(retiring::add);
        before = active;
      }
      active = Optional.of(loaded);
      refused = Optional.empty();
      first.countDown();
      LOG.info("Serves release {}", id);
      tell(TrainerEventType.RELEASE_SERVED, announcement, "scores with it from now on");
    } catch (IOException e) {
      retryAt = System.nanoTime() + RETRY.toNanos();
      refuse(announcement, reason(e));
    } catch (RuntimeException e) {
      refuse(announcement, reason(e));
    }
  }

  private static String reason(Exception e) {
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

  private Loaded loaded(ReleaseAnnouncement announcement) throws IOException {
    String id = announcement.getReleaseId();
    for (Optional<Loaded> at : List.of(active, before, tried)) {
      if (at.isPresent() && at.get().id().equals(id)) {
        return at.get();
      }
    }
    Path file = file(announcement);
    long size = Files.size(file);
    if (size != announcement.getSizeBytes()) {
      throw new ReleaseException(
          "%s has %d bytes, announced are %d".formatted(file, size, announcement.getSizeBytes()));
    }
    requireTrusted(announcement, file);
    Release release = ReleaseStore.load(file, announcement.getSha256());
    if (!announcement.getSha256().equals(id)) {
      throw new ReleaseException(
          "the announcement of " + id + " names the file of another release");
    }
    return new Loaded(id, loader.load(release));
  }

  /** The file of a release; one that lies in a topic is brought here first. */
  private Path file(ReleaseAnnouncement announcement) throws IOException {
    if (!ReleaseChunks.Location.is(announcement.getLocation())) {
      return path(announcement.getLocation());
    }
    ReleaseStore store = new ReleaseStore(fetched);
    Path file = store.file(announcement.getReleaseId());
    if (Files.exists(file)) {
      return file;
    }
    try (KafkaConsumer<byte[], byte[]> chunks =
        new KafkaConsumer<>(reading, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      byte[] bytes =
          ReleaseChunks.read(
              chunks,
              ReleaseChunks.Location.parse(announcement.getLocation()),
              announcement.getSizeBytes());
      return store.put(bytes, announcement.getReleaseId());
    }
  }

  private void requireTrusted(ReleaseAnnouncement announcement, Path file) throws IOException {
    if (trusted.isEmpty()) {
      return;
    }
    if (announcement.getSignatureLocation() == null) {
      throw new ReleaseException(
          "release "
              + announcement.getReleaseId()
              + " is not signed, and this member trusts signed ones only");
    }
    byte[] signature = signature(announcement.getSignatureLocation());
    if (!Ed25519.isTrusted(trusted, Files.readAllBytes(file), signature)) {
      throw new ReleaseException(
          "the signature of release "
              + announcement.getReleaseId()
              + " is of none of the trusted keys");
    }
  }

  private static byte[] signature(String location) throws IOException {
    if (!location.startsWith(Ed25519.DATA)) {
      return Files.readAllBytes(path(location));
    }
    try {
      return Base64.getDecoder().decode(location.substring(Ed25519.DATA.length()));
    } catch (IllegalArgumentException e) {
      throw new ReleaseException("the signature is no base64", e);
    }
  }

  private static Path path(String location) throws ReleaseException {
    try {
      return Path.of(URI.create(location));
    } catch (RuntimeException e) {
      throw new ReleaseException("'" + location + "' is no location of a file", e);
    }
  }

  private void refuse(ReleaseAnnouncement announcement, String reason) {
    String whole = announcement.getReleaseId() + ": " + reason;
    if (refused.equals(Optional.of(whole))) {
      return; // said already
    }
    refused = Optional.of(whole);
    LOG.error(
        "Refuses release {}: {}; {}",
        announcement.getReleaseId(),
        reason,
        active.map(now -> "release " + now.id() + " goes on").orElse("none serves yet"));
    tell(TrainerEventType.RELEASE_REFUSED, announcement, reason);
  }

  private void tell(TrainerEventType type, ReleaseAnnouncement announcement, String message) {
    TrainerEvent event =
        TrainerEvent.newBuilder()
            .setType(type)
            .setEventTime(Instant.now())
            .setRunId(announcement.getRunId())
            .setReleaseId(announcement.getReleaseId())
            .setMember(member)
            .setMessage(message)
            .build();
    byte[] key =
        announcement.getRunId() == null
            ? null
            : announcement.getRunId().getBytes(StandardCharsets.UTF_8);
    producer.send(
        new ProducerRecord<>(topics.trainer(), key, EVENTS.encode(event)),
        (metadata, failure) -> {
          if (failure != null) {
            LOG.warn("Could not say {} of release {}", type, event.getReleaseId(), failure);
          }
        });
  }

  private void closeRetired(Duration patience) throws InterruptedException, IOException {
    for (Loaded old : List.copyOf(retiring)) {
      if (old.model().retire(patience)) {
        old.model().close();
        retiring.remove(old);
        Files.deleteIfExists(fetched.resolve(old.id() + ".safetensors"));
        LOG.info("Closed release {}", old.id());
      }
    }
  }

  /**
   * Ends the thread and frees all models; a model that is still at work is left, with a warning.
   */
  @Override
  public void close() {
    closed = true;
    consumer.wakeup();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true; // the clients below are the thread's until it ends
      }
    }
    try {
      active.ifPresent(retiring::add);
      before.filter(old -> !retiring.contains(old)).ifPresent(retiring::add);
      tried.filter(old -> !retiring.contains(old)).ifPresent(retiring::add);
      closeRetired(CLOSE_TIMEOUT);
      retiring.forEach(left -> LOG.warn("Release {} is still at work and left open", left.id()));
    } catch (InterruptedException e) {
      interrupted = true;
    } catch (IOException e) {
      LOG.warn("A release that came through Kafka could not be deleted here", e);
    }
    try {
      producer.close(CLOSE_TIMEOUT);
      consumer.close();
    } catch (KafkaException e) {
      LOG.warn("The clients did not end in order", e);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
