package io.surprisal.service.cli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** A directory that one process at a time uses; its end, however it comes, gives it free. */
public final class DirectoryLock implements AutoCloseable {
  private final FileChannel channel;

  private DirectoryLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Takes a directory.
   *
   * @param name of the file that is locked
   * @param inUse what to say where another has it, with the remedy
   * @throws MissingDependencyException if another has it
   * @throws IOException if the file cannot be made
   */
  public static DirectoryLock take(Path directory, String name, String inUse) throws IOException {
    FileChannel channel =
        FileChannel.open(
            directory.resolve(name), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (channel.tryLock() != null) {
        return new DirectoryLock(channel);
      }
    } catch (OverlappingFileLockException e) {
      throw refused(channel, inUse, e);
    }
    throw refused(channel, inUse, null);
  }

  private static MissingDependencyException refused(
      FileChannel channel, String inUse, @Nullable Throwable cause) throws IOException {
    channel.close();
    return new MissingDependencyException(inUse, cause);
  }

  /** Gives the directory free; the file stays. */
  @Override
  public void close() throws IOException {
    channel.close();
  }
}
