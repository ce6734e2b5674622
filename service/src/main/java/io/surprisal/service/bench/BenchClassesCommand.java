package io.surprisal.service.bench;

import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.cli.TemporaryFolder;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.LimitOption;
import io.surprisal.service.options.SeedOption;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code surprisal bench classes}: releases of one class each against the other classes. */
@Command(
    name = "classes",
    description = {
      "Fits a release on each class of a labelled data set alone, and measures how well it tells the"
          + " test images of its class from those of all others, beside the baselines of detect."
          + " Runs fit and detect, one after the other, in processes of their own.",
      "Prints the AUROC by statistic; with --json also intervals, and shares that are caught."
          + " Ctrl-C ends it early, with the classes that are done."
    })
final class BenchClassesCommand implements Callable<Integer> {
  private static final int MOST_LABEL = 255;

  /** Of the processes. */
  private static final List<String> HEAP = List.of("-Xmx2g");

  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "DIR",
      description = {
        "Folder with the four files of a data set like MNIST, plain or .gz:",
        "train-images-idx3-ubyte, train-labels-idx1-ubyte, and the same of t10k."
      })
  private Path data;

  @Option(
      names = "--classes",
      split = ",",
      paramLabel = "N",
      description = "Only these classes (default: all).")
  private List<Integer> classes = List.of();

  @Option(
      names = "--minutes",
      defaultValue = "3",
      paramLabel = "M",
      description = "Time of each fit, in all (default: ${DEFAULT-VALUE}).")
  private double minutes;

  @Mixin
  private final LimitOption limit =
      LimitOption.of("Only the first N test images of the class, and of all others", 1000);

  @Mixin private final SeedOption seed = new SeedOption("Of the fits and the resamples", 1);

  @Mixin private final Output output;

  BenchClassesCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  /**
   * What {@code --json} prints.
   *
   * @param meanAuroc over the classes, by measure
   */
  private record Result(
      Machine machine,
      double minutes,
      List<OneClass.Row> rows,
      Map<String, Double> meanAuroc,
      boolean stopped) {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    limit.require(2);
    Usage.require(spec, minutes > 0, "--minutes is " + minutes + ", must be above 0");
    Usage.require(
        spec,
        classes.stream().allMatch(c -> c >= 0 && c <= MOST_LABEL),
        "--classes must be 0 to " + MOST_LABEL + " each, not " + classes);
    LabelledImages training = LabelledImages.read(data, "train");
    LabelledImages test = LabelledImages.read(data, "t10k");
    SortedSet<Integer> all = training.classes();
    Usage.require(
        spec, all.containsAll(classes), "--classes " + classes + ": the labels are " + all);
    SortedSet<Integer> wanted = classes.isEmpty() ? all : new TreeSet<>(classes);
    List<OneClass.Row> rows = new ArrayList<>();
    try (TemporaryFolder folder = TemporaryFolder.create("surprisal-classes");
        Progress progress = invocation.progress("classes", wanted.size(), "classes")) {
      OneClass study =
          new OneClass(
              training,
              test,
              folder.path(),
              new OneClass.Effort(minutes, limit.value(), seed.value()),
              new ChildRuns(
                  invocation.mainClass(), folder.path(), HEAP, invocation.stop()::requested));
      for (int label : wanted) {
        progress.message("class " + label);
        rows.add(study.measure(label));
        progress.step();
      }
    } catch (StoppedException e) {
      invocation.err().println("surprisal: stopped early; here are the classes that were done");
    }
    print(rows);
    return 0;
  }

  private void print(List<OneClass.Row> rows) throws IOException {
    Map<String, Double> means = new LinkedHashMap<>();
    for (OneClass.Row row : rows) {
      row.auroc()
          .forEach((measure, value) -> means.merge(measure, value / rows.size(), Double::sum));
    }
    List<String> headers = new ArrayList<>(List.of("class", "held-out bits/dim"));
    headers.addAll(means.keySet());
    headers.add("interval of combined");
    headers.add("alerts: its own");
    headers.add("others");
    Table table = new Table(headers.toArray(String[]::new));
    for (OneClass.Row row : rows) {
      List<Object> cells = new ArrayList<>(List.of(row.label(), row.heldOutBitsPerDim()));
      means.keySet().forEach(measure -> cells.add(row.auroc().getOrDefault(measure, Double.NaN)));
      List<Double> interval =
          row.aurocInterval().getOrDefault("combined", List.of(Double.NaN, Double.NaN));
      cells.add(String.format(Locale.ROOT, "%.3f to %.3f", interval.get(0), interval.get(1)));
      cells.add(row.normalAlerts());
      cells.add(row.otherAlerts());
      table.row(cells.toArray());
    }
    output.print(
        new Result(Machine.here(), minutes, rows, means, invocation.stop().requested()), table);
  }
}
