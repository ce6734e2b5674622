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
 * A dozen cameras that publish grey PNG images of random pixels at a steady rate until they are
 * stopped, and now and then something malformed. Its producer goes on over brokers that come and
 * go, and writes each image once.
 */
final class ImageLoad implements AutoCloseable {

  /** Side of the small images, and of a tile of the photos. */
  static final int SIDE = 8;

  /** Every so many photos one is large. */
  private static final int LARGE_EVERY = 20;

  private static final int CAMERAS = 12;

  /** Every so many records one is malformed. */
  private static final int MALFORMED_EVERY = 25;

  private static final RecordFormat<ImageEvent> EVENTS = RecordFormat.of(ImageEvent.class);

  /** What the cameras take. */
  enum Pictures {
    /** Images of the network's size. */
    SMALL(30, 90) {
      @Override
      BufferedImage image(int number) {
        return new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_GRAY);
      }
    },
    /** Photos of a dozen tiles, and now and then one of hundreds, at half their size. */
    PHOTOS(10, 30) {
      @Override
      BufferedImage image(int number) {
        return number % LARGE_EVERY == 0
            ? new BufferedImage(256, 192, BufferedImage.TYPE_BYTE_GRAY)
            : new BufferedImage(64, 48, BufferedImage.TYPE_BYTE_GRAY);
      }
    };

    private final int perSecond;
    private final int betweenFaults;

    Pictures(int perSecond, int betweenFaults) {
      this.perSecond = perSecond;
      this.betweenFaults = betweenFaults;
    }

    /** How many come in a second. */
    int perSecond() {
      return perSecond;
    }

    /** Scores at most that a fault waits for; a photo is some dozen tiles at work. */
    int betweenFaults() {
      return betweenFaults;
    }

    /** A black one. */
    abstract BufferedImage image(int number);
  }

  /**
   * What was published.
   *
   * @param places where the images lie, malformed ones among them, as brokers have acknowledged
   * @param malformed how many of them can have no score
   */
  record Published(List<Place> places, int malformed) {}

  private final Pictures pictures;
  private final Random random;

  /** Of its images' ids, so that those of two loads differ. */
  private final String name;

  private final CompletableFuture<Published> published;
  private volatile boolean stopped;

  private ImageLoad(String servers, Pictures pictures, Random random) {
    this.pictures = pictures;
    this.random = random;
    name = "image-" + Integer.toHexString(random.nextInt()) + "-";
    published = CompletableFuture.supplyAsync(() -> publish(servers, pictures.perSecond()));
  }

  static ImageLoad start(String servers, Pictures pictures, Random random) {
    return new ImageLoad(servers, pictures, random);
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
        byte[] value = bad ? malformed(image) : event(name + image, camera, image);
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

  private byte[] png(BufferedImage image) throws IOException {
    byte[] pixels = new byte[image.getWidth() * image.getHeight()];
    random.nextBytes(pixels);
    image.getRaster().setDataElements(0, 0, image.getWidth(), image.getHeight(), pixels);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(image, "png", bytes);
    return bytes.toByteArray();
  }

  /** In turn: no record, a record cut off, an image cut off. */
  private byte[] malformed(int number) throws IOException {
    byte[] record = event("bad-" + number, "camera", number);
    return switch (number / MALFORMED_EVERY % 3) {
      case 0 -> ("garbage-" + number).getBytes(UTF_8);
      case 1 -> Arrays.copyOf(record, record.length / 2);
      default -> {
        BufferedImage image = pictures.image(number);
        byte[] png = png(image);
        yield event("bad-" + number, "camera", image, Arrays.copyOf(png, png.length / 2));
      }
    };
  }

  private byte[] event(String imageId, String source, int number) throws IOException {
    BufferedImage image = pictures.image(number);
    return event(imageId, source, image, png(image));
  }

  private static byte[] event(String imageId, String source, BufferedImage image, byte[] png) {
    return EVENTS.encode(
        new ImageEvent(
            imageId,
            source,
            Instant.EPOCH,
            BodyFormat.PNG,
            image.getWidth(),
            image.getHeight(),
            ByteBuffer.wrap(png)));
  }
}
