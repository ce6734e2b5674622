package io.surprisal.service.lab;

import io.surprisal.model.compression.ArchiveHeader;
import io.surprisal.model.compression.ArchivedPicture;
import io.surprisal.model.compression.Compressor;
import io.surprisal.model.compression.PictureSource;
import io.surprisal.model.datasets.Idx;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.decoding.DecodedImage;
import io.surprisal.model.images.Interpretation;
import io.surprisal.service.options.Images;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What {@code compress --data} names, as an archive takes it: samples as they are stored. A picture
 * of which 8 bits in 1 or 3 channels are not all there is, is left out, and said.
 */
final class ArchiveInput {
  private static final Logger LOG = LoggerFactory.getLogger(ArchiveInput.class);
  private static final Interpretation AS_STORED =
      Interpretation.usual().with(Interpretation.Orientation.AS_STORED);
  private static final byte[] NONE = {};
  private static final int CIFAR_SAMPLES = 3 * 32 * 32;

  private ArchiveInput() {}

  /**
   * Pictures.
   *
   * @param origin what they come from
   */
  record Opened(Compressor.Origin origin, PictureSource pictures) {}

  /**
   * Opens one IDX or CIFAR file, or picture files.
   *
   * @param limit the most pictures to take
   */
  static Opened open(List<Path> paths, int limit) throws IOException {
    if (PictureFiles.isAllOf(paths)) {
      PictureFiles files = Images.pictures(paths, AS_STORED);
      return new Opened(
          new Compressor.Origin(ArchiveHeader.Form.PICTURES, ""),
          new Named(files, Math.min(limit, files.size())));
    }
    if (paths.size() > 1) {
      throw new IOException(
          "an archive holds one IDX or CIFAR file, or picture files and folders; not "
              + paths.size()
              + " files of which some are data sets");
    }
    Path file = paths.get(0);
    Optional<byte[]> empty = Idx.withoutImages(file);
    if (empty.isPresent()) {
      return new Opened(
          new Compressor.Origin(ArchiveHeader.Form.IDX, HexFormat.of().formatHex(empty.get())),
          new None());
    }
    ImageDataset data = Images.open(paths, AS_STORED);
    int size = Math.min(limit, data.size());
    if (isCifar(file)) {
      byte[] content = Files.readAllBytes(file);
      return new Opened(
          new Compressor.Origin(ArchiveHeader.Form.CIFAR, ""), new Labelled(data, size, content));
    }
    return new Opened(
        new Compressor.Origin(ArchiveHeader.Form.IDX, ""), new Labelled(data, size, NONE));
  }

  private static boolean isCifar(Path file) {
    return String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT).endsWith(".bin");
  }

  /** No images at all. */
  private record None() implements PictureSource {
    @Override
    public int size() {
      return 0;
    }

    @Override
    public Optional<ArchivedPicture> picture(int index) {
      throw new IndexOutOfBoundsException(index);
    }
  }

  /** Images of a data set without names; with the labels of its file, if that has any. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Labelled(ImageDataset data, int size, byte[] content) implements PictureSource {
    @Override
    public Optional<ArchivedPicture> picture(int index) {
      int labels = content.length == 0 ? 0 : content.length / data.size() - CIFAR_SAMPLES;
      int from = index * (labels + CIFAR_SAMPLES);
      byte[] label = labels == 0 ? NONE : Arrays.copyOfRange(content, from, from + labels);
      return Optional.of(new ArchivedPicture("", label, data.image(index)));
    }
  }

  private record Named(PictureFiles files, int size) implements PictureSource {
    @Override
    public Optional<ArchivedPicture> picture(int index) {
      try {
        DecodedImage read = files.read(index);
        Optional<String> lost = read.stored().beyondEightBits();
        if (lost.isPresent()) {
          LOG.warn("left out: {} has {}; convert it first", files.name(index), lost.get());
          return Optional.empty();
        }
        if (!read.repairs().isEmpty()) {
          LOG.warn("repaired: {}: {}", files.name(index), read.repairs());
        }
        return Optional.of(new ArchivedPicture(files.name(index), NONE, read.pixels()));
      } catch (IllegalArgumentException e) {
        LOG.warn("left out: {}", e.getMessage());
        return Optional.empty();
      }
    }
  }
}
