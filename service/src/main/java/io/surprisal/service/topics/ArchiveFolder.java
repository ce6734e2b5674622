package io.surprisal.service.topics;

import io.surprisal.model.compression.ArchiveException;
import io.surprisal.model.compression.ArchiveFile;
import io.surprisal.model.compression.StreamOrigin;
import io.surprisal.model.compression.UsedRecords;
import io.surprisal.service.cli.DirectoryLock;
import io.surprisal.service.cli.WritableDirectory;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A folder that a stream is archived in. Its files are numbered, and each says of every partition
 * from which offset on to which it has used up the records: so the newest one alone says where to
 * go on, and nothing beside the files has to agree with them.
 *
 * <p>Held by one process at a time. For one thread.
 */
final class ArchiveFolder implements AutoCloseable {
  private static final Pattern NAME = Pattern.compile("images-(\\d{8})\\.sprl");
  private static final String UNFINISHED = ".images-*.sprl.*.tmp";

  private final Path folder;
  private final DirectoryLock lock;
  private final Optional<UsedRecords> newest;
  private int next;

  private ArchiveFolder(Path folder, DirectoryLock lock, StreamOrigin origin) throws IOException {
    this.folder = folder;
    this.lock = lock;
    try (DirectoryStream<Path> unfinished = Files.newDirectoryStream(folder, UNFINISHED)) {
      for (Path file : unfinished) {
        Files.delete(file); // of a run that was killed: its records are read again
      }
    }
    TreeMap<Integer, Path> files = new TreeMap<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
      for (Path file : all) {
        Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
        if (name.matches()) {
          files.put(Integer.valueOf(name.group(1)), file);
        }
      }
    }
    newest =
        files.isEmpty()
            ? Optional.empty()
            : Optional.of(read(files.lastEntry().getValue(), origin));
    next = files.isEmpty() ? 0 : files.lastKey() + 1;
  }

  /**
   * Takes a folder, and makes it where it lacks.
   *
   * @param origin the stream that is to be archived
   * @throws io.surprisal.service.cli.MissingDependencyException if it cannot be written to, or
   *     another process archives into it
   * @throws ArchiveException if it holds archives of another stream, or its newest one is damaged
   */
  static ArchiveFolder take(Path folder, StreamOrigin origin) throws IOException {
    WritableDirectory.require(folder, "--out");
    DirectoryLock lock =
        DirectoryLock.take(
            folder,
            "archive.lock",
            "another 'surprisal archive' writes into "
                + folder.toAbsolutePath()
                + "; stop that one or name another folder with --out");
    try {
      return new ArchiveFolder(folder, lock, origin);
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  private static UsedRecords read(Path file, StreamOrigin origin) throws IOException {
    try (ArchiveFile archive = ArchiveFile.open(file)) {
      Optional<UsedRecords> used = archive.usedRecords();
      if (used.isEmpty()) {
        throw new ArchiveException(
            file
                + " does not say which records it holds: it is damaged, or no archive of a stream;"
                + " move it away, and its records are archived anew while the topic has them");
      }
      StreamOrigin before = StreamOrigin.of(archive.header().origin());
      if (!before.equals(origin)) {
        throw new ArchiveException(
            "%s is of topic %s (%s) of cluster %s, not of topic %s (%s) of cluster %s; name another folder with --out"
                .formatted(
                    file,
                    before.topic(),
                    before.topicId(),
                    before.cluster(),
                    origin.topic(),
                    origin.topicId(),
                    origin.cluster()));
      }
      return used.get();
    }
  }

  /** What the newest archive has used up; empty where there is none. */
  Optional<UsedRecords> newest() {
    return newest;
  }

  /** A name for the next archive; each call gives another. */
  Path nextFile() {
    return folder.resolve("images-%08d.sprl".formatted(next++));
  }

  @Override
  public void close() throws IOException {
    lock.close();
  }
}
