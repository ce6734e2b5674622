package io.surprisal.topology;

import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.RecordFormat;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;

/** Image records, good and bad, for a model of 8×8 grey pixels. */
final class TestImages {

  static final int SIDE = 8;
  static final Instant TIME = Instant.parse("2026-01-02T03:04:05Z");

  private TestImages() {}

  /** Near mid-grey: cheap for an untrained model, whose prediction is centred on grey. */
  static byte[] greyPixels(long seed) {
    byte[] pixels = new byte[SIDE * SIDE];
    Random random = new Random(seed);
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (118 + random.nextInt(20));
    }
    return pixels;
  }

  /** Black and white only: costly for an untrained model. */
  static byte[] checkerboard() {
    byte[] pixels = new byte[SIDE * SIDE];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) ((i + i / SIDE) % 2 == 0 ? 0 : 255);
    }
    return pixels;
  }

  static ImageEvent.Builder raw(String id, byte[] pixels) {
    return event(id, BodyFormat.GRAY8, pixels).setWidth(SIDE).setHeight(SIDE);
  }

  static ImageEvent.Builder event(String id, BodyFormat format, byte[] body) {
    return ImageEvent.newBuilder()
        .setImageId(id)
        .setSource("line-3")
        .setEventTime(TIME)
        .setFormat(format)
        .setBody(ByteBuffer.wrap(body));
  }

  static byte[] bytes(ImageEvent.Builder event) {
    return RecordFormat.of(ImageEvent.class).encode(event.build());
  }

  static byte[] good(long seed) {
    return bytes(raw("good-" + seed, greyPixels(seed)));
  }

  /** A whole image file. */
  static byte[] file(BodyFormat format, int width, int height) {
    Random random = new Random(1);
    byte[] samples = new byte[width * height];
    random.nextBytes(samples);
    return file(format, width, height, samples);
  }

  /** A whole image file of grey samples. */
  static byte[] file(BodyFormat format, int width, int height, byte[] samples) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.getRaster().setSample(x, y, 0, samples[y * width + x] & 0xff);
      }
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      if (!ImageIO.write(image, format.name(), out)) {
        throw new IllegalArgumentException("No writer for " + format);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  static byte[] firstHalf(byte[] file) {
    return Arrays.copyOf(file, file.length / 2);
  }

  /** A well-formed PNG of a hundred bytes that claims any size. */
  static byte[] claimingPng(int width, int height) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
    out.writeBytes(
        chunk("IHDR", ByteBuffer.allocate(13).putInt(width).putInt(height).put((byte) 8).array()));
    out.writeBytes(chunk("IDAT", new byte[40]));
    out.writeBytes(chunk("IEND", new byte[0]));
    return out.toByteArray();
  }

  private static byte[] chunk(String type, byte[] data) {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 crc = new CRC32();
    crc.update(name);
    crc.update(data);
    return ByteBuffer.allocate(12 + data.length)
        .putInt(data.length)
        .put(name)
        .put(data)
        .putInt((int) crc.getValue())
        .array();
  }
}
