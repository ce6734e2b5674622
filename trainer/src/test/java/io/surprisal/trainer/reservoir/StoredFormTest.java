package io.surprisal.trainer.reservoir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.surprisal.model.images.PixelImage;
import io.surprisal.trainer.StreamImages;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StoredFormTest {
  /** The first 64 bits of SHA-256("a"), FIPS 180-4. */
  private static final String HASH_OF_A = "ca978112ca1bbdca";

  private static final ReservoirImage IMAGE =
      new ReservoirImage(
          "a",
          3,
          0x0405,
          Instant.ofEpochMilli(0x0102),
          new PixelImage(1, 1, 2, new byte[] {7, -1}));

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  /** These bytes lie on the disks of trainers. */
  @Test
  void shouldBeAsItAlwaysWas() {
    assertThat(hex(StoredForm.key(Reservoir.Pool.HELD_OUT_RECENT, IMAGE)))
        .isEqualTo("69" + "02" + HASH_OF_A + "0000000000000102" + "00000003" + "0000000000000405");
    assertThat(hex(StoredForm.value(IMAGE)))
        .isEqualTo(
            "0000000000000102"
                + "00000003"
                + "0000000000000405"
                + "00000001"
                + "61"
                + "00000001"
                + "00000001"
                + "00000002"
                + "07ff");
    assertThat(hex(StoredForm.mark(IMAGE.place())))
        .isEqualTo("61" + "00000003" + "0000000000000405");
    assertThat(hex(StoredForm.review(IMAGE.place(), "0123456789abcdef".repeat(2))))
        .isEqualTo("76" + "00000003" + "0000000000000405" + "0123456789abcdef".repeat(2));
    assertThat(hex(StoredForm.value(Reservoir.Review.CONFIRMED, IMAGE.arrived())))
        .isEqualTo("0000000000000102" + "01");
    assertThat(hex(StoredForm.value(Reservoir.Review.FALSE_ALARM, IMAGE.arrived())))
        .isEqualTo("0000000000000102" + "02");
    assertThat(hex(StoredForm.heard(IMAGE.place(), "0123456789abcdef".repeat(2))))
        .isEqualTo("72" + "00000003" + "0000000000000405" + "0123456789abcdef".repeat(2));
    assertThat(hex(StoredForm.heard(IMAGE.arrived(), 772)))
        .isEqualTo("0000000000000102" + "0000000000000304");
    assertThat(StoredForm.given(StoredForm.heard(IMAGE.arrived(), 772))).isEqualTo(772);
    assertThat(hex(StoredForm.position(3))).isEqualTo("70" + "00000003");
    assertThat(hex(StoredForm.seen())).isEqualTo("73");
    assertThat(hex(StoredForm.watch())).isEqualTo("77");
    assertThat(hex(StoredForm.number(258))).isEqualTo("0000000000000102");
  }

  @Test
  void shouldReadWhatItWrote() {
    for (ReservoirImage image :
        List.of(IMAGE, StreamImages.frame(17), StreamImages.small("Kamera ä", 1L << 40))) {
      byte[] value = StoredForm.value(image);
      assertThat(StoredForm.image(value)).isEqualTo(image);
      assertThat(StoredForm.arrivedMillis(value)).isEqualTo(image.arrived().toEpochMilli());
      assertThat(StoredForm.place(StoredForm.mark(image.place()))).isEqualTo(image.place());
    }
    assertThat(StoredForm.number(StoredForm.number(-5L))).isEqualTo(-5);
  }

  @ParameterizedTest
  @EnumSource
  void shouldReadTheReviewThatItWrote(Reservoir.Review review) {
    byte[] key = StoredForm.review(IMAGE.place(), "ab".repeat(16));
    byte[] value = StoredForm.value(review, IMAGE.arrived());
    assertThat(StoredForm.place(key)).isEqualTo(IMAGE.place());
    assertThat(StoredForm.review(value)).isEqualTo(review);
    assertThat(StoredForm.number(value)).isEqualTo(IMAGE.arrived().toEpochMilli());
  }

  @Test
  void shouldSayThatAnImageIsDamaged() {
    byte[] value = StoredForm.value(IMAGE);
    assertThatIllegalStateException()
        .isThrownBy(() -> StoredForm.image(Arrays.copyOf(value, 20)))
        .withMessageContaining("damaged");
  }

  @ParameterizedTest
  @EnumSource
  void shouldBeginTheKeysOfAPoolAndSourceAlike(Reservoir.Pool pool) {
    byte[] first = StoredForm.key(pool, StreamImages.small("a", 1));
    byte[] second = StoredForm.key(pool, StreamImages.small("a", 2));
    byte[] other = StoredForm.key(pool, StreamImages.small("b", 1));
    assertThat(StoredForm.poolAndSource(first))
        .isEqualTo(StoredForm.poolAndSource(second))
        .isNotEqualTo(StoredForm.poolAndSource(other));
    assertThat(StoredForm.pool(StoredForm.poolAndSource(first))).isEqualTo(pool);
    assertThat(hex(first)).startsWith(hex(StoredForm.images(pool)));
    assertThat(hex(first)).startsWith(hex(StoredForm.images()));
  }

  /** What is dropped first is the oldest image of a window, and the greatest hash of a sample. */
  @Test
  void shouldOrderAWindowByArrivalAndASampleByChance() {
    List<byte[]> window =
        LongStream.range(0, 100)
            .mapToObj(
                i -> StoredForm.key(Reservoir.Pool.TRAINING_RECENT, StreamImages.small("a", i)))
            .toList();
    assertThat(window).isSortedAccordingTo(Arrays::compareUnsigned);
    List<byte[]> sample =
        LongStream.range(0, 100)
            .mapToObj(
                i -> StoredForm.key(Reservoir.Pool.TRAINING_UNIFORM, StreamImages.small("a", i)))
            .toList();
    long rises =
        LongStream.range(1, 100)
            .filter(i -> Arrays.compareUnsigned(sample.get((int) i - 1), sample.get((int) i)) < 0)
            .count();
    // Of 100 hashes in random order 49.5 ± 2.9 are above the one before.
    assertThat(rises).isBetween(35L, 64L);
  }

  @Test
  void shouldEndAPrefixWhereTheNextBegins() {
    assertThat(StoredForm.after(new byte[] {1, 2})).isEqualTo(new byte[] {1, 3});
    assertThat(StoredForm.after(new byte[] {1, -1})).isEqualTo(new byte[] {2, 0});
    assertThatIllegalArgumentException().isThrownBy(() -> StoredForm.after(new byte[] {-1, -1}));
  }
}
