package io.surprisal.model.decoding;

import static io.surprisal.model.decoding.JpegMarker.APP0;
import static io.surprisal.model.decoding.JpegMarker.APP1;
import static io.surprisal.model.decoding.JpegMarker.APP14;
import static io.surprisal.model.decoding.JpegMarker.APP2;
import static io.surprisal.model.decoding.JpegMarker.DAC;
import static io.surprisal.model.decoding.JpegMarker.DHT;
import static io.surprisal.model.decoding.JpegMarker.DQT;
import static io.surprisal.model.decoding.JpegMarker.DRI;
import static io.surprisal.model.decoding.JpegMarker.EOI;
import static io.surprisal.model.decoding.JpegMarker.JPG;
import static io.surprisal.model.decoding.JpegMarker.SOF0;
import static io.surprisal.model.decoding.JpegMarker.SOF1;
import static io.surprisal.model.decoding.JpegMarker.SOF15;
import static io.surprisal.model.decoding.JpegMarker.SOF2;
import static io.surprisal.model.decoding.JpegMarker.SOF3;
import static io.surprisal.model.decoding.JpegMarker.SOF55;
import static io.surprisal.model.decoding.JpegMarker.SOI;
import static io.surprisal.model.decoding.JpegMarker.SOS;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Walks the segments of a JPEG (ITU-T T.81, annex B) before a decoder sees it.
 *
 * <p>The size is checked against the limits as soon as the frame header is read, and the scans are
 * counted and held against each other: what they must have sent by the end of the image. Only the
 * frame, its tables and scans are passed on, behind a fresh colour-space marker: metadata, colour
 * profiles and thumbnails are not looked at, but for the orientation.
 *
 * <p>Foreign bytes before markers are passed over and said, as is an end marker that is missing;
 * whether the last scan is whole is then for the decoder to say, and for {@link JpegMender}.
 */
final class JpegGuard {

  /** JFIF 1.1 without density and thumbnail: three components are YCbCr. */
  private static final byte[] JFIF = {
    (byte) 0xff, (byte) APP0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0
  };

  /** Of an Adobe segment: where it says how the colours are transformed. */
  private static final int ADOBE_LENGTH = 16;

  private final byte[] encoded;
  private final ByteBuffer in;
  private final DecodingLimits limits;

  /** What is passed on. */
  private final KeptBytes kept;

  private final Set<Repair> repairs = EnumSet.noneOf(Repair.class);
  private @Nullable JpegFrame frame;
  private @Nullable JpegProgress progress;
  private ExifOrientation orientation = ExifOrientation.UPRIGHT;
  private byte[] adobe = new byte[0];
  private int scans;
  private boolean jfif;
  private boolean severalPictures;

  private JpegGuard(byte[] encoded, int start, DecodingLimits limits) {
    this.encoded = encoded;
    this.limits = limits;
    kept = new KeptBytes(encoded);
    in = ByteBuffer.wrap(encoded).position(start + 2);
  }

  /** Whether a JPEG begins at a place. */
  static boolean recognises(byte[] encoded, int at) {
    return encoded.length >= at + 3 && encoded[at] == (byte) 0xff && encoded[at + 1] == (byte) SOI;
  }

  /** Whether a JPEG begins at a place and goes on with a segment, as by chance it hardly does. */
  static boolean goesOn(byte[] encoded, int at) {
    return encoded.length > at + 4
        && recognises(encoded, at)
        && encoded[at + 2] == (byte) 0xff
        && Byte.toUnsignedInt(encoded[at + 3]) >= SOF0
        && encoded[at + 3] != (byte) 0xff
        && encoded[at + 4] < 64;
  }

  /**
   * Checks a JPEG.
   *
   * @param start where it begins
   */
  static VettedImage vet(byte[] encoded, int start, DecodingLimits limits)
      throws ImageRejectedException {
    return new JpegGuard(encoded, start, limits).vet();
  }

  private VettedImage vet() throws ImageRejectedException {
    for (int marker = nextMarker(); marker != EOI; marker = nextMarker()) {
      int start = in.position() - 2;
      int length = in.remaining() < 2 ? 0 : Short.toUnsignedInt(in.getShort());
      if (length < 2 || in.remaining() < length - 2) {
        if (length < 2 && in.hasRemaining()) {
          throw malformed("has an empty segment at byte " + start);
        }
        if (scans == 0) {
          throw truncated();
        }
        in.position(in.limit()); // whatever it was, it is no scan that has begun
        continue;
      }
      ByteBuffer segment = in.slice().limit(length - 2);
      in.position(in.position() + length - 2);
      take(marker, start, segment);
    }
    if (frame == null || progress == null || scans == 0) {
      throw malformed("has no scan");
    }
    boolean ended = !repairs.contains(Repair.NO_END_MARKER);
    if (!progress.showsAll() || (!ended && !progress.isComplete())) {
      throw new ImageRejectedException(
          Reason.TRUNCATED, "The JPEG ends after " + scans + " scans, before its last");
    }
    if (!progress.isComplete()) {
      repairs.add(Repair.SCANS_MISSING);
    }
    if (in.hasRemaining() && !severalPictures) {
      repairs.add(Repair.BYTES_AFTER_END);
    }
    return new VettedImage(
        ImageFormat.JPEG,
        frame.width(),
        frame.height(),
        frame.components().size(),
        JpegFrame.BITS,
        rebuilt(frame),
        orientation,
        ink(frame),
        repairs);
  }

