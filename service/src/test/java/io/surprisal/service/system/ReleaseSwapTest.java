package io.surprisal.service.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import io.surprisal.handover.Ed25519;
import io.surprisal.handover.ReleaseChunks;
import io.surprisal.handover.Seal;
import io.surprisal.handover.Trust;
import io.surprisal.handover.TrustedKeys;
import io.surprisal.model.camera.SurfaceCamera;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.Stages;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.ReleaseState;
import io.surprisal.schemas.SourceStatistics;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.service.run.EmbeddedBroker;
import io.surprisal.service.run.ScoringService;
import io.surprisal.topology.kafka.StreamSettings;
import io.surprisal.topology.serving.Scoring;
import io.surprisal.topology.sources.WatchRules;
import io.surprisal.topology.topics.TopicSettings;
import io.surprisal.topology.topics.TopicSetup;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A scorer that follows announcements: a real broker, a real stream, real networks. */
@Tag("system")
class ReleaseSwapTest {
  private static final Topics TOPICS = new Topics(Topics.DEFAULT_PREFIX);
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final RecordFormat<ImageScore> SCORES = RecordFormat.of(ImageScore.class);
  private static final RecordFormat<TrainerEvent> EVENTS = RecordFormat.of(TrainerEvent.class);
  private static final RecordFormat<SourceStatistics> STATISTICS =
      RecordFormat.of(SourceStatistics.class);
  private static final int SIDE = 16;
  private static final int EVALUATIONS = 2;
  private static final int SWAPS = 200;
  private static final int IMAGES_A_SWAP = 5;

  @TempDir private Path folder;
  private EmbeddedBroker broker;
  private KafkaProducer<byte[], byte[]> producer;
  private Records.Follower events;
  private Records.Follower scores;
  private final ImageDataset images = new SurfaceCamera(1, 0, SIDE).frames(0, 50);

  @BeforeEach
  void startBroker() throws Exception {
    broker = EmbeddedBroker.start(folder.resolve("broker"), "localhost", 0);
    try (Admin admin = Admin.create(clients())) {
      new TopicSetup(admin)
          .apply(TopicSettings.all(TOPICS, 2, ImageSizeLimit.DEFAULT), Optional.empty());
    }
    producer = new KafkaProducer<>(clients(), new ByteArraySerializer(), new ByteArraySerializer());
    events = new Records.Follower(broker.bootstrapServer(), TOPICS.trainer());
    scores = new Records.Follower(broker.bootstrapServer(), TOPICS.scores());
  }

  @AfterEach
  void stopBroker() throws Exception {
    events.close();
    scores.close();
    producer.close();
    broker.close();
  }

  private Map<String, Object> clients() {
    return Map.of("bootstrap.servers", broker.bootstrapServer());
  }

  private ScoringService service(Trust trust) {
    return ScoringService.ofAnnounced(
        release -> Execution.CPU,
        1,
        new Scoring(
            Stages.single(EVALUATIONS),
            3,
            0.01,
            Scoring.CPU_BATCH,
            Scoring.DEFAULT_LINGER,
            Duration.ofSeconds(1),
            WatchRules.usual()),
        TOPICS,
        new StreamSettings(
            "swap",
            broker.bootstrapServer(),
            folder.resolve("state"),
            1,
            Optional.empty(),
            1 << 20,
            Map.of()),
        clients(),
        "member",
        trust,
        Optional.empty());
  }

  private Release release(String name, int embedding, long seed) throws Exception {
    ModelConfiguration network =
        new ModelConfiguration(
            1,
            SIDE,
            SIDE,
            embedding,
            1,
            2,
            1e-6,
            List.of(),
            0,
            -5 - seed,
            5,
            Schedule.LEARNED_SCALAR);
    return Release.untrained(folder.resolve(name), network, seed);
  }

