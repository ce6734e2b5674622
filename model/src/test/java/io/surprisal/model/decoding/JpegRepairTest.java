package io.surprisal.model.decoding;

import static io.surprisal.model.decoding.EncodedImages.bytes;
import static io.surprisal.model.decoding.EncodedImages.concat;
import static io.surprisal.model.decoding.EncodedImages.inserted;
import static io.surprisal.model.decoding.EncodedImages.noise;
import static io.surprisal.model.decoding.EncodedImages.without;
import static io.surprisal.model.decoding.ImageDecoderTest.gradient;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PixelImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** A damaged JPEG gives the pixels of the undamaged one and says so, or is refused. */
class JpegRepairTest {
  private static final byte[] END = bytes(0xff, 0xd9);

  private final ImageDecoder decoder = new ImageDecoder(DecodingLimits.defaults());

  /** Baseline grey and colour, with restart markers, progressive. */
  private static final List<byte[]> PLAIN =
      List.of(
          EncodedImages.jpeg(noise(1, 24, 33, 1), false),
          EncodedImages.jpeg(noise(3, 40, 33, 2), false),
          EncodedImages.jpegWithRestarts(noise(3, 40, 50, 3), 2),
          EncodedImages.jpegWithRestarts(gradient(1, 30, 80), 3),
          EncodedImages.jpeg(noise(3, 40, 33, 4), true),
          EncodedImages.jpeg(gradient(1, 24, 33), true));

  @Property(tries = 600, seed = "1")
  void shouldPassOverForeignBytesWhereverAMarkerFollows(
      @ForAll @IntRange(max = 5) int which,
      @ForAll @IntRange(min = 1, max = 40) int count,
      @ForAll @IntRange(min = 1, max = 4) int places,
      @ForAll long seed)
      throws Exception {
    byte[] plain = PLAIN.get(which);
    Random random = new Random(seed);
    byte[] damaged = plain;
    boolean inside = false;
    boolean before = false;
    for (int i = 0; i < places; i++) {
      if (before) {
        break; // only a start that is followed by a segment is found behind foreign bytes
      }
      List<Integer> markers = markers(damaged);
      int at =
          markers.get(
              random.nextInt(inside ? markers.size() - 1 : markers.size()) + (inside ? 1 : 0));
      inside |= at > 0;
      before |= at == 0;
      damaged = inserted(damaged, at, surplus(random, count));
    }
    DecodedImage repaired = read(damaged);
    assertThat(repaired.pixels()).isEqualTo(decoder.decode(plain));
    assertThat(repaired.repairs().contains(Repair.BYTES_BEFORE_MARKER)).isEqualTo(inside);
    assertThat(repaired.repairs().contains(Repair.BYTES_BEFORE_START)).isEqualTo(before);
  }

  @Example
  void shouldReadAFileWithoutTablesByTheStandardOnes() throws Exception {
    byte[] plain = PLAIN.get(1);
    byte[] bare = plain;
    for (int at : markers(plain).stream().sorted(Comparator.reverseOrder()).toList()) {
      if ((plain[at + 1] & 0xff) == JpegMarker.DHT) {
        bare = without(bare, at, 2 + (((plain[at + 2] & 0xff) << 8) | (plain[at + 3] & 0xff)));
      }
    }
    assertThat(bare).hasSizeLessThan(plain.length - 400);
    assertThat(read(bare).pixels()).isEqualTo(decoder.decode(plain));
    assertThat(read(bare).repairs()).isEmpty();
    List<Integer> markers = markers(bare);
    byte[] surplus = inserted(bare, markers.get(markers.size() - 1), bytes(7));
    assertThat(read(surplus).pixels()).isEqualTo(decoder.decode(plain));
    assertThat(read(surplus).repairs()).containsExactly(Repair.BYTES_BEFORE_MARKER);
  }

