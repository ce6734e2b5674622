package io.surprisal.model.compression;

import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Workers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Reads pictures out of an archive, several blocks side by side. */
public final class Decompressor {
  private final ArchiveFile archive;
  private final Release release;
  private final Execution where;

  /** Takes what comes out of an archive, block by block in order. */
  @FunctionalInterface
  public interface Sink {

    /** Pictures that lie next to each other. */
    void accept(List<ArchivedPicture> pictures) throws IOException;
  }

  /**
   * A decompressor.
   *
   * @param where device and workers; the precision is that of the archive's arithmetic
   */
  public Decompressor(ArchiveFile archive, Release release, Execution where) {
    this.archive = archive;
    this.release = release;
    this.where = where;
  }

  /**
   * Reads all blocks that are whole and hold pictures of a range.
   *
   * @param range which pictures are wanted
   * @param stop asked before every step
   * @return what is wrong with blocks that were not, for people; empty if all is well
   * @throws ArchiveException if another release wrote the archive, or a machine that calculates
   *     otherwise; then nothing was decoded
   * @throws StoppedException if it was stopped
   * @throws IOException if the archive cannot be read, or the sink throws it
   */
  public List<String> decompress(
      Sink sink, PictureRange range, CodingProgress progress, BooleanSupplier stop)
      throws IOException {
    ArchiveHeader header = archive.header();
    if (!header.releaseId().equals(release.id())) {
      throw new ArchiveException(
          "the archive was written with release %s, this is %s; name that one with --release"
              .formatted(header.releaseId(), release.id()));
    }
    try (CodingModel model =
        new CodingModel(release, where, header.arithmetic(), header.timesteps(), header.batch())) {
      requireSameArithmetic(model);
      long expected = range.of(archive.pictures().orElse(0));
      return decompress(model, sink, range, new Work(expected, header.timesteps(), progress, stop));
    }
  }

  /** As the public one, with a model that fits the archive. */
  List<String> decompress(CodingModel model, Sink sink, PictureRange range, StepListener work)
      throws IOException {
    ArchiveHeader header = archive.header();
    List<String> damages = new ArrayList<>();
    try (Workers workers = new Workers("decompress", where.workers())) {
      BlockCoder coder = new BlockCoder(model.coder(), model.shape(), header.seed());
      List<ArchiveFile.Place> places = archive.blocks().stream().filter(range::touches).toList();
      for (int from = 0; from < places.size(); from += workers.count()) {
        int first = from;
        int count = Math.min(workers.count(), places.size() - from);
        List<Decoded> some = workers.map(count, i -> decode(coder, places.get(first + i), work));
        for (int i = 0; i < count; i++) {
          Decoded decoded = some.get(i);
          if (decoded.damage() == null) {
            sink.accept(range.within(places.get(first + i), decoded.pictures()));
          } else {
            damages.add(decoded.damage());
          }
        }
      }
    }
    return damages;
  }

  private void requireSameArithmetic(CodingModel model) throws ArchiveException {
    ArchiveHeader header = archive.header();
    if (!model.selfCheck().equals(header.selfCheck())) {
      throw new ArchiveException(
          "this machine calculates otherwise than the one that wrote the archive (%s), so nothing was decoded; decompress on a machine like that one%s"
              .formatted(
                  Machine.of(header.machine()).differences(model.machine()),
                  header.arithmetic() == Arithmetic.PORTABLE
                      ? ""
                      : ", or compress there with --portable"));
    }
  }

  private record Decoded(List<ArchivedPicture> pictures, @Nullable String damage) {}

  private Decoded decode(BlockCoder coder, ArchiveFile.Place place, StepListener work) {
    String name =
        "block %d of %d (pictures %d to %d, at byte %d)"
            .formatted(
                archive.blocks().indexOf(place),
                archive.blocks().size(),
                place.first(),
                place.first() + place.pictures() - 1,
                place.position());
    try {
      Optional<byte[]> content = archive.content(place);
      return content.isPresent()
          ? new Decoded(coder.decode(content.get(), place.pictures(), work), null)
          : new Decoded(List.of(), name + " is damaged: its bytes have another SHA-256");
    } catch (ArchiveException e) {
      return new Decoded(List.of(), name + " " + e.getMessage());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