  private void take(int marker, int start, ByteBuffer segment) throws ImageRejectedException {
    switch (marker) {
      case SOF0, SOF1, SOF2 -> {
        if (frame != null) {
          throw malformed("has a second frame header");
        }
        frame = JpegFrame.read(marker, segment, limits);
        progress = new JpegProgress(frame);
        kept.keep(start, in.position());
      }
      case DHT, DQT, DRI -> kept.keep(start, in.position());
      case SOS -> takeScan(start, segment);
      case APP0 -> {
        jfif |= startsWith(segment, "JFIF");
        if (startsWith(segment, "AVI1") && segment.remaining() > 4 && segment.get(4) != 0) {
          repairs.add(Repair.ONE_FIELD);
        }
      }
      case APP1 -> {
        if (startsWith(segment, "Exif\0\0") && orientation == ExifOrientation.UPRIGHT) {
          orientation = ExifOrientation.of(segment.position(6));
        }
      }
      case APP2 -> severalPictures |= startsWith(segment, "MPF\0");
      case APP14 -> {
        if (startsWith(segment, "Adobe")) {
          adobe = Arrays.copyOfRange(encoded, start, in.position());
        }
      }
      default -> requireReadable(marker);
    }
  }

  private static void requireReadable(int marker) throws ImageRejectedException {
    if (marker == SOF55) {
      throw new ImageRejectedException(
          Reason.UNSUPPORTED, "The file is JPEG-LS, which is not read; convert it");
    }
    if ((marker > DHT && marker <= SOF15 && marker != JPG) || marker == SOF3 || marker == DAC) {
      throw new ImageRejectedException(
          Reason.UNSUPPORTED,
          "The JPEG is neither baseline nor progressive Huffman (marker FF%02X); convert it"
              .formatted(marker));
    }
  }

  private void takeScan(int start, ByteBuffer segment) throws ImageRejectedException {
    if (frame == null || progress == null) {
      throw malformed("has a scan before its frame header");
    }
    scans++;
    limits.checkScans(
        frame.width(), frame.height(), frame.components().size(), scans, encoded.length);
    progress.add(JpegScan.read(segment, frame));
    int end = JpegMarker.endOfScan(encoded, in.position());
    kept.keep(start, end);
    in.position(end);
  }

  /** Reads one marker with whatever stands before it, and leaves the position behind it. */
  private int nextMarker() throws ImageRejectedException {
    while (in.hasRemaining()) {
      if (in.get() != (byte) 0xff) {
        repairs.add(Repair.BYTES_BEFORE_MARKER);
        continue;
      }
      int marker = 0xff;
      while (marker == 0xff && in.hasRemaining()) {
        marker = Byte.toUnsignedInt(in.get());
      }
      if (marker == SOI && frame != null) {
        throw malformed("breaks off where another one begins, at byte " + (in.position() - 2));
      }
      if (marker >= SOF0 && marker < 0xff && !JpegMarker.isRestart(marker) && marker != SOI) {
        return marker;
      }
      if (marker != 0xff) {
        repairs.add(Repair.BYTES_BEFORE_MARKER);
      }
    }
    if (scans == 0) {
      throw truncated();
    }
    repairs.add(Repair.NO_END_MARKER);
    return EOI;
  }

  private byte[] rebuilt(JpegFrame of) {
    // The colour space as the IJG's library decides it: JFIF, then Adobe, then component names.
    byte[] colours = adobe;
    boolean ofThree = of.components().size() < 4;
    if (ofThree && (jfif || (adobe.length == 0 && !of.namedRgb()))) {
      colours = JFIF;
    }
    byte[] start = Arrays.copyOf(new byte[] {(byte) 0xff, (byte) SOI}, 2 + colours.length);
    System.arraycopy(colours, 0, start, 2, colours.length);
    return kept.between(start, new byte[] {(byte) 0xff, (byte) EOI});
  }

  private VettedImage.Ink ink(JpegFrame of) {
    if (of.components().size() < 4) {
      return VettedImage.Ink.LIGHT;
    }
    if (adobe.length < ADOBE_LENGTH) {
      return VettedImage.Ink.CMYK;
    }
    return adobe[ADOBE_LENGTH - 1] == 2
        ? VettedImage.Ink.INVERTED_YCCK
        : VettedImage.Ink.INVERTED_CMYK;
  }

  private static boolean startsWith(ByteBuffer segment, String name) {
    byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
    return segment.remaining() >= bytes.length
        && segment.slice(0, bytes.length).equals(ByteBuffer.wrap(bytes));
  }

  private static ImageRejectedException truncated() {
    return new ImageRejectedException(Reason.TRUNCATED, "The JPEG ends before its image data");
  }

  private static ImageRejectedException malformed(String what) {
    return new ImageRejectedException(Reason.MALFORMED, "The JPEG " + what);
  }
}