  @Example
  void shouldMendRestartMarkersThatAreMissingDoubledOrWronglyNumbered() throws Exception {
    byte[] plain = PLAIN.get(2);
    PixelImage pixels = decoder.decode(plain);
    List<Integer> restarts =
        markers(plain).stream().filter(at -> JpegMarker.isRestart(plain[at + 1] & 0xff)).toList();
    assertThat(restarts).hasSizeGreaterThan(4);
    for (int at : restarts) {
      byte[] misnumbered = plain.clone();
      misnumbered[at + 1] = (byte) (0xd0 + (plain[at + 1] + 3 & 7));
      for (byte[] damaged :
          List.of(
              without(plain, at, 2),
              inserted(plain, at, Arrays.copyOfRange(plain, at, at + 2)),
              misnumbered)) {
        DecodedImage repaired = read(damaged);
        assertThat(repaired.pixels()).isEqualTo(pixels);
        assertThat(repaired.repairs()).containsExactly(Repair.RESTART_MARKERS);
      }
    }
  }

  @Example
  void shouldRefuseAScanThatLacksARestartInterval() throws Exception {
    byte[] plain = PLAIN.get(2);
    List<Integer> restarts =
        markers(plain).stream().filter(at -> JpegMarker.isRestart(plain[at + 1] & 0xff)).toList();
    for (int i = 0; i + 1 < restarts.size(); i++) {
      int from = restarts.get(i);
      byte[] gap = without(plain, from, restarts.get(i + 1) - from);
      assertThatExceptionOfType(ImageRejectedException.class)
          .isThrownBy(() -> read(gap))
          .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.TRUNCATED));
    }
  }

  @Example
  void shouldNeverTakeATruncatedFileForWhole() throws Exception {
    for (byte[] plain : PLAIN) {
      PixelImage pixels = decoder.decode(plain);
      for (int length = 0; length < plain.length; length++) {
        byte[] cut = Arrays.copyOf(plain, length);
        DecodedImage taken = readOrNull(cut);
        if (taken != null) {
          assertThat(length)
              .as("only the end marker is missing")
              .isGreaterThanOrEqualTo(plain.length - 2);
          assertThat(taken.pixels()).isEqualTo(pixels);
          assertThat(taken.repairs()).containsExactly(Repair.NO_END_MARKER);
        }
      }
      assertThat(readOrNull(Arrays.copyOf(plain, plain.length - 2))).isNotNull();
    }
  }

  @Example
  void shouldNeverTakeACutFileWithAnEndGluedOnForWhole() throws Exception {
    for (byte[] plain : PLAIN) {
      PixelImage pixels = decoder.decode(plain);
      for (int length = 0; length < plain.length - 2; length++) {
        DecodedImage taken = readOrNull(concat(Arrays.copyOf(plain, length), END));
        if (taken != null) {
          assertThat(taken.repairs()).as("cut at %d of %d", length, plain.length).isNotEmpty();
          assertThat(
                  taken.pixels().equals(pixels) || taken.repairs().contains(Repair.SCANS_MISSING))
              .isTrue();
        }
      }
    }
  }

  @Example
  void shouldNeverTakeZerosForATail() throws Exception {
    for (byte[] plain : PLAIN) {
      PixelImage pixels = decoder.decode(plain);
      for (int length = 0; length < plain.length - JpegMender.ZEROS - 2; length++) {
        byte[] zeros = Arrays.copyOf(Arrays.copyOf(plain, length), plain.length - 2);
        for (byte[] filled : List.of(zeros, concat(zeros, END))) {
          DecodedImage taken = readOrNull(filled);
          if (taken != null && !taken.pixels().equals(pixels)) {
            assertThat(taken.repairs())
                .as("zeros from %d of %d", length, plain.length)
                .containsAnyOf(Repair.ENDS_IN_ZEROS, Repair.SCANS_MISSING);
          }
        }
      }
    }
  }

  @Example
  void shouldTakeAPictureWhoseCodesAreZeros() throws Exception {
    byte[] dark = EncodedImages.jpeg(new PixelImage(1, 400, 400, new byte[160_000]), true);
    assertThat(read(dark).repairs()).isEmpty();
    assertThat(read(dark).pixels().pixels()).containsOnly(0);
  }

  @Example
  void shouldSayThatTheLastScansOfAProgressiveFileAreMissing() throws Exception {
    byte[] plain = PLAIN.get(4);
    List<Integer> scans =
        markers(plain).stream().filter(at -> (plain[at + 1] & 0xff) == JpegMarker.SOS).toList();
    byte[] ended = concat(Arrays.copyOf(plain, scans.get(scans.size() - 1)), END);
    assertThat(read(ended).repairs()).containsExactly(Repair.SCANS_MISSING);
    byte[] cut = Arrays.copyOf(plain, scans.get(scans.size() - 1));
    assertThatExceptionOfType(ImageRejectedException.class)
        .isThrownBy(() -> read(cut))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.TRUNCATED));
  }

  @Example
  void shouldSayThatAFieldIsMissing() throws Exception {
    byte[] plain = PLAIN.get(1);
    byte[] odd = bytes(0xff, 0xe0, 0, 16, 'A', 'V', 'I', '1', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    byte[] whole = odd.clone();
    whole[8] = 0;
    assertThat(read(inserted(plain, 2, odd)).repairs()).containsExactly(Repair.ONE_FIELD);
    assertThat(read(inserted(plain, 2, whole)).repairs()).isEmpty();
  }

  @Example
  void shouldSayThatBytesFollowTheEndUnlessTheyAreAnnounced() throws Exception {
    byte[] plain = PLAIN.get(1);
    byte[] announced = inserted(plain, 2, bytes(0xff, 0xe2, 0, 7, 'M', 'P', 'F', 0, 0));
    assertThat(read(concat(plain, plain)).repairs()).containsExactly(Repair.BYTES_AFTER_END);
    assertThat(read(concat(announced, plain)).repairs()).isEmpty();
  }

  @Example
  void shouldRefuseScansThatTakeTooLongFromTheirHeaders() {
    // Bit after bit of the DC coefficient, over 16 million pixels.
    byte[] file =
        concat(
            bytes(0xff, 0xd8, 0xff, 0xc2, 0, 17, 8, 16, 0, 16, 0, 3),
            bytes(1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0));
    for (int bit = 13; bit >= 0; bit--) {
      int high = bit == 13 ? 0 : bit + 1;
      file = concat(file, bytes(0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 0, high << 4 | bit, 0));
    }
    for (int component = 1; component <= 3; component++) {
      file = concat(file, bytes(0xff, 0xda, 0, 8, 1, component, 0, 1, 63, 0, 0));
    }
    byte[] slow = concat(file, END);
    assertThatExceptionOfType(ImageRejectedException.class)
        .isThrownBy(() -> read(slow))
        .withMessageContaining("the budget is 2.0 s")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.TOO_MANY_SCANS));
  }

  @Example
  void shouldRefuseScansThatRepeatThemselvesFromTheirHeaders() {
    byte[] plain = PLAIN.get(5);
    int scan = ImageDecoderTest.find(plain, JpegMarker.SOS);
    int next = JpegMarker.endOfScan(plain, scan + 4);
    byte[] twice = inserted(plain, next, Arrays.copyOfRange(plain, scan, next));
    assertThatExceptionOfType(ImageRejectedException.class)
        .isThrownBy(() -> read(twice))
        .withMessageContaining("repeat or skip");
  }

  private DecodedImage read(byte[] encoded) throws ImageRejectedException {
    return decoder.read(encoded, Interpretation.usual());
  }

  private DecodedImage readOrNull(byte[] encoded) {
    try {
      return read(encoded);
    } catch (ImageRejectedException e) {
      return null;
    }
  }

  /** Where markers begin, the first at 0. */
  private static List<Integer> markers(byte[] jpeg) {
    List<Integer> markers = new ArrayList<>();
    int at = 0;
    while (at + 1 < jpeg.length) {
      int marker = jpeg[at] == (byte) 0xff ? jpeg[at + 1] & 0xff : 0;
      if (marker < 0xc0 || marker == 0xff) {
        at++;
        continue;
      }
      markers.add(at);
      at += 2;
      if (marker != JpegMarker.SOI && marker != JpegMarker.EOI && !JpegMarker.isRestart(marker)) {
        at += ((jpeg[at] & 0xff) << 8) | (jpeg[at + 1] & 0xff);
      }
    }
    return markers;
  }

  /** Bytes that are no marker; FF only with a zero behind it. */
  private static byte[] surplus(Random random, int count) {
    byte[] surplus = new byte[count];
    for (int i = 0; i < count; i++) {
      boolean stuffed = i + 1 < count && random.nextInt(8) == 0;
      surplus[i] = (byte) (stuffed ? 0xff : random.nextInt(0xff));
      if (stuffed) {
        i++;
      }
    }
    return surplus;
  }
}
