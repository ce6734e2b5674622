package io.surprisal.handover;

import io.surprisal.model.checks.WholeFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * The number of the latest announcement that a member has obeyed, on disk: after a restart it obeys
 * no earlier one, whatever has become of the topic meanwhile.
 */
public final class HeardSequence {
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
    Files.createDirectories(file.toAbsolutePath().getParent());
    WholeFile.write(file, out -> out.write((number + "\n").getBytes(StandardCharsets.US_ASCII)));
  }
}
