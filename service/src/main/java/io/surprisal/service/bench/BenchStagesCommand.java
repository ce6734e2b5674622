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
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.AlertRateOption;
import io.surprisal.service.options.ExecutionOption;
import io.surprisal.service.options.LimitOption;
import io.surprisal.service.options.ReleaseAndImages;
import io.surprisal.service.options.SeedOption;
import io.surprisal.service.options.StagesOption;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
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

  @Mixin private final LimitOption limit = LimitOption.of(2000);

  @Option(
      names = "--damaged",
      defaultValue = "0.01",
      paramLabel = "SHARE",
      description = "Share of images that are damaged (default: ${DEFAULT-VALUE}).")
  private double damaged;

  @Option(
      names = "--evaluations",
      defaultValue = "4,8,16",
      split = ",",
      paramLabel = "K,K…",
      description = "The stages (default: ${DEFAULT-VALUE}).")
  private List<Integer> evaluations;

  @Option(
      names = "--certainty",
      defaultValue = "3",
      paramLabel = "N",
      description =
          "Standard deviations from the threshold that make a verdict certain (default:"
              + " ${DEFAULT-VALUE}).")
  private double certainty;

  @Option(
      names = "--reference",
      defaultValue = "128",
      paramLabel = "K",
      description = "Evaluations of the verdicts to agree with (default: ${DEFAULT-VALUE}).")
  private int reference;

  @Mixin
  private final AlertRateOption alertRate =
      new AlertRateOption("RATE", "Share of normal images that may alert");

  @Mixin private final SeedOption seed = new SeedOption("Of the damage", 1);

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
    limit.require(1);
    Usage.require(
        spec, damaged >= 0 && damaged <= 1, "--damaged is " + damaged + ", must be in [0, 1]");
    Usage.require(spec, certainty > 0, "--certainty is " + certainty + ", must be above 0");
    Usage.require(spec, reference >= 1, "--reference is " + reference + ", must be at least 1");
    double rate = alertRate.value();
    Release loaded = measured.release();
    ImageDataset dataset = measured.imagesFor(loaded);
    TorchRuntime.preferOperatorThreads(1);
    Execution where = execution.forScoring(loaded);
    AlertRule rule = AlertRule.of(loaded, stages.evaluations(), where.precision().toString(), rate);
    double threshold =
        rule.threshold()
            .orElseThrow(() -> new MissingDependencyException(rule.silence().orElseThrow()));
    DamagedSample sample = DamagedSample.of(dataset, limit.value(), damaged, seed.value());
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
}
