package io.surprisal.model.decoding;

import io.surprisal.model.images.PixelImage;
import java.awt.image.BufferedImage;
import java.awt.image.RenderedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/** Encoded images for the tests: by the JDK's writers, and by hand where those refuse. */
public final class EncodedImages {

  static final int GREY = 0;
  static final int RGB = 2;
  static final int PALETTE = 3;
  static final int GREY_ALPHA = 4;
  static final int RGB_ALPHA = 6;

  private EncodedImages() {}

  static BufferedImage buffered(PixelImage image) {
    boolean grey = image.channels() == 1;
    BufferedImage buffered =
        new BufferedImage(
            image.width(),
            image.height(),
            grey ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_3BYTE_BGR);
    int area = image.height() * image.width();
    for (int i = 0; i < image.pixels().length; i++) {
      int at = i % area;
      buffered
          .getRaster()
          .setSample(at % image.width(), at / image.width(), i / area, image.pixels()[i] & 0xff);
    }
    return buffered;
  }

  public static byte[] png(PixelImage image) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      ImageIO.write(buffered(image), "png", new MemoryCacheImageOutputStream(out));
    } catch (IOException inMemory) {
      throw new UncheckedIOException(inMemory);
    }
    return out.toByteArray();
  }

  public static byte[] jpeg(PixelImage image, boolean progressive) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(out)) {
      ImageWriteParam parameters = writer.getDefaultWriteParam();
      if (progressive) {
        parameters.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
      }
      writer.setOutput(stream);
      writer.write(null, new IIOImage(buffered(image), null, null), parameters);
    } catch (IOException inMemory) {
      throw new UncheckedIOException(inMemory);
    } finally {
      writer.dispose();
    }
    return out.toByteArray();
  }

  /** A baseline JPEG with a restart marker after so many units. */
  static byte[] jpegWithRestarts(PixelImage image, int interval) {
    return jpegWithRestarts(image, interval, Sampling.OF_CHROMA_HALVED);
  }

  /** How many samples of chroma there are. */
  enum Sampling {
    OF_CHROMA_HALVED,
    WHOLE
  }

  /**
   * The same.
   *
   * @param interval 0: none
   */
  static byte[] jpegWithRestarts(PixelImage image, int interval, Sampling sampling) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(out)) {
      BufferedImage buffered = buffered(image);
      IIOMetadata metadata =
          writer.getDefaultImageMetadata(
              ImageTypeSpecifier.createFromRenderedImage(buffered), writer.getDefaultWriteParam());
      String format = "javax_imageio_jpeg_image_1.0";
      Node root = metadata.getAsTree(format);
      IIOMetadataNode dri = new IIOMetadataNode("dri");
      dri.setAttribute("interval", String.valueOf(interval));
      if (interval > 0) {
        root.getLastChild().insertBefore(dri, root.getLastChild().getLastChild());
      }
      NodeList components = ((IIOMetadataNode) root).getElementsByTagName("componentSpec");
      if (sampling == Sampling.WHOLE) {
        ((IIOMetadataNode) components.item(0)).setAttribute("HsamplingFactor", "1");
        ((IIOMetadataNode) components.item(0)).setAttribute("VsamplingFactor", "1");
      }
      metadata.setFromTree(format, root);
      writer.setOutput(stream);
      writer.write(null, new IIOImage(buffered, null, metadata), null);
    } catch (IOException inMemory) {
      throw new UncheckedIOException(inMemory);
    } finally {
      writer.dispose();
    }
    return out.toByteArray();
  }

  /**
   * A TIFF.
   *
   * @param compression as the JDK's writer calls it; empty: none
   */
  static byte[] tiff(RenderedImage image, String compression) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageWriter writer = ImageIO.getImageWritersByFormatName("tiff").next();
    try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(out)) {
      ImageWriteParam parameters = writer.getDefaultWriteParam();
      if (!compression.isEmpty()) {
        parameters.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
        parameters.setCompressionType(compression);
      }
      writer.setOutput(stream);
      writer.write(null, new IIOImage(image, null, null), parameters);
    } catch (IOException inMemory) {
      throw new UncheckedIOException(inMemory);
    } finally {
      writer.dispose();
    }
    return out.toByteArray();
  }

  /** A BMP of 24 bits. */
  static byte[] bmp(PixelImage image) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      ImageIO.write(buffered(image), "bmp", new MemoryCacheImageOutputStream(out));
    } catch (IOException inMemory) {
      throw new UncheckedIOException(inMemory);
    }
    return out.toByteArray();
  }

  /** Noise that no compression takes to be anything else. */
  static PixelImage noise(int channels, int height, int width, long seed) {
    byte[] pixels = new byte[channels * height * width];
    new Random(seed).nextBytes(pixels);
    return new PixelImage(channels, height, width, pixels);
  }

  /** With bytes put before a place. */
  static byte[] inserted(byte[] into, int at, byte[] surplus) {
    return concat(Arrays.copyOf(into, at), surplus, Arrays.copyOfRange(into, at, into.length));
  }

  /** Without some bytes. */
  static byte[] without(byte[] from, int at, int count) {
    return concat(Arrays.copyOf(from, at), Arrays.copyOfRange(from, at + count, from.length));
  }

  /** A PNG of the chunks given, with its signature. */
  static byte[] pngOf(byte[]... chunks) {
    return concat(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}, concat(chunks));
  }

  static byte[] ihdr(int width, int height, int depth, int colourType, int interlace) {
    return chunk(
        "IHDR",
        ByteBuffer.allocate(13)
            .putInt(width)
            .putInt(height)
            .put((byte) depth)
            .put((byte) colourType)
            .put((byte) 0)
            .put((byte) 0)
            .put((byte) interlace)
            .array());
  }

  /** Image data: rows with their filter bytes, not yet deflated. */
  static byte[] idat(int... filteredRows) {
    return chunk("IDAT", deflate(bytes(filteredRows)));
  }

  static byte[] iend() {
    return chunk("IEND", new byte[0]);
  }

  static byte[] chunk(String type, byte[] body) {
    byte[] typeAndBody = concat(type.getBytes(StandardCharsets.US_ASCII), body);
    CRC32 crc = new CRC32();
    crc.update(typeAndBody);
    return concat(
        ByteBuffer.allocate(4).putInt(body.length).array(),
        typeAndBody,
        ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
  }

  static byte[] deflate(byte[] plain) {
    Deflater deflater = new Deflater();
    deflater.setInput(plain);
    deflater.finish();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] buffer = new byte[8192];
    while (!deflater.finished()) {
      out.write(buffer, 0, deflater.deflate(buffer));
    }
    deflater.end();
    return out.toByteArray();
  }

  public static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  public static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
