package io.surprisal.service.options;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.images.Interpretation;
import io.surprisal.service.cli.OwnWords;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/** {@code --data}: images on disk, where a command cannot do without. */
public final class ImagesOption implements OwnWords {
  private static final String NAME = "--data";

  private final String meaning;

  @Option(names = NAME, required = true, arity = "1..*", paramLabel = "FILE|DIR")
  private List<Path> data = List.of();

  /**
   * Of one command.
   *
   * @param meaning what images they are, a sentence
   */
  public ImagesOption(String meaning) {
    this.meaning = meaning;
  }

  /** What the user named. */
  public List<Path> paths() {
    return data;
  }

  /** The images, as they are; files as usually interpreted. */
  public ImageDataset open() throws IOException {
    return Images.open(data);
  }

  /** The images, as they are. */
  public ImageDataset open(Interpretation how) throws IOException {
    return Images.open(data, how);
  }

  @Override
  public String option() {
    return NAME;
  }

  @Override
  public void describe(OptionSpec.Builder option) {
    option.description(meaning);
  }
}
