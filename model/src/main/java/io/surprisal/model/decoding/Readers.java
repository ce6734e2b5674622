package io.surprisal.model.decoding;

import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import javax.imageio.ImageReader;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;

/**
 * The JDK's own readers. Others that a class path may bring are passed over: they would give other
 * pixels, hence other scores.
 */
final class Readers {
  private static final ImageReaderSpi PNG = ofJdk(ImageFormat.PNG);
  private static final ImageReaderSpi JPEG = ofJdk(ImageFormat.JPEG);
  private static final ImageReaderSpi TIFF = ofJdk(ImageFormat.TIFF);
  private static final ImageReaderSpi BMP = ofJdk(ImageFormat.BMP);

  /** What a JPEG reader costs to make is a fifth of a small picture's decoding. */
  private static final BlockingQueue<ImageReader> USED = new ArrayBlockingQueue<>(16);

  private Readers() {}

  /** A reader; the caller disposes of it or, once it has read without a fault, gives it back. */
  static ImageReader take(ImageFormat format) throws IOException {
    ImageReader used = format == ImageFormat.JPEG ? USED.poll() : null;
    return used == null ? make(format) : used;
  }

  /**
   * Keeps a reader for the next picture of its format, whose input resets it; or disposes of it.
   */
  static void giveBack(ImageFormat format, ImageReader reader) {
    reader.removeAllIIOReadWarningListeners();
    if (format != ImageFormat.JPEG || !USED.offer(reader)) {
      reader.dispose();
    }
  }

  private static ImageReader make(ImageFormat format) throws IOException {
    return switch (format) {
      case PNG -> PNG.createReaderInstance();
      case JPEG -> JPEG.createReaderInstance();
      case TIFF -> TIFF.createReaderInstance();
      case BMP -> BMP.createReaderInstance();
      case FILE, GRAY8, RGB8 -> throw new IllegalArgumentException(format + " is no kind of file");
    };
  }

  private static ImageReaderSpi ofJdk(ImageFormat format) {
    String name = format.name().toLowerCase(Locale.ROOT);
    Iterator<ImageReaderSpi> providers =
        IIORegistry.getDefaultInstance().getServiceProviders(ImageReaderSpi.class, true);
    while (providers.hasNext()) {
      ImageReaderSpi provider = providers.next();
      boolean jdk = "java.desktop".equals(provider.getClass().getModule().getName());
      if (jdk && List.of(provider.getFormatNames()).contains(name)) {
        return provider;
      }
    }
    throw new IllegalStateException("this JDK has no reader of " + name + "; take a full one");
  }
}
