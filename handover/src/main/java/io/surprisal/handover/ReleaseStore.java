package io.surprisal.handover;

import io.surprisal.model.checks.Sha256;
import io.surprisal.model.checks.WholeFile;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.ReleaseException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Releases in a directory, each under its id. A file appears whole or not at all, never changes,
 * and is on the disk before its name is: whoever sees the name may read it.
 */
public final class ReleaseStore {
  static final String SUFFIX = ".safetensors";
  static final String SIGNATURE_SUFFIX = ".sig";
  private static final Pattern ID = Pattern.compile("[0-9a-f]{64}");
  private static final String PARTIAL = ".partial";

  /** Nobody writes a release for so long. */
  private static final Duration ABANDONED = Duration.ofHours(1);

  private final Path directory;

  /**
   * @param directory is made if it lacks
   */
  public ReleaseStore(Path directory) throws IOException {
    this.directory = Files.createDirectories(directory).toAbsolutePath().normalize();
  }

  /** Whether a release may be called so: 64 lower-case hexadecimal digits. */
  static boolean isId(String id) {
    return id.length() == 64 && ID.matcher(id).matches();
  }

  /** Where a release lies, whether or not it is there. */
  public Path file(String id) {
    if (!isId(id)) {
      throw new IllegalArgumentException(
          "'" + id + "' is no id of a release, which has 64 hexadecimal digits");
    }
    return directory.resolve(id + SUFFIX);
  }

  /** Where the signature of a release lies, whether or not it is signed. */
  public Path signature(String id) {
    return file(id).resolveSibling(file(id).getFileName() + SIGNATURE_SUFFIX);
  }

  /**
   * Takes a copy of a release; nothing happens where it is there already.
   *
   * @param release what the file holds
   * @return the copy
   */
  public Path put(Path file, Release release) throws IOException {
    return Files.exists(file(release.id()))
        ? file(release.id())
        : put(Files.readAllBytes(file), release.id());
  }

  /**
   * Takes a release in, once it is verified.
   *
   * @param bytes of the file
   * @param id of the release that it is to be
   * @return where it lies
   * @throws IllegalArgumentException if the id cannot be one
   * @throws ReleaseException if the bytes are damaged, or another release
   */
  public Path put(byte[] bytes, String id) throws IOException {
    Path target = file(id);
    String found = Sha256.hex(bytes);
    if (!found.equals(id)) {
      throw new ReleaseException("what was to be release " + id + " has the SHA-256 " + found);
    }
    Release.decode(target.toString(), bytes);
    writeWhole(target, bytes);
    return target;
  }

  /** Writes a file of the store, in the mode that the process gives to all its files. */
  void writeWhole(Path target, byte[] bytes) throws IOException {
    deletePartial();
    WholeFile.force(directory.resolve(PARTIAL + UUID.randomUUID()), target, bytes);
  }

  /** Deletes what processes that were killed have left half written. */
  private void deletePartial() throws IOException {
    long abandoned = System.currentTimeMillis() - ABANDONED.toMillis();
    try (DirectoryStream<Path> partial = Files.newDirectoryStream(directory, PARTIAL.concat("*"))) {
      for (Path file : partial) {
        if (modified(file) < abandoned) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  /**
   * Loads and verifies a release.
   *
   * @throws NoSuchFileException if it is not there
   * @throws ReleaseException if it is damaged, or not what its name says
   */
  public Release load(String id) throws IOException {
    return load(file(id), id);
  }

  /**
   * Loads and verifies a file that is to be a certain release.
   *
   * @throws NoSuchFileException if there is no such file
   * @throws ReleaseException if it is damaged, or another release
   */
  public static Release load(Path file, String id) throws IOException {
    Release release = Release.load(file);
    if (!release.id().equals(id)) {
      throw new ReleaseException(
          file + " is not the release that was announced: its SHA-256 is " + release.id());
    }
    return release;
  }

  /**
   * Deletes the oldest releases, and their signatures, so that no more than a number are left, or
   * none but those that are to stay.
   *
   * @param kept ids that stay whatever their age
   * @return the ids that were deleted
   */
  public List<String> retain(int most, Set<String> kept) throws IOException {
    List<Path> oldestFirst;
    try (Stream<Path> files = Files.list(directory)) {
      oldestFirst =
          files
              .filter(file -> file.getFileName().toString().endsWith(SUFFIX))
              .sorted(Comparator.comparing(ReleaseStore::modified))
              .toList();
    }
    List<String> deleted =
        oldestFirst.stream()
            .map(ReleaseStore::id)
            .filter(id -> !kept.contains(id))
            .limit(Math.max(0, oldestFirst.size() - most))
            .toList();
    for (String id : deleted) {
      Files.deleteIfExists(directory.resolve(id + SUFFIX));
      Files.deleteIfExists(directory.resolve(id + SUFFIX + SIGNATURE_SUFFIX));
    }
    return deleted;
  }

  private static long modified(Path file) {
    try {
      return Files.getLastModifiedTime(file).toMillis();
    } catch (NoSuchFileException e) {
      return Long.MIN_VALUE; // deleted meanwhile
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String id(Path file) {
    String name = file.getFileName().toString();
    return name.substring(0, name.length() - SUFFIX.length());
  }
}
