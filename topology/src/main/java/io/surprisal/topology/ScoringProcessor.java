package io.surprisal.topology;

import io.surprisal.model.batching.DeviceFailedException;
import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.SourceStatistics;
import io.surprisal.topology.incidents.OpenIncidents;
import io.surprisal.topology.kafka.CommitPace;
import io.surprisal.topology.kafka.FencingClients;
import io.surprisal.topology.kafka.ImagesLostException;
import io.surprisal.topology.kafka.StreamSettings;
import io.surprisal.topology.kafka.UncommittedWork;
import io.surprisal.topology.pending.ImageReader;
import io.surprisal.topology.pending.PendingImage;
import io.surprisal.topology.pending.PendingImages;
import io.surprisal.topology.pending.PendingRange;
import io.surprisal.topology.records.ScoreRecords;
import io.surprisal.topology.serving.ServedModel;
import io.surprisal.topology.serving.ShadowModel;
import io.surprisal.topology.statistics.Comparison;
import io.surprisal.topology.statistics.Comparisons;
import io.surprisal.topology.statistics.SourceWindows;
import io.surprisal.topology.statistics.WindowKey;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scores the images of one partition in batches that it shares with all others: each image is
 * decoded, handed to the model's queue and appended to the pending images; those whose turn it is
 * and that are completed leave, with each image and from a timer, so that results keep the order of
 * the images. Where too many are pending, the thread waits for the oldest: that is the back
 * pressure.
 *
 * <p>Whatever is wrong with one image makes a dead letter of that image and touches no other. An
 * {@link Error}, a {@link DeviceFailedException} and what Kafka throws pass through and end the
 * stream thread.
 *
 * <p><b>Nothing is lost or repeated.</b> Kafka Streams commits the offsets of all images that were
 * read, also of those that are pending. So a logged store says where the pending ones lie, {@link
 * PendingRange}, and whoever gets the partition reads them again from the input topic in {@link
 * #init}, before any new image. Under exactly-once processing one transaction holds all of: the
 * results, the range in the store's changelog (its cache is flushed before each commit), and the
 * offsets. Commits happen between two calls of this class, and each call leaves the range as the
 * pending images are. Hence at every committed state each image below the committed offset either
 * has its results in the output or lies in the range, never both:
 *
 * <ul>
 *   <li>killed before a commit, with images read, scored or forwarded: the transaction is aborted;
 *       the next owner begins at the last committed state, where it is as above
 *   <li>killed while a commit is under way: the coordinator has decided for the whole transaction
 *       or for none of it
 *   <li>killed in {@link #init}: nothing was written, the range stays
 *   <li>killed after {@link #init}, with the images of the range scored anew: their results and the
 *       shrunken range are committed together, or neither is. Such a transaction may bring no
 *       offsets, and offsets are what the broker recognises a member by that was expelled
 *       meanwhile: {@link FencingClients} adds them
 *   <li>aborted with the transaction of another task of the thread: this one begins anew, too, see
 *       {@link UncommittedWork}
 *   <li>closed in order, revoked by a rebalance, or restarted after a failed transaction: pending
 *       images are abandoned here and read again by the next owner, which may be this object
 *   <li>read again, but deleted by retention meanwhile: {@link ImagesLostException}
 * </ul>
 *
 * <p>{@link SourceWindows Statistics} count an image in the transaction of its score. A candidate
 * that is tried beside the serving release scores what it has time for, see {@link Comparisons}.
 */
final class ScoringProcessor implements Processor<byte[], byte[], byte[], byte[]> {

  /** Enough for a few full batches of a fast device from a single partition. */
  static final int MOST_PENDING_IMAGES = 512;

  private static final long MOST_PENDING_BYTES = 32L << 20;

  /** Longest wait for one image; below the transaction timeout, which would void all work. */
  private static final Duration PATIENCE = Duration.ofSeconds(45);

  /** An image that is next for so long and has no score will never have one. */
  static final Duration HANGS_AFTER = Duration.ofMinutes(5);

  /** Most of a pause that counts as waiting: where the clock jumps, or the process stood still. */
  private static final long MOST_STEP_MILLIS = 1000;

  /** How often statistics are told, of windows that have changed, unless those are shorter. */
  static final Duration TELL_INTERVAL = Duration.ofSeconds(10);

  /** How often completed images are looked for where no new ones come. */
  static final Duration DRAIN_INTERVAL = Duration.ofMillis(StreamSettings.POLL_MILLIS);

  private static final Logger LOG = LoggerFactory.getLogger(ScoringProcessor.class);
  private static final RecordFormat<SourceStatistics> STATISTICS =
      RecordFormat.of(SourceStatistics.class);

  private final String topic;
  private final ImageSubmitter submitter;
  private final ImageReader reader;
  private final int maxDeadLetterBytes;
  private final StreamMeters meters;
  private final OpenIncidents open;
  private final Duration window;
  private final ThreadLocal<CommitPace> paces;
  private final PendingImages pending = new PendingImages(MOST_PENDING_IMAGES, MOST_PENDING_BYTES);

  private ProcessorContext<byte[], byte[]> context;
  private KeyValueStore<Integer, PendingRange> ranges;
  private ResultForwarder results;
  private SourceWindows windows;
  private Comparisons comparisons;

  /** What the store has for the partition. */
  private Optional<PendingRange> remembered = Optional.empty();

  /** Results of fresh images. */
  private CommitPace.Results fresh;

  /** When the oldest image was looked at last, and how long it has been waited for. */
  private long looked;

  private long waited;

  /** Runs while images are pending: each call makes Kafka Streams commit. */
  private Optional<Cancellable> timer = Optional.empty();

  /** Runs while statistics or incidents are to be told of. */
  private Optional<Cancellable> teller = Optional.empty();

  /**
   * @param topic that the images come from
   * @param models gives the one that serves now; another may at the next image
   * @param candidates gives the one that is tried now
   * @param maxDeadLetterBytes largest record batch that the dead-letters topic takes
   * @param window of event time that statistics are told of
   * @param paces gives each stream thread its own
   * @param open incidents of all partitions
   */
  ScoringProcessor(
      String topic,
      Supplier<ServedModel> models,
      Supplier<Optional<ShadowModel>> candidates,
      DecodingLimits limits,
      ImageReader reader,
      int maxDeadLetterBytes,
      Duration window,
      ThreadLocal<CommitPace> paces,
      StreamMeters meters,
      OpenIncidents open) {
    this.open = open;
    this.topic = topic;
    submitter = new ImageSubmitter(models, candidates, limits, meters);
    this.window = window;
    this.reader = reader;
    this.maxDeadLetterBytes = maxDeadLetterBytes;
    this.paces = paces;
    this.meters = meters;
  }

  /** Takes the images that were pending when the last owner of the partition ended. */
  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
    UncommittedWork.ofThread().forget(context.taskId());
    results = new ResultForwarder(context, maxDeadLetterBytes, meters, open);
    pending.abandon(); // where an earlier call did not come to its end
    waited = 0;
    looked = context.currentSystemTimeMs();
    fresh = paces.get().results();
    ranges = context.getStateStore(ScoringTopology.PENDING);
    windows =
        new SourceWindows(window, partition(), context.getStateStore(ScoringTopology.WINDOWS));
    comparisons = new Comparisons(windows);
    startTeller();
    remembered = Optional.ofNullable(ranges.get(partition()));
    if (remembered.isPresent()) {
      readAgain(remembered.get());
      startTimer();
    }
  }

  private void readAgain(PendingRange range) {
    LOG.info(
        "Partition {} of {} has {} pending images at offsets {} to {}: they are read again",
        partition(),
        topic,
        range.images(),
        range.first(),
        range.last());
    for (ConsumerRecord<byte[], byte[]> image :
        reader.read(new TopicPartition(topic, partition()), range)) {
      long timestamp = ScoringTopology.timestamp(image);
      pending.add(
          submitter.submit(
              new Record<>(image.key(), image.value(), timestamp, image.headers()),
              new ImageLocation(image.topic(), image.partition(), image.offset())));
    }
  }

  @Override
  public void process(Record<byte[], byte[]> image) {
    UncommittedWork.ofThread().add(context.taskId());
    RecordMetadata metadata = context.recordMetadata().orElseThrow();
    while (pending.full()) {
      awaitHead();
      forwardHead();
    }
    pending.add(
        submitter.submit(
            image, new ImageLocation(metadata.topic(), metadata.partition(), metadata.offset())));
    drain();
  }

  /** Forwards what is completed, in order, and brings the store up to date. */
  private void drain() {
    UncommittedWork.ofThread().add(context.taskId());
    while (pending.headCompleted()) {
      forwardHead();
    }
    requireProgress();
    comparisons.settle();
    hurry();
    Optional<PendingRange> range = pending.range();
    if (!range.equals(remembered)) {
      ranges.put(partition(), range.orElse(null));
      remembered = range;
    }
    if (range.isPresent() || fresh.present()) {
      startTimer();
    } else {
      stopTimer();
    }
    startTeller();
  }

  /** Nobody else would miss an image that is never done: the offsets behind it are committed. */
  private void requireProgress() {
    long now = context.currentSystemTimeMs();
    waited += Math.max(0, Math.min(now - looked, MOST_STEP_MILLIS));
    looked = now;
    if (pending.range().isEmpty()) {
      waited = 0;
    } else if (waited > HANGS_AFTER.toMillis()) {
      throw new DeviceFailedException(
          "image %s has no score after %d s: the device hangs"
              .formatted(ScoreRecords.name(pending.head().location()), waited / 1000));
    }
  }

  /** Tells what has changed of the statistics, and which incidents are over. */
  private void tell() {
    UncommittedWork.ofThread().add(context.taskId());
    comparisons.settle();
    results.tick();
    long now = context.currentSystemTimeMs();
    for (SourceStatistics statistics : windows.tell()) {
      byte[] source = statistics.getSource().getBytes(StandardCharsets.UTF_8);
      context.forward(
          new Record<>(source, STATISTICS.encode(statistics), now), ScoringTopology.STATISTICS);
    }
    if (comparisons.isEmpty() && !results.awaitsEnds()) {
      stopTeller();
    }
  }

  private void startTeller() {
    if (teller.isEmpty()
        && (windows.isUntold() || !comparisons.isEmpty() || results.awaitsEnds())) {
      teller =
          Optional.of(
              context.schedule(
                  window.compareTo(TELL_INTERVAL) < 0 ? window : TELL_INTERVAL,
                  PunctuationType.WALL_CLOCK_TIME,
                  now -> tell()));
    }
  }

  private void stopTeller() {
    teller.ifPresent(Cancellable::cancel);
    teller = Optional.empty();
  }

  /** Asks for a commit ahead of the interval where somebody waits for it. */
  private void hurry() {
    if (fresh.commitDue(context.currentSystemTimeMs())) {
      context.commit();
    }
  }

  /** Abandons the pending images; the partition's next owner reads them again. */
  @Override
  public void close() {
    if (context != null) { // null where init was not called
      UncommittedWork.ofThread().forget(context.taskId());
    }
    stopTimer();
    stopTeller();
    pending.abandon();
    if (results != null) { // null where init did not come so far, as is what follows
      results.leave();
    }
    if (comparisons != null) {
      comparisons.abandon();
    }
  }

  private void startTimer() {
    if (timer.isEmpty()) {
      timer =
          Optional.of(
              context.schedule(DRAIN_INTERVAL, PunctuationType.WALL_CLOCK_TIME, now -> drain()));
    }
  }

  private void stopTimer() {
    timer.ifPresent(Cancellable::cancel);
    timer = Optional.empty();
  }

  private int partition() {
    return context.taskId().partition();
  }

  private void awaitHead() {
    try {
      pending.head().likelihood().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new DeviceFailedException(
          "image %s has no score after %d s: the device hangs, or is too slow for so many evaluations an image"
              .formatted(ScoreRecords.name(pending.head().location()), PATIENCE.toSeconds()),
          e);
    } catch (ExecutionException e) {
      LOG.debug("Image {} failed", ScoreRecords.name(pending.head().location()), e);
    } catch (InterruptedException e) {
      throw new InterruptException(e);
    }
  }

  private void forwardHead() {
    PendingImage image = pending.removeHead();
    waited = 0;
    long now = context.currentSystemTimeMs();
    long since = now - image.record().timestamp();
    fresh.add(now, since);
    meters.left(since);
    results.forward(image).ifPresent(scored -> count(image.submission().orElseThrow(), scored));
  }

  private void count(PendingImage.Submission submission, ScoreRecords.Scored scored) {
    if (windows.full()) {
      tell();
    }
    WindowKey key =
        windows.count(
            scored.score(),
            submission.model().rules().of(scored.score().getSource()).calibratedMean(),
            context.currentSystemTimeMs());
    submission
        .shadowed()
        .ifPresent(
            shadowed ->
                comparisons.add(
                    key,
                    scored.score().getSource(),
                    new Comparison.Judged(
                        scored.score().getBitsPerDim(), scored.alert().isPresent()),
                    shadowed));
  }
}
