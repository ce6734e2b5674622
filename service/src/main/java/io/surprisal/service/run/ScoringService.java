package io.surprisal.service.run;

import io.surprisal.handover.HeardSequence;
import io.surprisal.handover.ReleaseFetcher;
import io.surprisal.handover.Trust;
import io.surprisal.model.batching.BatchScorer;
import io.surprisal.model.checks.SetBackClock;
import io.surprisal.model.checks.SteadyTime;
import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.schemas.MetricName;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.Failure;
import io.surprisal.service.cli.Version;
import io.surprisal.service.metrics.ProcessMetrics;
import io.surprisal.topology.ScoringCounts;
import io.surprisal.topology.ScoringStream;
import io.surprisal.topology.ScoringTopology;
import io.surprisal.topology.kafka.StreamSettings;
import io.surprisal.topology.serving.FixedRelease;
import io.surprisal.topology.serving.ReleaseFollower;
import io.surprisal.topology.serving.ReleaseLoader;
import io.surprisal.topology.serving.Scoring;
import io.surprisal.topology.serving.Serving;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.apache.kafka.streams.KafkaStreams;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scorers and the stream that they work in, as one thing to start and to close. Owns the scorers'
 * native memory.
 */
public final class ScoringService implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ScoringService.class);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(25);

  /** Images that wait for a worker are decoded already: a few batches keep all of them busy. */
  private static final int BATCHES_AHEAD = 4;

  private final BatchScorer batches;
  private final Serving serving;
  private final Topics topics;
  private final StreamSettings settings;
  private final Scoring scoring;
  private final ServingHistory history = new ServingHistory(new SteadyTime());
  private final SetBackClock clock = new SetBackClock();
  private final ProcessMetrics metrics = new ProcessMetrics(Version.text());
  private volatile Optional<ScoringStream> stream = Optional.empty();
  private volatile Optional<ImagesWatch> images = Optional.empty();

  private ScoringService(
      BatchScorer batches,
      Serving serving,
      Topics topics,
      StreamSettings settings,
      Scoring scoring,
      int workers) {
    this.batches = batches;
    this.serving = serving;
    this.topics = topics;
    this.settings = settings;
    this.scoring = scoring;
    measure(workers);
  }

  private void measure(int workers) {
    metrics.gauge(MetricName.QUEUE_IMAGES, batches::backlog);
    metrics.gauge(MetricName.QUEUE_CAPACITY, () -> queueCapacity(workers, scoring.batch()));
    metrics.counter(MetricName.BATCHES, batches::batches);
    metrics.counter(MetricName.BATCH_IMAGES, batches::batchedImages);
    metrics.gauge(MetricName.BATCH_LARGEST, scoring::batch);
    metrics.gauge(MetricName.STREAM_RUNNING, () -> state().isRunningOrRebalancing() ? 1 : 0);
    metrics.gauge(MetricName.STREAM_THREADS, () -> streamThreads().size());
    metrics.gauge(MetricName.FOLLOWER_UP, () -> serving.failure().isEmpty() ? 1 : 0);
    metrics.gauge(
        MetricName.LAG_IMAGES,
        () -> stream.map(s -> Health.lag(s.metrics(), topics.images())).orElse(Double.NaN));
    metrics.gauge(
        MetricName.WITHHELD_IMAGES,
        () -> withheld().stream().mapToLong(WithheldImages.Withheld::images).sum());
    metrics.gauge(MetricName.HEARTBEAT_AGE, () -> secondsSinceHeartbeat().orElse(Double.NaN));
    metrics.state(
        MetricName.RELEASE,
        () -> history.model().map(model -> List.of(model.releaseId(), model.precision())));
    metrics.gauge(MetricName.RELEASE_AGE, () -> history.age().toMillis() / 1000.0);
    metrics.counter(MetricName.RELEASE_SWAPS, history::swaps);
  }

  /** What it measures; ends with it. */
  ProcessMetrics metrics() {
    return metrics;
  }

  private OptionalDouble secondsSinceHeartbeat() {
    return Health.secondsSinceHeartbeat(stream.map(ScoringStream::metrics).orElse(List.of()));
  }

  /** Serves one release, and starts the stream; {@link #state} tells when it runs. */
  public static ScoringService ofRelease(
      Release release,
      Execution execution,
      Scoring scoring,
      Topics topics,
      StreamSettings settings) {
    BatchScorer batches = batchScorer(execution.workers(), scoring);
    Serving serving;
    try {
      serving = new FixedRelease(new ReleaseLoader(any -> execution, scoring, batches), release);
    } catch (RuntimeException e) {
      batches.close();
      throw e;
    }
    ScoringService service =
        new ScoringService(batches, serving, topics, settings, scoring, execution.workers());
    try {
      service.start();
      return service;
    } catch (RuntimeException e) {
      service.close();
      throw e;
    }
  }

  /**
   * Serves the release that is announced as active, whichever it is. The stream begins with the
   * first one: see {@link #awaitStart}.
   *
   * @param execution where to run a release, and how precisely
   * @param workers batches side by side
   * @param clients settings of Kafka clients, with the broker
   * @param member what this member is called where it says what it serves
   * @param trust whose releases and announcements hold
   * @param store where releases on disk lie; empty: where announcements say
   */
  public static ScoringService ofAnnounced(
      Function<Release, Execution> execution,
      int workers,
      Scoring scoring,
      Topics topics,
      StreamSettings settings,
      Map<String, Object> clients,
      String member,
      Trust trust,
      Optional<Path> store) {
    BatchScorer batches = batchScorer(workers, scoring);
    Serving serving =
        new ReleaseFollower(
            clients,
            topics,
            member,
            trust,
            new HeardSequence(settings.stateDirectory().resolve("announcements").resolve("heard")),
            new ReleaseFetcher(
                clients,
                settings.stateDirectory().resolve("releases"),
                trust.keys(),
                store,
                topics.releaseChunks()),
            new ReleaseLoader(execution, scoring, batches));
    return new ScoringService(batches, serving, topics, settings, scoring, workers);
  }

  private static BatchScorer batchScorer(int workers, Scoring scoring) {
    return new BatchScorer(
        workers, scoring.batch(), scoring.linger(), queueCapacity(workers, scoring.batch()));
  }

  private void start() {
    ImagesWatch watch = new ImagesWatch(settings, topics.images(), new SteadyTime());
    images = Optional.of(watch);
    watch.start();
    ScoringStream started =
        new ScoringStream(
            new ScoringTopology(
                topics,
                () -> history.seen(serving.model()),
                serving::candidate,
                DecodingLimits.defaults(),
                settings.maxDeadLetterBytes(),
                scoring.window(),
                scoring.sources(),
                metrics.registry()),
            settings);
    stream = Optional.of(started);
    started.start();
  }

  private List<WithheldImages.Withheld> withheld() {
    return images.map(ImagesWatch::withheld).orElse(List.of());
  }

  /**
   * Starts the stream once a release serves; images wait in their topic until then.
   *
   * @return false if none serves after the time; true from then on
   */
  public boolean awaitStart(Duration time) throws InterruptedException {
    if (stream.isEmpty() && serving.awaitFirst(time)) {
      start();
    }
    return stream.isPresent();
  }

  /** Images that may wait for a worker. */
  public static int queueCapacity(int workers, int batch) {
    return BATCHES_AHEAD * workers * batch;
  }

  /** State of the stream. */
  public KafkaStreams.State state() {
    return stream.map(ScoringStream::state).orElse(KafkaStreams.State.CREATED);
  }

  /** What ended the stream, or following releases, or must; empty while both work. */
  public Optional<Throwable> failure() {
    return stream
        .flatMap(ScoringStream::failure)
        .or(serving::failure)
        .or(() -> images.flatMap(ImagesWatch::loss))
        .or(clock::found);
  }

  /**
   * How this member is. Without a release it is ready as well: images wait where they are until
   * there is one.
   */
  Health health() {
    KafkaStreams.State state = state();
    OptionalDouble heartbeat = secondsSinceHeartbeat();
    boolean works = failure().isEmpty() && !state.hasStartedOrFinishedShuttingDown();
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("state", stream.isEmpty() ? "WAITING_FOR_RELEASE" : state.name());
    details.put("secondsSinceHeartbeat", heartbeat);
    details.put("streamThreads", streamThreads());
    details.put("releases", serving.failure().isEmpty() ? "FOLLOWED" : "ENDED");
    details.put("imagesScored", counts().scored());
    details.put(
        "transactions",
        images.map(watch -> watch.works() ? "WATCHED" : "ENDED").orElse("NOT_YET_WATCHED"));
    details.put("withheld", withheld().stream().map(WithheldImages.Withheld::details).toList());
    details.put("failure", failure().map(cause -> Failure.of(cause).message()));
    return new Health(
        works,
        works && (stream.isEmpty() || (state.isRunningOrRebalancing() && Health.heard(heartbeat))),
        details);
  }

  /** State of each stream thread; none before the stream works, and after its end. */
  private Map<String, String> streamThreads() {
    return stream
        .filter(started -> started.state().isRunningOrRebalancing())
        .map(ScoringStream::threads)
        .orElse(Map.of());
  }

  /** What has been done since the start. */
  public ScoringCounts counts() {
    return stream.map(ScoringStream::counts).orElse(new ScoringCounts(0, 0, 0));
  }

  /** Commits, leaves the images at hand to the next owner of their partition, frees the network. */
  @Override
  public void close() {
    images.ifPresent(ImagesWatch::close);
    boolean ended = stream.map(running -> running.close(CLOSE_TIMEOUT)).orElse(true);
    if (!ended) {
      LOG.warn("The stream did not end within {} s", CLOSE_TIMEOUT.toSeconds());
    }
    // A process that exits while a worker is within native code dies of a fault in it.
    batches.close();
    if (ended) {
      serving.close();
    }
    metrics.close();
  }
}