  /** Each in a store of its own, under the name of the release, whatever the file holds. */
  private ReleaseAnnouncement.Builder announcement(Release release, Path file) throws Exception {
    Path placed = Files.createTempDirectory(folder, "store").resolve(name(release));
    Files.copy(file, placed);
    return ReleaseAnnouncement.newBuilder()
        .setReleaseId(release.id())
        .setState(ReleaseState.ACTIVE)
        .setLocation(placed.toUri().toString())
        .setSha256(release.id())
        .setSizeBytes(Files.size(file))
        .setAnnouncedAt(Instant.now());
  }

  private static String name(Release release) {
    return release.id() + ".safetensors";
  }

  private void announce(ReleaseAnnouncement.Builder announcement) throws Exception {
    producer.send(record(announcement)).get();
  }

  private static ProducerRecord<byte[], byte[]> record(ReleaseAnnouncement.Builder announcement) {
    return new ProducerRecord<>(
        TOPICS.releases(),
        announcement.getReleaseId().getBytes(UTF_8),
        RecordFormat.of(ReleaseAnnouncement.class).encode(announcement.build()));
  }

  /** As a trainer with a key announces it. */
  private ProducerRecord<byte[], byte[]> sealed(
      KeyPair keys, String clusterId, long number, ReleaseAnnouncement.Builder announcement) {
    ProducerRecord<byte[], byte[]> record = record(announcement);
    Seal.ANNOUNCEMENT.put(record, clusterId, number, keys.getPrivate());
    return record;
  }

  private String clusterId() throws Exception {
    try (Admin admin = Admin.create(clients())) {
      return admin.describeCluster().clusterId().get();
    }
  }

  private void publish(int number) {
    ImageEvent event =
        new ImageEvent(
            "image-" + number,
            "cam",
            Instant.now(),
            BodyFormat.GRAY8,
            SIDE,
            SIDE,
            ByteBuffer.wrap(images.image(number % images.size()).interleaved()));
    producer.send(
        new ProducerRecord<>(TOPICS.images(), RecordFormat.of(ImageEvent.class).encode(event)));
  }

  private List<TrainerEvent> events(TrainerEventType type) {
    return events.poll().stream()
        .map(record -> EVENTS.decode(record.value()))
        .filter(event -> event.getType() == type)
        .toList();
  }

  private void awaitServed(int times) {
    await()
        .atMost(PATIENCE)
        .pollDelay(Duration.ZERO)
        .until(() -> events(TrainerEventType.RELEASE_SERVED).size() >= times);
  }

  @Test
  @Timeout(400)
  void shouldSwapUnderLoadWithoutLosingAnImageOrMemory() throws Exception {
    List<Path> files = new ArrayList<>();
    List<Release> releases = new ArrayList<>();
    for (int i = 0; i < 3; i++) { // more than stay loaded
      files.add(folder.resolve("r" + i));
      releases.add(release("r" + i, 8, i + 1));
    }
    long early = 0;
    int handles = 0;
    try (ScoringService service = service(Trust.ANYBODY)) {
      announce(announcement(releases.get(0), files.get(0)));
      assertThat(service.awaitStart(PATIENCE)).isTrue();
      for (int swap = 1; swap <= SWAPS; swap++) {
        for (int i = 0; i < IMAGES_A_SWAP; i++) {
          publish((swap - 1) * IMAGES_A_SWAP + i);
        }
        announce(announcement(releases.get(swap % 3), files.get(swap % 3)));
        awaitServed(swap + 1);
        if (swap == SWAPS / 4) {
          int soFar = swap * IMAGES_A_SWAP;
          // what is being scored has handles of its own
          await().atMost(PATIENCE).until(() -> scores.poll().size() >= soFar);
          early = nativeKilobytes();
          handles = TorchRuntime.nativeHandles();
        }
      }
      int all = SWAPS * IMAGES_A_SWAP;
      await().atMost(PATIENCE).until(() -> scores.poll().size() >= all);
      assertThat(TorchRuntime.nativeHandles()).as("native handles").isEqualTo(handles);
      long before = early;
      await("native memory after %d more swaps".formatted(SWAPS * 3 / 4))
          .atMost(Duration.ofSeconds(30)) // the collector gives heap back a little later
          .until(() -> nativeKilobytes() - before < 64 << 10);
      List<ImageScore> scored =
          scores.poll().stream().map(record -> SCORES.decode(record.value())).toList();
      assertThat(scored).extracting(ImageScore::getImageId).doesNotHaveDuplicates().hasSize(all);
      assertThat(scored.stream().map(ImageScore::getReleaseId).distinct().toList())
          .as("all releases have scored")
          .containsExactlyInAnyOrderElementsOf(releases.stream().map(Release::id).toList());
      requireScoresOfTheirReleases(releases, scored);
    }
  }

