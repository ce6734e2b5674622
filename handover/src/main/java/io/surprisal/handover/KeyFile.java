package io.surprisal.handover;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys of a file, read again whenever it is another one or has changed. While it is not there,
 * or cannot be read, those of before hold, and that is said once.
 */
final class KeyFile implements KeySource {
  private static final Logger LOG = LoggerFactory.getLogger(KeyFile.class);

  private final Path file;
  private List<KeyList.Entry> entries;
  private Optional<Look> last;

  /** What tells a file from the one of before without reading it. */
  private record Look(FileTime modified, long bytes, @Nullable Object file) {
    static Look at(Path file) throws IOException {
      BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
      return new Look(found.lastModifiedTime(), found.size(), found.fileKey());
    }
  }

  KeyFile(Path file) throws IOException {
    this.file = file;
    last = Optional.of(Look.at(file));
    entries = KeyList.read(file).entries();
  }

  @Override
  public synchronized List<KeyList.Entry> entries() {
    Optional<Look> now = look();
    if (!Objects.equals(now, last)) {
      last = now;
      readAgain();
    }
    return entries;
  }

  private Optional<Look> look() {
    try {
      return Optional.of(Look.at(file));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private void readAgain() {
    try {
      entries = KeyList.read(file).entries();
      LOG.info(
          "{} has changed: it names {} keys, {} of them revoked",
          file,
          entries.size(),
          entries.stream().filter(entry -> entry.revoked().isPresent()).count());
    } catch (IOException e) {
      LOG.error("{} cannot be read now: the keys that it named before still hold", file, e);
    }
  }
}
