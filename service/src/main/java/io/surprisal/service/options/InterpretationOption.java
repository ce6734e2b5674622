package io.surprisal.service.options;

import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.images.Interpretation;
import io.surprisal.service.cli.Usage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code --orientation}, {@code --background}, {@code --levels} and {@code --colour}: what a
 * release makes of what picture files leave open.
 */
public final class InterpretationOption {
  private static final Logger LOG = LoggerFactory.getLogger(InterpretationOption.class);
  private static final Pattern LEVELS = Pattern.compile("([0-9]{1,5}):([0-9]{1,5})");
  private static final String MEASURED = "auto";

  /** As {@code --orientation} writes it. */
  enum Orientation {
    UPRIGHT(Interpretation.Orientation.UPRIGHT),
    STORED(Interpretation.Orientation.AS_STORED);

    private final Interpretation.Orientation meant;

    Orientation(Interpretation.Orientation meant) {
      this.meant = meant;
    }
  }

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--orientation",
      paramLabel = "upright|stored",
      description =
          "Whether pictures are turned as their files say, or left as stored (default: upright).")
  private Orientation orientation = Orientation.UPRIGHT;

  @Option(
      names = "--background",
      paramLabel = "#RRGGBB",
      description = "What shows through transparent pixels (default: #ffffff).")
  private String background = Interpretation.usual().background();

  @Option(
      names = "--levels",
      paramLabel = "BLACK:WHITE|auto",
      description = {
        "Which of the levels 0 to 65535 of files of 16 bits are black and white.",
        "auto: a thousandth of the pictures' samples lies below and above (default: 0:65535)."
      })
  private Optional<String> levels = Optional.empty();

  @Option(
      names = "--colour",
      paramLabel = "refuse|luma",
      description =
          "What a release for grey images makes of pictures with colours (default: refuse).")
  private Interpretation.Colour colour = Interpretation.Colour.REFUSE;

  /**
   * What is set.
   *
   * @param paths picture files and folders that {@code --levels auto} looks at
   * @throws ParameterException if a value is impossible
   */
  public Interpretation of(List<Path> paths) throws IOException {
    Interpretation set = Interpretation.usual().with(orientation.meant).with(colour);
    try {
      set = set.withBackground(background.toLowerCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          command.commandLine(), "--background is " + background + ", must be as #ffffff", e);
    }
    if (levels.isEmpty()) {
      return set;
    }
    return set.with(levels.get().equals(MEASURED) ? measured(paths, set) : stated(levels.get()));
  }

  private Interpretation.Levels stated(String text) {
    Matcher matcher = LEVELS.matcher(text);
    int black = matcher.matches() ? Integer.parseInt(matcher.group(1)) : 1;
    int white = matcher.matches() ? Integer.parseInt(matcher.group(2)) : 0;
    Usage.require(
        command,
        black < white && white <= 0xffff,
        "--levels is " + text + ", must be auto or two numbers such as 0:4095, at most 65535");
    return new Interpretation.Levels(black, white);
  }

  private Interpretation.Levels measured(List<Path> paths, Interpretation set) throws IOException {
    Usage.require(
        command, PictureFiles.isAllOf(paths), "--levels auto is for picture files and folders");
    Optional<Interpretation.Levels> found = PictureFiles.open(paths, set).levels();
    Usage.require(
        command, found.isPresent(), "--levels auto found no file of 16 bits that is not flat");
    LOG.info("16 bits: {} is black and {} white", found.get().black(), found.get().white());
    return found.get();
  }
}
