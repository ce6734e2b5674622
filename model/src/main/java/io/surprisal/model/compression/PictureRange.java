package io.surprisal.model.compression;

import java.util.List;

/**
 * Which pictures of an archive are wanted.
 *
 * @param first number of the first, from 0 on
 * @param count the most
 */
public record PictureRange(long first, long count) {
  /** All. */
  public static final PictureRange ALL = new PictureRange(0, Long.MAX_VALUE);

  public PictureRange {
    if (first < 0 || count < 0) {
      throw new IllegalArgumentException(
          "%d pictures from %d on; both must be at least 0".formatted(count, first));
    }
  }

  /** How many of so many pictures. */
  public long of(long pictures) {
    return Math.max(0, Math.min(count, pictures - first));
  }

  boolean touches(ArchiveFile.Place block) {
    return equals(ALL) || of(block.first() + block.pictures()) > of(block.first());
  }

  /** Those of a block's pictures. */
  List<ArchivedPicture> within(ArchiveFile.Place block, List<ArchivedPicture> pictures) {
    int before = (int) Math.max(0, Math.min(pictures.size(), first - block.first()));
    long upTo = of(block.first() + block.pictures()) - of(block.first());
    return pictures.subList(before, before + (int) upTo);
  }
}
