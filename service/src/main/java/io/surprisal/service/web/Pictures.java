package io.surprisal.service.web;

import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Png;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.topology.records.ImageIntake;
import io.surprisal.topology.records.NotScoredException;
import java.awt.Graphics2D;
import java.awt.Image;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.TimeoutException;

/**
 * Pictures of the topic of images, as PNG. They are decoded here, behind the guards of the stream:
 * what somebody has sent never gets to a browser itself. Thread-safe; what was asked for last is
 * kept.
 */
final class Pictures {
  private static final RecordFormat<ImageEvent> IMAGES = RecordFormat.of(ImageEvent.class);
  private static final int CACHE_BYTES = 24 << 20;
  private static final int DECODED_AT_ONCE = 2;
  private static final int PATIENCE_SECONDS = 10;

  private final RecordsAt records;
  private final String topic;
  private final ImageIntake intake = new ImageIntake(DecodingLimits.defaults());
  private final Semaphore decoding = new Semaphore(DECODED_AT_ONCE, true);
  private final Map<Wanted, Shown> cache = new LinkedHashMap<>(64, 0.75f, true);
  private int cached;

  private record Wanted(Place place, int side) {}

  /**
   * A picture to be shown.
   *
   * @param png the file
   * @param width of the picture as it came, pixels
   * @param height of the picture as it came, pixels
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Shown(byte[] png, int width, int height) {}

  /**
   * @param records stays the caller's
   * @param topic of images
   */
  Pictures(RecordsAt records, String topic) {
    this.records = records;
    this.topic = topic;
  }

  /**
   * A picture, shrunk where it is larger.
   *
   * @param side of the longer side at most, pixels
   * @return empty: it is no longer in the topic
   * @throws ImageRejectedException if the record is no picture
   * @throws TimeoutException if no broker answers, or too many pictures are asked for
   */
  Optional<Shown> find(Place place, int side) throws ImageRejectedException, InterruptedException {
    Wanted wanted = new Wanted(place, side);
    synchronized (cache) {
      Shown known = cache.get(wanted);
      if (known != null) {
        return Optional.of(known);
      }
    }
    if (!decoding.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new TimeoutException("too many pictures are asked for at once");
    }
    try {
      Optional<ConsumerRecord<byte[], byte[]>> record = records.read(topic, place);
      if (record.isEmpty() || record.get().value() == null) {
        return Optional.empty();
      }
      PixelImage picture = decoded(record.get());
      Shown shown = new Shown(shrunk(picture, side), picture.width(), picture.height());
      keep(wanted, shown);
      return Optional.of(shown);
    } finally {
      decoding.release();
    }
  }

  private PixelImage decoded(ConsumerRecord<byte[], byte[]> record) throws ImageRejectedException {
    try {
      return intake
          .decode(record.key(), IMAGES.decode(record.value()), Interpretation.usual())
          .pixels();
    } catch (NotScoredException | RecordFormatException e) {
      throw new ImageRejectedException(
          ImageRejectedException.Reason.NOT_AN_IMAGE, String.valueOf(e.getMessage()));
    }
  }

  private void keep(Wanted wanted, Shown shown) {
    synchronized (cache) {
      Shown before = cache.put(wanted, shown);
      cached += shown.png().length - (before == null ? 0 : before.png().length);
      Iterator<Shown> eldest = cache.values().iterator();
      while (cached > CACHE_BYTES && eldest.hasNext()) {
        cached -= eldest.next().png().length;
        eldest.remove();
      }
    }
  }

  private static byte[] shrunk(PixelImage picture, int side) {
    int longer = Math.max(picture.width(), picture.height());
    if (longer <= side) {
      return Png.bytes(picture);
    }
    int width = Math.max(1, Math.round((float) picture.width() * side / longer));
    int height = Math.max(1, Math.round((float) picture.height() * side / longer));
    BufferedImage small = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = small.createGraphics();
    try {
      graphics.drawImage(
          Png.buffered(picture).getScaledInstance(width, height, Image.SCALE_AREA_AVERAGING),
          0,
          0,
          null);
    } finally {
      graphics.dispose();
    }
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try {
      ImageIO.write(small, "png", new MemoryCacheImageOutputStream(file));
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    }
    return file.toByteArray();
  }
}
