package io.surprisal.model.datasets;

import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.decoding.ImageDecoder;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PixelImage;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** Opens data sets on disk. Their images are held in memory, one byte a sample. */
public final class ImageDatasets {

  /** Bytes that tell what a file is. */
  private static final int START = 1 << 13;

  private ImageDatasets() {}

  /** As {@link #open(List, Interpretation)}, as usually interpreted. */
  public static ImageDataset open(List<Path> paths) throws IOException {
    return open(paths, Interpretation.usual());
  }

  /**
   * Opens IDX files (plain or gzip), CIFAR-10 and CIFAR-100 binary files, picture files (PNG, JPEG,
   * TIFF, BMP), and folders, from which all picture files are taken, at any depth, sorted by path.
   * Several paths make one data set, in the order given.
   *
   * @param how picture files are understood
   * @throws NoSuchFileException if a path does not exist
   * @throws IOException if a file is of none of these kinds, truncated, broken, or cannot be read,
   *     or if not all images have one shape; the message names the file
   */
  public static ImageDataset open(List<Path> paths, Interpretation how) throws IOException {
    if (paths.isEmpty()) {
      throw new IOException("No image file or folder was given");
    }
    Pictures decoder = new Pictures(new ImageDecoder(DecodingLimits.defaults()), how);
    List<ImageDataset> parts = new ArrayList<>();
    for (Path path : paths) {
      if (Files.isDirectory(path)) {
        for (Path file : PictureFolder.look(path).files()) {
          parts.add(readEncoded(decoder, file, path.relativize(file).toString()));
        }
      } else {
        parts.add(readFile(decoder, path));
      }
    }
    return parts.size() == 1 ? parts.get(0) : new ConcatenatedDataset(parts);
  }

  /**
   * Images that are in memory already.
   *
   * @param images all of one shape, at least one
   */
  public static ImageDataset of(List<PixelImage> images) {
    return new Listed(List.copyOf(images));
  }

  /** How picture files become images. */
  private record Pictures(ImageDecoder decoder, Interpretation how) {}

  private record Listed(List<PixelImage> images) implements ImageDataset {
    @Override
    public int size() {
      return images.size();
    }

    @Override
    public int channels() {
      return images.get(0).channels();
    }

    @Override
    public int height() {
      return images.get(0).height();
    }

    @Override
    public int width() {
      return images.get(0).width();
    }

    @Override
    public PixelImage image(int index) {
      return images.get(index);
    }

    @Override
    public String name(int index) {
      return "image " + index;
    }
  }

  private static ImageDataset readFile(Pictures decoder, Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString());
    }
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      in.mark(START);
      byte[] start = in.readNBytes(START);
      in.reset();
      if (PictureFolder.isNamedAsPicture(file)) {
        return readEncoded(decoder, file, String.valueOf(file.getFileName()));
      }
      if (isCifar(file) && start.length > 0 && start[0] >= 0) { // a label; no picture
        return Cifar.read(file, in.readAllBytes());
      }
      if (start.length >= 2 && start[0] == 0x1f && start[1] == (byte) 0x8b) {
        try {
          return Idx.read(file, new GZIPInputStream(in, 1 << 16));
        } catch (ZipException damaged) {
          throw new IOException(file + " is a damaged gzip file: " + damaged.getMessage(), damaged);
        }
      }
      if (start.length >= 2 && start[0] == 0 && start[1] == 0) {
        return Idx.read(file, in);
      }
      requirePicture(file, start);
    }
    return readEncoded(decoder, file, String.valueOf(file.getFileName()));
  }

  private static void requirePicture(Path file, byte[] start) throws IOException {
    try {
      ImageDecoder.recognise(start);
    } catch (ImageRejectedException e) {
      throw new IOException(
          e.reason() == ImageRejectedException.Reason.NOT_AN_IMAGE
              ? file
                  + " is not an IDX file (plain or gzip), a PNG, JPEG, TIFF or BMP, or a CIFAR .bin file"
              : file + ": " + e.getMessage(),
          e);
    }
  }

  private static ImageDataset readEncoded(Pictures decoder, Path file, String name)
      throws IOException {
    try {
      PixelImage image = decoder.decoder.read(Files.readAllBytes(file), decoder.how).pixels();
      return new ImageBlock(
          1,
          image.channels(),
          image.height(),
          image.width(),
          image.pixels(),
          0,
          false,
          index -> name);
    } catch (ImageRejectedException rejected) {
      throw new IOException(file + ": " + rejected.getMessage(), rejected);
    }
  }

  private static boolean isCifar(Path file) {
    return String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT).endsWith(".bin");
  }
}
