package io.surprisal.service.lab;

import io.surprisal.model.checks.WholeFile;
import io.surprisal.model.compression.ArchiveException;
import io.surprisal.model.compression.ArchiveHeader;
import io.surprisal.model.compression.ArchivedPicture;
import io.surprisal.model.compression.Decompressor;
import io.surprisal.model.compression.StreamedPicture;
import io.surprisal.model.datasets.Idx;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Png;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/** What {@code decompress --out} names: pictures become again what they came from. */
sealed interface ArchiveOutput extends Decompressor.Sink {

  /**
   * What an archive's pictures become.
   *
   * @param out a folder or a file, see {@link #isFolder}
   */
  static ArchiveOutput of(ArchiveHeader archive, Path out) {
    return switch (archive.form()) {
      case IDX, CIFAR -> new OneFile(archive, out);
      case PICTURES -> new Folder(out);
      case STREAM -> new Records(out);
    };
  }

  /** Whether pictures of a form become files of their own. */
  static boolean isFolder(ArchiveHeader.Form form) {
    return form == ArchiveHeader.Form.PICTURES || form == ArchiveHeader.Form.STREAM;
  }

  /** How many pictures it took. */
  int pictures();

  /** Writes what is not written yet. */
  void finish() throws IOException;

  /** A data set; in memory until it is whole. */
  final class OneFile implements ArchiveOutput {
    private final ArchiveHeader archive;
    private final Path file;
    private final List<ArchivedPicture> all = new ArrayList<>();

    OneFile(ArchiveHeader archive, Path file) {
      this.archive = archive;
      this.file = file;
    }

    @Override
    public void accept(List<ArchivedPicture> pictures) {
      all.addAll(pictures);
    }

    @Override
    public int pictures() {
      return all.size();
    }

    @Override
    public void finish() throws IOException {
      if (all.isEmpty()) {
        if (!archive.origin().isEmpty()) {
          Idx.writeWithoutImages(file, HexFormat.of().parseHex(archive.origin()));
        }
      } else if (archive.form() == ArchiveHeader.Form.CIFAR) {
        writeCifar();
      } else {
        List<PixelImage> images = all.stream().map(ArchivedPicture::pixels).toList();
        Idx.write(file, ImageDatasets.of(images));
      }
    }

    private void writeCifar() throws IOException {
      WholeFile.write(
          file,
          out -> {
            for (ArchivedPicture picture : all) {
              out.write(picture.label());
              out.write(picture.pixels().pixels());
            }
          });
    }
  }

  /** PNG files under the names that the pictures had; what was no PNG gets a further ending. */
  final class Folder implements ArchiveOutput {
    private final Path folder;
    private int pictures;

    Folder(Path folder) {
      this.folder = folder;
    }

    @Override
    public void accept(List<ArchivedPicture> some) throws IOException {
      for (ArchivedPicture picture : some) {
        Path file = file(picture.name());
        Files.createDirectories(file.toAbsolutePath().getParent());
        Png.write(file, picture.pixels());
        pictures++;
      }
    }

    /** Refuses names that lead out of the folder: archives may come from anywhere. */
    private Path file(String name) throws ArchiveException {
      String png = name.toLowerCase(Locale.ROOT).endsWith(".png") ? name : name + ".png";
      try {
        Path file = folder.resolve(png).normalize();
        if (!name.isEmpty() && file.startsWith(folder.normalize())) {
          return file;
        }
      } catch (InvalidPathException e) {
        throw new ArchiveException(
            "the archive names a picture '" + name + "', which is no name", e);
      }
      throw new ArchiveException(
          "the archive names a picture '" + name + "', which does not lie below " + folder);
    }

    @Override
    public int pictures() {
      return pictures;
    }

    @Override
    public void finish() {}
  }

  /** PNG files that are named after the records that brought the pictures. */
  final class Records implements ArchiveOutput {
    private final Path folder;
    private final List<ArchivedStream.Entry> records = new ArrayList<>();

    Records(Path folder) {
      this.folder = folder;
    }

    @Override
    public void accept(List<ArchivedPicture> pictures) throws IOException {
      for (ArchivedPicture picture : pictures) {
        StreamedPicture record = StreamedPicture.of(picture.label());
        String name = "%d-%d.png".formatted(record.partition(), record.offset());
        Png.write(folder.resolve(name), picture.pixels());
        records.add(
            new ArchivedStream.Entry(
                name,
                record.partition(),
                record.offset(),
                picture.name(),
                record.source(),
                Instant.ofEpochMilli(record.eventTime()).toString(),
                Instant.ofEpochMilli(record.timestamp()).toString()));
      }
    }

    /** What has been written, in order. */
    List<ArchivedStream.Entry> records() {
      return records;
    }

    @Override
    public int pictures() {
      return records.size();
    }

    @Override
    public void finish() {}
  }
}
