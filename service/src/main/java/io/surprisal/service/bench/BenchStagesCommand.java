package io.surprisal.service.bench;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.scoring.Stages;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.MissingDependencyException;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.ReleaseAndImages;
import io.surprisal.service.options.StagesOption;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code surprisal bench stages}: what early stopping saves, and what it costs. */
@Command(
    name = "stages",
    description = {
      "Scores images, some of them damaged (noise, inversion, cut-out), in stages with early stop, and",
      "again with many evaluations: how many evaluations it took, and how often the verdicts agree.",
      "The release must be calibrated for the stages: surprisal calibrate --evaluations 4,8,16."
    })
final class BenchStagesCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Mixin private ReleaseAndImages measured;

  @Option(
      names = "--limit",
      defaultValue = "2000",
      paramLabel = "N",
      description = "Only the first N images. Default: 2000.")
  private int limit;

  @Option(
      names = "--damaged",
      defaultValue = "0.01",
      paramLabel = "SHARE",
      description = "Share of images that are damaged. Default: 0.01.")
  private double damaged;

  @Option(
      names = "--evaluations",
      defaultValue = "4,8,16",
      split = ",",
      paramLabel = "K,K…",
      description = "The stages. Default: 4,8,16.")
  private List<Integer> evaluations;

  @Option(
      names = "--certainty",
      defaultValue = "3",
      paramLabel = "N",
      description =
          "Standard deviations from the threshold that make a verdict certain. Default: 3.")
  private double certainty;

  @Option(
      names = "--reference",
      defaultValue = "128",
      paramLabel = "K",
      description = "Evaluations of the verdicts to agree with. Default: 128.")
  private int reference;

  @Option(
      names = "--alert-rate",
      defaultValue = "0.01",
      paramLabel = "RATE",
      description = "Share of normal images that may alert. Default: 0.01.")
  private double alertRate;

  @Option(
      names = "--seed",
      defaultValue = "1",
      paramLabel = "S",
      description = "Of the damage. Default: 1.")
  private long seed;

  @Mixin private ExecutionOption execution;

  @Mixin private final Output output;

  BenchStagesCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  private record Result(
      int images,
      int damaged,
      String stages,
      double certainty,
      double threshold,
      @JsonUnwrapped EarlyStopping.Saving saving,
      @JsonUnwrapped EarlyStopping.Agreement agreement) {}

  @Override
  public Integer call() throws Exception {
    Stages stages = StagesOption.stages(spec.commandLine(), evaluations);
    require(limit >= 1, "--limit must be at least 1, not " + limit);
    require(damaged >= 0 && damaged <= 1, "--damaged must be in [0, 1], not " + damaged);
    require(certainty > 0, "--certainty must be above 0, not " + certainty);
    require(reference >= 1, "--reference must be at least 1, not " + reference);
    require(alertRate > 0 && alertRate < 1, "--alert-rate must be in (0, 1), not " + alertRate);
    Release loaded = measured.release();
    ImageDataset dataset = measured.imagesFor(loaded);
    TorchRuntime.preferOperatorThreads(1);
    Execution where = execution.forScoring(loaded);
    AlertRule rule =
        AlertRule.of(loaded, stages.evaluations(), where.precision().toString(), alertRate);
    double threshold =
        rule.threshold()
            .orElseThrow(() -> new MissingDependencyException(rule.silence().orElseThrow()));
    DamagedSample sample = DamagedSample.of(dataset, limit, damaged, seed);
    EarlyStopping stopping = new EarlyStopping(loaded, where, stages, certainty, reference);
    EarlyStopping.Measured stopped;
    long total = (long) EarlyStopping.RUNS * sample.images().size();
    try (Progress progress = invocation.progress("score", total, "images")) {
      stopped =
          stopping.measure(
              sample.images(), rule, threshold, invocation.stop()::requested, progress::step);
    }
    print(
        new Result(
            sample.images().size(),
            sample.damaged(),
            stages.toString(),
            certainty,
            threshold,
            stopped.saving(),
            stopped.agreement()));
    return 0;
  }

  private void print(Result result) {
    output.print(
        result,
        new Table(
                "images",
                "damaged",
                "evaluations",
                "of all",
                "stopped at " + result.stages(),
                "alerts",
                "with " + reference,
                "same verdict",
                "without early stop")
            .row(
                result.images(),
                result.damaged(),
                result.saving().meanEvaluations(),
                result.saving().shareOfEvaluations(),
                result.saving().stoppedAfterStage().toString(),
                result.agreement().alerts(),
                result.agreement().referenceAlerts(),
                result.agreement().agreement(),
                result.agreement().allEvaluationsAgreement()));
  }

  private void require(boolean holds, String message) {
    if (!holds) {
      throw new ParameterException(spec.commandLine(), message);
    }
  }
}
