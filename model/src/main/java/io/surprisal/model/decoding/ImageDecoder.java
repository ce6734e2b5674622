package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PictureSize;
import io.surprisal.model.images.PixelImage;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import javax.imageio.ImageReader;
import org.jspecify.annotations.Nullable;

/**
 * Turns the bytes of an image into samples, and trusts none of them: size and structure are checked
 * by a guard for each format before a decoder runs and before any pixel is allocated. The pixels
 * themselves are decoded by the JDK's Image I/O, in memory.
 *
 * <p>What every viewer repairs is repaired, and said: the pixels are those that the file had before
 * it was damaged. What is missing is not made up: such a file is refused, as is one that the
 * decoder warns about after the repair.
 *
 * <p>Grey of 1, 2 and 4 bits is expanded to 8; palettes become grey if all their colours are grey,
 * else RGB; what a file leaves open is the {@link Interpretation}'s. Of an animated PNG the default
 * image is read, of a TIFF the first. The format's colour profiles are not applied.
 *
 * <p>Thread-safe.
 */
public final class ImageDecoder {

  private final DecodingLimits limits;

  public ImageDecoder(DecodingLimits limits) {
    this.limits = limits;
  }

  /**
   * What a file is by its first bytes, without a look at the rest.
   *
   * @param start a few thousand bytes, or all
   * @throws ImageRejectedException if it is nothing that is read; the message says what it is
   */
  public static ImageFormat recognise(byte[] start) throws ImageRejectedException {
    return FileStart.of(start).format();
  }

  /**
   * The pixels of a file, recognised by its first bytes, as usually interpreted.
   *
   * @throws ImageRejectedException if the bytes are not one complete image within the limits
   */
  public PixelImage decode(byte[] encoded) throws ImageRejectedException {
    return read(encoded, Interpretation.usual()).pixels();
  }

  /**
   * The pixels of a body, as usually interpreted; see {@link #read(ImageFormat, int, int, byte[],
   * Interpretation)}.
   */
  public PixelImage decode(ImageFormat declared, int width, int height, byte[] body)
      throws ImageRejectedException {
    return read(declared, width, height, body, Interpretation.usual()).pixels();
  }

  /**
   * Decodes a file, recognised by its first bytes.
   *
   * @throws ImageRejectedException if the bytes are not one complete image within the limits
   */
  public DecodedImage read(byte[] encoded, Interpretation how) throws ImageRejectedException {
    return decode(vet(encoded), how);
  }

  /**
   * Counts how often each level of a file of 16 bits occurs; nothing for others.
   *
   * @param counts by level, 65,536 of them
   * @throws ImageRejectedException as {@link #read(byte[], Interpretation)}
   */
  public void countLevels(byte[] encoded, long[] counts) throws ImageRejectedException {
    Decoding decoding = whole(vet(encoded));
    if (decoding.raster != null) {
      Samples.countDeep(decoding.raster, counts);
    }
  }

  /**
   * How large the picture of a file is, after all checks but without decoding its pixels.
   *
   * @throws ImageRejectedException if the bytes are not one complete image within the limits, as
   *     far as its structure tells
   */
  public PictureSize size(byte[] encoded, Interpretation how) throws ImageRejectedException {
    VettedImage vetted = vet(encoded);
    return orientation(vetted, how).turned(vetted.height(), vetted.width());
  }

  /**
   * Decodes a body of which the sender states format and size.
   *
   * @param width pixels, as the file stores them or as it shows them; 0 means not stated, which
   *     only files allow
   * @param height pixels, as {@code width}
   * @throws ImageRejectedException if the body is not what was stated, or not one complete image
   *     within the limits
   */
  public DecodedImage read(
      ImageFormat declared, int width, int height, byte[] body, Interpretation how)
      throws ImageRejectedException {
    return switch (declared) {
      case GRAY8 -> decodeRaw(declared, 1, width, height, body);
      case RGB8 -> decodeRaw(declared, 3, width, height, body);
      case PNG, JPEG, TIFF, BMP, FILE -> {
        VettedImage vetted = vet(body);
        if ((declared != ImageFormat.FILE && vetted.format() != declared)
            || !isSize(vetted, width, height)) {
          throw new ImageRejectedException(
              Reason.HEADER_MISMATCH,
              "Stated was %s of %d×%d pixels, but the body is %s of %d×%d"
                  .formatted(
                      declared, width, height, vetted.format(), vetted.width(), vetted.height()));
        }
        yield decode(vetted, how);
      }
    };
  }

  private static boolean isSize(VettedImage vetted, int width, int height) {
    PictureSize shown = vetted.orientation().turned(vetted.height(), vetted.width());
    return ((width == 0 || width == vetted.width()) && (height == 0 || height == vetted.height()))
        || ((width == 0 || width == shown.width()) && (height == 0 || height == shown.height()));
  }

