package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import io.surprisal.model.images.PictureSize;
import io.surprisal.model.images.PixelImage;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Turns the bytes of an image into samples, and trusts none of them: size and structure are checked
 * by {@link PngGuard} and {@link JpegGuard} before a decoder runs and before any pixel is
 * allocated. The pixels themselves are decoded by the JDK's Image I/O, in memory; what it only
 * warns about is rejected here.
 *
 * <p>Grey of 1, 2 and 4 bits is expanded to 8; palettes become grey if all their colours are grey,
 * else RGB; an alpha channel is dropped if every pixel is opaque. Of an animated PNG the default
 * image is read. The format's colour profiles and orientation are not applied.
 *
 * <p>Thread-safe.
 */
public final class ImageDecoder {

  private static final ImageReaderSpi PNG_READER = reader(ImageFormat.PNG);
  private static final ImageReaderSpi JPEG_READER = reader(ImageFormat.JPEG);

  private final DecodingLimits limits;

  public ImageDecoder(DecodingLimits limits) {
    this.limits = limits;
  }

  /**
   * Decodes a PNG or JPEG, recognised by its first bytes.
   *
   * @throws ImageRejectedException if the bytes are not one complete image within the limits
   */
  public PixelImage decode(byte[] encoded) throws ImageRejectedException {
    return decode(vet(encoded));
  }

  /**
   * How large a PNG or JPEG is, after all checks but without decoding its pixels.
   *
   * @throws ImageRejectedException if the bytes are not one complete image within the limits, as
   *     far as its structure tells
   */
  public PictureSize size(byte[] encoded) throws ImageRejectedException {
    VettedImage vetted = vet(encoded);
    return new PictureSize(vetted.height(), vetted.width());
  }

  /**
   * Decodes a body of which the sender states format and size.
   *
   * @param width pixels; 0 means not stated, which only PNG and JPEG allow
   * @param height pixels; 0 means not stated, which only PNG and JPEG allow
   * @throws ImageRejectedException if the body is not what was stated, or not one complete image
   *     within the limits
   */
  public PixelImage decode(ImageFormat declared, int width, int height, byte[] body)
      throws ImageRejectedException {
    return switch (declared) {
      case GRAY8 -> decodeRaw(declared, 1, width, height, body);
      case RGB8 -> decodeRaw(declared, 3, width, height, body);
      case PNG, JPEG -> {
        VettedImage vetted = vet(body);
        if (vetted.format() != declared
            || (width != 0 && width != vetted.width())
            || (height != 0 && height != vetted.height())) {
          throw new ImageRejectedException(
              Reason.HEADER_MISMATCH,
              "Stated was %s of %d×%d pixels, but the body is %s of %d×%d"
                  .formatted(
                      declared, width, height, vetted.format(), vetted.width(), vetted.height()));
        }
        yield decode(vetted);
      }
    };
  }

  private PixelImage decodeRaw(ImageFormat format, int channels, int width, int height, byte[] body)
      throws ImageRejectedException {
    limits.check(Math.max(width, 0), Math.max(height, 0));
    if (body.length != (long) channels * width * height) {
      throw new ImageRejectedException(
          Reason.HEADER_MISMATCH,
          "Stated was %s of %d×%d pixels, which is %d bytes, but the body has %d"
              .formatted(format, width, height, (long) channels * width * height, body.length));
    }
    return PixelImage.ofInterleaved(channels, height, width, body);
  }

  private VettedImage vet(byte[] encoded) throws ImageRejectedException {
    if (PngGuard.recognises(encoded)) {
      return PngGuard.vet(encoded, limits);
    }
    if (JpegGuard.recognises(encoded)) {
      return JpegGuard.vet(encoded, limits);
    }
    throw new ImageRejectedException(
        Reason.NOT_AN_IMAGE, "These " + encoded.length + " bytes are neither a PNG nor a JPEG");
  }

  private static PixelImage decode(VettedImage vetted) throws ImageRejectedException {
    BufferedImage decoded = read(vetted);
    if (decoded.getWidth() != vetted.width() || decoded.getHeight() != vetted.height()) {
      throw new ImageRejectedException(
          Reason.MALFORMED, "The " + vetted.format() + " does not decode to its stated size");
    }
    return decoded.getColorModel() instanceof IndexColorModel palette
        ? fromPalette(decoded.getRaster(), palette)
        : fromBands(decoded.getRaster());
  }

  private static BufferedImage read(VettedImage vetted) throws ImageRejectedException {
    List<String> warnings = new ArrayList<>();
    ImageReader reader = null;
    try {
      reader =
          (vetted.format() == ImageFormat.PNG ? PNG_READER : JPEG_READER).createReaderInstance();
      reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
      reader.setInput(
          new MemoryCacheImageInputStream(new ByteArrayInputStream(vetted.encoded())), true, true);
      BufferedImage decoded = reader.read(0);
      if (!warnings.isEmpty()) {
        throw new ImageRejectedException(
            Reason.MALFORMED, "The " + vetted.format() + " is damaged: " + warnings.get(0));
      }
      return decoded;
    } catch (IOException | RuntimeException damaged) {
      // Image I/O answers some damaged files with unchecked exceptions.
      throw new ImageRejectedException(
          Reason.MALFORMED,
          "The " + vetted.format() + " does not decode: " + damaged.getMessage(),
          damaged);
    } finally {
      if (reader != null) {
        reader.dispose();
      }
    }
  }

  private static PixelImage fromPalette(Raster raster, IndexColorModel palette)
      throws ImageRejectedException {
    boolean grey = true;
    for (int i = 0; i < palette.getMapSize(); i++) {
      grey &= palette.getRed(i) == palette.getGreen(i) && palette.getRed(i) == palette.getBlue(i);
    }
    int channels = grey ? 1 : 3;
    int area = raster.getWidth() * raster.getHeight();
    byte[] pixels = new byte[channels * area];
    int[] indices = new int[raster.getWidth()];
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, raster.getWidth(), 1, indices);
      for (int x = 0; x < indices.length; x++) {
        int rgba = palette.getRGB(indices[x]);
        requireOpaque(rgba >>> 24);
        for (int channel = 0; channel < channels; channel++) {
          pixels[channel * area + y * indices.length + x] = (byte) (rgba >> (16 - 8 * channel));
        }
      }
    }
    return new PixelImage(channels, raster.getHeight(), raster.getWidth(), pixels);
  }

  /** Bands as the PNG and JPEG readers order them: grey or RGB, then alpha if there is one. */
  private static PixelImage fromBands(Raster raster) throws ImageRejectedException {
    int bands = raster.getNumBands();
    int channels = bands < 3 ? 1 : 3;
    int width = raster.getWidth();
    int area = width * raster.getHeight();
    byte[] pixels = new byte[channels * area];
    int[] row = new int[bands * width];
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, width, 1, row);
      for (int x = 0; x < width; x++) {
        for (int channel = 0; channel < channels; channel++) {
          pixels[channel * area + y * width + x] = (byte) row[x * bands + channel];
        }
        if (bands > channels) {
          requireOpaque(row[x * bands + channels]);
        }
      }
    }
    return new PixelImage(channels, raster.getHeight(), width, pixels);
  }

  private static void requireOpaque(int alpha) throws ImageRejectedException {
    if (alpha != 255) {
      throw new ImageRejectedException(
          Reason.WRONG_CHANNELS, "The image is transparent in places; flatten it first");
    }
  }

  private static ImageReaderSpi reader(ImageFormat format) {
    return ImageIO.getImageReadersByFormatName(format.name().toLowerCase(Locale.ROOT))
        .next()
        .getOriginatingProvider();
  }
}