  /** A half-loaded model would give other scores than the release that a score names. */
  private void requireScoresOfTheirReleases(List<Release> releases, List<ImageScore> scored) {
    Map<String, List<Double>> expected = new HashMap<>();
    for (Release release : releases) {
      try (ImageScorer scorer = new ImageScorer(release, Execution.CPU, EVALUATIONS)) {
        List<Double> bits = new ArrayList<>();
        for (int i = 0; i < images.size(); i++) {
          bits.add(scorer.score(images.image(i)).bitsPerDim());
        }
        expected.put(release.id(), bits);
      }
    }
    for (ImageScore score : scored) {
      int number = Integer.parseInt(score.getImageId().substring("image-".length()));
      assertThat(score.getBitsPerDim())
          .isCloseTo(expected.get(score.getReleaseId()).get(number % images.size()), within(1e-3));
    }
  }

  /** What the process has in memory beside the Java heap. */
  private static long nativeKilobytes() throws Exception {
    System.gc();
    long resident =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(line -> line.startsWith("VmRSS:"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
            .findFirst()
            .orElseThrow();
    return resident - Runtime.getRuntime().totalMemory() / 1024; // the tests' heap is touched
  }

  @Test
  @Timeout(200)
  void shouldRefuseEveryUnsoundReleaseAndGoOnWithTheOldOne() throws Exception {
    KeyPair keys = Ed25519.newKeys();
    Release good = release("good", 8, 1);
    Path goodFile = folder.resolve("good");
    Release other = release("other", 8, 2);
    byte[] bytes = Files.readAllBytes(folder.resolve("other"));
    List<Map.Entry<ReleaseAnnouncement.Builder, String>> unsound = new ArrayList<>();
    unsound.add(
        Map.entry(
            signed(keys, other, write("damaged", flipped(bytes))),
            "not the release that was announced"));
    unsound.add(
        Map.entry(
            signed(keys, other, write("cut", Arrays.copyOf(bytes, bytes.length / 2)))
                .setSizeBytes(bytes.length),
            "length that was announced"));
    unsound.add(Map.entry(announcement(other, folder.resolve("other")), "not signed"));
    unsound.add(
        Map.entry(
            signed(Ed25519.newKeys(), other, folder.resolve("other")),
            "not signed by a key that is trusted"));
    unsound.add(
        Map.entry(
            signed(keys, other, folder.resolve("other")).setSha256(good.id()),
            "file of another release"));
    unsound.add(
        Map.entry(
            announcement(other, folder.resolve("other"))
                .setLocation(folder.resolve("gone").resolve(name(other)).toUri().toString()),
            "is not there"));
    unsound.add(
        Map.entry(
            throughKafka(announcement(other, folder.resolve("other")), other.id(), flipped(bytes)),
            "not the release that was announced"));
    unsound.add(
        Map.entry(
            throughKafka(announcement(other, folder.resolve("other")), other.id(), bytes)
                .setReleaseId("../../" + other.id()),
            "file of another release"));
    String cluster = clusterId();
    try (ScoringService service = service(new Trust(cluster, TrustedKeys.of(keys.getPublic())))) {
      producer.send(sealed(keys, cluster, 1, signed(keys, good, goodFile))).get();
      assertThat(service.awaitStart(PATIENCE)).isTrue();
      int refusals = 0;
      for (Map.Entry<ReleaseAnnouncement.Builder, String> entry : unsound) {
        int expected = ++refusals;
        producer.send(sealed(keys, cluster, 1 + expected, entry.getKey())).get();
        await()
            .atMost(PATIENCE)
            .until(() -> events(TrainerEventType.RELEASE_REFUSED).size() >= expected);
        assertThat(events(TrainerEventType.RELEASE_REFUSED).get(expected - 1).getMessage())
            .containsPattern(entry.getValue());
      }
      publish(0);
      await().atMost(PATIENCE).until(() -> scores.poll().size() == 1);
      assertThat(SCORES.decode(scores.poll().get(0).value()).getReleaseId())
          .as("the old one goes on")
          .isEqualTo(good.id());
      assertThat(service.failure()).isEmpty();

      // Not signed for this place, or sealed before what was heard: nothing comes of it.
      ReleaseAnnouncement.Builder sound = signed(keys, other, folder.resolve("other"));
      announce(sound);
      announce(signed(keys, good, goodFile).setAlertRate(1e-9));
      producer.send(sealed(Ed25519.newKeys(), cluster, 1000, sound)).get();
      producer.send(sealed(keys, "another cluster", 1000, sound)).get();
      producer.send(sealed(keys, cluster, 1, sound)).get();
      int last = 100;
      producer.send(sealed(keys, cluster, last, sound)).get();
      awaitServed(2);
      assertThat(events(TrainerEventType.RELEASE_SERVED))
          .extracting(TrainerEvent::getReleaseId)
          .containsExactly(good.id(), other.id());
      assertThat(service.failure()).isEmpty();
    }
    try (ScoringService again = service(new Trust(cluster, TrustedKeys.of(keys.getPublic())))) {
      assertThat(again.awaitStart(PATIENCE)).as("it obeys what it obeyed before").isTrue();
    }
  }

  @Test
  @Timeout(200)
  void shouldServeAReleaseThatCameThroughKafka() throws Exception {
    Release release = release("far", 32, 1);
    Path file = folder.resolve("far");
    ReleaseAnnouncement.Builder announcement =
        throughKafka(announcement(release, file), release.id(), Files.readAllBytes(file));
    Files.delete(file);
    try (ScoringService service = service(Trust.ANYBODY)) {
      announce(announcement);

      assertThat(service.awaitStart(PATIENCE)).isTrue();
      publish(0);
      await().atMost(PATIENCE).until(() -> scores.poll().size() == 1);
    }
  }

  @Test
  @Timeout(200)
  void shouldTryACandidateBesideTheActiveReleaseAndGiveItsMemoryBack() throws Exception {
    Release serving = release("serving", 8, 1);
    Release tried = release("tried", 8, 2);
    double expected = 0;
    try (ImageScorer servingScorer = new ImageScorer(serving, Execution.CPU, EVALUATIONS);
        ImageScorer triedScorer = new ImageScorer(tried, Execution.CPU, EVALUATIONS)) {
      for (int i = 0; i < images.size(); i++) {
        expected +=
            (triedScorer.score(images.image(i)).bitsPerDim()
                    - servingScorer.score(images.image(i)).bitsPerDim())
                / images.size();
      }
    }
    try (Records.Follower statistics =
            new Records.Follower(broker.bootstrapServer(), TOPICS.statistics());
        ScoringService service = service(Trust.ANYBODY)) {
      announce(announcement(serving, folder.resolve("serving")));
      assertThat(service.awaitStart(PATIENCE)).isTrue();
      int handles = TorchRuntime.nativeHandles();

      announce(candidate(tried, folder.resolve("tried")));
      await("the candidate").atMost(PATIENCE).until(() -> TorchRuntime.nativeHandles() > handles);
      int published = 0;
      while (compared(statistics) < images.size()) {
        publish(published++ % images.size());
        scores.poll(); // at the pace of the stream
      }
      announce(announcement(tried, folder.resolve("tried")).setState(ReleaseState.REFUSED));

      await("its memory").atMost(PATIENCE).until(() -> TorchRuntime.nativeHandles() == handles);
      int all = published;
      await().atMost(PATIENCE).until(() -> scores.poll().size() == all);
      assertThat(scores.poll())
          .as("every image has its one score, of the release that serves")
          .allSatisfy(
              record ->
                  assertThat(SCORES.decode(record.value()).getReleaseId()).isEqualTo(serving.id()));
      SourceStatistics last =
          statistics(statistics).filter(told -> told.getCompared() >= 2).findFirst().orElseThrow();
      assertThat(last.getCandidateReleaseId()).isEqualTo(tried.id());
      assertThat(last.getCandidateMeanBitsPerDim() - last.getComparedMeanBitsPerDim())
          .isCloseTo(expected, within(8 * last.getDifferenceStandardError() + 1e-3));

      ReleaseAnnouncement.Builder broken =
          candidate(tried, folder.resolve("tried"))
              .setLocation(folder.resolve("gone").resolve(name(tried)).toUri().toString());
      announce(broken);
      await().atMost(PATIENCE).until(() -> events(TrainerEventType.RELEASE_REFUSED).size() == 1);
      publish(0);
      await("the active one goes on").atMost(PATIENCE).until(() -> scores.poll().size() > all);
      assertThat(TorchRuntime.nativeHandles()).isEqualTo(handles);
    }
  }

  private ReleaseAnnouncement.Builder candidate(Release release, Path file) throws Exception {
    return announcement(release, file).setState(ReleaseState.CANDIDATE).setShadowShare(1.0);
  }

  private static Stream<SourceStatistics> statistics(Records.Follower follower) {
    return follower.poll().stream().map(record -> STATISTICS.decode(record.value()));
  }

  /** Images that the windows' last records say were compared. */
  private static long compared(Records.Follower follower) {
    Map<List<Object>, Long> windows = new HashMap<>();
    statistics(follower)
        .forEach(
            told ->
                windows.put(
                    List.of(told.getWindowStart(), told.getImagesPartition()), told.getCompared()));
    return windows.values().stream().mapToLong(n -> n).sum();
  }

  private ReleaseAnnouncement.Builder throughKafka(
      ReleaseAnnouncement.Builder announcement, String id, byte[] bytes) throws Exception {
    List<ProducerRecord<byte[], byte[]>> chunks =
        ReleaseChunks.records(TOPICS.releaseChunks(), id, bytes);
    long first = producer.send(chunks.get(0)).get().offset();
    for (ProducerRecord<byte[], byte[]> chunk : chunks.subList(1, chunks.size())) {
      producer.send(chunk).get();
    }
    return announcement.setLocation(
        new ReleaseChunks.Location(TOPICS.releaseChunks(), first, id, chunks.size()).toString());
  }

  private ReleaseAnnouncement.Builder signed(KeyPair keys, Release release, Path file)
      throws Exception {
    ReleaseAnnouncement.Builder announcement = announcement(release, file);
    String signature = announcement.getLocation() + ".sig";
    Files.write(
        Path.of(URI.create(signature)), Ed25519.sign(keys.getPrivate(), Files.readAllBytes(file)));
    return announcement.setSignatureLocation(signature);
  }

  private Path write(String name, byte[] bytes) throws Exception {
    return Files.write(folder.resolve(name), bytes);
  }

  private static byte[] flipped(byte[] bytes) {
    byte[] damaged = bytes.clone();
    damaged[damaged.length - 10] ^= 1;
    return damaged;
  }
}
