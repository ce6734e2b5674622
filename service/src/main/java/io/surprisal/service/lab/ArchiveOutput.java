package io.surprisal.service.lab;

import io.surprisal.model.checks.WholeFile;
import io.surprisal.model.compression.ArchiveException;
import io.surprisal.model.compression.ArchiveHeader;
import io.surprisal.model.compression.ArchivedPicture;
import io.surprisal.model.compression.Decompressor;
import io.surprisal.model.datasets.Idx;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Png;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What {@code decompress --out} names: pictures become again what they came from. */
sealed interface ArchiveOutput extends Decompressor.Sink {

  /**
   * What pictures of a form become.
   *
   * @param out a file, or of picture files a folder
   */
  static ArchiveOutput of(ArchiveHeader.Form form, Path out) {
    return form == ArchiveHeader.Form.PICTURES ? new Folder(out) : new OneFile(form, out);
  }

  /** How many pictures it took. */
  int pictures();

  /** Writes what is not written yet. */
  void finish() throws IOException;

  /** A data set; in memory until it is whole. */
  final class OneFile implements ArchiveOutput {
    private final ArchiveHeader.Form form;
    private final Path file;
    private final List<ArchivedPicture> all = new ArrayList<>();

    OneFile(ArchiveHeader.Form form, Path file) {
      this.form = form;
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
        return;
      }
      if (form == ArchiveHeader.Form.CIFAR) {
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
}
