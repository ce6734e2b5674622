package io.surprisal.model.decoding;

import static io.surprisal.model.decoding.EncodedImages.GREY;
import static io.surprisal.model.decoding.EncodedImages.bytes;
import static io.surprisal.model.decoding.EncodedImages.chunk;
import static io.surprisal.model.decoding.EncodedImages.concat;
import static io.surprisal.model.decoding.EncodedImages.deflate;
import static io.surprisal.model.decoding.EncodedImages.idat;
import static io.surprisal.model.decoding.EncodedImages.iend;
import static io.surprisal.model.decoding.EncodedImages.ihdr;
import static io.surprisal.model.decoding.EncodedImages.pngOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PixelImage;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PngRepairTest {
  private static final PixelImage PIXELS = new PixelImage(1, 2, 2, bytes(10, 20, 30, 40));
  private static final byte[] HEADER = ihdr(2, 2, 8, GREY, 0);
  private static final byte[] ROWS = bytes(0, 10, 20, 0, 30, 40);
  private static final byte[] DATA = chunk("IDAT", deflate(ROWS));

  private final ImageDecoder decoder = new ImageDecoder(DecodingLimits.defaults());

  @Test
  void shouldSayNothingOfAFileThatIsAsItShouldBe() throws Exception {
    assertRepaired(pngOf(HEADER, chunk("tEXt", bytes('a', 0, 'b')), DATA, iend()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"tEXt", "iCCP", "eXIf", "tIME"})
  void shouldPassOverAWrongChecksumOfWhatIsDropped(String type) throws Exception {
    byte[] text = wrong(chunk(type, bytes(1, 2, 3)));
    assertRepaired(pngOf(HEADER, text, DATA, iend()), Repair.WRONG_CHECKSUM);
    assertRepaired(pngOf(HEADER, DATA, wrong(iend())), Repair.WRONG_CHECKSUM);
  }

  @Test
  void shouldRefuseAWrongChecksumOfWhatPixelsComeFrom() {
    byte[] palette = wrong(chunk("PLTE", bytes(1, 2, 3)));
    byte[] transparent = wrong(chunk("tRNS", bytes(0, 9)));
    for (byte[] damaged :
        new byte[][] {
          pngOf(wrong(HEADER), DATA, iend()),
          pngOf(HEADER, wrong(DATA), iend()),
          pngOf(HEADER, palette, DATA, iend()),
          pngOf(HEADER, transparent, DATA, iend())
        }) {
      assertRefused(Reason.MALFORMED, damaged);
    }
  }

  @Test
  void shouldPassOverMoreImageDataThanTheImageHas() throws Exception {
    byte[] moreRows = chunk("IDAT", deflate(concat(ROWS, bytes(0, 1, 2))));
    byte[] oneByte = chunk("IDAT", deflate(concat(ROWS, bytes(7))));
    byte[] behind = chunk("IDAT", concat(deflate(ROWS), bytes(1, 2, 3, 4)));
    for (byte[] data : new byte[][] {moreRows, oneByte, behind}) {
      assertRepaired(pngOf(HEADER, data, iend()), Repair.SURPLUS_IMAGE_DATA);
    }
  }

  @Test
  void shouldTakeAFileWhoseEndIsMissing() throws Exception {
    byte[] text = chunk("tEXt", bytes('a', 0, 'b', 'c'));
    byte[] whole = pngOf(HEADER, DATA, text, iend());
    int pixelsEnd = pngOf(HEADER, DATA).length;
    for (int length = pixelsEnd; length < whole.length; length++) {
      assertRepaired(Arrays.copyOf(whole, length), Repair.NO_END_MARKER);
    }
    for (int length = 0; length < pixelsEnd; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatExceptionOfType(ImageRejectedException.class).isThrownBy(() -> read(cut));
    }
  }

  @Test
  void shouldRefuseImageDataThatEndsInTheMiddleWithAnEndGluedOn() {
    byte[] deflated = deflate(ROWS);
    for (int length = 0; length < deflated.length; length++) {
      byte[] cut = chunk("IDAT", Arrays.copyOf(deflated, length));
      assertThatExceptionOfType(ImageRejectedException.class)
          .isThrownBy(() -> read(pngOf(HEADER, cut, iend())));
    }
  }

  @Test
  void shouldPassOverBytesBeforeAndAfter() throws Exception {
    byte[] whole = pngOf(HEADER, DATA, iend());
    assertRepaired(concat(bytes(13, 10), whole), Repair.BYTES_BEFORE_START);
    assertRepaired(concat(whole, bytes(0, 0)), Repair.BYTES_AFTER_END);
    assertRepaired(concat(new byte[4000], whole), Repair.BYTES_BEFORE_START);
    assertRefused(Reason.NOT_AN_IMAGE, concat(new byte[5000], whole));
  }

  @Test
  void shouldPassOverForeignBytesBetweenChunks() throws Exception {
    byte[] deflated = deflate(ROWS);
    byte[][] chunks = {
      HEADER,
      chunk("tEXt", bytes('a', 0, 'b')),
      chunk("IDAT", Arrays.copyOf(deflated, 5)),
      chunk("IDAT", Arrays.copyOfRange(deflated, 5, deflated.length)),
      iend()
    };
    Random random = new Random(1);
    for (int length : new int[] {1, 2, 3, 4, 7, 8, 12, 13, 64, 4096}) {
      byte[] foreign = new byte[length];
      random.nextBytes(foreign);
      for (int before = 0; before < chunks.length; before++) {
        byte[][] parts = chunks.clone();
        parts[before] = concat(foreign, chunks[before]);
        assertRepaired(pngOf(parts), Repair.BYTES_BEFORE_MARKER);
      }
    }
  }

  @Test
  void shouldRefuseMoreForeignBytesThanASlipAndAPictureOfWhichThereIsNoRest() {
    byte[] many = new byte[4097];
    assertRefused(Reason.MALFORMED, pngOf(HEADER, many, DATA, iend()));
    byte[] longer = DATA.clone();
    longer[3] = 120; // it says to be longer than the file is
    assertRefused(Reason.TRUNCATED, pngOf(HEADER, longer, iend()));
  }

  @Test
  void shouldNameApplesVariantAndUnknownParts() {
    byte[] apple = pngOf(chunk("CgBI", bytes(0x50, 0, 0x20, 2)), HEADER, DATA, iend());
    assertThatExceptionOfType(ImageRejectedException.class)
        .isThrownBy(() -> read(apple))
        .withMessageContaining("CgBI");
    assertThatExceptionOfType(ImageRejectedException.class)
        .isThrownBy(() -> read(pngOf(HEADER, chunk("ABCD", bytes()), idat(0), iend())))
        .withMessageContaining("ABCD");
  }

  private void assertRepaired(byte[] encoded, Repair... repairs) throws ImageRejectedException {
    DecodedImage read = read(encoded);
    assertThat(read.pixels()).isEqualTo(PIXELS);
    assertThat(read.repairs()).containsExactly(repairs);
  }

  private void assertRefused(Reason reason, byte[] encoded) {
    assertThatExceptionOfType(ImageRejectedException.class)
        .isThrownBy(() -> read(encoded))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
  }

  private DecodedImage read(byte[] encoded) throws ImageRejectedException {
    return decoder.read(encoded, Interpretation.usual());
  }

  private static byte[] wrong(byte[] chunk) {
    byte[] damaged = chunk.clone();
    damaged[chunk.length - 1] ^= 1;
    return damaged;
  }
}
