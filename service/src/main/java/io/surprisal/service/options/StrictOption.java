package io.surprisal.service.options;

import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Progress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** {@code --strict}: what becomes of picture files that cannot be used. */
public final class StrictOption {
  private final Invocation invocation;

  @Option(
      names = "--strict",
      description = {
        "End, before anything else, at the first picture file that cannot be used; every one is"
            + " decoded for that.",
        "Default: such files are left out, named and counted."
      })
  private boolean strict;

  public StrictOption(Invocation invocation) {
    this.invocation = invocation;
  }

  /**
   * Where it is set, decodes every picture as a release will.
   *
   * @param paths files and folders; data sets among them are strict by themselves
   * @throws IOException naming the first picture that cannot be used
   */
  public void require(List<Path> paths, Preprocessing preprocessing) throws IOException {
    if (!strict || paths.isEmpty() || !PictureFiles.isAllOf(paths)) {
      return;
    }
    PictureFiles files = PictureFiles.open(paths, preprocessing.interpretation());
    if (!files.skipped().isEmpty()) {
      PictureFiles.Skipped first = files.skipped().get(0);
      throw refusal(first.file() + ": " + first.reason());
    }
    try (Progress progress = invocation.progress("check", files.size(), "pictures")) {
      for (int i = 0; i < files.size() && !invocation.stop().requested(); i++) {
        try {
          preprocessing.apply(files.image(i));
        } catch (ImageRejectedException e) {
          throw refusal(files.file(i) + ": " + e.getMessage());
        } catch (IllegalArgumentException e) {
          throw refusal(String.valueOf(e.getMessage())); // which names it
        }
        progress.stepTo(i + 1L);
      }
    }
  }

  private static IOException refusal(String why) {
    return new IOException(why + "; without --strict it is left out");
  }
}
