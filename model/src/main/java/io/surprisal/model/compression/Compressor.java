package io.surprisal.model.compression;

import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Workers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Writes pictures into archives, several blocks side by side.
 *
 * <p>Owns native memory and threads; {@link #close()} frees them. For one archive at a time.
 */
public final class Compressor implements AutoCloseable {
  private final String releaseId;
  private final CompressionSettings settings;
  private final CodingModel model;
  private final Workers workers;
  private final String selfCheck;

  /**
   * A compressor.
   *
   * @param where device and workers; the precision is that of the settings' arithmetic
   */
  public Compressor(Release release, Execution where, CompressionSettings settings) {
    this.releaseId = release.id();
    this.settings = settings;
    model =
        new CodingModel(
            release, where, settings.arithmetic(), settings.timesteps(), settings.batch());
    workers = new Workers("compress", where.workers());
    selfCheck = model.selfCheck();
  }

  /**
   * What an archive is of.
   *
   * @param form what the pictures come from
   * @param origin what more is to be known of that, see {@link ArchiveHeader}
   */
  public record Origin(ArchiveHeader.Form form, String origin) {}

  /**
   * Writes an archive; it is whole or not there.
   *
   * @param stop asked before every step
   * @throws StoppedException if it was stopped; nothing is left of the archive
   * @throws IOException if the archive cannot be written
   */
  public Compression compress(
      PictureSource pictures,
      Origin origin,
      Path archive,
      CodingProgress progress,
      BooleanSupplier stop)
      throws IOException {
    Work work = new Work(pictures.size(), settings.timesteps(), progress, stop);
    try (OpenArchive open = open(origin, archive, work)) {
      for (int i = 0; i < pictures.size(); i++) {
        Optional<ArchivedPicture> picture = pictures.picture(i);
        if (picture.isPresent()) {
          open.add(picture.get());
        }
      }
      return open.finish();
    }
  }

  /**
   * Begins an archive of pictures that come one by one.
   *
   * @param archive gets its name when it is whole
   * @param stop asked before every step
   */
  public OpenArchive open(
      Origin origin, Path archive, CodingProgress progress, BooleanSupplier stop)
      throws IOException {
    return open(origin, archive, new Work(0, settings.timesteps(), progress, stop));
  }

  private OpenArchive open(Origin origin, Path archive, StepListener work) throws IOException {
    return new OpenArchive(
        workers,
        new BlockCoder(model.coder(), model.shape(), settings.seed()),
        settings.tilesPerBlock(),
        new ArchiveWriter(archive, header(origin)),
        work);
  }

  private ArchiveHeader header(Origin origin) {
    return new ArchiveHeader(
        releaseId,
        model.shape(),
        settings.timesteps(),
        settings.batch(),
        settings.arithmetic(),
        settings.seed(),
        origin.form(),
        origin.origin(),
        selfCheck,
        model.machine().text());
  }

  @Override
  public void close() {
    workers.close();
    model.close();
  }
}
