package io.surprisal.service.options;

import io.surprisal.model.fit.PicturePlan;
import io.surprisal.service.cli.Usage;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/**
 * {@code --scale}, {@code --tile} and {@code --largest-side}: how pictures larger than the network
 * go through it.
 */
public final class PicturesOption {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--scale",
      paramLabel = "1/N",
      converter = Scale.class,
      description = {
        "Shrink pictures to this scale, and learn and score them by tiles.",
        "Default: the finest at which a usual picture has at most 160 tiles."
      })
  private Optional<Integer> reduction = Optional.empty();

  @Option(
      names = "--tile",
      paramLabel = "PX",
      description = "Side of a tile, pixels of the shrunk picture (default: 32).")
  private Optional<Integer> tile = Optional.empty();

  @Option(
      names = "--largest-side",
      paramLabel = "PX",
      description =
          "In place of --scale: shrink until a usual picture's longer side is at most this.")
  private Optional<Integer> largestSide = Optional.empty();

  /** Turns 1, 1/2, 0.5 and ½ into 1 and 2. */
  static final class Scale implements ITypeConverter<Integer> {
    private static final Map<String, Integer> WRITTEN = Map.of("½", 2, "¼", 4, "⅛", 8);

    private static final Pattern FRACTION = Pattern.compile("1/([1-9][0-9]{0,2})");

    @Override
    public Integer convert(String value) {
      Matcher fraction = FRACTION.matcher(value);
      if (fraction.matches()) {
        return Integer.valueOf(fraction.group(1));
      }
      Integer written = WRITTEN.get(value);
      if (written != null) {
        return written;
      }
      try {
        double reduction = 1 / Double.parseDouble(value);
        if (reduction >= 1 && Math.abs(reduction - Math.rint(reduction)) < 1e-6 * reduction) {
          return (int) Math.rint(reduction);
        }
      } catch (NumberFormatException e) {
        throw new TypeConversionException("'" + value + "' is no scale; write 1, 1/2, 1/3, …");
      }
      throw new TypeConversionException(
          "'" + value + "' is not one over a whole number; write 1, 1/2, 1/3, …");
    }
  }

  /**
   * What is set.
   *
   * @throws ParameterException if a value is impossible
   */
  public PicturePlan.Wishes wishes() {
    Usage.require(
        command,
        reduction.isEmpty() || largestSide.isEmpty(),
        "--scale and --largest-side both say how far to shrink");
    int side = tile.orElse(PicturePlan.DEFAULT_TILE);
    Usage.require(
        command,
        side >= 8 && side % 4 == 0,
        "--tile is " + side + ", must be a multiple of 4, at least 8");
    Usage.require(
        command,
        largestSide.orElse(1) >= 1,
        "--largest-side is " + largestSide.orElse(1) + ", must be at least 1");
    return new PicturePlan.Wishes(number(reduction), number(tile), number(largestSide));
  }

  private static OptionalInt number(Optional<Integer> value) {
    return value.isPresent() ? OptionalInt.of(value.get()) : OptionalInt.empty();
  }
}