  private DecodedImage decodeRaw(
      ImageFormat format, int channels, int width, int height, byte[] body)
      throws ImageRejectedException {
    limits.check(Math.max(width, 0), Math.max(height, 0));
    if (body.length != (long) channels * width * height) {
      throw new ImageRejectedException(
          Reason.HEADER_MISMATCH,
          "Stated was %s of %d×%d pixels, which is %d bytes, but the body has %d"
              .formatted(format, width, height, (long) channels * width * height, body.length));
    }
    return new DecodedImage(
        PixelImage.ofInterleaved(channels, height, width, body),
        new StoredSamples(format, channels, Byte.SIZE),
        Set.of());
  }

  private VettedImage vet(byte[] encoded) throws ImageRejectedException {
    FileStart start = FileStart.of(encoded);
    VettedImage vetted =
        switch (start.format()) {
          case PNG -> PngGuard.vet(encoded, start.at(), limits);
          case JPEG -> JpegGuard.vet(encoded, start.at(), limits);
          case TIFF -> TiffGuard.vet(encoded, limits);
          case BMP -> BmpGuard.vet(encoded, limits);
          case FILE, GRAY8, RGB8 -> throw new IllegalStateException(start + " is no file");
        };
    if (start.at() > 0) {
      vetted.repairs().add(Repair.BYTES_BEFORE_START);
    }
    return vetted;
  }

  /** Decoded, after repair where that is needed; never with a damage. */
  private Decoding whole(VettedImage vetted) throws ImageRejectedException {
    boolean jpeg = vetted.format() == ImageFormat.JPEG;
    Decoding decoding = Decoding.of(jpeg ? JpegMender.mend(vetted, limits) : vetted);
    Raster raster = decoding.raster;
    if (raster == null || decoding.damage != null) {
      throw new ImageRejectedException(
          Reason.MALFORMED,
          "The " + vetted.format() + " is damaged: " + decoding.damage,
          decoding.cause);
    }
    if (raster.getWidth() != vetted.width() || raster.getHeight() != vetted.height()) {
      throw new ImageRejectedException(
          Reason.MALFORMED, "The " + vetted.format() + " does not decode to its stated size");
    }
    return decoding;
  }

  private DecodedImage decode(VettedImage vetted, Interpretation how)
      throws ImageRejectedException {
    Decoding whole = whole(vetted);
    Set<Repair> repairs = EnumSet.noneOf(Repair.class);
    repairs.addAll(whole.of.repairs());
    PixelImage stored =
        new Samples(how, vetted.ink(), repairs)
            .of(Objects.requireNonNull(whole.raster), whole.colours);
    return new DecodedImage(
        orientation(vetted, how).turn(stored),
        vetted.samples() == 0
            ? new StoredSamples(vetted.format(), stored.channels(), Byte.SIZE)
            : new StoredSamples(vetted.format(), vetted.samples(), vetted.bits()),
        repairs);
  }

  private static ExifOrientation orientation(VettedImage vetted, Interpretation how) {
    return how.orientation() == Interpretation.Orientation.UPRIGHT
        ? vetted.orientation()
        : ExifOrientation.UPRIGHT;
  }

  /**
   * What the JDK's reader made of a file.
   *
   * @param raster null where it failed
   * @param colours null where it has none
   * @param damage what it warned of or failed at; null: nothing
   */
  private record Decoding(
      VettedImage of,
      @Nullable Raster raster,
      @Nullable ColorModel colours,
      @Nullable String damage,
      @Nullable Exception cause) {

    static Decoding of(VettedImage vetted) {
      List<String> warnings = new ArrayList<>();
      ImageReader reader = null;
      try {
        reader = Readers.take(vetted.format());
        reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
        BytesInput input = new BytesInput(vetted.encoded());
        reader.setInput(input, true, true);
        // Of four components the JPEG reader knows no colours, of one there is nothing to know.
        boolean bare = vetted.format() == ImageFormat.JPEG && vetted.samples() != 3;
        BufferedImage image = bare ? null : reader.read(0);
        Raster raster = image == null ? reader.readRaster(0, null) : image.getRaster();
        input.forget();
        Readers.giveBack(vetted.format(), reader);
        reader = null;
        return new Decoding(
            vetted,
            raster,
            image == null ? null : image.getColorModel(),
            warnings.isEmpty() ? null : warnings.get(0),
            null);
      } catch (IOException | RuntimeException damaged) {
        // Image I/O answers some damaged files with unchecked exceptions.
        return new Decoding(vetted, null, null, String.valueOf(damaged.getMessage()), damaged);
      } finally {
        if (reader != null) {
          reader.dispose();
        }
      }
    }
  }
}
