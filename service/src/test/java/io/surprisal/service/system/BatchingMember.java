package io.surprisal.service.system;

import io.surprisal.model.batching.ScoringQueue;
import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.Logs;
import io.surprisal.topology.ScoringStream;
import io.surprisal.topology.ScoringTopology;
import io.surprisal.topology.kafka.StreamSettings;
import io.surprisal.topology.serving.ServedModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A scorer process: the real stream, with a device in place of the network that takes 50 ms for a
 * batch of up to 64 images and answers in any order. An image's score is its first pixel.
 */
final class BatchingMember {

  private static final int SIDE = 8;
  private static final double ALERT_RATE = 0.2;
  private static final RecordFormat<ImageEvent> EVENTS = RecordFormat.of(ImageEvent.class);

  /** Another member takes over, and sees all that was committed, seconds after one was killed. */
  static final Map<String, String> QUICK_TAKEOVER =
      Map.of(
          "session.timeout.ms", "3000",
          "heartbeat.interval.ms", "500",
          "transaction.timeout.ms", "10000");

  private BatchingMember() {}

  /**
   * @param arguments broker, application id, folder of its own
   */
  public static void main(String[] arguments) throws Exception {
    Logs.NORMAL.configure(Logs.Format.TEXT);
    Path folder = Files.createDirectories(Path.of(arguments[2]));
    Device device = new Device();
    Map<String, String> kafka = new HashMap<>(QUICK_TAKEOVER);
    kafka.put("num.standby.replicas", "1");
    ScoringStream stream = stream(arguments[0], arguments[1], folder, device, kafka);
    CountDownLatch closed = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  stream.close();
                  closed.countDown();
                }));
    Thread thread = new Thread(device::run, "device");
    thread.setDaemon(true);
    thread.start();
    stream.start();
    closed.await();
  }

  /** A stream of two threads whose scores come from a queue; not started. */
  static ScoringStream stream(
      String server,
      String applicationId,
      Path folder,
      ScoringQueue queue,
      Map<String, String> kafka)
      throws IOException {
    return new ScoringStream(
        topology(folder, queue), settings(server, applicationId, folder, 2, kafka));
  }

  /** Scores come from a queue; the release is written into the folder. */
  static ScoringTopology topology(Path folder, ScoringQueue queue) throws IOException {
    return new ScoringTopology(
        new Topics(Topics.DEFAULT_PREFIX),
        ServedModel.of(release(folder), queue, 1, "float32", ALERT_RATE),
        DecodingLimits.defaults(),
        ImageSizeLimit.DEFAULT.deadLetterBytes());
  }

  /** State lies in the folder. */
  static StreamSettings settings(
      String server, String applicationId, Path folder, int threads, Map<String, String> kafka) {
    return new StreamSettings(
        applicationId,
        server,
        folder.resolve("state"),
        threads,
        Optional.empty(),
        ImageSizeLimit.DEFAULT.deadLetterBytes(),
        kafka);
  }

  /** Alerts on a fifth of the 256 possible scores. */
  private static Release release(Path folder) throws IOException {
    float[] scores = new float[256];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = i;
    }
    return Release.untrained(
            folder.resolve("untrained.safetensors"),
            FitConfiguration.named("tiny").model(new ImageShape(1, SIDE, SIDE)),
            1)
        .recalibrated(
            folder.resolve("release.safetensors"),
            new Calibration(1, "float32", scores, List.of()));
  }

  /** The record of an image. */
  static byte[] event(String imageId, String source, byte firstPixel) {
    byte[] pixels = new byte[SIDE * SIDE];
    pixels[0] = firstPixel;
    return EVENTS.encode(
        ImageEvent.newBuilder()
            .setImageId(imageId)
            .setSource(source)
            .setEventTime(Instant.EPOCH)
            .setFormat(BodyFormat.GRAY8)
            .setWidth(SIDE)
            .setHeight(SIDE)
            .setBody(ByteBuffer.wrap(pixels))
            .build());
  }

  static ImageLikelihood likelihood(PixelImage image) {
    return new ImageLikelihood(
        image.pixels()[0] & 0xFF, 0, 0, 0, 0, new float[] {0}, new float[] {0}, 1, 0);
  }

  private static final class Device implements ScoringQueue {
    private static final int BATCH = 64;
    private static final int BATCH_MILLIS = 50;

    private record Waiting(PixelImage image, CompletableFuture<ImageLikelihood> likelihood) {}

    private final BlockingQueue<Waiting> images = new ArrayBlockingQueue<>(2 * BATCH);
    private final Random random = new Random();

    @Override
    public CompletableFuture<ImageLikelihood> submit(PixelImage image) throws InterruptedException {
      Waiting waiting = new Waiting(image, new CompletableFuture<>());
      images.put(waiting);
      return waiting.likelihood();
    }

    void run() {
      try {
        while (true) {
          List<Waiting> batch = new ArrayList<>(List.of(images.take()));
          images.drainTo(batch, BATCH - 1);
          TimeUnit.MILLISECONDS.sleep(BATCH_MILLIS);
          Collections.shuffle(batch, random);
          batch.forEach(waiting -> waiting.likelihood().complete(likelihood(waiting.image())));
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException("nobody interrupts the device", e);
      }
    }
  }
}
