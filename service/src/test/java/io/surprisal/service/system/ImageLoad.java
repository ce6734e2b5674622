package io.surprisal.service.system;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.service.faults.Place;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * A dozen cameras that publish small grey PNG images of random pixels at a steady rate until they
 * are stopped, and now and then something malformed. Its producer goes on over brokers that come
 * and go, and writes each image once.
 */
final class ImageLoad implements AutoCloseable {

  static final int SIDE = 8;
  private static final int CAMERAS = 12;

  /** Every so many records one is malformed. */
  private static final int MALFORMED_EVERY = 25;

  private static final RecordFormat<ImageEvent> EVENTS = RecordFormat.of(ImageEvent.class);

  /**
   * What was published.
   *
   * @param places where the images lie, malformed ones among them, as brokers have acknowledged
   * @param malformed how many of them can have no score
   */
  record Published(List<Place> places, int malformed) {}

  private final Random random;
  private final CompletableFuture<Published> published;
  private volatile boolean stopped;

  private ImageLoad(String servers, int imagesPerSecond, Random random) {
    this.random = random;
    published = CompletableFuture.supplyAsync(() -> publish(servers, imagesPerSecond));
  }

  static ImageLoad start(String servers, int imagesPerSecond, Random random) {
    return new ImageLoad(servers, imagesPerSecond, random);
  }

  /** Publishes no more; returns when all that was published is acknowledged. */
  Published stop() throws Exception {
    stopped = true;
    return published.get(2, TimeUnit.MINUTES);
  }

  @Override
  public void close() {
    stopped = true;
  }

  private Published publish(String servers, int imagesPerSecond) {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    int malformed = 0;
    try (Producer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", servers, "acks", "all", "delivery.timeout.ms", "300000"),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      long start = System.nanoTime();
      for (int image = 0; !stopped; image++) {
        TimeUnit.NANOSECONDS.sleep(
            start + image * 1_000_000_000L / imagesPerSecond - System.nanoTime());
        boolean bad = image % MALFORMED_EVERY == 0;
        malformed += bad ? 1 : 0;
        String camera = "camera-" + image % CAMERAS;
        byte[] value = bad ? malformed(image) : event("image-" + image, camera, png());
        sent.add(
            producer.send(new ProducerRecord<>("surprisal.images", camera.getBytes(UTF_8), value)));
      }
      producer.flush();
      List<Place> places = new ArrayList<>();
      for (Future<RecordMetadata> record : sent) {
        RecordMetadata metadata = record.get();
        places.add(new Place(metadata.topic(), metadata.partition(), metadata.offset()));
      }
      return new Published(places, malformed);
    } catch (Exception e) {
      throw new IllegalStateException("the cameras failed", e);
    }
  }

  private byte[] png() throws IOException {
    BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_GRAY);
    byte[] pixels = new byte[SIDE * SIDE];
    random.nextBytes(pixels);
    image.getRaster().setDataElements(0, 0, SIDE, SIDE, pixels);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(image, "png", bytes);
    return bytes.toByteArray();
  }

  /** In turn: no record, a record cut off, an image cut off. */
  private byte[] malformed(int image) throws IOException {
    byte[] png = png();
    byte[] record = event("bad-" + image, "camera", png);
    return switch (image / MALFORMED_EVERY % 3) {
      case 0 -> ("garbage-" + image).getBytes(UTF_8);
      case 1 -> Arrays.copyOf(record, record.length / 2);
      default -> event("bad-" + image, "camera", Arrays.copyOf(png, png.length / 2));
    };
  }

  private static byte[] event(String imageId, String source, byte[] png) {
    return EVENTS.encode(
        new ImageEvent(
            imageId, source, Instant.EPOCH, BodyFormat.PNG, SIDE, SIDE, ByteBuffer.wrap(png)));
  }
}
