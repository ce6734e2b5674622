package io.surprisal.service.options;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.datasets.NoPicturesException;
import io.surprisal.model.datasets.PictureFolder;
import io.surprisal.model.decoding.ImageDecoder;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import io.surprisal.model.images.PixelImage;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageEvent;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Images on disk as the events that are published. A picture file is sent as it is, without being
 * decoded; the images of IDX and CIFAR files are sent raw.
 */
public interface ImageSource {

  /** How many images. */
  int size();

  /** What to call one of the images. */
  String name(int index);

  /**
   * Size of one of the images as it would be sent, in bytes; without reading it.
   *
   * @throws IOException if there is no such file any more
   */
  long bytes(int index) throws IOException;

  /**
   * One of the images.
   *
   * @throws IOException if it cannot be read
   * @throws ImageRejectedException if it is in none of the formats that are sent
   */
  ImageEvent event(int index, String source, Instant time)
      throws IOException, ImageRejectedException;

  /**
   * The images in files and folders (picture files at any depth), in the order given.
   *
   * @throws NoSuchFileException if one does not exist
   * @throws NoPicturesException if a folder has no file that is named as a picture
   * @throws IOException if a folder, an IDX or a CIFAR file cannot be read
   */
  static List<ImageSource> open(List<Path> paths) throws IOException {
    for (Path path : paths) {
      if (!Files.exists(path)) {
        throw new NoSuchFileException(path.toString());
      }
    }
    List<ImageSource> sources = new ArrayList<>();
    for (Path path : paths) {
      if (Files.isDirectory(path)) {
        PictureFolder folder = PictureFolder.look(path);
        Images.sayIgnored(folder.passedOver());
        for (Path file : folder.files()) {
          sources.add(new Encoded(file, path.relativize(file).toString()));
        }
      } else {
        sources.add(open(path));
      }
    }
    return sources;
  }

  /**
   * The images in a file.
   *
   * @throws IOException if an IDX or a CIFAR file cannot be read
   */
  static ImageSource open(Path file) throws IOException {
    return hasName(file, ".bin", ".gz", "-ubyte", ".idx") || isIdx(file)
        ? new Raw(ImageDatasets.open(List.of(file)))
        : new Encoded(file, String.valueOf(file.getFileName()));
  }

  /** An image as the event that carries its samples as they are. */
  static ImageEvent raw(String id, String source, Instant time, PixelImage image) {
    return new ImageEvent(
        id,
        source,
        time,
        image.channels() == 1 ? BodyFormat.GRAY8 : BodyFormat.RGB8,
        image.width(),
        image.height(),
        ByteBuffer.wrap(image.interleaved()));
  }

  private static boolean hasName(Path file, String... endings) {
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    return Stream.of(endings).anyMatch(name::endsWith);
  }

  private static boolean isIdx(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] start = in.readNBytes(3);
      return Arrays.equals(start, new byte[] {0, 0, 8});
    }
  }

  /** A picture file; read when its turn comes. */
  record Encoded(Path file, String name) implements ImageSource {

    @Override
    public int size() {
      return 1;
    }

    @Override
    public String name(int index) {
      return name;
    }

    @Override
    public long bytes(int index) throws IOException {
      return Files.size(file);
    }

    @Override
    public ImageEvent event(int index, String source, Instant time)
        throws IOException, ImageRejectedException {
      byte[] bytes = Files.readAllBytes(file);
      return new ImageEvent(name, source, time, format(bytes), 0, 0, ByteBuffer.wrap(bytes));
    }

    private BodyFormat format(byte[] bytes) throws ImageRejectedException {
      if (bytes.length >= 4 && bytes[0] == (byte) 0x89 && bytes[1] == 'P' && bytes[2] == 'N') {
        return BodyFormat.PNG;
      }
      if (bytes.length >= 3 && bytes[0] == (byte) 0xFF && bytes[1] == (byte) 0xD8) {
        return BodyFormat.JPEG;
      }
      if (bytes.length == 0) {
        throw new ImageRejectedException(Reason.NOT_AN_IMAGE, "the file is empty");
      }
      ImageDecoder.recognise(bytes);
      return BodyFormat.FILE; // or a PNG or JPEG behind foreign bytes
    }
  }

  /** A data set in memory. */
  record Raw(ImageDataset images) implements ImageSource {

    @Override
    public int size() {
      return images.size();
    }

    @Override
    public String name(int index) {
      return images.name(index);
    }

    @Override
    public long bytes(int index) {
      return (long) images.channels() * images.height() * images.width();
    }

    @Override
    public ImageEvent event(int index, String source, Instant time) {
      return raw(name(index), source, time, images.image(index));
    }
  }
}
