package io.surprisal.trainer.reservoir;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.images.Interpretation;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.RecordFormat;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

class IncomingImagesTest {
  private static final RecordFormat<ImageEvent> EVENTS = RecordFormat.of(ImageEvent.class);
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

  private record Portion(List<Long> offsets, long bytes, Map<Integer, Long> next) {}

  private final List<Portion> portions = new ArrayList<>();

  private void take(List<ReservoirImage> images, Map<Integer, Long> next) {
    portions.add(
        new Portion(
            images.stream().map(ReservoirImage::offset).toList(),
            images.stream().mapToLong(image -> image.pixels().pixels().length).sum(),
            next));
  }

  private static ConsumerRecord<byte[], byte[]> record(int partition, long offset, byte[] value) {
    return new ConsumerRecord<>("images", partition, offset, new byte[0], value);
  }

  /** A black PNG: a few kilobytes, whatever its size. */
  private static byte[] black(int width, int height) throws IOException {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY), "png", png);
    return EVENTS.encode(
        new ImageEvent("id", "cam", NOW, BodyFormat.PNG, 0, 0, ByteBuffer.wrap(png.toByteArray())));
  }

  @Test
  void shouldHandOverSmallImagesAtOnce() throws IOException {
    byte[] small = black(8, 8);
    byte[] none = {1, 2, 3};

    new IncomingImages(Interpretation::usual)
        .read(
            List.of(record(0, 4, small), record(1, 7, none), record(0, 5, small)),
            any -> true,
            NOW,
            this::take);

    assertThat(portions).containsExactly(new Portion(List.of(4L, 5L), 128, Map.of(0, 6L, 1, 8L)));
  }

  @Test
  void shouldHoldNoMoreThanAPortionOfPicturesThatSmallFilesAreOf() throws IOException {
    byte[] large = black(4096, 3072); // 12 MiB decoded, of a file of some kilobytes
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      records.add(record(0, i, large));
    }

    new IncomingImages(Interpretation::usual).read(records, any -> true, NOW, this::take);

    assertThat(portions)
        .extracting(Portion::offsets)
        .containsExactly(List.of(0L, 1L, 2L), List.of(3L, 4L, 5L), List.of(6L));
    assertThat(portions)
        .extracting(Portion::next)
        .containsExactly(Map.of(0, 3L), Map.of(0, 6L), Map.of(0, 7L));
    assertThat(portions)
        .allSatisfy(
            portion ->
                assertThat(portion.bytes()).isLessThan(IncomingImages.PORTION_BYTES + 4096 * 3072));
  }

  @Test
  void shouldSayHowFarItLookedWhereThereIsNoImage() {
    new IncomingImages(Interpretation::usual)
        .read(List.of(record(2, 9, new byte[] {1})), any -> true, NOW, this::take);

    assertThat(portions).containsExactly(new Portion(List.of(), 0, Map.of(2, 10L)));

    new IncomingImages(Interpretation::usual).read(List.of(), any -> true, NOW, this::take);

    assertThat(portions).hasSize(1);
  }

  @Test
  void shouldLookAtNoMoreThanTheOffsetOfWhatIsNotWanted() throws IOException {
    byte[] small = black(8, 8);

    new IncomingImages(Interpretation::usual)
        .read(
            List.of(record(0, 4, small), record(0, 5, small)),
            record -> record.offset() == 4,
            NOW,
            this::take);

    assertThat(portions).containsExactly(new Portion(List.of(4L), 64, Map.of(0, 6L)));
  }
}
