package io.surprisal.handover;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * The number of the latest announcement that a member has obeyed, on disk: after a restart it obeys
 * no earlier one, whatever has become of the topic meanwhile.
 */
public final class HeardSequence {
  private static final String PARTIAL = ".partial";

  private final Path file;

  /**
   * @param file need not be there; its directory is made
   */
  public HeardSequence(Path file) {
    this.file = file;
  }

  /**
   * The number; 0 where none was kept.
   *
   * @throws IOException if the file cannot be read, or holds something else
   */
  public long read() throws IOException {
    try {
      return Long.parseLong(Files.readString(file, StandardCharsets.US_ASCII).strip());
    } catch (NoSuchFileException e) {
      return 0;
    } catch (NumberFormatException e) {
      throw new IOException(
          file + " holds no number; delete it to obey announcements from the beginning", e);
    }
  }

  /** Keeps a number, atomically. */
  public void keep(long number) throws IOException {
    Path directory = Files.createDirectories(file.toAbsolutePath().getParent());
    Path partial = directory.resolve(file.getFileName() + PARTIAL);
    Files.writeString(partial, number + "\n", StandardCharsets.US_ASCII);
    Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
