package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Walks the segments of a JPEG (ITU-T T.81, annex B) before a decoder sees it.
 *
 * <p>The size is checked against the limits as soon as the frame header is read, and the scans are
 * counted up to the end-of-image marker, which must be there. Only the frame, its tables and scans
 * are passed on, behind a fresh colour-space marker: metadata, colour profiles, thumbnails and EXIF
 * orientation are not looked at. Bytes after the end of the image, where cameras put previews, are
 * ignored.
 */
public final class JpegGuard {

  private static final int SOF0 = 0xc0;
  private static final int SOF1 = 0xc1;
  private static final int SOF2 = 0xc2;
  private static final int DHT = 0xc4;
  private static final int JPG = 0xc8;
  private static final int DAC = 0xcc;
  private static final int SOF15 = 0xcf;
  private static final int SOI = 0xd8;
  private static final int EOI = 0xd9;
  private static final int SOS = 0xda;
  private static final int DQT = 0xdb;
  private static final int DRI = 0xdd;
  private static final int APP0 = 0xe0;
  private static final int APP14 = 0xee;

  /** JFIF 1.1 without density and thumbnail: three components are YCbCr. */
  private static final byte[] JFIF = {
    (byte) 0xff, (byte) APP0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0
  };

  private JpegGuard() {}

  public static boolean recognises(byte[] encoded) {
    return encoded.length >= 3
        && encoded[0] == (byte) 0xff
        && encoded[1] == (byte) SOI
        && encoded[2] == (byte) 0xff;
  }

  static VettedImage vet(byte[] encoded, DecodingLimits limits) throws ImageRejectedException {
    ByteBuffer in = ByteBuffer.wrap(encoded).position(2);
    ByteArrayOutputStream kept = new ByteArrayOutputStream(encoded.length);
    Frame frame = null;
    int scans = 0;
    boolean jfif = false;
    byte[] adobe = new byte[0];
    for (int marker = nextMarker(in); marker != EOI; marker = nextMarker(in)) {
      int start = in.position() - 2;
      int length = in.remaining() < 2 ? 0 : Short.toUnsignedInt(in.getShort());
      if (length < 2) {
        throw in.hasRemaining() ? malformed("has an empty segment at byte " + start) : truncated();
      }
      if (in.remaining() < length - 2) {
        throw truncated();
      }
      ByteBuffer segment = in.slice().limit(length - 2);
      in.position(in.position() + length - 2);
      switch (marker) {
        case SOF0, SOF1, SOF2 -> {
          if (frame != null) {
            throw malformed("has a second frame header");
          }
          frame = Frame.read(segment, limits);
          kept.write(encoded, start, length + 2);
        }
        case DHT, DQT, DRI -> kept.write(encoded, start, length + 2);
        case SOS -> {
          if (frame == null) {
            throw malformed("has a scan before its frame header");
          }
          if (++scans > limits.maxScans()) {
            throw new ImageRejectedException(
                Reason.TOO_MANY_SCANS,
                "The JPEG has more scans than the limit of " + limits.maxScans());
          }
          skipEntropyCodedData(in);
          kept.write(encoded, start, in.position() - start);
        }
        case APP0 -> jfif |= startsWith(segment, "JFIF");
        case APP14 -> {
          if (startsWith(segment, "Adobe")) {
            adobe = Arrays.copyOfRange(encoded, start, start + length + 2);
          }
        }
        default -> {
          if ((marker > DHT && marker <= SOF15 && marker != JPG)
              || marker == 0xc3
              || marker == DAC) {
            throw new ImageRejectedException(
                Reason.UNSUPPORTED,
                "The JPEG is neither baseline nor progressive Huffman (marker FF%02X); convert it"
                    .formatted(marker));
          }
        }
      }
    }
    if (frame == null || scans == 0) {
      throw malformed("has no scan");
    }
    ByteArrayOutputStream vetted = new ByteArrayOutputStream(kept.size() + JFIF.length + 4);
    vetted.write(0xff);
    vetted.write(SOI);
    // The colour space as the IJG's library decides it: JFIF, then Adobe, then component names.
    if (jfif || (adobe.length == 0 && !frame.namedRgb)) {
      vetted.writeBytes(JFIF);
    } else {
      vetted.writeBytes(adobe);
    }
    vetted.writeBytes(kept.toByteArray());
    vetted.write(0xff);
    vetted.write(EOI);
    return new VettedImage(ImageFormat.JPEG, frame.width, frame.height, vetted.toByteArray());
  }

  /** Reads one marker with the fill bytes before it, and leaves the position behind it. */
  private static int nextMarker(ByteBuffer in) throws ImageRejectedException {
    if (in.hasRemaining() && in.get() != (byte) 0xff) {
      throw malformed("has no marker at byte " + (in.position() - 1));
    }
    int marker = 0xff;
    while (marker == 0xff && in.hasRemaining()) {
      marker = Byte.toUnsignedInt(in.get());
    }
    if (marker == 0xff) {
      throw truncated();
    }
    if (marker < SOF0 || (marker >= 0xd0 && marker <= SOI)) {
      throw malformed("has a misplaced marker FF%02X".formatted(marker));
    }
    return marker;
  }

  /** Moves to the marker that ends the scan; stuffed zeros and restart markers belong to it. */
  private static void skipEntropyCodedData(ByteBuffer in) throws ImageRejectedException {
    while (in.remaining() >= 2) {
      if (in.get() == (byte) 0xff) {
        int next = Byte.toUnsignedInt(in.get(in.position()));
        if (next != 0 && next != 0xff && (next < 0xd0 || next > 0xd7)) {
          in.position(in.position() - 1);
          return;
        }
      }
    }
    throw truncated();
  }

  private static boolean startsWith(ByteBuffer segment, String name) {
    byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
    return segment.remaining() >= bytes.length
        && segment.slice(0, bytes.length).equals(ByteBuffer.wrap(bytes));
  }

  private static ImageRejectedException truncated() {
    return new ImageRejectedException(
        Reason.TRUNCATED, "The JPEG ends before its end-of-image marker");
  }

  private static ImageRejectedException malformed(String what) {
    return new ImageRejectedException(Reason.MALFORMED, "The JPEG " + what);
  }

  private record Frame(int width, int height, boolean namedRgb) {

    static Frame read(ByteBuffer segment, DecodingLimits limits) throws ImageRejectedException {
      if (segment.remaining() < 6) {
        throw malformed("has a frame header of " + segment.remaining() + " bytes");
      }
      int precision = segment.get();
      int height = Short.toUnsignedInt(segment.getShort());
      int width = Short.toUnsignedInt(segment.getShort());
      int components = Byte.toUnsignedInt(segment.get());
      limits.check(width, height);
      if (precision != 8) {
        throw new ImageRejectedException(
            Reason.UNSUPPORTED, "The JPEG has " + precision + " bits a sample; convert it to 8");
      }
      if (segment.remaining() != 3 * components) {
        throw malformed("has a frame header of the wrong length");
      }
      if (components != 1 && components != 3) {
        throw new ImageRejectedException(
            Reason.WRONG_CHANNELS,
            "The JPEG has %d components (CMYK has 4); convert it to grey or RGB"
                .formatted(components));
      }
      boolean namedRgb =
          components == 3
              && segment.get(6) == 'R'
              && segment.get(9) == 'G'
              && segment.get(12) == 'B';
      return new Frame(width, height, namedRgb);
    }
  }
}
